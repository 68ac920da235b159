//! A table: its columns, and its committed rows.

use std::collections::HashSet;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::page::Pages;
use crate::sql_server::column::Column;
use crate::sql_server::sql::syntax::Expression;
use crate::sql_server::value::compare;
use crate::sql_server::value::moment::Moment;
use crate::sql_server::value::{Datum, SqlType, Value};

#[derive(Debug)]
pub(in crate::sql_server) struct Table {
    pub(in crate::sql_server) id: i32,
    pub(in crate::sql_server) database: String,
    /// As it was written.
    pub(in crate::sql_server) schema: String,
    pub(in crate::sql_server) name: String,
    pub(in crate::sql_server) created: Moment,
    pub(in crate::sql_server) columns: Vec<Column>,
    /// One for each column.
    pub(in crate::sql_server) defaults: Vec<Option<Expression>>,
    pub(in crate::sql_server) key: Option<PrimaryKey>,
    pub(in crate::sql_server) identity: Option<Identity>,
    pub(super) committed: Mutex<Committed>,
}

#[derive(Debug, Clone)]
pub(in crate::sql_server) struct PrimaryKey {
    pub(in crate::sql_server) name: String,
    /// Places of its columns.
    pub(in crate::sql_server) columns: Vec<usize>,
}

/// Numbers once given are gone, also where a transaction is rolled back.
#[derive(Debug)]
pub(in crate::sql_server) struct Identity {
    pub(in crate::sql_server) column: usize,
    pub(in crate::sql_server) seed: i64,
    pub(in crate::sql_server) increment: i64,
    pub(in crate::sql_server) next: AtomicI64,
}

impl Identity {
    pub(in crate::sql_server) fn next(&self) -> i64 {
        self.next.fetch_add(self.increment, Ordering::Relaxed)
    }

    /// Values that a bulk load brings move the counter.
    pub(in crate::sql_server) fn has_seen(&self, value: i64) {
        if self.increment > 0 {
            self.next
                .fetch_max(value.saturating_add(self.increment), Ordering::Relaxed);
        } else {
            self.next
                .fetch_min(value.saturating_add(self.increment), Ordering::Relaxed);
        }
    }

    pub(in crate::sql_server) fn restart(&self) {
        self.next.store(self.seed, Ordering::Relaxed);
    }
}

/// The primary keys there are, encoded so that equal ones have equal bytes.
pub(super) type Keys = HashSet<Box<[u8]>>;

#[derive(Debug, Default)]
pub(super) struct Committed {
    pub(super) pages: Pages,
    /// `None` until a writer needs them; a writer takes them along and gives them back when it commits.
    pub(super) keys: Option<Keys>,
}

impl Table {
    pub(super) fn committed(&self) -> MutexGuard<'_, Committed> {
        self.committed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(in crate::sql_server) fn full_name(&self) -> String {
        format!("{}.{}.{}", self.database, self.schema, self.name)
    }

    /// The place of the column of type rowversion.
    pub(in crate::sql_server) fn version(&self) -> Option<usize> {
        self.columns
            .iter()
            .position(|column| column.sql_type == SqlType::RowVersion)
    }

    /// The place of a column.
    pub(in crate::sql_server) fn place(&self, name: &str) -> Option<usize> {
        self.columns
            .iter()
            .position(|column| column.name.eq_ignore_ascii_case(name))
    }
}

impl PrimaryKey {
    /// The bytes of a row's key.
    pub(super) fn encode(&self, row: &[Value]) -> Box<[u8]> {
        let mut bytes = Vec::new();
        for value in self.columns.iter().filter_map(|at| row.get(*at)) {
            match &value.datum {
                Datum::Text(units) => {
                    let before = bytes.len();
                    compare::folded(units).for_each(|unit| bytes.extend_from_slice(&unit.to_le_bytes()));
                    let length = bytes.len() - before;
                    bytes.extend_from_slice(&length.to_le_bytes());
                }
                _ => value.encode(&mut bytes),
            }
        }
        bytes.into()
    }

    /// As the error text quotes it.
    pub(super) fn quoted(&self, row: &[Value]) -> String {
        let values = self.columns.iter().filter_map(|at| row.get(*at));
        let values: Vec<String> = values
            .map(|value| value.text().unwrap_or_else(|| "<NULL>".to_owned()))
            .collect();
        values.join(", ")
    }
}
