//! The rows of a query, one event each.

use odbc_api::{Connection, Cursor, DataType, Error, ResultSetMetadata};
use serde_json::{Value, json};
use std::io;

/// What went wrong.
pub enum Trouble {
    /// The query.
    Odbc(Error),
    /// Telling of it.
    Io(io::Error),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Odbc(error)
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Runs a query and tells of its first result.
///
/// Value by value, so that the longest comes whole: this is for looking at a result, not for moving a database.
pub fn tell(connection: &Connection<'_>, query: &str) -> Result<(), Trouble> {
    let Some(mut cursor) = connection.execute(query, (), None)? else {
        crate::tell(&json!({ "event": "columns", "columns": [] }))?;
        return Ok(());
    };
    let columns = columns(&mut cursor)?;
    let shown: Vec<_> = columns
        .iter()
        .map(|(name, is_number)| json!({ "name": name, "number": is_number }))
        .collect();
    crate::tell(&json!({ "event": "columns", "columns": shown }))?;
    let mut text = Vec::new();
    while let Some(mut row) = cursor.next_row()? {
        let mut values = Vec::with_capacity(columns.len());
        for at in 1..=u16::try_from(columns.len()).unwrap_or(u16::MAX) {
            let is_value = row.get_wide_text(at, &mut text)?;
            values.push(is_value.then(|| String::from_utf16_lossy(&text)));
        }
        crate::tell(
            &json!({ "event": "row", "values": values.into_iter().map(Value::from).collect::<Vec<_>>() }),
        )?;
    }
    Ok(())
}

/// Their names, and whether they hold numbers that JSON can hold as well.
fn columns(cursor: &mut impl ResultSetMetadata) -> Result<Vec<(String, bool)>, Error> {
    let count = u16::try_from(cursor.num_result_cols()?).unwrap_or(0);
    (1..=count)
        .map(|at| {
            let is_number = matches!(
                cursor.col_data_type(at)?,
                DataType::TinyInt
                    | DataType::SmallInt
                    | DataType::Integer
                    | DataType::BigInt
                    | DataType::Real
                    | DataType::Double
                    | DataType::Float { .. }
            );
            Ok((cursor.col_name(at)?, is_number))
        })
        .collect()
}
