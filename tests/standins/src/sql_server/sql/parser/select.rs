//! SELECT.

use super::{OPENERS, Parser};
use crate::sql_server::sql::lexer::{Token, syntax_error};
use crate::sql_server::sql::syntax::{
    Expression, Item, Join, JoinKind, ObjectName, OrderKey, Select, Source, SourceBody,
};
use crate::sql_server::tokens::SqlError;

/// Words that go on with a query, and so are no alias.
const CLAUSES: [&str; 25] = [
    "FROM",
    "INTO",
    "WHERE",
    "GROUP",
    "HAVING",
    "ORDER",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "WITH",
    "LEFT",
    "RIGHT",
    "FULL",
    "INNER",
    "CROSS",
    "JOIN",
    "OUTER",
    "ON",
    "OPTION",
    "FOR",
    "OFFSET",
    "FETCH",
    "VALUES",
    "OUTPUT",
    "AND",
];

impl Parser {
    /// A whole query; the word SELECT is taken.
    pub(super) fn select(&mut self) -> Result<Select, SqlError> {
        let mut select = self.select_core()?;
        while self.word_if("UNION") {
            self.word("ALL")?;
            self.nest()?;
            let parenthesis = self.symbol_if("(");
            self.word("SELECT")?;
            select.unions.push(self.select_core()?);
            if parenthesis {
                self.symbol(")")?;
            }
        }
        if self.word_if("ORDER") {
            self.word("BY")?;
            loop {
                let expression = self.expression()?;
                let descending = !self.word_if("ASC") && self.word_if("DESC");
                select.order.push(OrderKey {
                    expression,
                    descending,
                });
                if !self.symbol_if(",") {
                    break;
                }
            }
            if self.word_if("OFFSET") {
                select.offset = Some(self.expression()?);
                self.rows_word()?;
                if self.word_if("FETCH") {
                    if !self.word_if("NEXT") {
                        self.word("FIRST")?;
                    }
                    select.fetch = Some(self.expression()?);
                    self.rows_word()?;
                    self.word("ONLY")?;
                }
            }
        }
        if self.word_if("OPTION") {
            self.skip_parentheses()?;
        }
        Ok(select)
    }

    fn rows_word(&mut self) -> Result<(), SqlError> {
        if self.word_if("ROWS") {
            Ok(())
        } else {
            self.word("ROW")
        }
    }

    /// Hints, which change nothing here.
    pub(super) fn skip_parentheses(&mut self) -> Result<(), SqlError> {
        self.symbol("(")?;
        let mut depth = 1;
        while depth > 0 {
            match self.next() {
                Some(Token::Symbol("(")) => depth += 1,
                Some(Token::Symbol(")")) => depth -= 1,
                Some(_) => {}
                None => return Err(self.error()),
            }
        }
        Ok(())
    }

    fn select_core(&mut self) -> Result<Select, SqlError> {
        let mut select = Select::default();
        if !self.word_if("ALL") {
            select.distinct = self.word_if("DISTINCT");
        }
        if self.word_if("TOP") {
            select.top = Some(self.primary()?);
        }
        let nested = self.nested;
        select.items.push(self.item()?);
        while self.symbol_if(",") {
            self.nested = nested;
            select.items.push(self.item()?);
        }
        if self.word_if("INTO") {
            select.into = Some(self.object_name()?);
        }
        if self.word_if("FROM") {
            select.from = Some(self.source()?);
            self.joins(&mut select.joins)?;
        }
        if self.word_if("WHERE") {
            select.condition = Some(self.expression()?);
        }
        if self.word_if("GROUP") {
            self.word("BY")?;
            select.group.push(self.expression()?);
            while self.symbol_if(",") {
                select.group.push(self.expression()?);
            }
        }
        if self.word_if("HAVING") {
            select.having = Some(self.expression()?);
        }
        Ok(select)
    }

    fn joins(&mut self, joins: &mut Vec<Join>) -> Result<(), SqlError> {
        loop {
            let kind = if self.symbol_if(",") {
                JoinKind::Cross
            } else if self.word_if("CROSS") {
                self.word("JOIN")?;
                JoinKind::Cross
            } else if self.word_if("LEFT") {
                self.word_if("OUTER");
                self.word("JOIN")?;
                JoinKind::Left
            } else if self.word_if("INNER") {
                self.word("JOIN")?;
                JoinKind::Inner
            } else if self.word_if("JOIN") {
                JoinKind::Inner
            } else {
                return Ok(());
            };
            let source = self.source()?;
            let on = if kind == JoinKind::Cross {
                None
            } else {
                self.word("ON")?;
                Some(self.expression()?)
            };
            joins.push(Join { kind, source, on });
        }
    }

