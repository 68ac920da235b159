//! Arithmetic of decimals and money, exact, with the precision and scale that the server's rules give.

use super::operators::{division_by_zero, not_for};
use super::syntax::Operator;
use crate::sql_server::tokens::SqlError;
use crate::sql_server::value::convert::{overflow, rescaled};
use crate::sql_server::value::{Datum, SqlType, Value};

const LARGEST_PRECISION: u8 = 38;
/// What division keeps of the scale at least.
const LEAST_SCALE: u8 = 6;

pub(super) fn arithmetic(operator: Operator, left: &Value, right: &Value) -> Result<Value, SqlError> {
    let sql_type = result_type(operator, &left.sql_type, &right.sql_type)
        .ok_or_else(|| not_for(&left.sql_type, "bitwise"))?;
    if left.is_null() || right.is_null() {
        return Ok(Value::null(sql_type));
    }
    let (left, right) = (exact(left)?, exact(right)?);
    let value = compute(operator, &left, &right, sql_type.scale())?.ok_or_else(|| overflow(&sql_type))?;
    let value = Value {
        sql_type: SqlType::Decimal {
            precision: LARGEST_PRECISION,
            scale: sql_type.scale(),
        },
        datum: Datum::Decimal(value),
    };
    value.cast(&sql_type).map_err(|_| overflow(&sql_type))
}

/// A number of another kind as a decimal.
fn exact(value: &Value) -> Result<Value, SqlError> {
    match value.datum {
        Datum::Decimal(_) | Datum::Integer(_) => Ok(value.clone()),
        _ => value.clone().cast(&SqlType::Decimal {
            precision: LARGEST_PRECISION,
            scale: LEAST_SCALE,
        }),
    }
}

fn precision_and_scale(sql_type: &SqlType) -> (u8, u8) {
    match sql_type {
        SqlType::Decimal { precision, scale } => (*precision, *scale),
        SqlType::Money => (19, 4),
        SqlType::SmallMoney | SqlType::Int => (10, sql_type.scale()),
        SqlType::Bit => (1, 0),
        SqlType::TinyInt => (3, 0),
        SqlType::SmallInt => (5, 0),
        SqlType::BigInt => (19, 0),
        _ => (LARGEST_PRECISION, LEAST_SCALE),
    }
}

/// <https://learn.microsoft.com/sql/t-sql/data-types/precision-scale-and-length-transact-sql>
fn result_type(operator: Operator, left: &SqlType, right: &SqlType) -> Option<SqlType> {
    let is_money = |sql_type: &SqlType| !matches!(sql_type, SqlType::Decimal { .. });
    if is_money(left) && is_money(right) {
        return Some(SqlType::Money);
    }
    let (left_precision, left_scale) = precision_and_scale(left);
    let (right_precision, right_scale) = precision_and_scale(right);
    let (left_whole, right_whole) = (left_precision - left_scale, right_precision - right_scale);
    let (precision, scale) = match operator {
        Operator::Add | Operator::Subtract => {
            let scale = left_scale.max(right_scale);
            (left_whole.max(right_whole) + scale + 1, scale)
        }
        Operator::Multiply => (left_precision + right_precision + 1, left_scale + right_scale),
        Operator::Divide => {
            let scale = LEAST_SCALE.max(left_scale + right_precision + 1);
            (left_whole + right_scale + scale, scale)
        }
        Operator::Remainder => {
            let scale = left_scale.max(right_scale);
            (left_whole.min(right_whole) + scale, scale)
        }
        _ => return None,
    };
    let excess = precision.saturating_sub(LARGEST_PRECISION);
    // Digits before the point are worth more than those behind it.
    let scale = scale.saturating_sub(excess).max(scale.min(LEAST_SCALE));
    Some(SqlType::Decimal {
        precision: precision.min(LARGEST_PRECISION),
        scale,
    })
}

/// Unscaled, in this scale; `None` on overflow.
fn compute(operator: Operator, left: &Value, right: &Value, scale: u8) -> Result<Option<i128>, SqlError> {
    let common = left.sql_type.scale().max(right.sql_type.scale());
    let aligned = || Some((left.scaled(common)?, right.scaled(common)?));
    let zero = right.scaled(common) == Some(0);
    if zero && matches!(operator, Operator::Divide | Operator::Remainder) {
        return Err(division_by_zero());
    }
    Ok(match operator {
        Operator::Add => aligned()
            .and_then(|(left, right)| left.checked_add(right))
            .and_then(|sum| rescaled(sum, common, scale)),
        Operator::Subtract => aligned()
            .and_then(|(left, right)| left.checked_sub(right))
            .and_then(|difference| rescaled(difference, common, scale)),
        Operator::Remainder => aligned()
            .and_then(|(left, right)| left.checked_rem(right))
            .and_then(|rest| rescaled(rest, common, scale)),
        Operator::Multiply => {
            let (left_scale, right_scale) = (left.sql_type.scale(), right.sql_type.scale());
            left.scaled(left_scale)
                .zip(right.scaled(right_scale))
                .and_then(|(left, right)| left.checked_mul(right))
                .and_then(|product| rescaled(product, left_scale + right_scale, scale))
        }
        _ => aligned().and_then(|(left, right)| {
            let raised = left.checked_mul(10_i128.checked_pow(scale.into())?)?;
            raised.checked_div(right)
        }),
    })
}
