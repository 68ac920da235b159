//! Arithmetic, comparison and logic over values, with NULL in its third place.

use std::cmp::Ordering;

use super::like::like;
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
    if left == right {
        return left.clone();
    }
    if left.is_text() && right.is_text() && *left != SqlType::Xml && *right != SqlType::Xml {
        return wider_text(left, right);
    }
    match (left, right) {
        (
            SqlType::Decimal { precision, scale },
            SqlType::Decimal {
                precision: other_precision,
                scale: other_scale,
            },
        ) => {
            let whole = (precision - scale).max(other_precision.saturating_sub(*other_scale));
            let scale = *scale.max(other_scale);
            SqlType::Decimal {
                precision: (whole + scale).min(38),
                scale,
            }
        }
        (SqlType::Decimal { precision, scale }, integer)
        | (integer, SqlType::Decimal { precision, scale })
            if integer.is_integer() =>
        {
            let whole = (precision - scale).max(digits(integer));
            SqlType::Decimal {
                precision: (whole + scale).min(38),
                scale: *scale,
            }
        }
        (SqlType::DateTime2(left), SqlType::DateTime2(right)) => SqlType::DateTime2(*left.max(right)),
        (SqlType::DateTime2(scale), SqlType::DateTime) | (SqlType::DateTime, SqlType::DateTime2(scale)) => {
            SqlType::DateTime2((*scale).max(3))
        }
        (SqlType::DateTimeOffset(scale), other) | (other, SqlType::DateTimeOffset(scale))
            if other.is_date_or_time() =>
        {
            SqlType::DateTimeOffset((*scale).max(other.scale()))
        }
        (SqlType::Time(left), SqlType::Time(right)) => SqlType::Time(*left.max(right)),
        _ if left.is_binary() && right.is_binary() => {
            let length = left.string_length().zip(right.string_length());
            SqlType::VarBinary(length.map(|(left, right)| left.max(right)))
        }
        _ if precedence(left) >= precedence(right) => left.clone(),
        _ => right.clone(),
    }
}

fn wider_text(left: &SqlType, right: &SqlType) -> SqlType {
    let national = left.is_national() || right.is_national();
    let characters = |sql_type: &SqlType| {
        let width = if sql_type.is_national() { 2 } else { 1 };
        sql_type.string_length().map(|length| length / width)
    };
    let longest = characters(left)
        .zip(characters(right))
        .map(|(left, right)| left.max(right));
    let fixed = |sql_type: &SqlType| matches!(sql_type, SqlType::Char(_) | SqlType::NChar(_));
    match (longest, national, fixed(left) && fixed(right)) {
        (Some(length), true, true) => SqlType::NChar(length * 2),
        (Some(length), false, true) => SqlType::Char(length),
        (_, true, _) => SqlType::NVarChar(longest.map(|length| length * 2)),
        (_, false, _) => SqlType::VarChar(longest),
    }
}

/// Digits of the largest value.
fn digits(integer: &SqlType) -> u8 {
    match integer {
        SqlType::Bit => 1,
        SqlType::TinyInt => 3,
        SqlType::SmallInt => 5,
        SqlType::Int => 10,
        _ => 19,
    }
}

