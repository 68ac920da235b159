//! Parameters: TYPE_INFO and the value behind it, read from a request.

use super::moment::Moment;
use super::{Datum, SqlType, Value, code};
use crate::sql_server::wire::{Malformed, Put, Reader, units_of};

/// How a type writes its values.
#[derive(Debug, Clone, Copy)]
enum Shape {
    Fixed(usize),
    ByteLength,
    ShortLength,
    /// 0 is NULL.
    LongLength,
    /// All ones are NULL.
    LongOrNull,
    Chunks,
}

/// TYPE_INFO as a client sends it: the type, and how values of it are written.
#[derive(Debug, Clone)]
pub(in crate::sql_server) struct TypeInfo {
    pub(in crate::sql_server) sql_type: SqlType,
    shape: Shape,
}

impl TypeInfo {
    pub(in crate::sql_server) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let before = reader.rest();
        let type_code = reader.u8()?;
        let (shape, known) = read_type(type_code, reader)?;
        let length = before.len() - reader.remaining();
        let info = before.get(..length).unwrap_or_default();
        Ok(Self {
            sql_type: known.unwrap_or_else(|| SqlType::Opaque(info.to_vec())),
            shape,
        })
    }

    /// Reads a value of this type.
    pub(in crate::sql_server) fn datum(&self, reader: &mut Reader<'_>) -> Result<Datum, Malformed> {
        if matches!(self.sql_type, SqlType::Opaque(_)) {
            let before = reader.rest();
            skip(self.shape, reader)?;
            let length = before.len() - reader.remaining();
            return Ok(Datum::Raw(before.get(..length).unwrap_or_default().to_vec()));
        }
        datum(&self.sql_type, self.shape, reader)
    }

    /// Passes over one.
    pub(in crate::sql_server) fn skip(&self, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        skip(self.shape, reader)
    }

    /// Whether encoded bytes are a NULL.
    pub(in crate::sql_server) fn is_null(&self, bytes: &[u8]) -> bool {
        let all_ones = |length: usize| {
            let start = bytes.get(..length);
            start.is_some_and(|start| start.iter().all(|byte| *byte == u8::MAX))
        };
        match self.shape {
            Shape::Fixed(_) => false,
            Shape::ByteLength => bytes.first() == Some(&0),
            Shape::ShortLength => all_ones(2),
            Shape::LongLength => bytes.starts_with(&[0; 4]),
            Shape::LongOrNull => all_ones(4),
            Shape::Chunks => all_ones(8),
        }
    }

    /// Whether COLMETADATA names a table after it: text, ntext and image.
    pub(in crate::sql_server) fn names_table(&self) -> bool {
        matches!(self.shape, Shape::LongOrNull)
    }

    /// Whether this is what the server itself says of a nullable column of the type.
    pub(in crate::sql_server) fn is_written_as(&self, sql_type: &SqlType) -> bool {
        self.sql_type == *sql_type && !matches!(self.shape, Shape::Fixed(_) | Shape::LongOrNull)
    }

    /// The same of a column that is never NULL and has values of one width, which stand without a length.
    pub(in crate::sql_server) fn is_fixed(&self, sql_type: &SqlType) -> bool {
        self.sql_type == *sql_type && matches!(self.shape, Shape::Fixed(_))
    }
}

impl SqlType {
    /// How this server writes values of the type.
    fn shape(&self) -> Shape {
        match self {
            Self::NVarChar(None) | Self::VarChar(None) | Self::VarBinary(None) | Self::Xml => Shape::Chunks,
            Self::Opaque(info) => match info.first() {
                Some(&code::VARIANT) => Shape::LongLength,
                _ => Shape::ByteLength,
            },
            _ if self.string_length().is_some() => Shape::ShortLength,
            _ => Shape::ByteLength,
        }
    }

    /// Reads back what `Datum::encode` wrote.
    pub(in crate::sql_server) fn decode(&self, reader: &mut Reader<'_>) -> Result<Datum, Malformed> {
        datum(self, self.shape(), reader)
    }

