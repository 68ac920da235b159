//! Types and values as responses write them.

use super::{Datum, SqlType, UNBOUNDED, code, convert};
use crate::sql_server::tokens::COLLATION;
use crate::sql_server::wire::{Put, length8, length16, length32};

impl SqlType {
    /// TYPE_INFO.
    pub(in crate::sql_server) fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Bit => out.put(&[code::BIT_N, 1]),
            Self::TinyInt => out.put(&[code::INT_N, 1]),
            Self::SmallInt => out.put(&[code::INT_N, 2]),
            Self::Int => out.put(&[code::INT_N, 4]),
            Self::BigInt => out.put(&[code::INT_N, 8]),
            Self::Real => out.put(&[code::FLOAT_N, 4]),
            Self::Float => out.put(&[code::FLOAT_N, 8]),
            Self::Decimal { precision, scale } => {
                let length = length8(decimal_length(*precision));
                out.put(&[code::NUMERIC_N, length, *precision, *scale]);
            }
            Self::NVarChar(length) => encode_string(out, code::NVARCHAR, *length, true),
            Self::VarChar(length) => encode_string(out, code::VARCHAR, *length, true),
            Self::VarBinary(length) => encode_string(out, code::VARBINARY, *length, false),
            Self::NChar(length) => encode_string(out, code::NCHAR, Some(*length), true),
            Self::Char(length) => encode_string(out, code::CHAR, Some(*length), true),
            Self::Binary(length) => encode_string(out, code::BINARY, Some(*length), false),
            Self::RowVersion => encode_string(out, code::BINARY, self.string_length(), false),
            Self::Money => out.put(&[code::MONEY_N, 8]),
            Self::SmallMoney => out.put(&[code::MONEY_N, 4]),
            Self::Date => out.put_u8(code::DATE),
            Self::Time(scale) => out.put(&[code::TIME, *scale]),
            Self::SmallDateTime => out.put(&[code::DATETIME_N, 4]),
            Self::DateTime => out.put(&[code::DATETIME_N, 8]),
            Self::DateTime2(scale) => out.put(&[code::DATETIME2, *scale]),
            Self::DateTimeOffset(scale) => out.put(&[code::DATETIME_OFFSET, *scale]),
            Self::Guid => out.put(&[code::GUID, 16]),
            // No schema.
            Self::Xml => out.put(&[code::XML, 0]),
            Self::Opaque(info) => out.put(info),
        }
    }
}

impl Datum {
    /// The value as it stands in a row of a column of this type.
    pub(in crate::sql_server) fn encode(&self, sql_type: &SqlType, out: &mut Vec<u8>) {
        match (self, sql_type) {
            (Self::Raw(raw), _) => out.put(raw),
            (
                Self::Null,
                SqlType::NVarChar(None) | SqlType::VarChar(None) | SqlType::VarBinary(None) | SqlType::Xml,
            ) => out.put_u64(u64::MAX),
            (Self::Null, sql_type) if sql_type.string_length().is_some() => out.put_u16(u16::MAX),
            // sql_variant counts in four bytes.
            (Self::Null, SqlType::Opaque(info)) if info.first() == Some(&code::VARIANT) => out.put_u32(0),
            (Self::Null, _) => out.put_u8(0),
            (Self::Integer(value), sql_type) => {
                let width = match sql_type {
                    SqlType::Bit | SqlType::TinyInt => 1,
                    SqlType::SmallInt => 2,
                    SqlType::Int => 4,
                    _ => 8,
                };
                out.put_u8(length8(width));
                out.put(value.to_le_bytes().get(..width).unwrap_or_default());
            }
            (Self::Float(value), SqlType::Real) => {
                out.put_u8(4);
                #[allow(clippy::cast_possible_truncation, reason = "what real means")]
                out.put(&(*value as f32).to_le_bytes());
            }
            (Self::Float(value), _) => {
                out.put_u8(8);
                out.put(&value.to_le_bytes());
            }
            (Self::Decimal(value), SqlType::Money) => {
                // The upper half comes first.
                let bytes = i64::try_from(*value).unwrap_or_default().to_le_bytes();
                out.put_u8(8);
                out.put(bytes.get(4..).unwrap_or_default());
                out.put(bytes.get(..4).unwrap_or_default());
            }
            (Self::Decimal(value), SqlType::SmallMoney) => {
                out.put_u8(4);
                out.put(&i32::try_from(*value).unwrap_or_default().to_le_bytes());
            }
            (Self::Decimal(value), sql_type) => {
                let length = match sql_type {
                    SqlType::Decimal { precision, .. } => decimal_length(*precision),
                    _ => 17,
                };
                out.put_u8(length8(length));
                out.put_u8(u8::from(*value >= 0));
                let digits = value.unsigned_abs().to_le_bytes();
                out.put(digits.get(..length - 1).unwrap_or(&digits));
            }
            (Self::Text(units), SqlType::NVarChar(_) | SqlType::NChar(_)) => {
                let length = units.len() * 2;
                put_length(out, length, sql_type.string_length());
                out.reserve(length);
                for unit in units {
                    out.put_u16(*unit);
                }
                put_end(out, sql_type.string_length());
            }
            (Self::Text(units), SqlType::Xml) => {
                let bytes: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
                encode_bytes(out, &bytes, None);
            }
            (Self::Text(units), sql_type) => {
                encode_bytes(out, &convert::to_code_page(units), sql_type.string_length());
            }
            (Self::Bytes(bytes), sql_type) => encode_bytes(out, bytes, sql_type.string_length()),
            (Self::Moment(moment), sql_type) => moment.encode(sql_type, out),
            (Self::Guid(bytes), _) => {
                out.put_u8(16);
                out.put(bytes);
            }
        }
    }
}

/// Before the bytes of a string.
fn put_length(out: &mut Vec<u8>, length: usize, longest: Option<usize>) {
    if longest.is_some() {
        out.put_u16(length16(length));
    } else {
        // Partially length-prefixed: the total, one chunk, the end.
        out.put_u64(u64::from(length32(length)));
        if length > 0 {
            out.put_u32(length32(length));
        }
    }
}

/// After them.
fn put_end(out: &mut Vec<u8>, longest: Option<usize>) {
    if longest.is_none() {
        out.put_u32(0);
    }
}

fn encode_bytes(out: &mut Vec<u8>, bytes: &[u8], longest: Option<usize>) {
    let bytes = bytes.get(..longest.unwrap_or(usize::MAX)).unwrap_or(bytes);
    put_length(out, bytes.len(), longest);
    out.put(bytes);
    put_end(out, longest);
}

/// Bytes of a decimal of this precision, the sign's among them.
fn decimal_length(precision: u8) -> usize {
    match precision {
        0..=9 => 5,
        10..=19 => 9,
        20..=28 => 13,
        _ => 17,
    }
}

fn encode_string(out: &mut Vec<u8>, code: u8, length: Option<usize>, collated: bool) {
    out.put_u8(code);
    out.put_u16(length.map_or(UNBOUNDED, |length| length16(length.max(1))));
    if collated {
        out.put(&COLLATION);
    }
}
