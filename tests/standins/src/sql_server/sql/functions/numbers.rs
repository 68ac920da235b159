//! Functions of numbers, and hashes.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::sql_server::sql::operators;
use crate::sql_server::tokens::SqlError;
use crate::sql_server::value::convert::overflow;
use crate::sql_server::value::{Datum, SqlType, Value, compare};

/// `None` for a function that is not here.
pub(super) fn call(name: &str, arguments: &[Value]) -> Option<Result<Value, SqlError>> {
    match (name, arguments) {
        ("ABS", [value]) => Some(absolute(value)),
        ("SIGN", [value]) => Some(sign(value)),
        ("FLOOR", [value]) => Some(rounded(value, f64::floor)),
        ("CEILING", [value]) => Some(rounded(value, f64::ceil)),
        ("CHECKSUM" | "BINARY_CHECKSUM", [_, ..]) => Some(Ok(Value::int(checksum(arguments)))),
        _ => None,
    }
}

fn absolute(value: &Value) -> Result<Value, SqlError> {
    let negative = match value.datum {
        Datum::Integer(integer) => integer < 0,
        Datum::Decimal(decimal) => decimal < 0,
        Datum::Float(float) => float < 0.0,
        Datum::Text(_) => return absolute(&value.clone().cast(&SqlType::Float)?),
        _ => false,
    };
    if !negative {
        return Ok(value.clone());
    }
    let positive = operators::negative(value.clone())?;
    let sql_type = positive.sql_type.clone();
    // The least number has no counterpart.
    Value {
        sql_type: if sql_type.is_integer() {
            SqlType::BigInt
        } else {
            sql_type.clone()
        },
        ..positive
    }
    .cast(&sql_type)
    .map_err(|_| overflow(&sql_type))
}

fn sign(value: &Value) -> Result<Value, SqlError> {
    if value.is_null() {
        return Ok(value.clone());
    }
    let order = operators::order(value, &Value::int(0))?;
    Value::int(order.map_or(0, |order| order as i32)).cast(&value.sql_type)
}

fn rounded(value: &Value, round: fn(f64) -> f64) -> Result<Value, SqlError> {
    match value.as_float() {
        Some(float) if !value.sql_type.is_integer() => Value::float(round(float)).cast(&value.sql_type),
        _ => Ok(value.clone()),
    }
}

/// Not the real server's numbers, but as its are: the same for equal values, texts without regard to case.
fn checksum(values: &[Value]) -> i32 {
    let mut hasher = DefaultHasher::new();
    for value in values {
        match &value.datum {
            Datum::Null => 0_u8.hash(&mut hasher),
            Datum::Text(units) => {
                1_u8.hash(&mut hasher);
                compare::folded(units).for_each(|unit| unit.hash(&mut hasher));
            }
            _ => {
                let mut bytes = Vec::new();
                value.encode(&mut bytes);
                bytes.hash(&mut hasher);
            }
        }
    }
    let [a, b, c, d, ..] = hasher.finish().to_le_bytes();
    i32::from_le_bytes([a, b, c, d])
}
