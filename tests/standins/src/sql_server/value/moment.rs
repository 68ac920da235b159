//! Dates and times: their calendar, their encodings and their texts.

mod literal;

use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use super::SqlType;
use crate::sql_server::wire::{Malformed, Put, Reader, length8};

pub(in crate::sql_server) const TICKS_A_SECOND: i64 = 10_000_000;
pub(in crate::sql_server) const TICKS_A_MINUTE: i64 = 60 * TICKS_A_SECOND;
pub(in crate::sql_server) const TICKS_A_DAY: i64 = 24 * 60 * TICKS_A_MINUTE;
/// 1900-01-01, where datetime and smalldatetime begin to count.
const DAY_OF_1900: i32 = 693_595;
const DAY_OF_1970: i32 = 719_162;
/// The first day of datetime: 1753-01-01.
const FIRST_DAY_OF_DATETIME: i32 = 639_905;
/// The last day of smalldatetime: 2079-06-06.
const LAST_DAY_OF_SMALLDATETIME: i32 = 759_130;
/// The last day of all: 9999-12-31.
const LAST_DAY: i32 = 3_652_058;
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// A date, a time, or both; what a type lacks is 0, and dates are those of 1900-01-01 for a bare time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::sql_server) struct Moment {
    /// Days since 0001-01-01; in UTC where there is an offset.
    pub(in crate::sql_server) days: i32,
    /// Hundreds of nanoseconds since midnight.
    pub(in crate::sql_server) ticks: i64,
    /// Minutes east of UTC.
    pub(in crate::sql_server) offset: i16,
}