    /// The same for a value that stands without its length.
    pub(in crate::sql_server) fn decode_content(&self, content: &[u8]) -> Result<Datum, Malformed> {
        datum(self, Shape::Fixed(content.len()), &mut Reader::new(content))
    }

    /// Passes over it.
    pub(in crate::sql_server) fn skip(&self, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        skip(self.shape(), reader)
    }

    /// The code and the width of values where none is NULL.
    pub(in crate::sql_server) fn fixed(&self) -> Option<(u8, usize)> {
        let mut fixed = FIXED_TYPES.iter().filter(|(.., sql_type)| sql_type == self);
        fixed.next().map(|(code, width, _)| (*code, *width))
    }
}

impl Value {
    /// Reads TYPE_INFO and the value that follows it.
    pub(in crate::sql_server) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let info = TypeInfo::read(reader)?;
        let datum = info.datum(reader)?;
        Ok(Self {
            sql_type: info.sql_type,
            datum,
        })
    }
}

fn datum(sql_type: &SqlType, shape: Shape, reader: &mut Reader<'_>) -> Result<Datum, Malformed> {
    let chunks;
    let content = if let Shape::Chunks = shape {
        match read_chunks(reader)? {
            None => return Ok(Datum::Null),
            Some(content) => {
                chunks = content;
                chunks.as_slice()
            }
        }
    } else {
        match read_content(shape, reader)? {
            None => return Ok(Datum::Null),
            Some(content) => content,
        }
    };
    Ok(match sql_type {
        SqlType::Xml => {
            const BYTE_ORDER_MARK: u16 = 0xFEFF;
            let mut units = units_of(content);
            if units.first() == Some(&BYTE_ORDER_MARK) {
                units.remove(0);
            }
            Datum::Text(units)
        }
        _ if sql_type.is_national() => Datum::Text(units_of(content)),
        _ if sql_type.is_text() => Datum::Text(
            content
                .iter()
                .copied()
                .map(super::convert::from_code_page)
                .collect(),
        ),
        _ if sql_type.is_binary() => Datum::Bytes(content.to_vec()),
        SqlType::Real | SqlType::Float => float(content)?,
        SqlType::Decimal { .. } => decimal(content)?,
        SqlType::Money | SqlType::SmallMoney => money(content)?,
        SqlType::TinyInt | SqlType::Bit => Datum::Integer(content.first().copied().unwrap_or(0).into()),
        SqlType::Guid => Datum::Guid(
            content
                .try_into()
                .map_err(|_| Malformed(format!("uniqueidentifier of {} bytes", content.len())))?,
        ),
        _ if sql_type.is_date_or_time() => Datum::Moment(Moment::decode(sql_type, content)?),
        _ => integer(content)?,
    })
}

