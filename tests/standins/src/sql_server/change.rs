//! Statements that change tables and rows.

mod definition;
mod insert;
mod rewrite;

pub(super) use definition::{create_schema, create_table, drop_tables, table_of_columns, truncate};
pub(super) use insert::{Target, insert, load};
pub(super) use rewrite::{delete, update};

use std::sync::Arc;

use super::sql::evaluate::Scope;
use super::sql::syntax::{ObjectName, Statement};
use super::sql::tables::invalid_object;
use super::storage::{LockMode, Pages, Table, TableName, Work};
use super::tokens::SqlError;

/// A change that is made a piece at a time, so that the client can be heard in between.
pub(super) trait Change: Send {
    /// False when all is done but `finish`.
    fn step(&mut self) -> Result<bool, SqlError>;

    /// Puts the change into the transaction.
    fn finish(self: Box<Self>, work: &mut Work) -> Outcome;
}

/// What a change has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) count: u64,
    /// The last value that an identity column was given.
    pub(super) identity: Option<i64>,
}

/// The locks that a statement needs.
pub(super) fn locks(statement: &Statement, work: &Work, database: &str) -> Vec<(TableName, LockMode)> {
    let view = work.view();
    let find = |name: &ObjectName, mode| view.resolve(name, database).map(|name| (name, mode));
    let append = |name: &ObjectName| {
        let (name, _) = find(name, LockMode::Append)?;
        // A key is checked against all rows, also those that others have not committed.
        let keyed = view.table(&name).is_some_and(|(table, _)| table.key.is_some());
        Some((
            name,
            if keyed {
                LockMode::Exclusive
            } else {
                LockMode::Append
            },
        ))
    };
    let lock = match statement {
        Statement::CreateTable(table) => find(&table.name, LockMode::Exclusive),
        Statement::Truncate(name) => find(name, LockMode::Exclusive),
        Statement::Update(update) => find(&update.table, LockMode::Exclusive),
        Statement::Delete(delete) => find(&delete.table, LockMode::Exclusive),
        Statement::Insert(insert) => append(&insert.table),
        Statement::InsertBulk(bulk) => append(&bulk.table),
        Statement::Select(select) => {
            let into = select.into.as_ref();
            into.and_then(|into| find(into, LockMode::Exclusive))
        }
        Statement::DropTable { names, .. } => {
            let locks = names.iter().filter_map(|name| find(name, LockMode::Exclusive));
            return locks.collect();
        }
        _ => None,
    };
    lock.into_iter().collect()
}

/// Whether the statement changes anything, so that a doomed transaction must not run it.
pub(super) fn is_change(statement: &Statement) -> bool {
    match statement {
        Statement::CreateTable(_)
        | Statement::CreateSchema(_)
        | Statement::DropTable { .. }
        | Statement::Truncate(_)
        | Statement::Insert(_)
        | Statement::InsertBulk(_)
        | Statement::Update(_)
        | Statement::Delete(_) => true,
        Statement::Select(select) => select.into.is_some(),
        _ => false,
    }
}

/// A table that a statement changes.
fn target(name: &ObjectName, scope: &Scope) -> Result<(TableName, Arc<Table>, Pages), SqlError> {
    let view = &scope.facts.view;
    let found = view.resolve(name, &scope.facts.database).and_then(|resolved| {
        let (table, pages) = view.table(&resolved)?;
        Some((resolved, table, pages))
    });
    found.ok_or_else(|| invalid_object(name))
}

#[cfg(test)]
mod tests;
