//! SQL values and their types, as TDS carries them (MS-TDS 2.2.5.4, 2.2.5.5).

pub(super) mod compare;
pub(super) mod convert;
mod encode;
pub(super) mod guid;
pub(super) mod moment;
pub(super) mod read;

use moment::Moment;

/// Longest text or binary value, in bytes, that a column of bounded type holds.
const LONGEST_BOUNDED: usize = 8000;
/// Bytes of a rowversion.
const ROW_VERSION: usize = 8;
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
    /// Eight bytes that the server writes with each change; also called timestamp.
    RowVersion,
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
        matches!(self, Self::VarBinary(_) | Self::Binary(_) | Self::RowVersion)
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
            Self::RowVersion => Some(ROW_VERSION),
            _ => None,
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
            Self::RowVersion => "timestamp".into(),
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

    pub(super) fn row_version(version: u64) -> Self {
        Self {
            sql_type: SqlType::RowVersion,
            datum: Datum::Bytes(version.to_be_bytes().to_vec()),
        }
    }

    /// The value as it stands in a row of a column of its type.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        self.datum.encode(&self.sql_type, out);
    }
}

#[cfg(test)]
mod tests;
