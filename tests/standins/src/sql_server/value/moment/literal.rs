//! Dates and times as literals write them.

use super::{DAY_OF_1900, Moment, TICKS_A_MINUTE, TICKS_A_SECOND, days_of};

impl Moment {
    /// A literal: ISO 8601 and its kin, date or time or both, with an offset or without.
    pub(in crate::sql_server) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() {
            return Some(Self {
                days: DAY_OF_1900,
                ticks: 0,
                offset: 0,
            });
        }
        let (date, rest) = match text.split_once(['T', ' ']) {
            Some((date, rest)) => (date, rest.trim()),
            None if text.contains(':') => ("", text),
            None => (text, ""),
        };
        // A time may come first where no date stands before it: 12:30 +02:00.
        let (date, rest) = if date.contains(':') {
            ("", text)
        } else {
            (date, rest)
        };
        let days = if date.is_empty() {
            DAY_OF_1900
        } else {
            parse_date(date)?
        };
        let (time, offset) = split_offset(rest)?;
        let ticks = if time.is_empty() { 0 } else { parse_time(time)? };
        let moment = Self {
            days,
            ticks,
            offset: 0,
        };
        let utc = moment.plus(-i64::from(offset) * TICKS_A_MINUTE)?;
        Some(Self { offset, ..utc })
    }
}

/// `Z` or `+hh:mm` at the end of a time.
fn split_offset(text: &str) -> Option<(&str, i16)> {
    if let Some(time) = text.strip_suffix(['Z', 'z']) {
        return Some((time.trim_end(), 0));
    }
    let Some(at) = text.rfind(['+', '-']) else {
        return Some((text, 0));
    };
    let (time, offset) = text.split_at_checked(at)?;
    let (sign, digits) = offset.split_at_checked(1)?;
    let (hours, minutes) = digits.split_once(':')?;
    let (hours, minutes): (i16, i16) = (hours.parse().ok()?, minutes.parse().ok()?);
    if hours > 14 || minutes > 59 {
        return None;
    }
    let offset = hours * 60 + minutes;
    Some((time.trim_end(), if sign == "-" { -offset } else { offset }))
}

/// `yyyy-mm-dd`, `yyyymmdd`, `yyyy/mm/dd` or `mm/dd/yyyy`.
fn parse_date(text: &str) -> Option<i32> {
    let parts: Vec<&str> = text.split(['-', '/']).collect();
    let [year, month, day] = match parts.as_slice() {
        [whole] if whole.len() == 8 && whole.is_ascii() => {
            [whole.get(..4)?, whole.get(4..6)?, whole.get(6..)?]
        }
        [year, month, day] if year.len() == 4 => [*year, *month, *day],
        [month, day, year] if year.len() == 4 => [*year, *month, *day],
        _ => return None,
    };
    let number = |digits: &str| -> Option<u32> {
        digits
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| digits.parse().ok())?
    };
    days_of(i32::try_from(number(year)?).ok()?, number(month)?, number(day)?)
}

/// `hh:mm[:ss[.fffffff]]`
fn parse_time(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut units = whole.split(':').map(|part| {
        part.bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| part.parse::<i64>().ok())
            .flatten()
    });
    let (hour, minute) = (units.next()??, units.next()??);
    let second = match units.next() {
        Some(second) => second?,
        None => 0,
    };
    let rest_is_empty = units.next().is_none();
    if !rest_is_empty || hour > 23 || minute > 59 || second > 59 || fraction.len() > 9 {
        return None;
    }
    let mut ticks = 0;
    if !fraction.is_empty() {
        let digits: i64 = format!("{fraction:0<9}").parse().ok()?;
        ticks = (digits + 50) / 100;
    }
    Some(((hour * 60 + minute) * 60 + second) * TICKS_A_SECOND + ticks)
}
