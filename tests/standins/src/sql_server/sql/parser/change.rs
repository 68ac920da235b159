//! Statements that change rows: INSERT, UPDATE, DELETE, INSERT BULK.

use super::Parser;
use crate::sql_server::sql::lexer::Token;
use crate::sql_server::sql::syntax::{
    Delete, Expression, Insert, InsertBulk, InsertedRows, ObjectName, Statement, Update,
};
use crate::sql_server::tokens::SqlError;

/// What the real server takes in one VALUES.
const MOST_ROWS: usize = 1000;

impl Parser {
    pub(super) fn insert(&mut self) -> Result<Statement, SqlError> {
        if self.word_if("BULK") {
            return self.insert_bulk();
        }
        self.word_if("INTO");
        let table = self.object_name()?;
        self.table_hints()?;
        let columns = if self.at_symbol("(") && !self.at_query() {
            self.at += 1;
            self.names()?
        } else {
            Vec::new()
        };
        let rows = if self.word_if("DEFAULT") {
            self.word("VALUES")?;
            InsertedRows::Values(vec![Vec::new()])
        } else if self.word_if("VALUES") {
            InsertedRows::Values(self.inserted_values()?)
        } else if self.at_symbol("(") {
            self.at += 1;
            InsertedRows::Query(Box::new(self.query_in_parentheses()?))
        } else {
            self.word("SELECT")?;
            InsertedRows::Query(Box::new(self.select()?))
        };
        Ok(Statement::Insert(Insert { table, columns, rows }))
    }

    /// Whether a query in parentheses is next.
    fn at_query(&self) -> bool {
        matches!(self.peek_after(), Some(Token::Word(word)) if word.eq_ignore_ascii_case("SELECT"))
    }

    fn inserted_values(&mut self) -> Result<Vec<Vec<Option<Expression>>>, SqlError> {
        let mut rows = Vec::new();
        loop {
            self.symbol("(")?;
            let mut row = Vec::new();
            loop {
                let nested = self.nested;
                row.push(if self.word_if("DEFAULT") {
                    None
                } else {
                    Some(self.expression()?)
                });
                self.nested = nested;
                if !self.symbol_if(",") {
                    break;
                }
            }
            self.symbol(")")?;
            rows.push(row);
            if rows.len() > MOST_ROWS {
                let text = "The number of row value expressions in the INSERT statement exceeds the maximum allowed number of 1000 row values.";
                return Err(SqlError::new(10738, text).with_class(15));
            }
            if !self.symbol_if(",") {
                return Ok(rows);
            }
        }
    }

    fn insert_bulk(&mut self) -> Result<Statement, SqlError> {
        let table = self.object_name()?;
        let mut columns = Vec::new();
        self.symbol("(")?;
        loop {
            columns.push(self.name()?);
            self.column_type()?;
            if self.word_if("COLLATE") {
                self.name()?;
            }
            self.word_if("NULL");
            if self.word_if("NOT") {
                self.word("NULL")?;
            }
            if !self.symbol_if(",") {
                break;
            }
        }
        self.symbol(")")?;
        let mut keep_nulls = false;
        if self.word_if("WITH") {
            let start = self.at;
            self.skip_parentheses()?;
            let hints = self.tokens.get(start..self.at).unwrap_or_default();
            keep_nulls = hints
                .iter()
                .any(|token| matches!(token, Token::Word(word) if word.eq_ignore_ascii_case("KEEP_NULLS")));
        }
        Ok(Statement::InsertBulk(InsertBulk {
            table,
            columns,
            keep_nulls,
        }))
    }

    pub(super) fn update(&mut self) -> Result<Statement, SqlError> {
        let table = self.object_name()?;
        self.table_hints()?;
        self.word("SET")?;
        let mut assignments = Vec::new();
        loop {
            let nested = self.nested;
            let column = self.qualified_name()?.pop().unwrap_or_default();
            self.symbol("=")?;
            assignments.push((column, self.expression()?));
            self.nested = nested;
            if !self.symbol_if(",") {
                break;
            }
        }
        // UPDATE q SET … FROM t AS q
        let (table, alias) = if self.word_if("FROM") {
            self.aliased(&table)?
        } else {
            (table, None)
        };
        Ok(Statement::Update(Update {
            table,
            alias,
            assignments,
            condition: self.where_clause()?,
        }))
    }

    pub(super) fn delete(&mut self) -> Result<Statement, SqlError> {
        let top = if self.word_if("TOP") {
            Some(self.primary()?)
        } else {
            None
        };
        self.word_if("FROM");
        let table = self.object_name()?;
        self.table_hints()?;
        let (table, alias) = if self.word_if("FROM") {
            self.aliased(&table)?
        } else {
            (table, None)
        };
        Ok(Statement::Delete(Delete {
            table,
            alias,
            top,
            condition: self.where_clause()?,
        }))
    }

    /// The table that an alias stands for, in a statement that changes one table.
    fn aliased(&mut self, named: &ObjectName) -> Result<(ObjectName, Option<String>), SqlError> {
        let table = self.object_name()?;
        self.table_hints()?;
        let alias = self.alias()?;
        let meant = match &alias {
            Some(alias) => named.last().eq_ignore_ascii_case(alias) || *named == table,
            None => *named == table,
        };
        if meant {
            Ok((table, alias))
        } else {
            Err(self.error())
        }
    }

    fn where_clause(&mut self) -> Result<Option<Expression>, SqlError> {
        if self.word_if("WHERE") {
            self.expression().map(Some)
        } else {
            Ok(None)
        }
    }
}
