//! Functions of dates and times.

use crate::sql_server::tokens::SqlError;
use crate::sql_server::value::convert::overflow;
use crate::sql_server::value::moment::{Moment, TICKS_A_DAY, TICKS_A_MINUTE, TICKS_A_SECOND, days_of};
use crate::sql_server::value::{Datum, SqlType, Value};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Months(i64),
    /// Hundreds of nanoseconds.
    Ticks(i64),
    Nanosecond,
    DayOfYear,
    Weekday,
}

fn part(name: &str) -> Option<Part> {
    Some(match name.to_lowercase().as_str() {
        "year" | "yy" | "yyyy" => Part::Months(12),
        "quarter" | "qq" | "q" => Part::Months(3),
        "month" | "mm" | "m" => Part::Months(1),
        "week" | "wk" | "ww" => Part::Ticks(7 * TICKS_A_DAY),
        "day" | "dd" | "d" => Part::Ticks(TICKS_A_DAY),
        "dayofyear" | "dy" | "y" => Part::DayOfYear,
        "weekday" | "dw" | "w" => Part::Weekday,
        "hour" | "hh" => Part::Ticks(60 * TICKS_A_MINUTE),
        "minute" | "mi" | "n" => Part::Ticks(TICKS_A_MINUTE),
        "second" | "ss" | "s" => Part::Ticks(TICKS_A_SECOND),
        "millisecond" | "ms" => Part::Ticks(TICKS_A_SECOND / 1000),
        "microsecond" | "mcs" => Part::Ticks(10),
        "nanosecond" | "ns" => Part::Nanosecond,
        _ => return None,
    })
}

/// `None` for a function that is not here.
pub(super) fn call(name: &str, arguments: &[Value]) -> Option<Result<Value, SqlError>> {
    let shorthand = |part: &str| arguments.first().map(|date| date_part(part, "datepart", date));
    match (name, arguments) {
        ("DATEADD", [part, number, date]) => Some(add(part, number, date)),
        ("DATEDIFF" | "DATEDIFF_BIG", [part, start, end]) => {
            let sql_type = if name == "DATEDIFF" {
                SqlType::Int
            } else {
                SqlType::BigInt
            };
            Some(difference(part, start, end, sql_type))
        }
        ("SWITCHOFFSET", [date, zone]) => Some(switch_offset(date, zone)),
        ("DATEPART", [part, date]) => Some(date_part(&part.text().unwrap_or_default(), "datepart", date)),
        ("YEAR", [_]) => shorthand("year"),
        ("MONTH", [_]) => shorthand("month"),
        ("DAY", [_]) => shorthand("day"),
        _ => None,
    }
}

fn known(part_name: &Value, function: &str) -> Result<Part, SqlError> {
    let name = part_name.text().unwrap_or_default();
    part(&name).ok_or_else(|| {
        SqlError::new(155, format!("'{name}' is not a recognized {function} option.")).with_class(15)
    })
}

/// The value as a date with a time; a text is taken for a datetime2, as a number for a datetime.
fn moment(value: &Value) -> Result<(Option<Moment>, SqlType), SqlError> {
    let value = if value.sql_type.is_text() {
        value.clone().cast(&SqlType::DateTime2(7))?
    } else if value.sql_type.is_date_or_time() {
        value.clone()
    } else {
        value.clone().cast(&SqlType::DateTime)?
    };
    match value.datum {
        Datum::Moment(moment) => Ok((Some(moment), value.sql_type)),
        _ => Ok((None, value.sql_type)),
    }
}

/// The same instant, as a clock shows it at an offset such as `+05:30`.
fn switch_offset(date: &Value, zone: &Value) -> Result<Value, SqlError> {
    let mut value = date.clone().cast(&SqlType::DateTimeOffset(7))?;
    let text = zone.text().unwrap_or_default();
    let (sign, digits) = text.split_at_checked(1).unwrap_or_default();
    let offset = match (sign, digits.split_once(':')) {
        ("+" | "-", Some((hours, minutes))) => hours.parse::<i16>().ok().zip(minutes.parse::<i16>().ok()),
        _ => None,
    };
    let Some((hours, minutes)) = offset.filter(|&(hours, minutes)| hours <= 14 && minutes < 60) else {
        let text = "The timezone provided to builtin function switchoffset is invalid.";
        return Err(SqlError::new(9812, text));
    };
    if let Datum::Moment(moment) = &mut value.datum {
        moment.offset = (hours * 60 + minutes) * if sign == "-" { -1 } else { 1 };
    }
    Ok(value)
}

