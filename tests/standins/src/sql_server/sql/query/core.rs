//! One SELECT: FROM, WHERE, the select list, DISTINCT, ORDER BY, TOP.

use std::sync::Arc;

use super::aggregate;
use super::bind::Names;
use super::source::{Base, Output, Relation, relation};
use super::stream::{Distinct, Limit, Scan, Stream};
use super::{Body, Query, join, ordinal, range, sort};
use crate::sql_server::sql::evaluate::{Row, Scope};
use crate::sql_server::sql::syntax::{Expression, Item, OrderKey, Select};
use crate::sql_server::tokens::SqlError;

/// `limit`: rows to leave out, and to give at most, of OFFSET and FETCH.
pub(super) fn compile(
    select: &Select,
    order: &[OrderKey],
    limit: Option<(u64, u64)>,
    scope: &Arc<Scope>,
) -> Result<Query, SqlError> {
    let mut relation = from(select, scope)?;
    if let Some(condition) = &select.condition {
        relation.add_condition(condition, scope)?;
    }
    if range::is_empty(&relation) {
        relation.base = Base::Rows(Vec::new());
    }
    range::narrow(&mut relation);
    let top = match &select.top {
        Some(top) => scope.evaluate(top, Row::default())?.as_integer(),
        None => None,
    };
    let top = top.map(|top| u64::try_from(top).unwrap_or(0));

    let (mut relation, outputs, keys) = if aggregate::is_needed(select, order) {
        aggregate::compile(relation, select, order, scope)?
    } else {
        let (outputs, keys) = relation.with_names(scope, |names| {
            let outputs = outputs(&select.items, names)?;
            let keys = keys(order, &outputs, |expression| names.bind(expression))?;
            Ok::<_, SqlError>((outputs, keys))
        })?;
        (relation, outputs, keys)
    };
    if select.from.is_none() && outputs.is_empty() {
        return Err(SqlError::new(263, "Must specify table to select from."));
    }
    relation.outputs = outputs;
    let columns: Vec<_> = relation.outputs.iter().map(Output::column).collect();
    let scope = Arc::clone(scope);

    let in_order = keys.is_empty() || range::is_ordered(&relation.base, &keys);
    let mut limit = limit.or(top.map(|top| (0, top)));
    if in_order
        && !select.distinct
        && let Some((0, count)) = limit
        && range::cut(&mut relation, count)
    {
        limit = None;
    }
    if in_order && !select.distinct && limit.is_none() {
        return Ok(Query {
            columns,
            body: Body::Simple(relation),
            scope,
        });
    }
    let mut stream: Box<dyn Stream> = if select.distinct {
        let distinct = Box::new(Distinct::new(relation.stream(&scope)));
        sort::by_columns(distinct, &columns, order)?
    } else if in_order {
        relation.stream(&scope)
    } else {
        sorted(relation, keys, &scope)
    };
    if let Some((offset, count)) = limit {
        stream = Box::new(Limit::new(stream, offset, count));
    }
    Ok(Query {
        columns,
        body: Body::Stream(stream),
        scope,
    })
}

fn from(select: &Select, scope: &Arc<Scope>) -> Result<Relation, SqlError> {
    let Some(source) = &select.from else {
        return Ok(Relation::of(Base::One, Vec::new(), None));
    };
    let mut left = relation(source, scope)?;
    for joined in &select.joins {
        let right = relation(&joined.source, scope)?;
        left = join::join(left, right, joined, scope)?;
    }
    Ok(left)
}

/// The select list, with `*` written out.
pub(super) fn outputs(items: &[Item], names: &Names<'_>) -> Result<Vec<Output>, SqlError> {
    let mut outputs = Vec::new();
    for item in items {
        match item {
            Item::Everything(qualifier) => {
                let before = outputs.len();
                outputs.extend(
                    names
                        .outputs
                        .iter()
                        .filter(|output| match qualifier {
                            Some(qualifier) => {
                                let own = output.qualifier.as_deref();
                                own.is_some_and(|own| own.eq_ignore_ascii_case(qualifier))
                            }
                            None => true,
                        })
                        .cloned(),
                );
                if let Some(qualifier) = qualifier
                    && outputs.len() == before
                {
                    let text = format!(
                        "The column prefix '{qualifier}' does not match with a table name or alias name used in the query."
                    );
                    return Err(SqlError::new(107, text));
                }
            }
            Item::Column { name, expression } => {
                let bound = names.bind(expression.clone())?;
                outputs.push(output(name.as_deref(), expression, bound, names)?);
            }
            Item::Assign(..) => {}
        }
    }
    Ok(outputs)
}

/// A column is called as the list says, else as the table says, else nothing.
pub(super) fn output(
    name: Option<&str>,
    written: &Expression,
    bound: Expression,
    names: &Names<'_>,
) -> Result<Output, SqlError> {
    let mut output = Output {
        qualifier: None,
        name: name.unwrap_or_default().to_owned(),
        sql_type: names.type_of(&bound)?,
        nullable: true,
        identity: false,
        expression: bound,
    };
    if let Expression::Column {
        qualifier,
        name: column,
    } = written
        && let Ok(found) = names.find(qualifier.as_deref(), column)
    {
        output.nullable = found.nullable;
        output.identity = found.identity;
        if name.is_none() {
            output.name.clone_from(&found.name);
        }
    }
    if let Expression::Literal(value) = written {
        output.nullable = value.is_null();
    }
    Ok(output)
}

/// ORDER BY: places in the select list, its names, or expressions of the tables.
pub(super) fn keys(
    order: &[OrderKey],
    outputs: &[Output],
    mut bind: impl FnMut(Expression) -> Result<Expression, SqlError>,
) -> Result<Vec<(Expression, bool)>, SqlError> {
    let mut keys = Vec::new();
    for key in order {
        let listed = match &key.expression {
            Expression::Column {
                qualifier: None,
                name,
            } => outputs
                .iter()
                .find(|output| output.name.eq_ignore_ascii_case(name)),
            _ => ordinal(key, outputs.len())?.and_then(|place| outputs.get(place)),
        };
        let expression = match listed {
            Some(output) => output.expression.clone(),
            None => bind(key.expression.clone())?,
        };
        keys.push((expression, key.descending));
    }
    Ok(keys)
}

fn sorted(relation: Relation, keys: Vec<(Expression, bool)>, scope: &Arc<Scope>) -> Box<dyn Stream> {
    let width = relation.outputs.len();
    let outputs = relation.outputs.into_iter();
    let outputs = outputs.map(|output| (output.expression, Some(output.sql_type)));
    let (expressions, descending): (Vec<_>, Vec<_>) = keys.into_iter().unzip();
    let expressions = expressions.into_iter().map(|expression| (expression, None));
    let scan = Scan::new(
        relation.base,
        &relation.base_columns,
        relation.filter,
        outputs.chain(expressions).collect(),
        scope,
    );
    let keys = descending
        .into_iter()
        .zip(width..)
        .map(|(descending, at)| (at, descending));
    Box::new(sort::Sort::new(Box::new(scan), keys.collect(), width))
}