impl Moment {
    /// The server's clock, which is in UTC as in Azure SQL.
    pub(in crate::sql_server) fn now() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let ticks = i64::try_from(now.as_nanos() / 100).unwrap_or_default();
        Self::from_ticks(ticks + i64::from(DAY_OF_1970) * TICKS_A_DAY)
    }

    fn from_ticks(ticks: i64) -> Self {
        Self {
            days: i32::try_from(ticks.div_euclid(TICKS_A_DAY)).unwrap_or_default(),
            ticks: ticks.rem_euclid(TICKS_A_DAY),
            offset: 0,
        }
    }

    /// Hundreds of nanoseconds since 0001-01-01.
    pub(in crate::sql_server) fn all_ticks(self) -> i64 {
        i64::from(self.days) * TICKS_A_DAY + self.ticks
    }

    /// This many ticks later; `None` outside of the calendar.
    pub(in crate::sql_server) fn plus(self, ticks: i64) -> Option<Self> {
        let moved = Self {
            offset: self.offset,
            ..Self::from_ticks(self.all_ticks().checked_add(ticks)?)
        };
        (0..=LAST_DAY).contains(&moved.days).then_some(moved)
    }

    /// As a clock at its offset shows it.
    pub(in crate::sql_server) fn local(self) -> Self {
        self.plus(i64::from(self.offset) * TICKS_A_MINUTE).unwrap_or(self)
    }

    /// Year, month and day.
    pub(in crate::sql_server) fn date(self) -> (i32, u32, u32) {
        civil(self.days)
    }

    /// This many months later, on the last day of the month where it is shorter.
    pub(in crate::sql_server) fn plus_months(self, months: i64) -> Option<Self> {
        let (year, month, day) = self.date();
        let months = (i64::from(year) * 12 + i64::from(month) - 1).checked_add(months)?;
        let year = i32::try_from(months.div_euclid(12)).ok()?;
        let month = u32::try_from(months.rem_euclid(12) + 1).ok()?;
        let days = (28..=day).rev().find_map(|day| days_of(year, month, day));
        Some(Self {
            days: days.or_else(|| days_of(year, month, day))?,
            ..self
        })
    }

    /// As a value of this type keeps it: rounded, and without what the type does not have. `None` if out of range.
    pub(in crate::sql_server) fn fitted(self, from: &SqlType, to: &SqlType) -> Option<Self> {
        let has_offset = matches!(from, SqlType::DateTimeOffset(_));
        let keeps_offset = matches!(to, SqlType::DateTimeOffset(_));
        let mut moment = if has_offset && !keeps_offset {
            Self {
                offset: 0,
                ..self.local()
            }
        } else {
            self
        };
        if matches!(from, SqlType::Time(_)) && !matches!(to, SqlType::Time(_)) {
            moment.days = DAY_OF_1900;
        }
        match to {
            SqlType::Date => moment.ticks = 0,
            SqlType::Time(scale) => {
                moment = Self { days: 0, ..moment }.rounded(*scale)?;
                // Rounded up to midnight, it begins anew.
                moment.days = 0;
            }
            SqlType::SmallDateTime => {
                moment = moment.plus(TICKS_A_MINUTE / 2)?;
                moment.ticks -= moment.ticks % TICKS_A_MINUTE;
                if !(DAY_OF_1900..=LAST_DAY_OF_SMALLDATETIME).contains(&moment.days) {
                    return None;
                }
            }
            SqlType::DateTime => {
                if moment.days < FIRST_DAY_OF_DATETIME {
                    return None;
                }
                let thirds = three_hundredths(moment.ticks);
                moment = Self { ticks: 0, ..moment }.plus(ticks_of(thirds))?;
            }
            SqlType::DateTime2(scale) | SqlType::DateTimeOffset(scale) => moment = moment.rounded(*scale)?,
            _ => {}
        }
        Some(moment)
    }

    fn rounded(self, scale: u8) -> Option<Self> {
        let unit = 10_i64.pow(7_u32.saturating_sub(scale.into()));
        let rounded = (self.ticks + unit / 2) / unit * unit;
        Self { ticks: 0, ..self }.plus(rounded)
    }

    pub(super) fn encode(self, sql_type: &SqlType, out: &mut Vec<u8>) {
        let days = self.days.to_le_bytes();
        let date = days.get(..3).unwrap_or_default();
        match sql_type {
            SqlType::Date => {
                out.put_u8(3);
                out.put(date);
            }
            SqlType::SmallDateTime => {
                out.put_u8(4);
                out.put_u16(u16::try_from(self.days - DAY_OF_1900).unwrap_or_default());
                out.put_u16(u16::try_from(self.ticks / TICKS_A_MINUTE).unwrap_or_default());
            }
            SqlType::DateTime => {
                out.put_u8(8);
                out.put(&(self.days - DAY_OF_1900).to_le_bytes());
                out.put_u32(u32::try_from(three_hundredths(self.ticks)).unwrap_or_default());
            }
            _ => {
                let scale = sql_type.scale();
                let time = (self.ticks / 10_i64.pow(7_u32.saturating_sub(scale.into()))).to_le_bytes();
                let time = time.get(..time_length(scale)).unwrap_or_default();
                let offset = self.offset.to_le_bytes();
                let (date, offset): (&[u8], &[u8]) = match sql_type {
                    SqlType::Time(_) => (&[], &[]),
                    SqlType::DateTimeOffset(_) => (date, &offset),
                    _ => (date, &[]),
                };
                out.put_u8(length8(time.len() + date.len() + offset.len()));
                out.put(time);
                out.put(date);
                out.put(offset);
            }
        }
    }

    /// The content of a value without its length.
    pub(super) fn decode(sql_type: &SqlType, content: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(content);
        let mut moment = Self {
            days: 0,
            ticks: 0,
            offset: 0,
        };
        match sql_type {
            SqlType::SmallDateTime => {
                moment.days = DAY_OF_1900 + i32::from(reader.u16()?);
                moment.ticks = i64::from(reader.u16()?) * TICKS_A_MINUTE;
            }
            SqlType::DateTime => {
                moment.days = DAY_OF_1900.saturating_add(reader.u32()?.cast_signed());
                moment.ticks = ticks_of(reader.u32()?.into());
            }
            _ => {
                if !matches!(sql_type, SqlType::Date) {
                    let scale = sql_type.scale();
                    let time = unsigned(reader.bytes(time_length(scale))?);
                    moment.ticks = time.saturating_mul(10_i64.pow(7_u32.saturating_sub(scale.into())));
                }
                if !matches!(sql_type, SqlType::Time(_)) {
                    moment.days = i32::try_from(unsigned(reader.bytes(3)?)).unwrap_or_default();
                }
                if matches!(sql_type, SqlType::DateTimeOffset(_)) {
                    moment.offset = reader.u16()?.cast_signed();
                }
            }
        }
        if reader.is_empty() && moment.ticks < TICKS_A_DAY && (0..=LAST_DAY).contains(&moment.days) {
            Ok(moment)
        } else {
            Err(Malformed(format!(
                "{} of {} bytes",
                sql_type.name(),
                content.len()
            )))
        }
    }

    /// As CAST to varchar writes it.
    pub(in crate::sql_server) fn text(self, sql_type: &SqlType) -> String {
        let local = self.local();
        let (year, month, day) = local.date();
        let seconds = local.ticks / TICKS_A_SECOND;
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        if matches!(sql_type, SqlType::DateTime | SqlType::SmallDateTime) {
            let name = usize::try_from(month)
                .ok()
                .and_then(|month| MONTHS.get(month - 1));
            let half = if hour < 12 { "AM" } else { "PM" };
            let hour = (hour + 11) % 12 + 1;
            return format!(
                "{} {day:>2} {year:04} {hour:>2}:{minute:02}{half}",
                name.unwrap_or(&"")
            );
        }
        let mut text = String::new();
        if !matches!(sql_type, SqlType::Time(_)) {
            text = format!("{year:04}-{month:02}-{day:02}");
        }
        if matches!(sql_type, SqlType::Date) {
            return text;
        }
        if !text.is_empty() {
            text.push(' ');
        }
        // Writing to a String does not fail.
        let _ = write!(text, "{hour:02}:{minute:02}:{second:02}");
        let scale = usize::from(sql_type.scale());
        if scale > 0 {
            let fraction = format!("{:07}", local.ticks % TICKS_A_SECOND);
            text.push('.');
            text += fraction.get(..scale).unwrap_or(&fraction);
        }
        if matches!(sql_type, SqlType::DateTimeOffset(_)) {
            let sign = if self.offset < 0 { '-' } else { '+' };
            let offset = self.offset.unsigned_abs();
            let _ = write!(text, " {sign}{:02}:{:02}", offset / 60, offset % 60);
        }
        text
    }

    /// As CONVERT writes it in one of the ISO styles.
    pub(super) fn styled(self, sql_type: &SqlType, style: i64) -> Option<String> {
        let full = match sql_type {
            SqlType::DateTime => SqlType::DateTime2(3),
            SqlType::SmallDateTime => SqlType::DateTime2(0),
            other => other.clone(),
        };
        let without_fraction = match sql_type {
            SqlType::DateTimeOffset(_) => SqlType::DateTimeOffset(0),
            SqlType::Time(_) => SqlType::Time(0),
            SqlType::Date => SqlType::Date,
            _ => SqlType::DateTime2(0),
        };
        match style {
            20 | 120 => Some(self.text(&without_fraction)),
            21 | 25 | 121 => Some(self.text(&full)),
            126 | 127 => Some(self.text(&full).replacen(' ', "T", 1).replace(' ', "")),
            23 => Some(self.text(&SqlType::Date)),
            112 => Some(self.text(&SqlType::Date).replace('-', "")),
            _ => None,
        }
    }
}