fn add(part: &Value, number: &Value, date: &Value) -> Result<Value, SqlError> {
    let part = known(part, "dateadd")?;
    let (moment, mut sql_type) = moment(date)?;
    // A literal is a datetime to DATEADD.
    if date.sql_type.is_text() {
        sql_type = SqlType::DateTime;
    }
    let (Some(moment), Some(number)) = (moment, number.as_integer()) else {
        return Ok(Value::null(sql_type));
    };
    let moved = match part {
        Part::Months(months) => months
            .checked_mul(number)
            .and_then(|months| moment.plus_months(months)),
        Part::Ticks(ticks) => ticks.checked_mul(number).and_then(|ticks| moment.plus(ticks)),
        Part::Nanosecond => moment.plus(number / 100),
        Part::DayOfYear | Part::Weekday => number
            .checked_mul(TICKS_A_DAY)
            .and_then(|ticks| moment.plus(ticks)),
    };
    let from = match sql_type {
        SqlType::DateTimeOffset(_) => SqlType::DateTimeOffset(7),
        SqlType::Time(_) => SqlType::Time(7),
        _ => SqlType::DateTime2(7),
    };
    let moved = moved
        .and_then(|moved| moved.fitted(&from, &sql_type))
        .ok_or_else(|| {
            let text = format!(
                "Adding a value to a '{}' column caused an overflow.",
                sql_type.base_name()
            );
            SqlError::new(517, text)
        })?;
    Ok(Value {
        sql_type,
        datum: Datum::Moment(moved),
    })
}

/// The number of boundaries of the part between two points in time.
fn difference(part: &Value, start: &Value, end: &Value, sql_type: SqlType) -> Result<Value, SqlError> {
    let part = known(part, "datediff")?;
    let ((start, _), (end, _)) = (moment(start)?, moment(end)?);
    let (Some(start), Some(end)) = (start, end) else {
        return Ok(Value::null(sql_type));
    };
    let months = |moment: Moment| {
        let (year, month, _) = moment.date();
        i64::from(year) * 12 + i64::from(month) - 1
    };
    let count = |moment: Moment| match part {
        Part::Months(length) => months(moment).div_euclid(length),
        // Weeks begin on Sunday: 0001-01-01 was a Monday.
        Part::Ticks(length) if length == 7 * TICKS_A_DAY => (i64::from(moment.days) + 1).div_euclid(7),
        Part::Ticks(length) => moment.all_ticks().div_euclid(length),
        Part::Nanosecond => moment.all_ticks(),
        Part::DayOfYear | Part::Weekday => moment.days.into(),
    };
    let mut difference = count(end) - count(start);
    if part == Part::Nanosecond {
        difference = difference.checked_mul(100).ok_or_else(|| overflow(&sql_type))?;
    }
    Value::big_int(difference).cast(&sql_type).map_err(|_| {
        let text = "The datediff function resulted in an overflow. The number of dateparts separating two date/time instances is too large. Try to use datediff with a less precise datepart.";
        SqlError::new(535, text)
    })
}

fn date_part(name: &str, function: &str, date: &Value) -> Result<Value, SqlError> {
    let part = known(&Value::varchar(name), function)?;
    let (Some(moment), _) = moment(date)? else {
        return Ok(Value::null(SqlType::Int));
    };
    let local = moment.local();
    let (year, month, day) = local.date();
    let first = days_of(year, 1, 1).unwrap_or_default();
    let value = match part {
        Part::Months(12) => i64::from(year),
        Part::Months(3) => i64::from(month.div_ceil(3)),
        Part::Months(_) => month.into(),
        Part::Ticks(TICKS_A_DAY) => day.into(),
        Part::Ticks(ticks) if ticks == 7 * TICKS_A_DAY => {
            i64::from((local.days - first + (first + 1) % 7) / 7 + 1)
        }
        Part::Ticks(ticks) if ticks >= TICKS_A_SECOND => {
            let limit = if ticks == 60 * TICKS_A_MINUTE { 24 } else { 60 };
            local.ticks / ticks % limit
        }
        Part::Ticks(ticks) => local.ticks % TICKS_A_SECOND / ticks,
        Part::Nanosecond => local.ticks % TICKS_A_SECOND * 100,
        Part::DayOfYear => i64::from(local.days - first + 1),
        Part::Weekday => i64::from((local.days + 1) % 7 + 1),
    };
    Value::big_int(value).cast(&SqlType::Int)
}
