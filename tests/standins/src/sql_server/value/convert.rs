//! Conversions between types, as CAST and comparisons need them.

use std::fmt::Write as _;

use super::moment::Moment;
use super::{Datum, ROW_VERSION, SqlType, Value, guid};
use crate::sql_server::tokens::SqlError;

/// The part of Windows-1252, the code page of the server's collation, that is not Latin-1.
const CODE_PAGE_80_TO_9F: [u16; 32] = [
    0x20AC, 0x81, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152,
    0x8D, 0x017D, 0x8F, 0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161,
    0x203A, 0x0153, 0x9D, 0x017E, 0x0178,
];

pub(super) fn from_code_page(byte: u8) -> u16 {
    byte.checked_sub(0x80)
        .and_then(|index| CODE_PAGE_80_TO_9F.get(usize::from(index)))
        .copied()
        .unwrap_or(byte.into())
}

/// What the code page lacks becomes `?`, as on the real server.
pub(super) fn to_code_page(units: &[u16]) -> Vec<u8> {
    let byte = |unit: u16| match u8::try_from(unit) {
        Ok(byte) if from_code_page(byte) == unit => byte,
        _ => (0x80..=0x9F)
            .find(|byte| from_code_page(*byte) == unit)
            .unwrap_or(b'?'),
    };
    units.iter().copied().map(byte).collect()
}

impl Value {
    /// The value as text, if it has a textual form.
    pub(in crate::sql_server) fn text(&self) -> Option<String> {
        match &self.datum {
            Datum::Null | Datum::Raw(_) | Datum::Bytes(_) => None,
            Datum::Integer(value) => Some(value.to_string()),
            Datum::Float(value) => Some(value.to_string()),
            Datum::Decimal(value) => Some(decimal_text(*value, self.sql_type.scale())),
            Datum::Text(units) => Some(String::from_utf16_lossy(units)),
            Datum::Moment(moment) => Some(moment.text(&self.sql_type)),
            Datum::Guid(bytes) => Some(guid::text(bytes)),
        }
    }

    /// The text that CONVERT gives with a style, where the style matters.
    pub(in crate::sql_server) fn styled(&self, style: i64) -> Option<String> {
        match &self.datum {
            Datum::Moment(moment) => moment.styled(&self.sql_type, style),
            Datum::Bytes(bytes) if style == 1 || style == 2 => {
                let mut digits = String::new();
                for byte in bytes {
                    // Writing to a String does not fail.
                    let _ = write!(digits, "{byte:02X}");
                }
                Some(if style == 1 { format!("0x{digits}") } else { digits })
            }
            _ => None,
        }
    }

    pub(in crate::sql_server) fn as_float(&self) -> Option<f64> {
        match &self.datum {
            #[allow(clippy::cast_precision_loss, reason = "what converting to float means")]
            Datum::Integer(value) => Some(*value as f64),
            Datum::Float(value) => Some(*value),
            Datum::Decimal(_) | Datum::Text(_) => self.text()?.trim().parse().ok(),
            _ => None,
        }
    }

    pub(in crate::sql_server) fn as_integer(&self) -> Option<i64> {
        match &self.datum {
            Datum::Integer(value) => Some(*value),
            #[allow(clippy::cast_possible_truncation, reason = "T-SQL cuts the fraction off too")]
            Datum::Float(value) => Some(*value as i64),
            Datum::Decimal(value) => {
                i64::try_from(value / 10_i128.checked_pow(self.sql_type.scale().into())?).ok()
            }
            Datum::Text(_) => self.text()?.trim().parse().ok(),
            Datum::Bytes(bytes) => {
                let tail = bytes.get(bytes.len().saturating_sub(8)..).unwrap_or(bytes);
                Some(tail.iter().fold(0, |value, byte| value << 8 | i64::from(*byte)))
            }
            _ => None,
        }
    }