fn time_length(scale: u8) -> usize {
    match scale {
        0..=2 => 3,
        3..=4 => 4,
        _ => 5,
    }
}

fn unsigned(bytes: &[u8]) -> i64 {
    bytes
        .iter()
        .rev()
        .fold(0, |value, byte| value << 8 | i64::from(*byte))
}

/// Three-hundredths of seconds, to the nearest.
fn three_hundredths(ticks: i64) -> i64 {
    (ticks * 3 + 50_000) / 100_000
}

fn ticks_of(three_hundredths: i64) -> i64 {
    (three_hundredths * 100_000 + 1) / 3
}

/// Days since 0001-01-01; `None` for a date that the calendar does not have.
pub(in crate::sql_server) fn days_of(year: i32, month: u32, day: u32) -> Option<i32> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let longest = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=9999).contains(&year) || !(1..=longest).contains(&day) {
        return None;
    }
    // Years that begin in March have the leap day at their end.
    let shifted = if month <= 2 { year - 1 } else { year };
    let month_from_march = i32::try_from((month + 9) % 12).ok()?;
    let day_of_year = (153 * month_from_march + 2) / 5 + i32::try_from(day).ok()? - 1;
    Some(
        365 * shifted + shifted.div_euclid(4) - shifted.div_euclid(100)
            + shifted.div_euclid(400)
            + day_of_year
            - 306,
    )
}