fn precedence(sql_type: &SqlType) -> u8 {
    match sql_type {
        SqlType::Binary(_) | SqlType::VarBinary(_) | SqlType::RowVersion => 0,
        SqlType::Char(_) | SqlType::VarChar(_) => 1,
        SqlType::NChar(_) | SqlType::NVarChar(_) => 2,
        SqlType::Guid => 3,
        SqlType::Bit => 4,
        SqlType::TinyInt => 5,
        SqlType::SmallInt => 6,
        SqlType::Int => 7,
        SqlType::BigInt => 8,
        SqlType::SmallMoney => 9,
        SqlType::Money => 10,
        SqlType::Decimal { .. } => 11,
        SqlType::Real => 12,
        SqlType::Float => 13,
        SqlType::Time(_) => 14,
        SqlType::Date => 15,
        SqlType::SmallDateTime => 16,
        SqlType::DateTime => 17,
        SqlType::DateTime2(_) => 18,
        SqlType::DateTimeOffset(_) => 19,
        SqlType::Xml => 20,
        SqlType::Opaque(_) => 21,
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
                .map(|(text, pattern)| like(&text, &pattern, None)),
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
    Ok(boolean(order(left, right)?.map(holds)))
}

/// The order of two values after the server's implicit conversions; `None` if one is NULL.
pub(super) fn order(left: &Value, right: &Value) -> Result<Option<Ordering>, SqlError> {
    if left.is_null() || right.is_null() {
        return Ok(None);
    }
    if let Some(ordering) = comparable(left, right).then(|| left.order(right)).flatten() {
        return Ok(Some(ordering));
    }
    let sql_type = wider(&left.sql_type, &right.sql_type);
    let ordering = left
        .clone()
        .cast(&sql_type)?
        .order(&right.clone().cast(&sql_type)?);
    match ordering {
        Some(ordering) => Ok(Some(ordering)),
        // NaN, which no column holds.
        None if sql_type == SqlType::Float => Ok(Some(Ordering::Equal)),
        None => {
            let text = format!(
                "The data types {} and {} are incompatible in the equal to operator.",
                left.sql_type.base_name(),
                right.sql_type.base_name()
            );
            Err(SqlError::new(402, text))
        }
    }
}

/// Whether they compare as they are: as numbers, as texts, as points in time.
fn comparable(left: &Value, right: &Value) -> bool {
    let zoned = |value: &Value| matches!(value.sql_type, SqlType::DateTimeOffset(_));
    let time = |value: &Value| matches!(value.sql_type, SqlType::Time(_));
    match (&left.datum, &right.datum) {
        (Datum::Moment(_), Datum::Moment(_)) => zoned(left) == zoned(right) && time(left) == time(right),
        _ => true,
    }
}

fn arithmetic(operator: Operator, left: &Value, right: &Value) -> Result<Value, SqlError> {
    let sql_type = wider(&left.sql_type, &right.sql_type);
    if sql_type.is_text() && operator == Operator::Add {
        return Ok(concatenate(left, right));
    }
    if sql_type.is_decimal() {
        return super::decimals::arithmetic(operator, left, right);
    }
    if sql_type.is_date_or_time() {
        return add_days(operator, left, right, &sql_type);
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

/// Days added to datetime or smalldatetime; the newer types do not have it.
fn add_days(operator: Operator, left: &Value, right: &Value, sql_type: &SqlType) -> Result<Value, SqlError> {
    let sign = match operator {
        Operator::Add => 1.0,
        Operator::Subtract => -1.0,
        _ => return Err(not_for(sql_type, "arithmetic")),
    };
    if !matches!(sql_type, SqlType::DateTime | SqlType::SmallDateTime) {
        return Err(not_for(sql_type, "add"));
    }
    if left.is_null() || right.is_null() {
        return Ok(Value::null(sql_type.clone()));
    }
    let (Datum::Moment(moment), Some(days)) = (&left.datum, right.as_float()) else {
        return Err(not_for(sql_type, "add"));
    };
    #[allow(
        clippy::cast_possible_truncation,
        reason = "a date beyond the calendar is refused below"
    )]
    let moved = moment
        .plus((sign * days * 864e9) as i64)
        .and_then(|moved| moved.fitted(&SqlType::DateTime2(7), sql_type))
        .ok_or_else(|| crate::sql_server::value::convert::overflow(sql_type))?;
    Ok(Value {
        sql_type: sql_type.clone(),
        datum: Datum::Moment(moved),
    })
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
    let national = [left, right].iter().any(|value| value.sql_type.is_national());
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

fn overflow() -> SqlError {
    SqlError::new(
        8115,
        "Arithmetic overflow error converting expression to data type bigint.",
    )
}

pub(super) fn division_by_zero() -> SqlError {
    SqlError::new(8134, "Divide by zero error encountered.")
}

pub(super) fn not_for(sql_type: &SqlType, operator: &str) -> SqlError {
    let text = format!(
        "Operand data type {} is invalid for {operator} operator.",
        sql_type.name()
    );
    SqlError::new(8117, text)
}
