//! CREATE TABLE and its kin.

use super::Parser;
use crate::sql_server::sql::lexer::Token;
use crate::sql_server::sql::syntax::{ColumnDefinition, CreateTable, Key, ObjectName, Statement};
use crate::sql_server::tokens::SqlError;
use crate::sql_server::value::SqlType;

impl Parser {
    pub(super) fn create(&mut self) -> Result<Statement, SqlError> {
        if self.word_if("SCHEMA") {
            return self.name().map(Statement::CreateSchema);
        }
        self.word("TABLE")?;
        let name = self.object_name()?;
        self.symbol("(")?;
        let mut table = CreateTable {
            name,
            columns: Vec::new(),
            key: None,
        };
        loop {
            let nested = self.nested;
            if self.at_any_word(&["CONSTRAINT", "PRIMARY"]) {
                let key = self.table_key()?;
                Self::set_key(&mut table, key)?;
            } else {
                self.column(&mut table)?;
            }
            self.nested = nested;
            if !self.symbol_if(",") || self.at_symbol(")") {
                break;
            }
        }
        self.symbol(")")?;
        // ON [PRIMARY] and WITH (…) say how the rows lie on disk.
        if self.word_if("ON") {
            self.name()?;
        }
        self.table_hints()?;
        for column in &mut table.columns {
            let of_key = table.key.as_ref().is_some_and(|key| {
                let mut names = key.columns.iter();
                names.any(|name| name.eq_ignore_ascii_case(&column.name))
            });
            column.nullable &= !of_key;
        }
        Ok(Statement::CreateTable(table))
    }

    fn set_key(table: &mut CreateTable, key: Key) -> Result<(), SqlError> {
        if table.key.is_some() {
            let text = format!(
                "Cannot add multiple PRIMARY KEY constraints to table '{}'.",
                table.name.last()
            );
            return Err(SqlError::new(8110, text));
        }
        table.key = Some(key);
        Ok(())
    }

    /// `[CONSTRAINT name] PRIMARY KEY [CLUSTERED] (a [ASC], b)`
    fn table_key(&mut self) -> Result<Key, SqlError> {
        let name = if self.word_if("CONSTRAINT") {
            Some(self.name()?)
        } else {
            None
        };
        self.primary_key_words()?;
        self.symbol("(")?;
        let mut columns = Vec::new();
        loop {
            columns.push(self.name()?);
            if !self.word_if("ASC") {
                self.word_if("DESC");
            }
            if !self.symbol_if(",") {
                break;
            }
        }
        self.symbol(")")?;
        self.table_hints()?;
        Ok(Key { name, columns })
    }

    fn primary_key_words(&mut self) -> Result<(), SqlError> {
        self.word("PRIMARY")?;
        self.word("KEY")?;
        if !self.word_if("CLUSTERED") {
            self.word_if("NONCLUSTERED");
        }
        Ok(())
    }

    fn column(&mut self, table: &mut CreateTable) -> Result<(), SqlError> {
        let name = self.name()?;
        let sql_type = self.column_type()?;
        let mut column = ColumnDefinition {
            nullable: sql_type != SqlType::RowVersion,
            sql_type,
            name,
            identity: None,
            default: None,
        };
        let mut constraint = None;
        loop {
            if self.word_if("NOT") {
                self.word("NULL")?;
                column.nullable = false;
            } else if self.word_if("NULL") {
                column.nullable = true;
            } else if self.word_if("IDENTITY") {
                column.identity = Some(self.seed_and_increment()?);
                column.nullable = false;
            } else if self.word_if("CONSTRAINT") {
                constraint = Some(self.name()?);
            } else if self.at_word("PRIMARY") {
                self.primary_key_words()?;
                let key = Key {
                    name: constraint.take(),
                    columns: vec![column.name.clone()],
                };
                Self::set_key(table, key)?;
            } else if self.word_if("DEFAULT") {
                column.default = Some(self.expression()?);
            } else if self.word_if("COLLATE") {
                self.name()?;
            } else {
                break;
            }
        }
        table.columns.push(column);
        Ok(())
    }

    fn seed_and_increment(&mut self) -> Result<(i64, i64), SqlError> {
        if !self.symbol_if("(") {
            return Ok((1, 1));
        }
        let seed = self.whole_number()?;
        self.symbol(",")?;
        let increment = self.whole_number()?;
        self.symbol(")")?;
        Ok((seed, increment))
    }

    fn whole_number(&mut self) -> Result<i64, SqlError> {
        let negative = self.symbol_if("-");
        match self.next() {
            Some(Token::Number(digits)) => {
                let number: i64 = digits.parse().map_err(|_| self.error())?;
                Ok(if negative { -number } else { number })
            }
            _ => Err(self.error()),
        }
    }

    pub(super) fn drop_table(&mut self) -> Result<Statement, SqlError> {
        self.word("TABLE")?;
        let if_exists = self.word_if("IF");
        if if_exists {
            self.word("EXISTS")?;
        }
        let mut names = vec![self.object_name()?];
        while self.symbol_if(",") {
            names.push(self.object_name()?);
        }
        Ok(Statement::DropTable { names, if_exists })
    }

    pub(super) fn truncate(&mut self) -> Result<ObjectName, SqlError> {
        self.word("TABLE")?;
        self.object_name()
    }
}
