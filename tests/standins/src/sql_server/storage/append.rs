//! Rows on their way into a table: converted, checked, encoded.

use std::sync::Arc;

use super::page::Page;
use super::table::{Keys, Table};
use super::{TableName, Work};
use crate::sql_server::tokens::SqlError;
use crate::sql_server::value::{Datum, Value};

/// The longest part of a text that an error quotes, in characters.
const QUOTED: usize = 100;

/// Takes rows for one table. They are in the transaction once `finish` has been called.
pub(in crate::sql_server) struct Appender {
    name: TableName,
    pub(in crate::sql_server) table: Arc<Table>,
    keys: Option<Keys>,
    full: Vec<Arc<Page>>,
    page: Page,
    pub(in crate::sql_server) count: u64,
    statement: &'static str,
}

impl Appender {
    /// The session holds the lock. `statement` is what errors call it.
    pub(in crate::sql_server) fn new(
        work: &mut Work,
        name: TableName,
        table: Arc<Table>,
        statement: &'static str,
    ) -> Result<Self, SqlError> {
        let keys = match &table.key {
            Some(_) => Some(work.take_keys(&name, &table)?),
            None => None,
        };
        Ok(Self {
            name,
            table,
            keys,
            full: Vec::new(),
            page: Page::default(),
            count: 0,
            statement,
        })
    }

    /// One that begins with an empty table in its place.
    pub(in crate::sql_server) fn replacing(
        name: TableName,
        table: Arc<Table>,
        statement: &'static str,
    ) -> Self {
        let keys = table.key.is_some().then(Keys::new);
        Self {
            name,
            table,
            keys,
            full: Vec::new(),
            page: Page::default(),
            count: 0,
            statement,
        }
    }

    /// A row with a value for each column of the table.
    pub(in crate::sql_server) fn push(&mut self, values: Vec<Value>) -> Result<(), SqlError> {
        let mut row = Vec::with_capacity(values.len());
        for (value, at) in values.into_iter().zip(0..) {
            row.push(fitted(&self.table, value, at, self.statement)?);
        }
        if let (Some(key), Some(keys)) = (&self.table.key, &mut self.keys)
            && !keys.insert(key.encode(&row))
        {
            let text = format!(
                "Violation of PRIMARY KEY constraint '{}'. Cannot insert duplicate key in object '{}.{}'. The duplicate key value is ({}).",
                key.name,
                self.table.schema,
                self.table.name,
                key.quoted(&row)
            );
            return Err(SqlError::new(2627, text).with_class(14));
        }
        let table = Arc::clone(&self.table);
        self.encoded(|bytes| {
            for (value, column) in row.iter().zip(&table.columns) {
                column.encode(&value.datum, bytes);
            }
            Ok(())
        })
    }

    /// A row that `write` appends as rows are kept; only for a table without a key.
    pub(in crate::sql_server) fn encoded(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), SqlError>,
    ) -> Result<(), SqlError> {
        self.page.push(write)?;
        self.count += 1;
        if self.page.is_full() {
            self.full.push(Arc::new(std::mem::take(&mut self.page)));
        }
        Ok(())
    }

    /// Puts the rows into the transaction.
    pub(in crate::sql_server) fn finish(mut self, work: &mut Work) -> u64 {
        self.full.push(Arc::new(self.page));
        work.append(&self.name, &self.table, self.full);
        if let Some(keys) = self.keys {
            work.give_keys(&self.name, keys);
        }
        self.count
    }

    /// Puts them in the place of what the table had.
    pub(in crate::sql_server) fn finish_replacing(mut self, work: &mut Work) -> u64 {
        self.full.push(Arc::new(self.page));
        let full = self.full.into_iter().filter(|page| page.len() > 0).collect();
        work.replace(&self.name, &self.table, Arc::new(full));
        if let Some(keys) = self.keys {
            work.give_keys(&self.name, keys);
        }
        self.count
    }
}

/// A value as the column in this place takes it, or why it does not.
pub(in crate::sql_server) fn fitted(
    table: &Table,
    value: Value,
    at: usize,
    statement: &str,
) -> Result<Value, SqlError> {
    let Some(column) = table.columns.get(at) else {
        return Ok(value);
    };
    if value.is_null() {
        if !column.nullable {
            let text = format!(
                "Cannot insert the value NULL into column '{}', table '{}'; column does not allow nulls. {} fails.",
                column.name,
                table.full_name(),
                statement
            );
            return Err(SqlError::new(515, text).with_state(2));
        }
        return Ok(Value::null(column.sql_type.clone()));
    }
    if value.fits_whole(&column.sql_type) {
        return value.cast(&column.sql_type);
    }
    let mut quoted = String::new();
    if let Datum::Text(units) = &value.datum {
        let longest = column.sql_type.string_length().unwrap_or_default();
        let longest = if column.sql_type.is_national() {
            longest / 2
        } else {
            longest
        };
        quoted = String::from_utf16_lossy(units.get(..longest.min(QUOTED)).unwrap_or(units));
    }
    let text = format!(
        "String or binary data would be truncated in table '{}', column '{}'. Truncated value: '{quoted}'.",
        table.full_name(),
        column.name,
    );
    Err(SqlError::new(2628, text))
}