/// The inverse.
fn civil(days: i32) -> (i32, u32, u32) {
    let days = days + 306;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + i32::from(month <= 2);
    (year, month.unsigned_abs(), day.unsigned_abs())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]
    use super::*;

    #[test]
    fn days_and_dates_are_inverse() {
        assert_eq!(days_of(1, 1, 1), Some(0));
        assert_eq!(days_of(1900, 1, 1), Some(DAY_OF_1900));
        assert_eq!(days_of(1970, 1, 1), Some(DAY_OF_1970));
        assert_eq!(days_of(1753, 1, 1), Some(FIRST_DAY_OF_DATETIME));
        assert_eq!(days_of(2079, 6, 6), Some(LAST_DAY_OF_SMALLDATETIME));
        assert_eq!(days_of(9999, 12, 31), Some(LAST_DAY));
        for days in (0..=LAST_DAY).step_by(97) {
            let (year, month, day) = civil(days);
            assert_eq!(days_of(year, month, day), Some(days));
        }
        assert_eq!(days_of(2023, 2, 29), None);
    }

    #[test]
    fn literals_are_read_and_written() {
        for (text, sql_type, written) in [
            ("2026-01-02", SqlType::Date, "2026-01-02"),
            ("20260102", SqlType::Date, "2026-01-02"),
            (
                "2026-01-02T03:04:05.123",
                SqlType::DateTime2(3),
                "2026-01-02 03:04:05.123",
            ),
            (
                "2026-01-02 23:59:59.9999999",
                SqlType::DateTime2(0),
                "2026-01-03 00:00:00",
            ),
            (
                "2026-01-02 03:04:05 +02:00",
                SqlType::DateTimeOffset(0),
                "2026-01-02 03:04:05 +02:00",
            ),
            ("12:30", SqlType::Time(2), "12:30:00.00"),
            ("2026-01-02 13:04", SqlType::DateTime, "Jan  2 2026  1:04PM"),
        ] {
            let moment = Moment::parse(text).unwrap();
            let fitted = moment.fitted(&SqlType::DateTimeOffset(7), &sql_type).unwrap();
            assert_eq!(fitted.text(&sql_type), written, "{text}");
            let mut bytes = Vec::new();
            fitted.encode(&sql_type, &mut bytes);
            assert_eq!(
                Moment::decode(&sql_type, bytes.get(1..).unwrap()),
                Ok(fitted),
                "{text}"
            );
        }
        for text in ["2026-02-30", "soon", "2026-01-02 25:00", "1-2"] {
            assert_eq!(Moment::parse(text), None, "{text}");
        }
    }
}
