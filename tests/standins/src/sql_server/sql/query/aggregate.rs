//! Aggregates, and GROUP BY.

mod grouping;
mod state;

use std::sync::Arc;

use super::bind::{Names, conjuncts};
use super::core::{keys, output};
use super::range;
use super::source::{Base, Output, Relation};
use super::stream::Scan;
use crate::sql_server::sql::evaluate::Scope;
use crate::sql_server::sql::syntax::{Expression, Item, OrderKey, Select};
use crate::sql_server::storage::Column;
use crate::sql_server::tokens::SqlError;
use crate::sql_server::value::{SqlType, Value};
use grouping::Grouping;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    Count,
    CountBig,
    Sum,
    Average,
    Least,
    Greatest,
    ChecksumAgg,
}

#[derive(Debug, Clone, PartialEq)]
struct Aggregate {
    function: Function,
    distinct: bool,
    /// Over the base.
    argument: Expression,
    sql_type: SqlType,
}

fn function(name: &str) -> Option<(Function, bool)> {
    let (name, distinct) = match name.strip_suffix(" DISTINCT") {
        Some(name) => (name, true),
        None => (name, false),
    };
    let function = match name {
        "COUNT" => Function::Count,
        "COUNT_BIG" => Function::CountBig,
        "SUM" => Function::Sum,
        "AVG" => Function::Average,
        "MIN" => Function::Least,
        "MAX" => Function::Greatest,
        "CHECKSUM_AGG" => Function::ChecksumAgg,
        _ => return None,
    };
    Some((function, distinct))
}

fn has_aggregate(expression: &Expression) -> bool {
    let mut found = false;
    expression.visit(&mut |part| {
        found |= matches!(part, Expression::Call(name, _) if function(name).is_some());
    });
    found
}

pub(super) fn is_needed(select: &Select, order: &[OrderKey]) -> bool {
    let items = select.items.iter().filter_map(|item| match item {
        Item::Column { expression, .. } => Some(expression),
        _ => None,
    });
    let mut expressions = items.chain(order.iter().map(|key| &key.expression));
    !select.group.is_empty() || select.having.is_some() || expressions.any(has_aggregate)
}

/// The relation of groups, the select list over it, and the sort keys.
type Compiled = (Relation, Vec<Output>, Vec<(Expression, bool)>);

pub(super) fn compile(
    relation: Relation,
    select: &Select,
    order: &[OrderKey],
    scope: &Arc<Scope>,
) -> Result<Compiled, SqlError> {
    let nulls = relation.nulls();
    let not_null = relation.not_null();
    let names = Names {
        scope,
        outputs: &relation.outputs,
        nulls: &nulls,
        not_null: &not_null,
    };
    let mut groups = Groups {
        names: &names,
        keys: Vec::new(),
        aggregates: Vec::new(),
    };
    for key in &select.group {
        let bound = names.bind(key.clone())?;
        groups.keys.push((bound.clone(), names.type_of(&bound)?));
    }
    let bound_items = groups.items(&select.items)?;
    let having = select
        .having
        .clone()
        .map(|having| groups.bind(having))
        .transpose()?;
    let mut bound_order = Vec::new();
    for key in order {
        // Aggregates of ORDER BY are computed with the others; what names the select list is looked up below.
        if has_aggregate(&key.expression) {
            bound_order.push(groups.bind(key.expression.clone())?);
        }
    }

    let columns = groups.columns();
    let aggregated = Relation::of(Base::Rows(Vec::new()), columns.clone(), None);
    let of_groups = aggregated.nulls();
    let over_groups = Names {
        scope,
        outputs: &relation.outputs,
        nulls: &of_groups,
        not_null: &[],
    };
    let mut outputs = Vec::new();
    for (name, written, bound) in bound_items {
        outputs.push(output(name.as_deref(), &written, bound, &over_groups)?);
    }
    let mut ready = bound_order.into_iter();
    let keys = keys(order, &outputs, |expression| {
        if has_aggregate(&expression) {
            ready
                .next()
                .ok_or_else(|| SqlError::new(8624, "Internal Query Processor Error."))
        } else {
            groups.bind(expression)
        }
    })?;
    let Groups {
        keys: group_keys,
        aggregates,
        ..
    } = groups;
    if select.group.is_empty()
        && let Some(row) = known(&relation, &aggregates)?
    {
        let mut only = Relation::of(Base::Rows(vec![row]), columns, None);
        if let Some(having) = having {
            conjuncts(having, &mut only.filter);
        }
        return Ok((only, outputs, keys));
    }
    let input = group_keys.iter().map(|(key, _)| (key.clone(), None));
    let arguments = aggregates
        .iter()
        .map(|aggregate| (aggregate.argument.clone(), None));
    let scan = Scan::new(
        relation.base,
        &relation.base_columns,
        relation.filter,
        input.chain(arguments).collect(),
        scope,
    );
    let grouping = Grouping::new(Box::new(scan), group_keys.len(), aggregates);
    let mut grouped = Relation::of(Base::Stream(Box::new(grouping)), columns, None);
    if let Some(having) = having {
        conjuncts(having, &mut grouped.filter);
    }
    Ok((grouped, outputs, keys))
}