    /// CAST.
    pub(in crate::sql_server) fn cast(self, target: &SqlType) -> Result<Self, SqlError> {
        if self.sql_type == *target {
            return Ok(self);
        }
        if self.is_null() {
            return Ok(Self::null(target.clone()));
        }
        let datum = match target {
            SqlType::Bit => self.as_bit().map(Datum::Integer),
            SqlType::TinyInt | SqlType::SmallInt | SqlType::Int | SqlType::BigInt => {
                Some(Datum::Integer(self.fitting_integer(target)?))
            }
            #[allow(clippy::cast_possible_truncation, reason = "what real means")]
            SqlType::Real => self.as_float().map(|float| Datum::Float(f64::from(float as f32))),
            SqlType::Float => self.as_float().map(Datum::Float),
            SqlType::Decimal { .. } | SqlType::Money | SqlType::SmallMoney => {
                Some(Datum::Decimal(self.fitting_decimal(target)?))
            }
            SqlType::NVarChar(length) => self.units_for(target).map(|units| cut(units, *length, 2)),
            SqlType::VarChar(length) => self.units_for(target).map(|units| cut(units, *length, 1)),
            SqlType::NChar(length) => self.units_for(target).map(|units| padded(units, length / 2)),
            SqlType::Char(length) => self.units_for(target).map(|units| padded(units, *length)),
            SqlType::Xml => self.units_for(target).map(Datum::Text),
            SqlType::VarBinary(length) => self.bytes().map(|mut bytes| {
                bytes.truncate(length.unwrap_or(usize::MAX));
                Datum::Bytes(bytes)
            }),
            SqlType::Binary(length) => self.bytes().map(|mut bytes| {
                bytes.resize(*length, 0);
                Datum::Bytes(bytes)
            }),
            SqlType::RowVersion => self.bytes().map(|mut bytes| {
                bytes.resize(ROW_VERSION, 0);
                Datum::Bytes(bytes)
            }),
            SqlType::Guid => self.as_guid().map(Datum::Guid),
            SqlType::Date
            | SqlType::Time(_)
            | SqlType::SmallDateTime
            | SqlType::DateTime
            | SqlType::DateTime2(_)
            | SqlType::DateTimeOffset(_) => self.as_moment(target)?.map(Datum::Moment),
            SqlType::Opaque(_) => None,
        };
        match datum {
            Some(datum) => Ok(Self {
                sql_type: target.clone(),
                datum,
            }),
            None => Err(self.not_convertible(target)),
        }
    }

    /// Whether a column of this type takes the value whole; trailing blanks do not count.
    pub(in crate::sql_server) fn fits_whole(&self, target: &SqlType) -> bool {
        let Some(longest) = target.string_length() else {
            return true;
        };
        match &self.datum {
            Datum::Null => true,
            Datum::Text(units) if target.is_text() => {
                let longest = if target.is_national() {
                    longest / 2
                } else {
                    longest
                };
                let excess = units.get(longest..).unwrap_or_default();
                excess.iter().all(|unit| *unit == u16::from(b' '))
            }
            Datum::Bytes(bytes) if target.is_binary() => bytes.len() <= longest,
            _ if target.is_text() => {
                let width = if target.is_national() { 2 } else { 1 };
                self.text().is_none_or(|text| text.len() * width <= longest)
            }
            _ => true,
        }
    }

    fn as_bit(&self) -> Option<i64> {
        match &self.datum {
            Datum::Text(_) => match self.text()?.trim().to_lowercase().as_str() {
                "true" => Some(1),
                "false" => Some(0),
                number => number.parse::<i64>().ok().map(|number| (number != 0).into()),
            },
            Datum::Float(float) => Some((*float != 0.0).into()),
            Datum::Decimal(decimal) => Some((*decimal != 0).into()),
            _ => self.as_integer().map(|value| (value != 0).into()),
        }
    }

    fn as_guid(&self) -> Option<[u8; 16]> {
        match &self.datum {
            Datum::Guid(bytes) => Some(*bytes),
            Datum::Text(_) => guid::parse(&self.text()?),
            Datum::Bytes(bytes) => bytes.get(..16)?.try_into().ok(),
            _ => None,
        }
    }

