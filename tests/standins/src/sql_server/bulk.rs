//! Bulk loads: `INSERT BULK`, and the message with the rows that follows it (MS-TDS 2.2.6.1).

mod columns;

use std::sync::Arc;

use super::change::{Outcome, Target};
use super::sql::evaluate::Scope;
use super::sql::syntax::InsertBulk;
use super::sql::tables::invalid_object;
use super::storage::{Appender, Table, TableName, Work, fitted};
use super::tokens::SqlError;
use super::wire::{Malformed, Reader};
use columns::BulkColumns;

const ROW: u8 = 0xD1;
/// A row whose NULLs are in a bitmap before it.
const ROW_WITH_NULLS: u8 = 0xD2;
const DONE: u8 = 0xFD;
/// As the real server calls what fails.
const STATEMENT: &str = "INSERT";

/// What `INSERT BULK` has said of the rows to come.
#[derive(Debug)]
pub(super) struct BulkLoad {
    name: TableName,
    target: Target,
    columns: usize,
    keep_nulls: bool,
}

impl BulkLoad {
    /// The session holds the lock, and keeps it until the rows have come.
    pub(super) fn new(bulk: &InsertBulk, scope: &Scope) -> Result<Self, SqlError> {
        let facts = &scope.facts;
        let name = facts.view.resolve(&bulk.table, &facts.database);
        let found = name.and_then(|name| Some((facts.view.table(&name)?, name)));
        let ((table, _), name) = found.ok_or_else(|| invalid_object(&bulk.table))?;
        Ok(Self {
            name,
            target: Target::of_bulk_load(&table, bulk, scope)?,
            columns: bulk.columns.len(),
            keep_nulls: bulk.keep_nulls,
        })
    }
}

/// Why a load ends early.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum LoadError {
    Sql(SqlError),
    Malformed(Malformed),
}

impl From<SqlError> for LoadError {
    fn from(error: SqlError) -> Self {
        Self::Sql(error)
    }
}

/// Reads the message as it comes, and keeps only what is not a whole row yet.
pub(super) struct Loader {
    load: BulkLoad,
    table: Arc<Table>,
    appender: Appender,
    columns: Option<BulkColumns>,
    /// What has come and is not read.
    buffer: Vec<u8>,
    ended: bool,
}

impl Loader {
    pub(super) fn new(load: BulkLoad, work: &mut Work) -> Result<Self, SqlError> {
        let table = Arc::clone(load.target.table());
        Ok(Self {
            appender: Appender::new(work, load.name.clone(), Arc::clone(&table), STATEMENT)?,
            load,
            table,
            columns: None,
            buffer: Vec::new(),
            ended: false,
        })
    }

    /// The content of the next packet.
    pub(super) fn add(&mut self, content: &[u8]) -> Result<(), LoadError> {
        // Most packets begin or end within a row, so that a piece of the one before waits here.
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.extend_from_slice(content);
        let mut reader = Reader::new(&buffer);
        let read = self.read(&mut reader);
        let rest = reader.remaining();
        buffer.drain(..buffer.len() - rest);
        self.buffer = buffer;
        read
    }

    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), LoadError> {
        if self.columns.is_none() {
            let mut ahead = reader.clone();
            // An error is that the rest has not come; if it never does, the end of the message says so.
            let Ok(columns) = BulkColumns::read(&mut ahead) else {
                return Ok(());
            };
            *reader = ahead;
            columns.check(self.load.columns)?;
            self.columns = Some(columns.planned(&self.load.target, &self.table));
        }
        let Some(columns) = self.columns.take() else {
            return Ok(());
        };
        let read = self.rows(&columns, reader);
        self.columns = Some(columns);
        read
    }

    fn rows(&mut self, columns: &BulkColumns, reader: &mut Reader<'_>) -> Result<(), LoadError> {
        while !self.ended && !reader.is_empty() {
            let mut ahead = reader.clone();
            match ahead.u8().map_err(LoadError::Malformed)? {
                token @ (ROW | ROW_WITH_NULLS) => {
                    let Ok(values) = columns.split(token == ROW_WITH_NULLS, &mut ahead) else {
                        return Ok(());
                    };
                    self.row(columns, &values)?;
                }
                DONE => {
                    if ahead.bytes(12).is_err() {
                        return Ok(());
                    }
                    self.ended = true;
                }
                other => {
                    let text = format!("token {other:#04x} in a bulk load");
                    return Err(LoadError::Malformed(Malformed(text)));
                }
            }
            *reader = ahead;
        }
        Ok(())
    }

    /// `values`: the bytes of each, none where it is NULL.
    fn row(&mut self, columns: &BulkColumns, values: &[Option<&[u8]>]) -> Result<(), LoadError> {
        if let Some(order) = &columns.order {
            let table = &self.table;
            self.appender.encoded(|bytes| {
                for (from, at) in order.iter().zip(0..) {
                    let (Some(value), Some(column)) = (values.get(*from), columns.columns.get(*from)) else {
                        continue;
                    };
                    if let Some(kept) = value.and_then(|value| column.kept(value)) {
                        bytes.extend_from_slice(kept);
                        continue;
                    }
                    let value = fitted(table, column.value(*value)?, at, STATEMENT)?;
                    if let Some(stored) = table.columns.get(at) {
                        stored.encode(&value.datum, bytes);
                    }
                }
                Ok(())
            })?;
            return Ok(());
        }
        let mut given = Vec::with_capacity(values.len());
        for (value, column) in values.iter().zip(&columns.columns) {
            let value = column.value(*value)?;
            let takes_default = value.is_null() && !self.load.keep_nulls;
            given.push(if takes_default { None } else { Some(value) });
        }
        let row = self.load.target.row(given);
        self.appender.push(row)?;
        Ok(())
    }

    /// The end of the message: puts all rows into the transaction.
    pub(super) fn finish(self, work: &mut Work) -> Result<Outcome, SqlError> {
        // Driver 18 ends with DONE; a message without one is complete where a row is.
        if !self.buffer.is_empty() || self.columns.is_none() {
            let text = "While reading current row from host, a premature end-of-message was encountered--an incoming data stream was interrupted when the server expected to see more data. The host program may have terminated. Ensure that you are using a supported client application programming interface (API).";
            return Err(SqlError::new(4804, text));
        }
        let identity = self.load.target.last_identity();
        Ok(Outcome {
            count: self.appender.finish(work),
            identity,
        })
    }
}

#[cfg(test)]
mod tests;
