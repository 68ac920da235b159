//! SQL values and their types, as TDS carries them (MS-TDS 2.2.5.4, 2.2.5.5).

pub(super) mod compare;
pub(super) mod convert;
pub(super) mod guid;
pub(super) mod moment;
pub(super) mod read;

use super::tokens::COLLATION;
use super::wire::{Put, length8, length16, length32};
use moment::Moment;

/// Longest text or binary value, in bytes, that a column of bounded type holds.
const LONGEST_BOUNDED: usize = 8000;
const UNBOUNDED: u16 = 0xFFFF;

/// Type bytes of TYPE_INFO.
mod code {
    pub(super) const GUID: u8 = 0x24;
    pub(super) const INT_N: u8 = 0x26;
    pub(super) const DATE: u8 = 0x28;
    pub(super) const TIME: u8 = 0x29;
    pub(super) const DATETIME2: u8 = 0x2A;
    pub(super) const DATETIME_OFFSET: u8 = 0x2B;
    pub(super) const IMAGE: u8 = 0x22;
    pub(super) const TEXT: u8 = 0x23;
    pub(super) const NTEXT: u8 = 0x63;
    pub(super) const VARIANT: u8 = 0x62;
    pub(super) const BIT_N: u8 = 0x68;
    pub(super) const DECIMAL_N: u8 = 0x6A;
    pub(super) const NUMERIC_N: u8 = 0x6C;
    pub(super) const FLOAT_N: u8 = 0x6D;
    pub(super) const MONEY_N: u8 = 0x6E;
    pub(super) const DATETIME_N: u8 = 0x6F;
    pub(super) const VARBINARY: u8 = 0xA5;
    pub(super) const VARCHAR: u8 = 0xA7;
    pub(super) const BINARY: u8 = 0xAD;
    pub(super) const CHAR: u8 = 0xAF;
    pub(super) const NVARCHAR: u8 = 0xE7;
    pub(super) const NCHAR: u8 = 0xEF;
    pub(super) const XML: u8 = 0xF1;
}