/// The rest of TYPE_INFO; the type is `None` where the stand-in only hands values back.
fn read_type(type_code: u8, reader: &mut Reader<'_>) -> Result<(Shape, Option<SqlType>), Malformed> {
    if let Some((_, width, sql_type)) = FIXED_TYPES.iter().find(|(code, ..)| *code == type_code) {
        return Ok((Shape::Fixed(*width), Some(sql_type.clone())));
    }
    Ok(match type_code {
        code::INT_N => (Shape::ByteLength, Some(integer_type(reader.u8()?))),
        code::BIT_N => {
            reader.u8()?;
            (Shape::ByteLength, Some(SqlType::Bit))
        }
        code::FLOAT_N => {
            let sql_type = if reader.u8()? == 4 {
                SqlType::Real
            } else {
                SqlType::Float
            };
            (Shape::ByteLength, Some(sql_type))
        }
        code::DECIMAL_N | code::NUMERIC_N => {
            reader.u8()?;
            let (precision, scale) = (reader.u8()?, reader.u8()?);
            (Shape::ByteLength, Some(SqlType::Decimal { precision, scale }))
        }
        code::GUID => {
            reader.u8()?;
            (Shape::ByteLength, Some(SqlType::Guid))
        }
        code::MONEY_N => {
            let sql_type = if reader.u8()? == 4 {
                SqlType::SmallMoney
            } else {
                SqlType::Money
            };
            (Shape::ByteLength, Some(sql_type))
        }
        code::DATETIME_N => {
            let sql_type = if reader.u8()? == 4 {
                SqlType::SmallDateTime
            } else {
                SqlType::DateTime
            };
            (Shape::ByteLength, Some(sql_type))
        }
        code::TIME => (Shape::ByteLength, Some(SqlType::Time(scale(reader)?))),
        code::DATETIME2 => (Shape::ByteLength, Some(SqlType::DateTime2(scale(reader)?))),
        code::DATETIME_OFFSET => (Shape::ByteLength, Some(SqlType::DateTimeOffset(scale(reader)?))),
        code::DATE => (Shape::ByteLength, Some(SqlType::Date)),
        code::NVARCHAR | code::NCHAR | code::VARCHAR | code::CHAR => {
            let length = declared_length(reader)?;
            reader.bytes(5)?;
            let sql_type = match (type_code, length) {
                (code::NCHAR, Some(length)) => SqlType::NChar(length),
                (code::CHAR, Some(length)) => SqlType::Char(length),
                (code::NVARCHAR | code::NCHAR, _) => SqlType::NVarChar(length),
                _ => SqlType::VarChar(length),
            };
            (string_shape(length), Some(sql_type))
        }
        code::VARBINARY | code::BINARY => {
            let length = declared_length(reader)?;
            let sql_type = match (type_code, length) {
                (code::BINARY, Some(length)) => SqlType::Binary(length),
                _ => SqlType::VarBinary(length),
            };
            (string_shape(length), Some(sql_type))
        }
        // Driver 18.6 sends the text of sp_prepare as ntext.
        code::NTEXT | code::TEXT => {
            reader.u32()?;
            reader.bytes(5)?;
            let sql_type = if type_code == code::NTEXT {
                SqlType::NVarChar(None)
            } else {
                SqlType::VarChar(None)
            };
            (Shape::LongOrNull, Some(sql_type))
        }
        code::IMAGE => {
            reader.u32()?;
            (Shape::LongOrNull, Some(SqlType::VarBinary(None)))
        }
        code::VARIANT => {
            reader.u32()?;
            (Shape::LongLength, None)
        }
        code::XML => {
            if reader.u8()? != 0 {
                reader.b_varchar()?;
                reader.b_varchar()?;
                reader.us_varchar()?;
            }
            (Shape::Chunks, Some(SqlType::Xml))
        }
        other => return Err(Malformed(format!("parameter of type {other:#04x}"))),
    })
}

/// Types without NULL, which say nothing but their code; with the width of their values.
const FIXED_TYPES: [(u8, usize, SqlType); 11] = [
    (0x30, 1, SqlType::TinyInt),
    (0x32, 1, SqlType::Bit),
    (0x34, 2, SqlType::SmallInt),
    (0x38, 4, SqlType::Int),
    (0x7F, 8, SqlType::BigInt),
    (0x3B, 4, SqlType::Real),
    (0x3E, 8, SqlType::Float),
    (0x3A, 4, SqlType::SmallDateTime),
    (0x3D, 8, SqlType::DateTime),
    (0x7A, 4, SqlType::SmallMoney),
    (0x3C, 8, SqlType::Money),
];

fn integer_type(length: u8) -> SqlType {
    match length {
        1 => SqlType::TinyInt,
        2 => SqlType::SmallInt,
        4 => SqlType::Int,
        _ => SqlType::BigInt,
    }
}

fn declared_length(reader: &mut Reader<'_>) -> Result<Option<usize>, Malformed> {
    let length = reader.u16()?;
    Ok((length != super::UNBOUNDED).then_some(usize::from(length)))
}

