//! Joins, by comparing each row with each.

use std::sync::Arc;

use super::source::{Base, Output, Relation};
use crate::sql_server::sql::evaluate::{Row, Scope};
use crate::sql_server::sql::syntax::{Join, JoinKind};
use crate::sql_server::storage::Column;
use crate::sql_server::tokens::SqlError;
use crate::sql_server::value::Value;

/// Runs at once: what is joined here are views of the catalogue and small tables.
pub(super) fn join(
    left: Relation,
    right: Relation,
    join: &Join,
    scope: &Arc<Scope>,
) -> Result<Relation, SqlError> {
    let optional = join.kind == JoinKind::Left;
    let mut outputs: Vec<_> = left.outputs.clone();
    outputs.extend(right.outputs.iter().cloned());
    let columns: Vec<Column> = left
        .outputs
        .iter()
        .map(Output::column)
        .chain(right.outputs.iter().map(|output| Column {
            nullable: optional || output.nullable,
            ..output.column()
        }))
        .collect();
    let nulls: Vec<Value> = right
        .outputs
        .iter()
        .map(|output| Value::null(output.sql_type.clone()))
        .collect();
    let mut joined = Relation::of(Base::Rows(Vec::new()), columns, None);
    for (output, named) in joined.outputs.iter_mut().zip(outputs) {
        output.qualifier = named.qualifier;
    }
    let on = match &join.on {
        Some(on) => Some(joined.with_names(scope, |names| names.bind(on.clone()))?),
        None => None,
    };

    let left = all(left, scope)?;
    let right = all(right, scope)?;
    let mut rows = Vec::new();
    for left in &left {
        let mut matched = false;
        for right in &right {
            let row = [left.as_slice(), right.as_slice()].concat();
            let fits = match &on {
                Some(on) => scope.is_true(on, Row { values: &row })?,
                None => true,
            };
            if fits {
                matched = true;
                rows.push(row);
            }
        }
        if optional && !matched {
            rows.push([left.as_slice(), nulls.as_slice()].concat());
        }
    }
    joined.base = Base::Rows(rows);
    Ok(joined)
}

fn all(relation: Relation, scope: &Arc<Scope>) -> Result<Vec<Vec<Value>>, SqlError> {
    let mut stream = relation.stream(scope);
    let mut rows = Vec::new();
    while stream.pull(&mut rows)? {}
    Ok(rows)
}