    fn as_moment(&self, target: &SqlType) -> Result<Option<Moment>, SqlError> {
        let (moment, from) = match &self.datum {
            Datum::Moment(moment) => {
                let clash = matches!(
                    (&self.sql_type, target),
                    (SqlType::Date, SqlType::Time(_)) | (SqlType::Time(_), SqlType::Date)
                );
                (Some(*moment).filter(|_| !clash), self.sql_type.clone())
            }
            Datum::Text(units) => {
                let moment = Moment::parse(&String::from_utf16_lossy(units));
                (moment, SqlType::DateTimeOffset(7))
            }
            // Days since 1900, as old code has it.
            Datum::Integer(_) | Datum::Float(_)
                if matches!(target, SqlType::DateTime | SqlType::SmallDateTime) =>
            {
                #[allow(
                    clippy::cast_possible_truncation,
                    reason = "a date beyond the calendar is refused below"
                )]
                let ticks = self.as_float().map(|days| (days * 864e9) as i64);
                let moment = ticks.and_then(|ticks| Moment::parse("")?.plus(ticks));
                (moment, SqlType::DateTime2(7))
            }
            _ => (None, self.sql_type.clone()),
        };
        let Some(moment) = moment else {
            return Ok(None);
        };
        let fitted = moment.fitted(&from, target).ok_or_else(|| {
            let text = format!(
                "The conversion of a {} data type to a {} data type resulted in an out-of-range value.",
                self.sql_type.base_name(),
                target.base_name()
            );
            SqlError::new(242, text)
        })?;
        Ok(Some(fitted))
    }

    fn fitting_integer(&self, target: &SqlType) -> Result<i64, SqlError> {
        let value = self.as_integer().ok_or_else(|| self.not_convertible(target))?;
        let fits = match target {
            SqlType::TinyInt => u8::try_from(value).is_ok(),
            SqlType::SmallInt => i16::try_from(value).is_ok(),
            SqlType::Int => i32::try_from(value).is_ok(),
            _ => true,
        };
        if fits {
            return Ok(value);
        }
        Err(match &self.datum {
            Datum::Text(_) => SqlError::new(
                248,
                format!(
                    "The conversion of the {} value '{}' overflowed an {} column.",
                    self.sql_type.base_name(),
                    self.text().unwrap_or_default(),
                    target.name()
                ),
            ),
            _ => overflow(target),
        })
    }

    /// Unscaled, in the scale of the target.
    fn fitting_decimal(&self, target: &SqlType) -> Result<i128, SqlError> {
        let scale = target.scale();
        let value = self
            .as_decimal(scale)
            .ok_or_else(|| self.not_convertible(target))?;
        let fits = match target {
            SqlType::Money => i64::try_from(value).is_ok(),
            SqlType::SmallMoney => i32::try_from(value).is_ok(),
            SqlType::Decimal { precision, .. } => 10_u128
                .checked_pow(u32::from(*precision))
                .is_none_or(|limit| value.unsigned_abs() < limit),
            _ => true,
        };
        if fits {
            Ok(value)
        } else {
            Err(self.decimal_overflow(target))
        }
    }

    fn decimal_overflow(&self, target: &SqlType) -> SqlError {
        let text = format!(
            "Arithmetic overflow error converting {} to data type {}.",
            self.sql_type.base_name(),
            target.base_name()
        );
        SqlError::new(8115, text)
    }

    fn not_convertible(&self, target: &SqlType) -> SqlError {
        let Datum::Text(units) = &self.datum else {
            let text = format!(
                "Explicit conversion from data type {} to {} is not allowed.",
                self.sql_type.name(),
                target.name()
            );
            return SqlError::new(529, text);
        };
        let from = self.sql_type.base_name();
        match target {
            _ if target.is_date_or_time() => SqlError::new(
                241,
                "Conversion failed when converting date and/or time from character string.",
            ),
            SqlType::Guid => SqlError::new(
                8169,
                "Conversion failed when converting from a character string to uniqueidentifier.",
            ),
            SqlType::Money | SqlType::SmallMoney => SqlError::new(
                235,
                "Cannot convert a char value to money. The char value has incorrect syntax.",
            ),
            SqlType::Decimal { .. } | SqlType::Float | SqlType::Real => {
                let text = format!("Error converting data type {from} to {}.", target.base_name());
                SqlError::new(8114, text)
            }
            _ => {
                let value = String::from_utf16_lossy(units);
                let text = format!(
                    "Conversion failed when converting the {from} value '{value}' to data type {}.",
                    target.name()
                );
                SqlError::new(245, text)
            }
        }
    }

    fn as_decimal(&self, scale: u8) -> Option<i128> {
        match &self.datum {
            Datum::Integer(_) => self.scaled(scale),
            Datum::Decimal(value) => rescaled(*value, self.sql_type.scale(), scale),
            Datum::Float(value) => parse_decimal(&format!("{value:.*}", usize::from(scale)), Some(scale))
                .map(|(value, _, _)| value),
            Datum::Text(_) => {
                let text = self.text()?;
                let text = text.trim();
                let text = text.strip_prefix('$').unwrap_or(text);
                let (value, _, own) = parse_decimal(text, None)?;
                rescaled(value, own, scale)
            }
            _ => None,
        }
    }

    /// Bytes are taken for characters of the target: of two bytes each, or of one.
    fn units_for(&self, target: &SqlType) -> Option<Vec<u16>> {
        match &self.datum {
            Datum::Text(units) => Some(units.clone()),
            Datum::Bytes(bytes) if target.is_national() => {
                let pairs = bytes.chunks(2);
                let unit = |pair: &[u8]| {
                    let byte = |at| pair.get(at).copied().unwrap_or(0);
                    u16::from_le_bytes([byte(0), byte(1)])
                };
                Some(pairs.map(unit).collect())
            }
            Datum::Bytes(bytes) => Some(bytes.iter().copied().map(from_code_page).collect()),
            _ => Some(self.text()?.encode_utf16().collect()),
        }
    }

    fn bytes(&self) -> Option<Vec<u8>> {
        match (&self.datum, &self.sql_type) {
            (Datum::Bytes(bytes), _) => Some(bytes.clone()),
            (Datum::Text(units), sql_type) if !sql_type.is_national() => Some(to_code_page(units)),
            (Datum::Text(units), _) => Some(units.iter().flat_map(|unit| unit.to_le_bytes()).collect()),
            (Datum::Integer(value), SqlType::Int) => Some(i32::try_from(*value).ok()?.to_be_bytes().to_vec()),
            (Datum::Guid(bytes), _) => Some(bytes.to_vec()),
            (Datum::Integer(value), _) => Some(value.to_be_bytes().to_vec()),
            _ => None,
        }
    }
}