fn string_shape(length: Option<usize>) -> Shape {
    if length.is_some() {
        Shape::ShortLength
    } else {
        Shape::Chunks
    }
}

fn scale(reader: &mut Reader<'_>) -> Result<u8, Malformed> {
    match reader.u8()? {
        scale @ 0..=7 => Ok(scale),
        other => Err(Malformed(format!("scale {other}"))),
    }
}

fn read_content<'a>(shape: Shape, reader: &mut Reader<'a>) -> Result<Option<&'a [u8]>, Malformed> {
    let length = match shape {
        Shape::Fixed(length) => length,
        Shape::ByteLength => match reader.u8()? {
            0 => return Ok(None),
            length => usize::from(length),
        },
        Shape::ShortLength => match reader.u16()? {
            u16::MAX => return Ok(None),
            length => usize::from(length),
        },
        Shape::LongLength | Shape::Chunks => match reader.length()? {
            0 => return Ok(None),
            length => length,
        },
        Shape::LongOrNull => match reader.u32()? {
            u32::MAX => return Ok(None),
            length => usize::try_from(length).unwrap_or(usize::MAX),
        },
    };
    reader.bytes(length).map(Some)
}

fn skip(shape: Shape, reader: &mut Reader<'_>) -> Result<(), Malformed> {
    if let Shape::Chunks = shape {
        if reader.u64()? == u64::MAX {
            return Ok(());
        }
        while read_content(shape, reader)?.is_some() {}
        return Ok(());
    }
    read_content(shape, reader).map(|_| ())
}

fn read_chunks(reader: &mut Reader<'_>) -> Result<Option<Vec<u8>>, Malformed> {
    // The total may be unknown (0xFF…FE): the chunks say it anyway.
    if reader.u64()? == u64::MAX {
        return Ok(None);
    }
    let mut content = Vec::new();
    while let Some(chunk) = read_content(Shape::Chunks, reader)? {
        content.put(chunk);
    }
    Ok(Some(content))
}

fn integer(content: &[u8]) -> Result<Datum, Malformed> {
    let value = match content.len() {
        2 => content.try_into().map(i16::from_le_bytes).map(i64::from),
        4 => content.try_into().map(i32::from_le_bytes).map(i64::from),
        _ => content.try_into().map(i64::from_le_bytes),
    };
    value
        .map(Datum::Integer)
        .map_err(|_| Malformed(format!("integer of {} bytes", content.len())))
}

fn float(content: &[u8]) -> Result<Datum, Malformed> {
    let value = match content.len() {
        4 => content.try_into().map(f32::from_le_bytes).map(f64::from),
        _ => content.try_into().map(f64::from_le_bytes),
    };
    value
        .map(Datum::Float)
        .map_err(|_| Malformed(format!("float of {} bytes", content.len())))
}

/// The upper half comes first.
fn money(content: &[u8]) -> Result<Datum, Malformed> {
    let value = match content.len() {
        4 => content.try_into().map(i32::from_le_bytes).map(i128::from),
        _ => content
            .try_into()
            .map(|bytes| i128::from(u64::from_le_bytes(bytes).rotate_left(32).cast_signed())),
    };
    value
        .map(Datum::Decimal)
        .map_err(|_| Malformed(format!("money of {} bytes", content.len())))
}

fn decimal(content: &[u8]) -> Result<Datum, Malformed> {
    let (sign, digits) = content
        .split_first()
        .ok_or_else(|| Malformed("empty decimal".into()))?;
    let mut magnitude = [0; 16];
    magnitude
        .get_mut(..digits.len())
        .ok_or_else(|| Malformed("decimal of more than 16 bytes".into()))?
        .copy_from_slice(digits);
    let magnitude = i128::from_le_bytes(magnitude);
    Ok(Datum::Decimal(if *sign == 0 { -magnitude } else { magnitude }))
}
