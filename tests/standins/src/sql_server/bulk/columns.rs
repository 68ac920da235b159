//! What a bulk load brings for each column: COLMETADATA, and where values are in a row.

use crate::sql_server::change::Target;
use crate::sql_server::storage::{Column, Table};
use crate::sql_server::tokens::SqlError;
use crate::sql_server::value::read::TypeInfo;
use crate::sql_server::value::{SqlType, Value};
use crate::sql_server::wire::{Malformed, Reader};

const COLUMN_METADATA: u8 = 0x81;
const NO_METADATA: u16 = 0xFFFF;

pub(super) struct BulkColumns {
    pub(super) columns: Vec<BulkColumn>,
    /// For each column of the table, which of these it is; `None` where rows need more than that.
    ///
    /// Driver 18.6 moves columns of type `max` to the end.
    pub(super) order: Option<Vec<usize>>,
}

pub(super) struct BulkColumn {
    info: TypeInfo,
    copied: Copied,
}

/// Which bytes of a value are kept as they come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Copied {
    All,
    /// All but the length, which the table's column does without.
    Content,
    /// None: the value is read and written anew.
    Nothing,
}

impl BulkColumns {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let token = reader.u8()?;
        if token != COLUMN_METADATA {
            return Err(Malformed(format!(
                "token {token:#04x} at the start of a bulk load"
            )));
        }
        let mut columns = Vec::new();
        let count = reader.u16()?;
        for _ in 0..if count == NO_METADATA { 0 } else { count } {
            let _user_type = reader.u32()?;
            let _flags = reader.u16()?;
            let info = TypeInfo::read(reader)?;
            if info.names_table() {
                let _table = reader.us_varchar()?;
            }
            let _name = reader.b_varchar()?;
            columns.push(BulkColumn {
                info,
                copied: Copied::Nothing,
            });
        }
        Ok(Self { columns, order: None })
    }

    pub(super) fn check(&self, announced: usize) -> Result<(), SqlError> {
        if let Some(at) = self
            .columns
            .iter()
            .position(|column| matches!(column.info.sql_type, SqlType::Opaque(_)))
        {
            let text = format!("Invalid column type from bcp client for colid {}.", at + 1);
            return Err(SqlError::new(4816, text));
        }
        if self.columns.len() != announced {
            let text = format!(
                "Bulk load: the stream has {} columns, and INSERT BULK names {announced}.",
                self.columns.len()
            );
            return Err(SqlError::new(4819, text));
        }
        Ok(())
    }

    /// Decides which values can be kept as they come.
    pub(super) fn planned(mut self, target: &Target, table: &Table) -> Self {
        let places = target.places();
        let simple =
            table.key.is_none() && table.identity.is_none() && table.defaults.iter().all(Option::is_none);
        if simple {
            let columns = 0..table.columns.len();
            self.order = columns
                .map(|column| places.iter().position(|place| *place == column))
                .collect();
        }
        for (column, place) in self.columns.iter_mut().zip(places) {
            if let Some(stored) = table.columns.get(*place) {
                column.copied = copied(&column.info, stored);
            }
        }
        self
    }

    /// The bytes of each value of a row, none where it is NULL; an error if the row is not complete.
    pub(super) fn split<'a>(
        &self,
        with_nulls: bool,
        reader: &mut Reader<'a>,
    ) -> Result<Vec<Option<&'a [u8]>>, Malformed> {
        let nulls = if with_nulls {
            reader.bytes(self.columns.len().div_ceil(8))?
        } else {
            &[]
        };
        let mut values = Vec::with_capacity(self.columns.len());
        for (column, at) in self.columns.iter().zip(0..) {
            let bits = nulls.get(at / 8).copied().unwrap_or_default();
            if bits >> (at % 8) & 1 == 1 {
                values.push(None);
                continue;
            }
            let before = reader.rest();
            column.info.skip(reader)?;
            let length = before.len() - reader.remaining();
            values.push(before.get(..length));
        }
        Ok(values)
    }
}

/// Strings of fixed length may come without their padding, and dates are checked.
fn copied(info: &TypeInfo, stored: &Column) -> Copied {
    let sql_type = &stored.sql_type;
    let checked = sql_type.is_date_or_time()
        || matches!(
            sql_type,
            SqlType::Char(_) | SqlType::NChar(_) | SqlType::Binary(_) | SqlType::RowVersion | SqlType::Xml
        );
    match stored.fixed() {
        _ if checked => Copied::Nothing,
        Some(_) if info.is_fixed(sql_type) => Copied::All,
        Some(_) if info.is_written_as(sql_type) => Copied::Content,
        None if info.is_written_as(sql_type) => Copied::All,
        _ => Copied::Nothing,
    }
}

impl BulkColumn {
    /// What of these bytes can be kept as it is, if it can.
    pub(super) fn kept<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        const LENGTH: usize = 2;
        if self.copied == Copied::Nothing || self.info.is_null(bytes) {
            return None;
        }
        let longest = self.info.sql_type.string_length();
        if longest.is_some_and(|longest| bytes.len() > LENGTH + longest) {
            return None;
        }
        match self.copied {
            Copied::Content => bytes.get(1..),
            _ => Some(bytes),
        }
    }

    pub(super) fn value(&self, bytes: Option<&[u8]>) -> Result<Value, SqlError> {
        let sql_type = &self.info.sql_type;
        let Some(bytes) = bytes else {
            return Ok(Value::null(sql_type.clone()));
        };
        match self.info.datum(&mut Reader::new(bytes)) {
            Ok(datum) => Ok(Value {
                sql_type: sql_type.clone(),
                datum,
            }),
            Err(malformed) => {
                let text = format!("Invalid data from bcp client: {malformed}.");
                Err(SqlError::new(4815, text))
            }
        }
    }
}
