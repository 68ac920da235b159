//! Queries: from syntax to rows.

mod aggregate;
mod bind;
mod core;
mod join;
mod range;
mod sort;
mod source;
pub(in crate::sql_server) mod stream;

use std::sync::Arc;

use super::evaluate::{Row, Scope};
use super::operators;
use super::syntax::{Expression, OrderKey, Select};
use crate::sql_server::storage::Column;
use crate::sql_server::tokens::SqlError;
use crate::sql_server::value::Value;

pub(in crate::sql_server) use source::{Base, Relation};
use stream::{Cast, Concatenation, Limit, Stream};

/// A query ready to run.
pub(in crate::sql_server) struct Query {
    pub(in crate::sql_server) columns: Vec<Column>,
    pub(in crate::sql_server) body: Body,
    scope: Arc<Scope>,
}

pub(in crate::sql_server) enum Body {
    /// Each row is made of one row of the base.
    Simple(Relation),
    Stream(Box<dyn Stream>),
}

/// Resolves all names; nothing has run when this returns, except queries within expressions.
pub(in crate::sql_server) fn compile(select: &Select, scope: &Scope) -> Result<Query, SqlError> {
    let limit = limit(select, scope)?;
    let scope = Arc::new(scope.clone());
    if select.unions.is_empty() {
        return core::compile(select, &select.order, limit, &scope);
    }
    let mut parts = vec![core::compile(select, &[], None, &scope)?];
    for part in &select.unions {
        parts.push(core::compile(part, &[], None, &scope)?);
    }
    let columns = united(&parts)?;
    let types: Vec<_> = columns.iter().map(|column| column.sql_type.clone()).collect();
    let streams = parts.into_iter().map(|part| -> Box<dyn Stream> {
        let same = part.columns.iter().map(|column| &column.sql_type).eq(&types);
        let stream = part.stream();
        if same {
            stream
        } else {
            Box::new(Cast::new(stream, types.clone()))
        }
    });
    let mut stream: Box<dyn Stream> = Box::new(Concatenation::new(streams.collect()));
    stream = sort::by_columns(stream, &columns, &select.order)?;
    if let Some((offset, count)) = limit {
        stream = Box::new(Limit::new(stream, offset, count));
    }
    Ok(Query {
        columns,
        body: Body::Stream(stream),
        scope,
    })
}

/// OFFSET and FETCH: how many rows to leave out, and how many to give at most.
fn limit(select: &Select, scope: &Scope) -> Result<Option<(u64, u64)>, SqlError> {
    let number = |expression: &Expression| -> Result<u64, SqlError> {
        let number = scope.evaluate(expression, Row::default())?.as_integer();
        number
            .and_then(|number| u64::try_from(number).ok())
            .ok_or_else(|| {
                let text = "The offset specified in a OFFSET clause may not be negative.";
                SqlError::new(10742, text)
            })
    };
    let Some(offset) = &select.offset else {
        return Ok(None);
    };
    let count = select.fetch.as_ref().map_or(Ok(u64::MAX), number)?;
    Ok(Some((number(offset)?, count)))
}

/// The columns of UNION ALL: named by the first query, typed by all.
fn united(parts: &[Query]) -> Result<Vec<Column>, SqlError> {
    let mut parts = parts.iter();
    let mut columns = parts.next().map(|part| part.columns.clone()).unwrap_or_default();
    for part in parts {
        if part.columns.len() != columns.len() {
            let text = "All queries combined using a UNION, INTERSECT or EXCEPT operator must have an equal number of expressions in their target lists.";
            return Err(SqlError::new(205, text));
        }
        for (column, other) in columns.iter_mut().zip(&part.columns) {
            column.sql_type = operators::wider(&column.sql_type, &other.sql_type);
            column.nullable |= other.nullable;
            column.identity = false;
        }
    }
    Ok(columns)
}

impl Query {
    /// Its rows, one batch after the other.
    pub(in crate::sql_server) fn stream(self) -> Box<dyn Stream> {
        match self.body {
            Body::Simple(relation) => relation.stream(&self.scope),
            Body::Stream(stream) => stream,
        }
    }

    pub(in crate::sql_server) fn scope(&self) -> Arc<Scope> {
        Arc::clone(&self.scope)
    }

    /// All rows at once.
    pub(in crate::sql_server) fn all(self) -> Result<Vec<Vec<Value>>, SqlError> {
        let mut stream = self.stream();
        let mut rows = Vec::new();
        while stream.pull(&mut rows)? {}
        Ok(rows)
    }

    pub(in crate::sql_server) fn has_rows(self) -> Result<bool, SqlError> {
        let mut stream = self.stream();
        let mut rows = Vec::new();
        while rows.is_empty() && stream.pull(&mut rows)? {}
        Ok(!rows.is_empty())
    }
}

/// What ORDER BY names by its place in the select list.
fn ordinal(key: &OrderKey, columns: usize) -> Result<Option<usize>, SqlError> {
    let Expression::Literal(value) = &key.expression else {
        return Ok(None);
    };
    let place = value
        .as_integer()
        .and_then(|place| usize::try_from(place - 1).ok());
    if let Some(place) = place.filter(|place| *place < columns) {
        return Ok(Some(place));
    }
    let text = format!(
        "The ORDER BY position number {} is out of range of the number of items in the select list.",
        value.text().unwrap_or_default()
    );
    Err(SqlError::new(108, text))
}

#[cfg(test)]
mod tests;