    fn item(&mut self) -> Result<Item, SqlError> {
        if self.symbol_if("*") {
            return Ok(Item::Everything(None));
        }
        if let Some(qualifier) = self.everything_of() {
            return Ok(Item::Everything(Some(qualifier)));
        }
        if let (Some(Token::Variable(name)), Some(Token::Symbol("="))) = (self.peek(), self.peek_after()) {
            let name = name.to_lowercase();
            self.at += 2;
            return Ok(Item::Assign(name, self.expression()?));
        }
        // name = expression
        if let (Some(Token::Word(name) | Token::Quoted(name)), Some(Token::Symbol("="))) =
            (self.peek(), self.peek_after())
        {
            let name = Some(name.clone());
            self.at += 2;
            let expression = self.expression()?;
            return Ok(Item::Column { name, expression });
        }
        let expression = self.expression()?;
        let name = if self.word_if("AS") {
            match self.next() {
                Some(Token::Word(name) | Token::Quoted(name) | Token::Text { content: name, .. }) => {
                    Some(name)
                }
                _ => return Err(self.error()),
            }
        } else if self.at_any_word(&OPENERS) || self.at_any_word(&CLAUSES) {
            None
        } else {
            self.name().ok()
        };
        Ok(Item::Column { name, expression })
    }

    /// `q.*`, also with a schema before it.
    fn everything_of(&mut self) -> Option<String> {
        let start = self.at;
        while let Ok(name) = self.name() {
            if !self.symbol_if(".") {
                break;
            }
            if self.symbol_if("*") {
                return Some(name);
            }
        }
        self.at = start;
        None
    }

    pub(super) fn object_name(&mut self) -> Result<ObjectName, SqlError> {
        let parts = self.qualified_name()?;
        if parts.len() > 4 {
            return Err(syntax_error("."));
        }
        Ok(ObjectName(parts))
    }

    fn source(&mut self) -> Result<Source, SqlError> {
        let body = if self.symbol_if("(") {
            if self.word_if("VALUES") {
                let rows = self.rows_of_values()?;
                self.symbol(")")?;
                SourceBody::Values(rows)
            } else {
                SourceBody::Query(Box::new(self.query_in_parentheses()?))
            }
        } else {
            let name = self.object_name()?;
            let arguments = if self.symbol_if("(") {
                self.arguments()?
            } else {
                Vec::new()
            };
            SourceBody::Named(name, arguments)
        };
        self.table_hints()?;
        let alias = self.alias()?;
        let mut columns = Vec::new();
        if alias.is_some() && !matches!(body, SourceBody::Named(..)) && self.symbol_if("(") {
            columns = self.names()?;
        }
        self.table_hints()?;
        // A derived table without a name is an error on the real server as well.
        if alias.is_none() && !matches!(body, SourceBody::Named(..)) {
            return Err(self.error());
        }
        Ok(Source { body, alias, columns })
    }

    pub(super) fn alias(&mut self) -> Result<Option<String>, SqlError> {
        if self.word_if("AS") {
            return self.name().map(Some);
        }
        if self.at_any_word(&OPENERS) || self.at_any_word(&CLAUSES) {
            return Ok(None);
        }
        Ok(self.name().ok())
    }

    /// `WITH (NOLOCK)`, which changes nothing here: readers never wait.
    pub(super) fn table_hints(&mut self) -> Result<(), SqlError> {
        if self.at_word("WITH") && matches!(self.peek_after(), Some(Token::Symbol("("))) {
            self.at += 1;
            self.skip_parentheses()?;
        }
        Ok(())
    }

    /// `a, b)`; the opening parenthesis is taken.
    pub(super) fn names(&mut self) -> Result<Vec<String>, SqlError> {
        let mut names = vec![self.name()?];
        while self.symbol_if(",") {
            names.push(self.name()?);
        }
        self.symbol(")")?;
        Ok(names)
    }

    /// `(1, 2), (3, 4)`
    fn rows_of_values(&mut self) -> Result<Vec<Vec<Expression>>, SqlError> {
        let mut rows = Vec::new();
        loop {
            let nested = self.nested;
            self.symbol("(")?;
            rows.push(self.arguments()?);
            self.nested = nested;
            if !self.symbol_if(",") {
                return Ok(rows);
            }
        }
    }
}
