//! UPDATE and DELETE: the table is written anew, with some rows changed or left out.

use std::sync::Arc;

use super::{Change, Outcome, target};
use crate::sql_server::sql::evaluate::{Row, Scope};
use crate::sql_server::sql::query::stream::{StoredRows, fulfils};
use crate::sql_server::sql::query::{Base, Relation};
use crate::sql_server::sql::syntax::{Delete, Expression, ObjectName, Update};
use crate::sql_server::storage::{Appender, Table, Work, decode};
use crate::sql_server::tokens::SqlError;
use crate::sql_server::value::Value;

/// Rows that are looked at in one step.
const WORK: usize = 2048;

struct Rewrite {
    rows: StoredRows,
    table: Arc<Table>,
    filter: Vec<Expression>,
    scope: Scope,
    /// Columns with their new values; `None` for DELETE.
    assignments: Option<Vec<(usize, Expression)>>,
    appender: Appender,
    count: u64,
    /// DELETE TOP
    limit: u64,
    values: Vec<Value>,
}

pub(in crate::sql_server) fn update(update: &Update, scope: &Scope) -> Result<Box<dyn Change>, SqlError> {
    let (relation, mut rewrite) = rewrite(
        &update.table,
        update.alias.as_deref(),
        update.condition.as_ref(),
        scope,
        "UPDATE",
    )?;
    let mut assignments: Vec<(usize, Expression)> = Vec::new();
    for (name, expression) in &update.assignments {
        let place = rewrite
            .table
            .place(name)
            .ok_or_else(|| SqlError::new(207, format!("Invalid column name '{name}'.")))?;
        if rewrite
            .table
            .columns
            .get(place)
            .is_some_and(|column| column.identity)
        {
            let text = format!("Cannot update identity column '{name}'.");
            return Err(SqlError::new(8102, text));
        }
        if rewrite.table.version() == Some(place) {
            return Err(SqlError::new(272, "Cannot update a timestamp column."));
        }
        let bound = relation.with_names(scope, |names| names.bind(expression.clone()))?;
        assignments.push((place, bound));
    }
    rewrite.assignments = Some(assignments);
    Ok(Box::new(rewrite))
}

pub(in crate::sql_server) fn delete(delete: &Delete, scope: &Scope) -> Result<Box<dyn Change>, SqlError> {
    let (_, mut rewrite) = rewrite(
        &delete.table,
        delete.alias.as_deref(),
        delete.condition.as_ref(),
        scope,
        "DELETE",
    )?;
    if let Some(top) = &delete.top {
        let top = scope.evaluate(top, Row::default())?.as_integer();
        rewrite.limit = top.and_then(|top| u64::try_from(top).ok()).unwrap_or(0);
    }
    Ok(Box::new(rewrite))
}

fn rewrite(
    name: &ObjectName,
    alias: Option<&str>,
    condition: Option<&Expression>,
    scope: &Scope,
    statement: &'static str,
) -> Result<(Relation, Rewrite), SqlError> {
    let (resolved, table, pages) = target(name, scope)?;
    let qualifier = alias.unwrap_or_else(|| name.last());
    let base = Base::Stored(Arc::clone(&table), Arc::clone(&pages));
    let mut relation = Relation::of(base, table.columns.clone(), Some(qualifier));
    if let Some(condition) = condition {
        relation.add_condition(condition, scope)?;
    }
    let rewrite = Rewrite {
        rows: StoredRows::new(pages),
        filter: std::mem::take(&mut relation.filter),
        scope: scope.clone(),
        assignments: None,
        appender: Appender::replacing(resolved, Arc::clone(&table), statement),
        table,
        count: 0,
        limit: u64::MAX,
        values: Vec::new(),
    };
    Ok((relation, rewrite))
}

impl Rewrite {
    fn row(&mut self) -> Result<bool, SqlError> {
        let Some(encoded) = self.rows.next() else {
            return Ok(false);
        };
        let columns = self.table.columns.iter().map(|column| (column, true));
        decode(encoded, columns, &mut self.values)?;
        let row = Row { values: &self.values };
        if self.count < self.limit && fulfils(&self.filter, row, &self.scope)? {
            self.count += 1;
            if let Some(assignments) = &self.assignments {
                let mut changed = self.values.clone();
                for (place, expression) in assignments {
                    let value = self.scope.evaluate(expression, row)?;
                    if let Some(column) = changed.get_mut(*place) {
                        *column = value;
                    }
                }
                if let Some(version) = self.table.version().and_then(|version| changed.get_mut(version)) {
                    *version = self.scope.facts.view.next_version();
                }
                self.appender.push(changed)?;
            }
        } else if self.table.key.is_some() {
            self.appender.push(self.values.clone())?;
        } else {
            self.appender.encoded(|bytes| {
                bytes.extend_from_slice(encoded);
                Ok(())
            })?;
        }
        Ok(true)
    }
}

impl Change for Rewrite {
    fn step(&mut self) -> Result<bool, SqlError> {
        for _ in 0..WORK {
            if !self.row()? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn finish(self: Box<Self>, work: &mut Work) -> Outcome {
        let count = self.count;
        if count > 0 {
            self.appender.finish_replacing(work);
        }
        Outcome {
            count,
            identity: None,
        }
    }
}
