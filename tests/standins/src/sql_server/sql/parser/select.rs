//! SELECT.

use super::{OPENERS, Parser};
use crate::sql_server::sql::lexer::Token;
use crate::sql_server::sql::syntax::{Item, Select, Source};
use crate::sql_server::tokens::SqlError;

impl Parser {
    pub(super) fn select(&mut self) -> Result<Select, SqlError> {
        if !self.word_if("ALL") {
            self.word_if("DISTINCT");
        }
        let top = if self.word_if("TOP") {
            Some(self.primary()?)
        } else {
            None
        };
        let nested = self.nested;
        let mut items = vec![self.item()?];
        while self.symbol_if(",") {
            self.nested = nested;
            items.push(self.item()?);
        }
        let from = if self.word_if("FROM") {
            Some(self.source()?)
        } else {
            None
        };
        let mut joins = Vec::new();
        while from.is_some() && self.word_if("LEFT") {
            self.word_if("OUTER");
            self.word("JOIN")?;
            let source = self.source()?;
            self.word("ON")?;
            joins.push((source, self.expression()?));
        }
        let condition = if self.word_if("WHERE") {
            Some(self.expression()?)
        } else {
            None
        };
        if self.word_if("ORDER") {
            // All our tables are in order.
            self.word("BY")?;
            loop {
                self.expression()?;
                if !self.word_if("ASC") {
                    self.word_if("DESC");
                }
                if !self.symbol_if(",") {
                    break;
                }
            }
        }
        Ok(Select {
            top,
            items,
            from,
            joins,
            condition,
        })
    }

    fn item(&mut self) -> Result<Item, SqlError> {
        if self.symbol_if("*") {
            return Ok(Item::Everything);
        }
        if let (Some(Token::Variable(name)), Some(Token::Symbol("="))) = (self.peek(), self.peek_after()) {
            let name = name.to_lowercase();
            self.at += 2;
            return Ok(Item::Assign(name, self.expression()?));
        }
        let expression = self.expression()?;
        let name = if self.word_if("AS") {
            match self.next() {
                Some(Token::Word(name) | Token::Quoted(name) | Token::Text { content: name, .. }) => {
                    Some(name)
                }
                _ => return Err(self.error()),
            }
        } else if self.at_any_word(&OPENERS) || self.at_any_word(&["FROM", "WHERE", "ORDER"]) {
            None
        } else {
            self.name().ok()
        };
        Ok(Item::Column { name, expression })
    }

    fn source(&mut self) -> Result<Source, SqlError> {
        let parts = self.qualified_name()?;
        let arguments = if self.symbol_if("(") {
            self.arguments()?
        } else {
            Vec::new()
        };
        // An alias changes nothing here: columns are known by their last part.
        if self.word_if("AS")
            || !(self.at_any_word(&OPENERS) || self.at_any_word(&["WHERE", "ORDER", "WITH", "LEFT", "ON"]))
        {
            let _ = self.name();
        }
        let written = parts.join(".");
        Ok(Source {
            name: written.to_lowercase(),
            written,
            arguments,
        })
    }
}
