//! Aggregates, and GROUP BY.

use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;

use super::bind::{Names, conjuncts};
use super::core::{keys, output};
use super::source::{Base, Output, Relation};
use super::stream::{Scan, Stream, grouping_key};
use crate::sql_server::sql::evaluate::Scope;
use crate::sql_server::sql::operators;
use crate::sql_server::sql::syntax::{Expression, Item, Operator, OrderKey, Select};
use crate::sql_server::storage::Column;
use crate::sql_server::tokens::SqlError;
use crate::sql_server::value::convert::overflow;
use crate::sql_server::value::{Datum, SqlType, Value};

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
    let mut bound_items = Vec::new();
    for item in &select.items {
        match item {
            Item::Column { name, expression } => {
                bound_items.push((name.clone(), expression.clone(), groups.bind(expression.clone())?));
            }
            Item::Everything(_) => {
                for output in names.outputs {
                    let column = Expression::Column {
                        qualifier: output.qualifier.clone(),
                        name: output.name.clone(),
                    };
                    bound_items.push((None, column.clone(), groups.bind(column)?));
                }
            }
            Item::Assign(..) => {}
        }
    }
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
    let grouping = Grouping {
        input: Some(Box::new(scan)),
        width: group_keys.len(),
        // Without GROUP BY there is a row also where there is none to aggregate.
        whole: select.group.is_empty(),
        aggregates,
        groups: HashMap::new(),
        order: Vec::new(),
    };
    let mut grouped = Relation::of(Base::Stream(Box::new(grouping)), columns, None);
    if let Some(having) = having {
        conjuncts(having, &mut grouped.filter);
    }
    Ok((grouped, outputs, keys))
}

/// Binds expressions over groups: keys come first in their rows, then aggregates.
struct Groups<'a> {
    names: &'a Names<'a>,
    keys: Vec<(Expression, SqlType)>,
    aggregates: Vec<Aggregate>,
}

impl Groups<'_> {
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

/// What is known of one aggregate of one group.
#[derive(Debug, Clone, Default)]
struct State {
    count: i64,
    value: Option<Value>,
    exact: i128,
    float: f64,
    checksum: i32,
    seen: HashSet<Vec<u8>>,
}

impl State {
    fn add(&mut self, aggregate: &Aggregate, value: Value) -> Result<(), SqlError> {
        if value.is_null() {
            return Ok(());
        }
        if aggregate.distinct && !self.seen.insert(grouping_key(std::slice::from_ref(&value))) {
            return Ok(());
        }
        self.count += 1;
        match aggregate.function {
            Function::Count | Function::CountBig => {}
            Function::ChecksumAgg => {
                let value = value.as_integer().unwrap_or_default();
                self.checksum ^= i32::try_from(value).unwrap_or_default();
            }
            Function::Sum | Function::Average => match value.datum {
                Datum::Integer(integer) => self.exact += i128::from(integer),
                Datum::Decimal(decimal) => {
                    self.exact = self
                        .exact
                        .checked_add(decimal)
                        .ok_or_else(|| overflow(&aggregate.sql_type))?;
                }
                _ => self.float += value.as_float().unwrap_or_default(),
            },
            Function::Least | Function::Greatest => {
                let better = match &self.value {
                    None => true,
                    Some(best) => {
                        let order = operators::order(&value, best)?;
                        order.is_some_and(|order| match aggregate.function {
                            Function::Least => order.is_lt(),
                            _ => order.is_gt(),
                        })
                    }
                };
                if better {
                    self.value = Some(value);
                }
            }
        }
        Ok(())
    }

    fn result(self, aggregate: &Aggregate, argument: &SqlType) -> Result<Value, SqlError> {
        let sql_type = &aggregate.sql_type;
        let null = || Value::null(sql_type.clone());
        match aggregate.function {
            Function::Count | Function::CountBig => Value::big_int(self.count).cast(sql_type),
            _ if self.count == 0 => Ok(null()),
            Function::ChecksumAgg => Ok(Value::int(self.checksum)),
            Function::Least | Function::Greatest => Ok(self.value.unwrap_or_else(null)),
            Function::Sum | Function::Average if *sql_type == SqlType::Float => {
                #[allow(clippy::cast_precision_loss, reason = "what dividing a float means")]
                let count = self.count as f64;
                let sum = self.float;
                Ok(Value::float(if aggregate.function == Function::Sum {
                    sum
                } else {
                    sum / count
                }))
            }
            Function::Sum | Function::Average => {
                let sum = Value {
                    sql_type: SqlType::Decimal {
                        precision: 38,
                        scale: argument.scale(),
                    },
                    datum: Datum::Decimal(self.exact),
                };
                let result = if aggregate.function == Function::Sum {
                    sum
                } else {
                    operators::binary(Operator::Divide, &sum, &Value::big_int(self.count))?
                };
                result.cast(sql_type).map_err(|_| overflow(sql_type))
            }
        }
    }
}

/// The keys of a group, and what is known of its aggregates, with the types of their arguments.
type Group = (Vec<Value>, Vec<(State, SqlType)>);

/// Reads all, then gives the groups.
struct Grouping {
    input: Option<Box<dyn Stream>>,
    width: usize,
    whole: bool,
    aggregates: Vec<Aggregate>,
    groups: HashMap<Vec<u8>, usize>,
    /// In the order of their first rows.
    order: Vec<Group>,
}

impl Grouping {
    fn group(&mut self, keys: Vec<Value>) -> usize {
        let next = self.order.len();
        let encoded = if self.width == 0 {
            Vec::new()
        } else {
            grouping_key(&keys)
        };
        let at = *self.groups.entry(encoded).or_insert(next);
        if at == next {
            let states = self.aggregates.iter();
            let states = states.map(|aggregate| (State::default(), aggregate.sql_type.clone()));
            self.order.push((keys, states.collect()));
        }
        at
    }

    fn add(&mut self, mut row: Vec<Value>) -> Result<(), SqlError> {
        let arguments = row.split_off(self.width);
        let at = self.group(row);
        let Some((_, states)) = self.order.get_mut(at) else {
            return Ok(());
        };
        for ((aggregate, (state, sql_type)), value) in self.aggregates.iter().zip(states).zip(arguments) {
            if state.count == 0 {
                sql_type.clone_from(&value.sql_type);
            }
            state.add(aggregate, value)?;
        }
        Ok(())
    }
}

impl Stream for Grouping {
    fn pull(&mut self, rows: &mut Vec<Vec<Value>>) -> Result<bool, SqlError> {
        let Some(input) = &mut self.input else {
            return Ok(false);
        };
        let mut own = Vec::new();
        let more = input.pull(&mut own)?;
        for row in own {
            self.add(row)?;
        }
        if more {
            return Ok(true);
        }
        self.input = None;
        if self.whole {
            self.group(Vec::new());
        }
        for (mut row, states) in std::mem::take(&mut self.order) {
            for (aggregate, (state, sql_type)) in self.aggregates.iter().zip(states) {
                row.push(state.result(aggregate, &sql_type)?);
            }
            rows.push(row);
        }
        Ok(false)
    }
}
