//! Bulk loads: `INSERT BULK`, and the message with the rows that follows it (MS-TDS 2.2.6.1).

use std::sync::Arc;

use super::change::Target;
use super::sql::evaluate::Scope;
use super::sql::syntax::InsertBulk;
use super::sql::tables::invalid_object;
use super::storage::{Table, TableName, Work};
use super::tokens::SqlError;

/// What `INSERT BULK` has said of the rows to come.
#[derive(Debug)]
pub(super) struct BulkLoad {
    name: TableName,
    table: Arc<Table>,
    columns: Vec<String>,
    keep_nulls: bool,
}

impl BulkLoad {
    pub(super) fn new(bulk: &InsertBulk, scope: &Scope, work: &mut Work) -> Result<Self, SqlError> {
        let _ = work;
        let facts = &scope.facts;
        let name = facts.view.resolve(&bulk.table, &facts.database);
        let found = name.and_then(|name| Some((name.clone(), facts.view.table(&name)?)));
        let (name, (table, _)) = found.ok_or_else(|| invalid_object(&bulk.table))?;
        Target::of_bulk_load(&table, &bulk.columns, scope)?;
        Ok(Self {
            name,
            table,
            columns: bulk.columns.clone(),
            keep_nulls: bulk.keep_nulls,
        })
    }
}
