//! SQL values and their types, as TDS carries them (MS-TDS 2.2.5.4, 2.2.5.5).

pub(super) mod convert;
mod read;

use super::tokens::COLLATION;
use super::wire::{Put, length8, length16, length32};

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
    /// Days since 1900 and three-hundredths of seconds.
    DateTime,
    /// A hundred nanoseconds and days since year 1; scale 7.
    DateTime2,
    /// Dates, GUIDs, XML, …: TYPE_INFO as the client sent it, so that a parameter comes back as it went.
    Opaque(Vec<u8>),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Datum {
    Null,
    Integer(i64),
    Float(f64),
    /// Unscaled.
    Decimal(i128),
    /// UTF-16, lone surrogates and all.
    Text(Vec<u16>),
    Bytes(Vec<u8>),
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
        matches!(self, Self::NVarChar(_) | Self::VarChar(_))
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
                out.put(&[code::NUMERIC_N, 17, *precision, *scale]);
            }
            Self::NVarChar(length) => encode_string(out, code::NVARCHAR, *length, true),
            Self::VarChar(length) => encode_string(out, code::VARCHAR, *length, true),
            Self::VarBinary(length) => encode_string(out, code::VARBINARY, *length, false),
            Self::DateTime => out.put(&[code::DATETIME_N, 8]),
            Self::DateTime2 => out.put(&[code::DATETIME2, 7]),
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
            Self::DateTime => "datetime".into(),
            Self::DateTime2 => "datetime2(7)".into(),
            Self::Opaque(_) => "sql_variant".into(),
        }
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
        match (&self.datum, &self.sql_type) {
            (Datum::Raw(raw), _) => out.put(raw),
            (
                Datum::Null,
                SqlType::NVarChar(length) | SqlType::VarChar(length) | SqlType::VarBinary(length),
            ) => match length {
                Some(_) => out.put_u16(u16::MAX),
                None => out.put_u64(u64::MAX),
            },
            (Datum::Null, _) => out.put_u8(0),
            (Datum::Integer(value), sql_type) => {
                let width = match sql_type {
                    SqlType::Bit | SqlType::TinyInt => 1,
                    SqlType::SmallInt => 2,
                    SqlType::Int => 4,
                    _ => 8,
                };
                out.put_u8(length8(width));
                out.put(value.to_le_bytes().get(..width).unwrap_or_default());
            }
            (Datum::Float(value), SqlType::Real) => {
                out.put_u8(4);
                #[allow(clippy::cast_possible_truncation, reason = "what real means")]
                out.put(&(*value as f32).to_le_bytes());
            }
            (Datum::Float(value), _) => {
                out.put_u8(8);
                out.put(&value.to_le_bytes());
            }
            (Datum::Decimal(value), _) => {
                out.put_u8(17);
                out.put_u8(u8::from(*value >= 0));
                out.put(&value.unsigned_abs().to_le_bytes());
            }
            (Datum::Text(units), SqlType::VarChar(length)) => {
                encode_bytes(out, &convert::to_code_page(units), *length);
            }
            (Datum::Text(units), SqlType::NVarChar(length)) => {
                let bytes: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
                encode_bytes(out, &bytes, *length);
            }
            (Datum::Text(units), _) => encode_bytes(out, &convert::to_code_page(units), None),
            (Datum::Bytes(bytes), SqlType::VarBinary(length)) => encode_bytes(out, bytes, *length),
            // Date and time values: their length in a byte.
            (Datum::Bytes(bytes), _) => {
                out.put_u8(length8(bytes.len()));
                out.put(bytes);
            }
        }
    }
}

fn encode_bytes(out: &mut Vec<u8>, bytes: &[u8], length: Option<usize>) {
    if let Some(length) = length {
        let bytes = bytes.get(..length).unwrap_or(bytes);
        out.put_u16(length16(bytes.len()));
        out.put(bytes);
    } else {
        // Partially length-prefixed: the total, one chunk, the end.
        out.put_u64(u64::from(length32(bytes.len())));
        if !bytes.is_empty() {
            out.put_u32(length32(bytes.len()));
            out.put(bytes);
        }
        out.put_u32(0);
    }
}

#[cfg(test)]
mod tests;