fn cut(mut units: Vec<u16>, length: Option<usize>, width: usize) -> Datum {
    units.truncate(length.map_or(usize::MAX, |length| length / width));
    Datum::Text(units)
}

fn padded(mut units: Vec<u16>, length: usize) -> Datum {
    units.resize(length, b' '.into());
    Datum::Text(units)
}

pub(in crate::sql_server) fn overflow(target: &SqlType) -> SqlError {
    let text = format!(
        "Arithmetic overflow error converting expression to data type {}.",
        target.name()
    );
    SqlError::new(8115, text)
}

/// Rounded half away from zero where digits are lost.
pub(in crate::sql_server) fn rescaled(value: i128, from: u8, to: u8) -> Option<i128> {
    let factor = 10_i128.checked_pow(from.abs_diff(to).into())?;
    if to >= from {
        return value.checked_mul(factor);
    }
    let half = factor / 2 * value.signum();
    Some(value.checked_add(half)? / factor)
}

fn decimal_text(value: i128, scale: u8) -> String {
    let scale = usize::from(scale);
    let digits = format!("{:0>width$}", value.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let sign = if value < 0 { "-" } else { "" };
    if fraction.is_empty() {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{fraction}")
    }
}

/// The unscaled value, precision and scale of a decimal text, brought to `scale` if one is given.
pub(in crate::sql_server) fn parse_decimal(text: &str, scale: Option<u8>) -> Option<(i128, u8, u8)> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let wanted = scale.map_or(fraction.len(), usize::from);
    let mut digits: String = format!("{whole}{:0<wanted$}", fraction.get(..wanted).unwrap_or(fraction));
    if digits.is_empty() {
        digits.push('0');
    }
    let value: i128 = digits.parse().ok()?;
    let precision = digits.trim_start_matches('0').len().max(wanted).max(1);
    if precision > 38 {
        return None;
    }
    Some((
        if negative { -value } else { value },
        u8::try_from(precision).ok()?,
        u8::try_from(wanted).ok()?,
    ))
}
