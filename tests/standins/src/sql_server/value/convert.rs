//! Conversions between types, as CAST and comparisons need them.

use super::{Datum, SqlType, Value};
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
    units
        .iter()
        .map(|unit| {
            (0..=u8::MAX)
                .find(|byte| from_code_page(*byte) == *unit)
                .unwrap_or(b'?')
        })
        .collect()
}

impl Value {
    /// The value as text, if it has a textual form.
    pub(in crate::sql_server) fn text(&self) -> Option<String> {
        match &self.datum {
            Datum::Null | Datum::Raw(_) | Datum::Bytes(_) => None,
            Datum::Integer(value) => Some(value.to_string()),
            Datum::Float(value) => Some(value.to_string()),
            Datum::Decimal(value) => Some(decimal_text(*value, self.scale())),
            Datum::Text(units) => Some(String::from_utf16_lossy(units)),
        }
    }

    fn scale(&self) -> u8 {
        match self.sql_type {
            SqlType::Decimal { scale, .. } => scale,
            _ => 0,
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
            Datum::Decimal(value) => i64::try_from(value / 10_i128.checked_pow(self.scale().into())?).ok(),
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
        if self.is_null() {
            return Ok(Self::null(target.clone()));
        }
        if self.sql_type == *target {
            return Ok(self);
        }
        let datum = match target {
            SqlType::Bit => self.as_integer().map(|value| Datum::Integer((value != 0).into())),
            SqlType::TinyInt | SqlType::SmallInt | SqlType::Int | SqlType::BigInt => {
                Some(Datum::Integer(self.fitting_integer(target)?))
            }
            SqlType::Real | SqlType::Float => self.as_float().map(Datum::Float),
            SqlType::Decimal { scale, .. } => self.as_decimal(*scale).map(Datum::Decimal),
            SqlType::NVarChar(length) => self.units().map(|units| cut(units, *length, 2)),
            SqlType::VarChar(length) => self.units().map(|units| cut(units, *length, 1)),
            SqlType::VarBinary(length) => self.bytes().map(|mut bytes| {
                bytes.truncate(length.unwrap_or(usize::MAX));
                Datum::Bytes(bytes)
            }),
            SqlType::DateTime | SqlType::DateTime2 | SqlType::Opaque(_) => None,
        };
        match datum {
            Some(datum) => Ok(Self {
                sql_type: target.clone(),
                datum,
            }),
            None => Err(self.not_convertible(target)),
        }
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
            Ok(value)
        } else {
            let text = format!(
                "Arithmetic overflow error converting expression to data type {}.",
                target.name()
            );
            Err(SqlError::new(8115, text))
        }
    }

    fn not_convertible(&self, target: &SqlType) -> SqlError {
        match &self.datum {
            Datum::Text(units) => SqlError::new(
                245,
                format!(
                    "Conversion failed when converting the {} value '{}' to data type {}.",
                    self.sql_type.name().split('(').next().unwrap_or_default(),
                    String::from_utf16_lossy(units),
                    target.name()
                ),
            ),
            _ => SqlError::new(
                529,
                format!(
                    "Explicit conversion from data type {} to {} is not allowed.",
                    self.sql_type.name(),
                    target.name()
                ),
            ),
        }
    }

    fn as_decimal(&self, scale: u8) -> Option<i128> {
        let text = match &self.datum {
            Datum::Float(value) => format!("{value:.*}", usize::from(scale)),
            _ => self.text()?,
        };
        parse_decimal(text.trim(), Some(scale)).map(|(value, _, _)| value)
    }

    fn units(&self) -> Option<Vec<u16>> {
        match &self.datum {
            Datum::Text(units) => Some(units.clone()),
            Datum::Bytes(bytes) => Some(bytes.iter().copied().map(from_code_page).collect()),
            _ => Some(self.text()?.encode_utf16().collect()),
        }
    }

    fn bytes(&self) -> Option<Vec<u8>> {
        match (&self.datum, &self.sql_type) {
            (Datum::Bytes(bytes), _) => Some(bytes.clone()),
            (Datum::Text(units), SqlType::VarChar(_)) => Some(to_code_page(units)),
            (Datum::Text(units), _) => Some(units.iter().flat_map(|unit| unit.to_le_bytes()).collect()),
            (Datum::Integer(value), SqlType::Int) => Some(i32::try_from(*value).ok()?.to_be_bytes().to_vec()),
            (Datum::Integer(value), _) => Some(value.to_be_bytes().to_vec()),
            _ => None,
        }
    }
}

fn cut(mut units: Vec<u16>, length: Option<usize>, width: usize) -> Datum {
    units.truncate(length.map_or(usize::MAX, |length| length / width));
    Datum::Text(units)
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
