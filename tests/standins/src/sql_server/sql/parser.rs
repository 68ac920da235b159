//! Tokens into statements.

mod change;
mod expression;
mod select;
mod table;
mod types;

use std::time::Duration;

use super::lexer::{Token, syntax_error, tokens};
use super::syntax::{ObjectName, Statement};
use crate::sql_server::tokens::SqlError;
use crate::sql_server::value::SqlType;

/// Words that open a statement, and so end one before it.
const OPENERS: [&str; 24] = [
    "SELECT",
    "CREATE",
    "DROP",
    "TRUNCATE",
    "RETURN",
    "SET",
    "DECLARE",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "SAVE",
    "USE",
    "WAITFOR",
    "PRINT",
    "RAISERROR",
    "THROW",
    "IF",
    "ELSE",
    "EXEC",
    "EXECUTE",
    "INSERT",
    "UPDATE",
    "DELETE",
    "END",
];

/// A whole batch. Nothing of it runs if a part cannot be parsed, as on the real server.
pub(in crate::sql_server) fn parse(sql: &str) -> Result<Vec<Statement>, SqlError> {
    Parser::new(sql)?.statements(&[])
}

/// The declarations that go with sp_executesql: `@P1 int,@P2 nvarchar(10)`.
pub(in crate::sql_server) fn parse_declarations(text: &str) -> Result<Vec<(String, SqlType)>, SqlError> {
    let mut parser = Parser::new(text)?;
    let mut declarations = Vec::new();
    while parser.peek().is_some() {
        let name = parser.variable()?;
        parser.word_if("AS");
        let sql_type = parser.sql_type()?;
        if !parser.word_if("OUTPUT") {
            parser.word_if("OUT");
        }
        declarations.push((name, sql_type));
        if !parser.symbol_if(",") {
            break;
        }
    }
    Ok(declarations)
}

/// A name as functions take it in a text: `[dbo].[t]`.
pub(in crate::sql_server) fn parse_object_name(text: &str) -> Option<ObjectName> {
    let mut parser = Parser::new(text).ok()?;
    let name = parser.object_name().ok()?;
    parser.peek().is_none().then_some(name)
}

pub(super) struct Parser {
    tokens: Vec<Token>,
    at: usize,
    /// How deep the present place is, at most.
    nested: usize,
}

/// What is nested deeper would overflow the stack of the evaluation; the real server gives up at some point as well.
const DEEPEST: usize = 100;

impl Parser {
    fn new(text: &str) -> Result<Self, SqlError> {
        Ok(Self {
            tokens: tokens(text)?,
            at: 0,
            nested: 0,
        })
    }

