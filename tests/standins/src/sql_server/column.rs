//! A column of a table or of a result, and how rows write its values.

use super::value::{Datum, SqlType};
use super::wire::{Malformed, Put, Reader};

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) sql_type: SqlType,
    pub(super) nullable: bool,
    pub(super) identity: bool,
}

impl Column {
    pub(super) fn nullable(name: impl Into<String>, sql_type: SqlType) -> Self {
        Self {
            name: name.into(),
            sql_type,
            nullable: true,
            identity: false,
        }
    }

    /// The type's code and the width of values where none is NULL and all have one width: they have no length.
    ///
    /// Driver 18.6 tells by the code whether such a column may be NULL, and not by the flag beside it.
    pub(super) fn fixed(&self) -> Option<(u8, usize)> {
        if self.nullable {
            return None;
        }
        self.sql_type.fixed()
    }

    /// TYPE_INFO.
    pub(super) fn encode_type(&self, out: &mut Vec<u8>) {
        match self.fixed() {
            Some((code, _)) => out.put_u8(code),
            None => self.sql_type.encode(out),
        }
    }

    /// A value as it stands in a row.
    pub(super) fn encode(&self, datum: &Datum, out: &mut Vec<u8>) {
        let Some((_, width)) = self.fixed() else {
            datum.encode(&self.sql_type, out);
            return;
        };
        if let Datum::Integer(value) = datum {
            out.put(value.to_le_bytes().get(..width).unwrap_or_default());
            return;
        }
        let start = out.len();
        datum.encode(&self.sql_type, out);
        // The length.
        out.remove(start);
        out.resize(start + width, 0);
    }

    /// Reads it back.
    pub(super) fn decode(&self, reader: &mut Reader<'_>) -> Result<Datum, Malformed> {
        match self.fixed() {
            Some((_, width)) => self.sql_type.decode_content(reader.bytes(width)?),
            None => self.sql_type.decode(reader),
        }
    }

    /// Passes over it.
    pub(super) fn skip(&self, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        match self.fixed() {
            Some((_, width)) => reader.bytes(width).map(|_| ()),
            None => self.sql_type.skip(reader),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]
    use super::*;
    use crate::sql_server::value::{Value, read::TypeInfo};

    #[test]
    fn numbers_that_are_never_null_have_no_length() {
        for (sql_type, text) in [
            (SqlType::Bit, "1"),
            (SqlType::TinyInt, "200"),
            (SqlType::SmallInt, "-2"),
            (SqlType::Int, "-3"),
            (SqlType::BigInt, "-4"),
            (SqlType::Real, "1.5"),
            (SqlType::Float, "2.5"),
            (SqlType::Money, "-1.2500"),
            (SqlType::SmallMoney, "1.2500"),
            (SqlType::DateTime, "2026-01-02"),
            (SqlType::SmallDateTime, "2026-01-02"),
        ] {
            let column = Column {
                nullable: false,
                ..Column::nullable("c", sql_type.clone())
            };
            let value = Value::varchar(text).cast(&sql_type).unwrap();
            let mut bytes = Vec::new();
            column.encode_type(&mut bytes);
            column.encode(&value.datum, &mut bytes);
            let (_, width) = column.fixed().unwrap();
            assert_eq!(bytes.len(), 1 + width, "{sql_type:?}");
            let mut reader = Reader::new(&bytes);
            let info = TypeInfo::read(&mut reader).unwrap();
            assert_eq!(info.sql_type, sql_type);
            assert_eq!(column.decode(&mut reader.clone()).unwrap(), value.datum);
            assert_eq!(info.datum(&mut reader).unwrap(), value.datum);
        }
    }
}
