//! One aggregate of one group, while rows come.

use std::collections::HashSet;

use super::{Aggregate, Function};
use crate::sql_server::sql::operators;
use crate::sql_server::sql::query::stream::grouping_key;
use crate::sql_server::sql::syntax::Operator;
use crate::sql_server::tokens::SqlError;
use crate::sql_server::value::convert::overflow;
use crate::sql_server::value::{Datum, SqlType, Value};

/// What is known of one aggregate of one group.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    pub(super) count: i64,
    value: Option<Value>,
    exact: i128,
    float: f64,
    checksum: i32,
    seen: HashSet<Vec<u8>>,
}

impl State {
    pub(super) fn add(&mut self, aggregate: &Aggregate, value: Value) -> Result<(), SqlError> {
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

    pub(super) fn result(self, aggregate: &Aggregate, argument: &SqlType) -> Result<Value, SqlError> {
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