/// All aggregates, if none of them needs a look at the rows.
fn known(relation: &Relation, aggregates: &[Aggregate]) -> Result<Option<Vec<Value>>, SqlError> {
    let mut row = Vec::new();
    for aggregate in aggregates {
        let value = match (aggregate.function, &aggregate.argument) {
            _ if aggregate.distinct => None,
            (Function::Count | Function::CountBig, Expression::Literal(value)) if !value.is_null() => {
                range::count(relation).map(Value::big_int)
            }
            (Function::Least, argument) => range::extreme(relation, argument, false),
            (Function::Greatest, argument) => range::extreme(relation, argument, true),
            _ => None,
        };
        match value {
            Some(value) => row.push(value.cast(&aggregate.sql_type)?),
            None => return Ok(None),
        }
    }
    Ok(Some(row))
}

/// Binds expressions over groups: keys come first in their rows, then aggregates.
struct Groups<'a> {
    names: &'a Names<'a>,
    keys: Vec<(Expression, SqlType)>,
    aggregates: Vec<Aggregate>,
}

impl Groups<'_> {
    /// The select list: names, expressions as they were written, and over groups.
    fn items(&mut self, items: &[Item]) -> Result<Vec<(Option<String>, Expression, Expression)>, SqlError> {
        let mut bound = Vec::new();
        for item in items {
            match item {
                Item::Column { name, expression } => {
                    bound.push((name.clone(), expression.clone(), self.bind(expression.clone())?));
                }
                Item::Everything(_) => {
                    for output in self.names.outputs {
                        let column = Expression::Column {
                            qualifier: output.qualifier.clone(),
                            name: output.name.clone(),
                        };
                        bound.push((None, column.clone(), self.bind(column)?));
                    }
                }
                Item::Assign(..) => {}
            }
        }
        Ok(bound)
    }

    fn bind(&mut self, expression: Expression) -> Result<Expression, SqlError> {
        if let Expression::Call(name, arguments) = &expression
            && let Some((function, distinct)) = function(name)
        {
            return self.aggregate(name, function, distinct, arguments);
        }
        if !has_aggregate(&expression) {
            let bound = self.names.bind(expression.clone())?;
            if let Some(at) = self.keys.iter().position(|(key, _)| *key == bound) {
                return Ok(Expression::Slot(at));
            }
            if matches!(bound, Expression::Literal(_)) {
                return Ok(bound);
            }
            if let Expression::Column { qualifier, name } = &expression {
                let found = self.names.find(qualifier.as_deref(), name)?;
                let table = found.qualifier.as_ref().map(|table| format!("{table}."));
                let text = format!(
                    "Column '{}{name}' is invalid in the select list because it is not contained in either an aggregate function or the GROUP BY clause.",
                    table.unwrap_or_default()
                );
                return Err(SqlError::new(8120, text));
            }
        }
        expression.map_parts(|part| self.bind(part))
    }

    fn aggregate(
        &mut self,
        name: &str,
        function: Function,
        distinct: bool,
        arguments: &[Expression],
    ) -> Result<Expression, SqlError> {
        let [argument] = arguments else {
            let text = format!("The {} function requires 1 argument(s).", name.to_lowercase());
            return Err(SqlError::new(174, text).with_class(15));
        };
        if has_aggregate(argument) {
            let text = "Cannot perform an aggregate function on an expression containing an aggregate or a subquery.";
            return Err(SqlError::new(130, text));
        }
        let argument = self.names.bind(argument.clone())?;
        let sql_type = result_type(name, function, &self.names.type_of(&argument)?)?;
        let aggregate = Aggregate {
            function,
            distinct,
            argument,
            sql_type,
        };
        let known = self.aggregates.iter().position(|known| *known == aggregate);
        let at = known.unwrap_or_else(|| {
            self.aggregates.push(aggregate);
            self.aggregates.len() - 1
        });
        // Keys do not change any more once aggregates are bound.
        Ok(Expression::Slot(self.keys.len() + at))
    }

    fn columns(&self) -> Vec<Column> {
        let keys = self.keys.iter().map(|(_, sql_type)| sql_type);
        let types = keys.chain(self.aggregates.iter().map(|aggregate| &aggregate.sql_type));
        types
            .map(|sql_type| Column::nullable("", sql_type.clone()))
            .collect()
    }
}

fn result_type(name: &str, function: Function, argument: &SqlType) -> Result<SqlType, SqlError> {
    Ok(match function {
        Function::Count | Function::ChecksumAgg => SqlType::Int,
        Function::CountBig => SqlType::BigInt,
        Function::Least | Function::Greatest => argument.clone(),
        Function::Sum | Function::Average => match argument {
            SqlType::TinyInt | SqlType::SmallInt | SqlType::Int => SqlType::Int,
            SqlType::BigInt => SqlType::BigInt,
            SqlType::Decimal { scale, .. } => SqlType::Decimal {
                precision: 38,
                scale: if function == Function::Sum {
                    *scale
                } else {
                    (*scale).max(6)
                },
            },
            SqlType::Money | SqlType::SmallMoney => SqlType::Money,
            SqlType::Float | SqlType::Real => SqlType::Float,
            _ => {
                let text = format!(
                    "Operand data type {} is invalid for {} operator.",
                    argument.base_name(),
                    name.to_lowercase()
                );
                return Err(SqlError::new(8117, text));
            }
        },
    })
}
