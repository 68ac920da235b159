//! Functions of their arguments alone.

use crate::sql_server::sql::like::like;
use crate::sql_server::value::{Datum, SqlType, Value};

/// `None` for a function that is not here.
pub(super) fn call(name: &str, arguments: Vec<Value>) -> Option<Value> {
    let count = arguments.len();
    let mut arguments = arguments.into_iter();
    let mut next = || arguments.next().unwrap_or_else(|| Value::null(SqlType::Int));
    Some(match (name, count) {
        ("ISNULL", 2) => {
            let (first, second) = (next(), next());
            is_null(first, second)
        }
        ("COALESCE", 1..) => {
            let first = next();
            arguments.fold(first, |found, other| if found.is_null() { other } else { found })
        }
        ("NULLIF", 2) => {
            let (first, second) = (next(), next());
            if first.text().is_some() && first.text() == second.text() {
                Value::null(first.sql_type)
            } else {
                first
            }
        }
        ("LEN", 1) => measured(&next(), |units| {
            units.len() - units.iter().rev().take_while(|unit| **unit == 32).count()
        }),
        ("DATALENGTH", 1) => data_length(&next()),
        ("UPPER", 1) => mapped(next(), str::to_uppercase),
        ("LOWER", 1) => mapped(next(), str::to_lowercase),
        ("LTRIM", 1) => mapped(next(), |text| text.trim_start().to_owned()),
        ("RTRIM", 1) => mapped(next(), |text| text.trim_end().to_owned()),
        ("TRIM", 1) => mapped(next(), |text| text.trim().to_owned()),
        ("REPLICATE", 2) => {
            let (value, times) = (next(), next().as_integer().unwrap_or(0));
            // As on the real server, what is not max stays within 8000 bytes.
            let times = usize::try_from(times).unwrap_or(0).min(1 << 20);
            mapped(value, |text| {
                text.repeat(times.min((64 << 20) / text.len().max(1)))
            })
        }
        ("SUBSTRING", 3) => {
            let value = next();
            let (start, length) = (next().as_integer()?, next().as_integer()?);
            let skip = usize::try_from(start - 1).unwrap_or(0);
            let length = usize::try_from(length).unwrap_or(0);
            mapped(value, |text| text.chars().skip(skip).take(length).collect())
        }
        // With ESCAPE, as the parser writes it.
        ("LIKE", 3) => {
            let (value, pattern, escape) = (next().text(), next().text(), next().text());
            match (value, pattern) {
                (Some(value), Some(pattern)) => {
                    let escape = escape.and_then(|escape| escape.to_lowercase().chars().next());
                    Value::bit(like(&value, &pattern, escape))
                }
                _ => Value::null(SqlType::Bit),
            }
        }
        ("LEFT", 2) => {
            let (value, length) = (next(), next().as_integer()?);
            let length = usize::try_from(length).unwrap_or(0);
            mapped(value, |text| text.chars().take(length).collect())
        }
        ("RIGHT", 2) => {
            let (value, length) = (next(), next().as_integer()?);
            let length = usize::try_from(length).unwrap_or(0);
            mapped(value, |text| {
                let skip = text.chars().count().saturating_sub(length);
                text.chars().skip(skip).collect()
            })
        }
        ("REPLACE", 3) => {
            let value = next();
            let (from, to) = (next().text()?, next().text()?);
            mapped(value, |text| {
                if from.is_empty() {
                    text.to_owned()
                } else {
                    text.replace(&from, &to)
                }
            })
        }
        ("QUOTENAME", 1) => mapped(next(), |text| format!("[{}]", text.replace(']', "]]"))),
        ("CONCAT", 2..) => {
            let first = next();
            let joined = arguments.fold(first.text().unwrap_or_default(), |joined, other| {
                joined + &other.text().unwrap_or_default()
            });
            Value::nvarchar(&joined)
        }
        _ => return None,
    })
}

/// The second takes the first one's type, unless that is what a bare NULL is taken for.
fn is_null(first: Value, second: Value) -> Value {
    if !first.is_null() {
        return first;
    }
    let sql_type = first.sql_type;
    if sql_type == SqlType::Int && !second.sql_type.is_integer() {
        return second;
    }
    second.clone().cast(&sql_type).unwrap_or(second)
}

fn mapped(value: Value, map: impl Fn(&str) -> String) -> Value {
    let national = value.sql_type.is_national() || !value.sql_type.is_text();
    match value.text() {
        None => Value::null(value.sql_type),
        Some(text) if national => Value::nvarchar(&map(&text)),
        Some(text) => Value::varchar(&map(&text)),
    }
}

fn measured(value: &Value, measure: impl Fn(&[u16]) -> usize) -> Value {
    match value.text() {
        None => Value::null(SqlType::Int),
        Some(text) => {
            let units: Vec<u16> = text.encode_utf16().collect();
            Value::int(i32::try_from(measure(&units)).unwrap_or(i32::MAX))
        }
    }
}

fn data_length(value: &Value) -> Value {
    let length = match (&value.datum, &value.sql_type) {
        (Datum::Null, _) => return Value::null(SqlType::Int),
        (Datum::Bytes(bytes), _) => bytes.len(),
        (Datum::Text(units), sql_type) if !sql_type.is_national() => units.len(),
        (Datum::Text(units), _) => units.len() * 2,
        (_, SqlType::Int | SqlType::Real | SqlType::SmallMoney | SqlType::SmallDateTime) => 4,
        (_, SqlType::Bit | SqlType::TinyInt) => 1,
        (_, SqlType::Guid) => 16,
        (_, SqlType::Date) => 3,
        (_, SqlType::SmallInt) => 2,
        _ => 8,
    };
    Value::int(i32::try_from(length).unwrap_or(i32::MAX))
}
