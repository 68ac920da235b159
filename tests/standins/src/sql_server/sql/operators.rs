//! Arithmetic, comparison and logic over values, with NULL in its third place.

use std::cmp::Ordering;

use super::syntax::Operator;
use crate::sql_server::tokens::SqlError;
use crate::sql_server::value::{Datum, SqlType, Value};

pub(super) fn truth(value: &Value) -> Option<bool> {
    match value.datum {
        Datum::Integer(value) => Some(value != 0),
        _ => None,
    }
}

pub(super) fn boolean(truth: Option<bool>) -> Value {
    truth.map_or_else(|| Value::null(SqlType::Bit), Value::bit)
}

/// The type that holds values of both: the one that comes first in the server's precedence.
pub(super) fn wider(left: &SqlType, right: &SqlType) -> SqlType {
    let length = |left: Option<usize>, right: Option<usize>| left?.max(right?).into();
    match (left, right) {
        (SqlType::NVarChar(left), SqlType::NVarChar(right)) => SqlType::NVarChar(length(*left, *right)),
        (SqlType::VarChar(left), SqlType::VarChar(right)) => SqlType::VarChar(length(*left, *right)),
        (SqlType::NVarChar(national), SqlType::VarChar(other))
        | (SqlType::VarChar(other), SqlType::NVarChar(national)) => {
            SqlType::NVarChar(length(*national, other.map(|other| other * 2)))
        }
        _ if precedence(left) >= precedence(right) => left.clone(),
        _ => right.clone(),
    }
}

fn precedence(sql_type: &SqlType) -> u8 {
    match sql_type {
        SqlType::VarBinary(_) => 0,
        SqlType::VarChar(_) => 1,
        SqlType::NVarChar(_) => 2,
        SqlType::Bit => 3,
        SqlType::TinyInt => 4,
        SqlType::SmallInt => 5,
        SqlType::Int => 6,
        SqlType::BigInt => 7,
        SqlType::Decimal { .. } => 8,
        SqlType::Real => 9,
        SqlType::Float => 10,
        SqlType::DateTime => 11,
        SqlType::DateTime2 => 12,
        SqlType::Opaque(_) => 13,
    }
}

pub(super) fn negative(value: Value) -> Result<Value, SqlError> {
    let datum = match value.datum {
        Datum::Null => Datum::Null,
        Datum::Integer(integer) => Datum::Integer(integer.checked_neg().ok_or_else(overflow)?),
        Datum::Float(float) => Datum::Float(-float),
        Datum::Decimal(decimal) => Datum::Decimal(-decimal),
        _ => return Err(not_for(&value.sql_type, "minus")),
    };
    Ok(Value { datum, ..value })
}

pub(super) fn binary(operator: Operator, left: &Value, right: &Value) -> Result<Value, SqlError> {
    match operator {
        Operator::And => Ok(boolean(match (truth(left), truth(right)) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        })),
        Operator::Or => Ok(boolean(match (truth(left), truth(right)) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        })),
        Operator::Like => Ok(boolean(
            left.text()
                .zip(right.text())
                .map(|(text, pattern)| like(&text, &pattern)),
        )),
        Operator::Equal => compare(left, right, Ordering::is_eq),
        Operator::Different => compare(left, right, Ordering::is_ne),
        Operator::Less => compare(left, right, Ordering::is_lt),
        Operator::LessOrEqual => compare(left, right, Ordering::is_le),
        Operator::Greater => compare(left, right, Ordering::is_gt),
        Operator::GreaterOrEqual => compare(left, right, Ordering::is_ge),
        _ => arithmetic(operator, left, right),
    }
}

fn compare(left: &Value, right: &Value, holds: impl Fn(Ordering) -> bool) -> Result<Value, SqlError> {
    if left.is_null() || right.is_null() {
        return Ok(boolean(None));
    }
    let sql_type = wider(&left.sql_type, &right.sql_type);
    let ordering = if sql_type.is_text() {
        // The collation does not distinguish upper and lower case, nor trailing blanks.
        let key = |value: &Value| value.text().map(|text| text.trim_end().to_lowercase());
        key(left).cmp(&key(right))
    } else if sql_type.is_integer() {
        let left = left.clone().cast(&SqlType::BigInt)?;
        let right = right.clone().cast(&SqlType::BigInt)?;
        left.as_integer().cmp(&right.as_integer())
    } else if let (Datum::Bytes(left), Datum::Bytes(right)) = (&left.datum, &right.datum) {
        left.cmp(right)
    } else {
        let left = left.clone().cast(&SqlType::Float)?.as_float();
        let right = right.clone().cast(&SqlType::Float)?.as_float();
        left.partial_cmp(&right).unwrap_or(Ordering::Equal)
    };
    Ok(boolean(Some(holds(ordering))))
}

