//! Parameters: TYPE_INFO and the value behind it, read from a request.

use super::{Datum, SqlType, Value, code};
use crate::sql_server::wire::{Malformed, Put, Reader, units_of};

/// How a type writes its values.
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

impl Value {
    /// Reads TYPE_INFO and the value that follows it.
    pub(in crate::sql_server) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let before = reader.rest();
        let type_code = reader.u8()?;
        let (shape, known) = read_type(type_code, reader)?;
        let info_length = before.len() - reader.remaining();
        let info = before.get(..info_length).unwrap_or_default().to_vec();

        let before = reader.rest();
        let content = read_content(&shape, reader)?;
        let raw_length = before.len() - reader.remaining();
        let raw = before.get(..raw_length).unwrap_or_default().to_vec();

        let Some(sql_type) = known else {
            return Ok(Self {
                sql_type: SqlType::Opaque(info),
                datum: Datum::Raw(raw),
            });
        };
        let datum = match (&sql_type, content) {
            (_, None) => Datum::Null,
            (SqlType::NVarChar(_), Some(content)) => Datum::Text(units_of(&content)),
            (SqlType::VarChar(_), Some(content)) => Datum::Text(
                content
                    .iter()
                    .copied()
                    .map(super::convert::from_code_page)
                    .collect(),
            ),
            (SqlType::VarBinary(_), Some(content)) => Datum::Bytes(content),
            (SqlType::Real | SqlType::Float, Some(content)) => float(&content)?,
            (SqlType::Decimal { .. }, Some(content)) => decimal(&content)?,
            (SqlType::TinyInt | SqlType::Bit, Some(content)) => {
                Datum::Integer(content.first().copied().unwrap_or(0).into())
            }
            (_, Some(content)) => integer(&content)?,
        };
        Ok(Self { sql_type, datum })
    }
}

/// The rest of TYPE_INFO; the type is `None` where the stand-in only hands values back.
fn read_type(type_code: u8, reader: &mut Reader<'_>) -> Result<(Shape, Option<SqlType>), Malformed> {
    Ok(match type_code {
        0x30 => (Shape::Fixed(1), Some(SqlType::TinyInt)),
        0x32 => (Shape::Fixed(1), Some(SqlType::Bit)),
        0x34 => (Shape::Fixed(2), Some(SqlType::SmallInt)),
        0x38 => (Shape::Fixed(4), Some(SqlType::Int)),
        0x7F => (Shape::Fixed(8), Some(SqlType::BigInt)),
        0x3B => (Shape::Fixed(4), Some(SqlType::Real)),
        0x3E => (Shape::Fixed(8), Some(SqlType::Float)),
        0x3A | 0x7A => (Shape::Fixed(4), None),
        0x3C | 0x3D => (Shape::Fixed(8), None),
        code::INT_N => {
            let sql_type = match reader.u8()? {
                1 => SqlType::TinyInt,
                2 => SqlType::SmallInt,
                4 => SqlType::Int,
                _ => SqlType::BigInt,
            };
            (Shape::ByteLength, Some(sql_type))
        }
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
        code::GUID
        | code::MONEY_N
        | code::DATETIME_N
        | code::TIME
        | code::DATETIME2
        | code::DATETIME_OFFSET => {
            reader.u8()?;
            (Shape::ByteLength, None)
        }
        code::DATE => (Shape::ByteLength, None),
        code::NVARCHAR | code::NCHAR | code::VARCHAR | code::CHAR => {
            let length = declared_length(reader)?;
            reader.bytes(5)?;
            let sql_type = match type_code {
                code::NVARCHAR | code::NCHAR => SqlType::NVarChar(length),
                _ => SqlType::VarChar(length),
            };
            (string_shape(length), Some(sql_type))
        }
        code::VARBINARY | code::BINARY => {
            let length = declared_length(reader)?;
            (string_shape(length), Some(SqlType::VarBinary(length)))
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
            (Shape::Chunks, None)
        }
        other => return Err(Malformed(format!("parameter of type {other:#04x}"))),
    })
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

fn read_content(shape: &Shape, reader: &mut Reader<'_>) -> Result<Option<Vec<u8>>, Malformed> {
    let length = match shape {
        Shape::Fixed(length) => *length,
        Shape::ByteLength => match reader.u8()? {
            0 => return Ok(None),
            length => usize::from(length),
        },
        Shape::ShortLength => match reader.u16()? {
            u16::MAX => return Ok(None),
            length => usize::from(length),
        },
        Shape::LongLength => match reader.length()? {
            0 => return Ok(None),
            length => length,
        },
        Shape::LongOrNull => match reader.u32()? {
            u32::MAX => return Ok(None),
            length => usize::try_from(length).unwrap_or(usize::MAX),
        },
        Shape::Chunks => return read_chunks(reader),
    };
    Ok(Some(reader.bytes(length)?.to_vec()))
}

fn read_chunks(reader: &mut Reader<'_>) -> Result<Option<Vec<u8>>, Malformed> {
    // The total may be unknown (0xFF…FE): the chunks say it anyway.
    if reader.u64()? == u64::MAX {
        return Ok(None);
    }
    let mut content = Vec::new();
    loop {
        match reader.length()? {
            0 => return Ok(Some(content)),
            length => content.put(reader.bytes(length)?),
        }
    }
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