/// The types that the stand-in computes with, and one for all that it only hands back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SqlType {
    Bit,
    TinyInt,
    SmallInt,
    Int,
    BigInt,
    Real,
    Float,
    Decimal {
        precision: u8,
        scale: u8,
    },
    /// Lengths are in bytes; `None` is `max`.
    NVarChar(Option<usize>),
    VarChar(Option<usize>),
    VarBinary(Option<usize>),
    /// Padded to this many bytes.
    NChar(usize),
    Char(usize),
    Binary(usize),
    Money,
    SmallMoney,
    Date,
    /// The number is the scale: digits after the second.
    Time(u8),
    SmallDateTime,
    DateTime,
    DateTime2(u8),
    DateTimeOffset(u8),
    Guid,
    Xml,
    /// sql_variant and what else is not computed with: TYPE_INFO as the client sent it, so that a parameter comes
    /// back as it went.
    Opaque(Vec<u8>),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Datum {
    Null,
    Integer(i64),
    Float(f64),
    /// Unscaled; money has four digits after the point.
    Decimal(i128),
    /// UTF-16, lone surrogates and all.
    Text(Vec<u16>),
    Bytes(Vec<u8>),
    Moment(Moment),
    /// As sent: the first three groups little-endian.
    Guid([u8; 16]),
    /// The value as sent, length prefix and all.
    Raw(Vec<u8>),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Value {
    pub(super) sql_type: SqlType,
    pub(super) datum: Datum,
}

impl SqlType {
    pub(super) fn is_integer(&self) -> bool {
        matches!(
            self,
            Self::Bit | Self::TinyInt | Self::SmallInt | Self::Int | Self::BigInt
        )
    }

    pub(super) fn is_text(&self) -> bool {
        self.is_national() || matches!(self, Self::VarChar(_) | Self::Char(_))
    }

    pub(super) fn is_national(&self) -> bool {
        matches!(self, Self::NVarChar(_) | Self::NChar(_) | Self::Xml)
    }

    pub(super) fn is_binary(&self) -> bool {
        matches!(self, Self::VarBinary(_) | Self::Binary(_))
    }

    pub(super) fn is_date_or_time(&self) -> bool {
        matches!(
            self,
            Self::Date
                | Self::Time(_)
                | Self::SmallDateTime
                | Self::DateTime
                | Self::DateTime2(_)
                | Self::DateTimeOffset(_)
        )
    }

    /// Exact numbers that are not whole.
    pub(super) fn is_decimal(&self) -> bool {
        matches!(self, Self::Decimal { .. } | Self::Money | Self::SmallMoney)
    }

    /// Digits after the point.
    pub(super) fn scale(&self) -> u8 {
        match self {
            Self::Money | Self::SmallMoney => 4,
            Self::Decimal { scale, .. }
            | Self::Time(scale)
            | Self::DateTime2(scale)
            | Self::DateTimeOffset(scale) => *scale,
            _ => 0,
        }
    }

    /// The longest value, in bytes; `None` for `max` and for types that are not strings.
    pub(super) fn string_length(&self) -> Option<usize> {
        match self {
            Self::NVarChar(length) | Self::VarChar(length) | Self::VarBinary(length) => *length,
            Self::NChar(length) | Self::Char(length) | Self::Binary(length) => Some(*length),
            _ => None,
        }
    }

    /// TYPE_INFO.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
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

    /// The T-SQL name, as in error texts and parameter declarations.
    pub(super) fn name(&self) -> String {
        let sized = |name: &str, length: Option<usize>, width: usize| match length {
            Some(length) => format!("{name}({})", length / width),
            None => format!("{name}(max)"),
        };
        match self {
            Self::Bit => "bit".into(),
            Self::TinyInt => "tinyint".into(),
            Self::SmallInt => "smallint".into(),
            Self::Int => "int".into(),
            Self::BigInt => "bigint".into(),
            Self::Real => "real".into(),
            Self::Float => "float".into(),
            Self::Decimal { precision, scale } => format!("numeric({precision},{scale})"),
            Self::NVarChar(length) => sized("nvarchar", *length, 2),
            Self::VarChar(length) => sized("varchar", *length, 1),
            Self::VarBinary(length) => sized("varbinary", *length, 1),
            Self::NChar(length) => sized("nchar", Some(*length), 2),
            Self::Char(length) => sized("char", Some(*length), 1),
            Self::Binary(length) => sized("binary", Some(*length), 1),
            Self::Money => "money".into(),
            Self::SmallMoney => "smallmoney".into(),
            Self::Date => "date".into(),
            Self::Time(scale) => format!("time({scale})"),
            Self::SmallDateTime => "smalldatetime".into(),
            Self::DateTime => "datetime".into(),
            Self::DateTime2(scale) => format!("datetime2({scale})"),
            Self::DateTimeOffset(scale) => format!("datetimeoffset({scale})"),
            Self::Guid => "uniqueidentifier".into(),
            Self::Xml => "xml".into(),
            Self::Opaque(_) => "sql_variant".into(),
        }
    }

    /// The name without length, precision and scale.
    pub(super) fn base_name(&self) -> String {
        self.name().split('(').next().unwrap_or_default().to_owned()
    }
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

/// A bounded length, or `max` where no bounded type is long enough.
fn bounded(bytes: usize) -> Option<usize> {
    (bytes <= LONGEST_BOUNDED).then_some(bytes)
}

impl Value {
    pub(super) fn null(sql_type: SqlType) -> Self {
        Self {
            sql_type,
            datum: Datum::Null,
        }
    }

    pub(super) fn is_null(&self) -> bool {
        self.datum == Datum::Null
    }

    pub(super) fn int(value: i32) -> Self {
        Self {
            sql_type: SqlType::Int,
            datum: Datum::Integer(value.into()),
        }
    }

    pub(super) fn big_int(value: i64) -> Self {
        Self {
            sql_type: SqlType::BigInt,
            datum: Datum::Integer(value),
        }
    }

    pub(super) fn bit(value: bool) -> Self {
        Self {
            sql_type: SqlType::Bit,
            datum: Datum::Integer(value.into()),
        }
    }

    pub(super) fn float(value: f64) -> Self {
        Self {
            sql_type: SqlType::Float,
            datum: Datum::Float(value),
        }
    }

    pub(super) fn nvarchar(text: &str) -> Self {
        Self::utf16(text.encode_utf16().collect())
    }

    pub(super) fn utf16(units: Vec<u16>) -> Self {
        Self {
            sql_type: SqlType::NVarChar(bounded((units.len() * 2).max(2))),
            datum: Datum::Text(units),
        }
    }

    /// `nvarchar(128)`, the type of names.
    pub(super) fn sysname(text: &str) -> Self {
        Self {
            sql_type: SqlType::NVarChar(Some(256)),
            ..Self::nvarchar(text)
        }
    }

    pub(super) fn varchar(text: &str) -> Self {
        let units: Vec<u16> = text.encode_utf16().collect();
        Self {
            sql_type: SqlType::VarChar(bounded(units.len().max(1))),
            datum: Datum::Text(units),
        }
    }

    pub(super) fn binary(bytes: Vec<u8>) -> Self {
        Self {
            sql_type: SqlType::VarBinary(bounded(bytes.len().max(1))),
            datum: Datum::Bytes(bytes),
        }
    }

    /// The value as it stands in a row of a column of its type.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        self.datum.encode(&self.sql_type, out);
    }
}

impl Datum {
    /// The value as it stands in a row of a column of this type.
    pub(super) fn encode(&self, sql_type: &SqlType, out: &mut Vec<u8>) {
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

#[cfg(test)]
mod tests;