    fn nest(&mut self) -> Result<(), SqlError> {
        self.nested += 1;
        if self.nested > DEEPEST {
            let text = "Some part of your SQL statement is nested too deeply. Rewrite the query or break it up into smaller queries.";
            return Err(SqlError::new(191, text).with_class(15));
        }
        Ok(())
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn peek_after(&self) -> Option<&Token> {
        self.tokens.get(self.at + 1)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn at_word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Token::Word(found)) if found.eq_ignore_ascii_case(word))
    }

    fn at_any_word(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.at_word(word))
    }

    fn word_if(&mut self, word: &str) -> bool {
        let found = self.at_word(word);
        self.at += usize::from(found);
        found
    }

    fn word(&mut self, word: &str) -> Result<(), SqlError> {
        if self.word_if(word) {
            Ok(())
        } else {
            Err(self.error())
        }
    }

    fn at_symbol(&self, symbol: &str) -> bool {
        matches!(self.peek(), Some(Token::Symbol(found)) if *found == symbol)
    }

    fn symbol_if(&mut self, symbol: &str) -> bool {
        let found = self.at_symbol(symbol);
        self.at += usize::from(found);
        found
    }

    fn symbol(&mut self, symbol: &str) -> Result<(), SqlError> {
        if self.symbol_if(symbol) {
            Ok(())
        } else {
            Err(self.error())
        }
    }

    /// "Incorrect syntax near" the token that is next.
    fn error(&self) -> SqlError {
        // At the end the real server names the last token.
        let token = self.peek().or(self.tokens.last());
        syntax_error(&match token {
            Some(
                Token::Word(text)
                | Token::Quoted(text)
                | Token::Number(text)
                | Token::Variable(text)
                | Token::Text { content: text, .. },
            ) => text.clone(),
            Some(Token::Symbol(symbol)) => (*symbol).to_owned(),
            Some(Token::Binary(_)) | None => String::new(),
        })
    }

    fn variable(&mut self) -> Result<String, SqlError> {
        match self.peek() {
            Some(Token::Variable(name)) if !name.starts_with("@@") => {
                let name = name.to_lowercase();
                self.at += 1;
                Ok(name)
            }
            _ => Err(self.error()),
        }
    }

    /// A name of one part.
    fn name(&mut self) -> Result<String, SqlError> {
        match self.peek() {
            Some(Token::Word(name) | Token::Quoted(name)) => {
                let name = name.clone();
                self.at += 1;
                Ok(name)
            }
            _ => Err(self.error()),
        }
    }

    /// A name with dots; parts may be left out as in `db..table`.
    fn qualified_name(&mut self) -> Result<Vec<String>, SqlError> {
        let mut parts = vec![self.name()?];
        while self.symbol_if(".") {
            if self.at_symbol(".") {
                parts.push(String::new());
            } else {
                parts.push(self.name()?);
            }
        }
        Ok(parts)
    }

    fn statements(&mut self, ends: &[&str]) -> Result<Vec<Statement>, SqlError> {
        let mut statements = Vec::new();
        loop {
            while self.symbol_if(";") {}
            if self.peek().is_none() || self.at_any_word(ends) {
                return Ok(statements);
            }
            let nested = self.nested;
            statements.extend(self.statement()?);
            self.nested = nested;
        }
    }

    /// One statement, or those of a BEGIN … END block.
    fn statement(&mut self) -> Result<Vec<Statement>, SqlError> {
        let Some(Token::Word(opener)) = self.peek() else {
            return Err(self.error());
        };
        let opener = opener.to_uppercase();
        self.nest()?;
        let start = self.at;
        self.at += 1;
        let statement = match opener.as_str() {
            "SELECT" => Statement::Select(Box::new(self.select()?)),
            "CREATE" => self.create()?,
            "DROP" => self.drop_table()?,
            "TRUNCATE" => Statement::Truncate(self.truncate()?),
            "INSERT" => self.insert()?,
            "UPDATE" => self.update()?,
            "DELETE" => self.delete()?,
            "RETURN" => {
                let start = self.at;
                if self.at_any_word(&OPENERS) || self.expression().is_err() {
                    self.at = start;
                }
                Statement::Return
            }
            "BEGIN" if self.word_if("TRY") => self.try_catch()?,
            "SET" => self.set()?,
            "DECLARE" => self.declare()?,
            "BEGIN" if self.transaction_word() => {
                self.transaction_name();
                Statement::Begin
            }
            "BEGIN" => {
                let block = self.statements(&["END"])?;
                self.word("END")?;
                return Ok(block);
            }
            "COMMIT" => {
                if self.transaction_word() || self.word_if("WORK") {
                    self.transaction_name();
                }
                Statement::Commit
            }
            "ROLLBACK" => {
                let named = self.transaction_word() || self.word_if("WORK");
                Statement::Rollback(if named { self.transaction_name() } else { None })
            }
            "SAVE" if self.transaction_word() => Statement::Save(self.transaction_name().unwrap_or_default()),
            "USE" => Statement::Use(self.name()?),
            "WAITFOR" => self.wait_for()?,
            "PRINT" => Statement::Print(self.expression()?),
            "RAISERROR" => self.raise_error()?,
            "THROW" if self.at_symbol(";") || self.peek().is_none() || self.at_any_word(&OPENERS) => {
                Statement::Rethrow
            }
            "THROW" => self.throw()?,
            "IF" => self.if_else()?,
            "EXEC" | "EXECUTE" => self.execute()?,
            _ => {
                self.at = start;
                return Err(self.error());
            }
        };
        Ok(vec![statement])
    }

    fn try_catch(&mut self) -> Result<Statement, SqlError> {
        let body = self.statements(&["END"])?;
        self.word("END")?;
        self.word("TRY")?;
        while self.symbol_if(";") {}
        self.word("BEGIN")?;
        self.word("CATCH")?;
        let handler = self.statements(&["END"])?;
        self.word("END")?;
        self.word("CATCH")?;
        Ok(Statement::Try { body, handler })
    }

    fn transaction_word(&mut self) -> bool {
        self.word_if("TRAN") || self.word_if("TRANSACTION")
    }

    fn transaction_name(&mut self) -> Option<String> {
        if let Some(Token::Variable(_)) = self.peek() {
            return self.variable().ok();
        }
        if self.at_any_word(&OPENERS) {
            return None;
        }
        self.name().ok()
    }

    fn set(&mut self) -> Result<Statement, SqlError> {
        if let Ok(variable) = self.variable() {
            self.symbol("=")?;
            return Ok(Statement::Assign(variable, self.expression()?));
        }
        let mut words = Vec::new();
        let mut sign = "";
        while let Some(token) = self.peek() {
            if self.at_symbol(";") || (!words.is_empty() && self.at_any_word(&OPENERS)) {
                break;
            }
            match token {
                Token::Number(digits) => words.push(format!("{sign}{digits}")),
                Token::Word(text) | Token::Quoted(text) => words.push(text.to_uppercase()),
                Token::Text { content, .. } => words.push(content.clone()),
                Token::Symbol("," | "-" | ".") => {}
                _ => return Err(self.error()),
            }
            sign = if self.at_symbol("-") { "-" } else { "" };
            self.at += 1;
        }
        if words.len() < 2 {
            return Err(self.error());
        }
        Ok(Statement::SetOption(words))
    }

    fn declare(&mut self) -> Result<Statement, SqlError> {
        let mut variables = Vec::new();
        loop {
            let name = self.variable()?;
            self.word_if("AS");
            let sql_type = self.sql_type()?;
            let value = if self.symbol_if("=") {
                Some(self.expression()?)
            } else {
                None
            };
            variables.push((name, sql_type, value));
            if !self.symbol_if(",") {
                return Ok(Statement::Declare(variables));
            }
        }
    }

    fn wait_for(&mut self) -> Result<Statement, SqlError> {
        self.word("DELAY")?;
        let Some(Token::Text { content, .. }) = self.next() else {
            return Err(self.error());
        };
        delay(&content).map(Statement::WaitFor).ok_or_else(|| {
            let text = format!("Incorrect time syntax in time string '{content}' used with WAITFOR.");
            SqlError::new(148, text).with_class(15)
        })
    }

    fn raise_error(&mut self) -> Result<Statement, SqlError> {
        self.symbol("(")?;
        let message = self.expression()?;
        self.symbol(",")?;
        let class = self.expression()?;
        self.symbol(",")?;
        let state = self.expression()?;
        self.symbol(")")?;
        if self.word_if("WITH") {
            self.name()?;
        }
        Ok(Statement::RaiseError {
            message,
            class,
            state,
        })
    }

    fn throw(&mut self) -> Result<Statement, SqlError> {
        let number = self.expression()?;
        self.symbol(",")?;
        let message = self.expression()?;
        self.symbol(",")?;
        let state = self.expression()?;
        Ok(Statement::Throw {
            number,
            message,
            state,
        })
    }

    fn if_else(&mut self) -> Result<Statement, SqlError> {
        let condition = self.expression()?;
        let then = self.statement()?;
        while self.symbol_if(";") {}
        let otherwise = if self.word_if("ELSE") {
            self.statement()?
        } else {
            Vec::new()
        };
        Ok(Statement::If {
            condition,
            then,
            otherwise,
        })
    }

    fn execute(&mut self) -> Result<Statement, SqlError> {
        let procedure = self.qualified_name()?.pop().unwrap_or_default();
        let mut arguments = Vec::new();
        while !self.at_symbol(";") && !self.at_any_word(&OPENERS) && self.peek().is_some() {
            let name = match (self.peek(), self.peek_after()) {
                (Some(Token::Variable(name)), Some(Token::Symbol("="))) => {
                    let name = name.to_lowercase();
                    self.at += 2;
                    Some(name)
                }
                _ => None,
            };
            arguments.push((name, self.expression()?));
            if !self.word_if("OUTPUT") {
                self.word_if("OUT");
            }
            if !self.symbol_if(",") {
                break;
            }
        }
        Ok(Statement::Execute { procedure, arguments })
    }
}

/// `hh:mm[:ss[.mmm]]`
fn delay(text: &str) -> Option<Duration> {
    let mut parts = text.trim().split(':');
    let hours: u64 = parts.next()?.parse().ok()?;
    let minutes: u64 = parts.next()?.parse().ok()?;
    let seconds: f64 = parts.next().unwrap_or("0").parse().ok()?;
    if parts.next().is_some() || hours >= 24 || minutes >= 60 {
        return None;
    }
    let seconds = Duration::try_from_secs_f64(seconds).ok()?;
    Some(Duration::from_secs(hours * 3600 + minutes * 60) + seconds)
}

#[cfg(test)]
mod tests;