fn arithmetic(operator: Operator, left: &Value, right: &Value) -> Result<Value, SqlError> {
    let sql_type = wider(&left.sql_type, &right.sql_type);
    if sql_type.is_text() && operator == Operator::Add {
        return Ok(concatenate(left, right));
    }
    if left.is_null() || right.is_null() {
        return Ok(Value::null(sql_type));
    }
    if sql_type.is_integer() {
        let (Some(left), Some(right)) = (
            left.clone().cast(&SqlType::BigInt)?.as_integer(),
            right.clone().cast(&SqlType::BigInt)?.as_integer(),
        ) else {
            return Err(not_for(&sql_type, "arithmetic"));
        };
        let result = integers(operator, left, right)?;
        return Value::big_int(result).cast(&sql_type);
    }
    // Numeric values are computed as float: near enough for a stand-in.
    let (Some(left), Some(right)) = (left.as_float(), right.as_float()) else {
        return Err(not_for(&sql_type, "arithmetic"));
    };
    let result = match operator {
        Operator::Add => left + right,
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Divide if right == 0.0 => return Err(division_by_zero()),
        Operator::Divide => left / right,
        _ => return Err(not_for(&sql_type, "bitwise")),
    };
    Value::float(result).cast(&sql_type)
}

fn integers(operator: Operator, left: i64, right: i64) -> Result<i64, SqlError> {
    if right == 0 && matches!(operator, Operator::Divide | Operator::Remainder) {
        return Err(division_by_zero());
    }
    match operator {
        Operator::Add => left.checked_add(right),
        Operator::Subtract => left.checked_sub(right),
        Operator::Multiply => left.checked_mul(right),
        Operator::Divide => left.checked_div(right),
        Operator::Remainder => left.checked_rem(right),
        Operator::BitAnd => Some(left & right),
        _ => Some(left | right),
    }
    .ok_or_else(overflow)
}

fn concatenate(left: &Value, right: &Value) -> Value {
    let national = [left, right]
        .iter()
        .any(|value| matches!(value.sql_type, SqlType::NVarChar(_)));
    let joined = left.text().zip(right.text()).map(|(left, right)| left + &right);
    let make = |text: &str| {
        if national {
            Value::nvarchar(text)
        } else {
            Value::varchar(text)
        }
    };
    match joined {
        Some(text) => make(&text),
        None => Value::null(make("").sql_type),
    }
}

/// `%` and `_`; no classes.
fn like(text: &str, pattern: &str) -> bool {
    let text: Vec<char> = text.to_lowercase().chars().collect();
    // Which lengths of the text's beginning the pattern so far can match.
    let mut reachable = vec![false; text.len() + 1];
    if let Some(start) = reachable.first_mut() {
        *start = true;
    }
    for symbol in pattern.to_lowercase().chars() {
        let mut next = vec![false; text.len() + 1];
        let mut any_before = false;
        let mut before = false;
        for (at, reached) in reachable.iter().enumerate() {
            any_before |= *reached;
            let matched = match symbol {
                '%' => any_before,
                '_' => before,
                _ => before && at.checked_sub(1).and_then(|at| text.get(at)) == Some(&symbol),
            };
            if let Some(slot) = next.get_mut(at) {
                *slot = matched;
            }
            before = *reached;
        }
        reachable = next;
    }
    reachable.last() == Some(&true)
}

fn overflow() -> SqlError {
    SqlError::new(
        8115,
        "Arithmetic overflow error converting expression to data type bigint.",
    )
}

fn division_by_zero() -> SqlError {
    SqlError::new(8134, "Divide by zero error encountered.")
}

fn not_for(sql_type: &SqlType, operator: &str) -> SqlError {
    let text = format!(
        "Operand data type {} is invalid for {operator} operator.",
        sql_type.name()
    );
    SqlError::new(8117, text)
}
