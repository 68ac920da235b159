//! The events of a query: its columns, then its rows.

use odbc_api::{Connection, Cursor, DataType, Error, ResultSetMetadata};
use serde_json::{Value, json};
use std::io;

/// Why the rows were not all written.
pub enum Failure {
    /// The query failed.
    Odbc(Error),
    /// An event could not be written.
    Io(io::Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Odbc(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Runs a query and emits its first result set.
///
/// Fetches value by value, so that long ones are not truncated: slow, but meant for looking at a result.
pub fn emit_result(connection: &Connection<'_>, query: &str) -> Result<(), Failure> {
    let Some(mut cursor) = connection.execute(query, (), None)? else {
        crate::emit(&json!({ "event": "columns", "columns": [] }))?;
        return Ok(());
    };
    let columns = columns(&mut cursor)?;
    let described: Vec<_> = columns
        .iter()
        .map(|(name, is_number)| json!({ "name": name, "number": is_number }))
        .collect();
    crate::emit(&json!({ "event": "columns", "columns": described }))?;
    let mut text = Vec::new();
    while let Some(mut row) = cursor.next_row()? {
        let mut values = Vec::with_capacity(columns.len());
        for at in 1..=u16::try_from(columns.len()).unwrap_or(u16::MAX) {
            let is_value = row.get_wide_text(at, &mut text)?;
            values.push(is_value.then(|| String::from_utf16_lossy(&text)));
        }
        crate::emit(
            &json!({ "event": "row", "values": values.into_iter().map(Value::from).collect::<Vec<_>>() }),
        )?;
    }
    Ok(())
}

/// The names of the columns, and whether they hold numbers that JSON can represent.
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
