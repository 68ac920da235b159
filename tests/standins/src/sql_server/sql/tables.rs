//! The tables that are always there: two endless ones for row streams, and the catalogue views that libraries look at.

mod catalogue;

pub(in crate::sql_server) use catalogue::Shape;

use super::functions::Facts;
use super::query::Base;
use super::syntax::ObjectName;
use crate::sql_server::storage::Column;
use crate::sql_server::tokens::SqlError;
use crate::sql_server::value::{SqlType, Value};

/// Rows without a `TOP` or an argument.
const DEFAULT_LENGTH: i32 = 1_000_000;
/// Longest name in `pairs`, in bytes.
pub(in crate::sql_server) const NAME_LENGTH: usize = 64;

pub(in crate::sql_server) struct Found {
    pub(in crate::sql_server) columns: Vec<Column>,
    pub(in crate::sql_server) base: Base,
    /// As long as TOP says.
    pub(in crate::sql_server) endless: bool,
}

impl Found {
    fn rows(columns: Vec<(&str, SqlType)>, rows: Vec<Vec<Value>>) -> Self {
        let columns = columns.into_iter();
        Self {
            columns: columns
                .map(|(name, sql_type)| Column::nullable(name, sql_type))
                .collect(),
            base: Base::Rows(rows),
            endless: false,
        }
    }
}

/// The name in row `id` of `pairs`.
pub(in crate::sql_server) fn pair_name(id: i32) -> String {
    format!("row {id}")
}

/// That row.
pub(in crate::sql_server) fn pair(id: i32) -> Vec<Value> {
    let name = Value {
        sql_type: SqlType::NVarChar(Some(NAME_LENGTH)),
        ..Value::nvarchar(&pair_name(id))
    };
    vec![Value::int(id), name]
}

pub(in crate::sql_server) fn find(
    name: &ObjectName,
    arguments: &[Value],
    facts: &Facts,
) -> Result<Found, SqlError> {
    let schema = name.schema().map(str::to_lowercase);
    let last = name.last().to_lowercase();
    let found = match (schema.as_deref(), last.as_str()) {
        (None | Some("standin"), "ints") => Some(Found {
            columns: vec![Column::nullable("n", SqlType::Int)],
            base: Base::Ints(1, length(arguments)?),
            endless: arguments.is_empty(),
        }),
        (None | Some("standin"), "pairs") => Some(Found {
            columns: vec![
                Column::nullable("id", SqlType::Int),
                Column::nullable("name", SqlType::NVarChar(Some(NAME_LENGTH))),
            ],
            base: Base::Pairs(1, length(arguments)?),
            endless: arguments.is_empty(),
        }),
        (None | Some("sys"), "fn_listextendedproperty") => {
            Some(Found::rows(vec![("name", name_type())], Vec::new()))
        }
        (Some("sys"), view) => catalogue::sys(view, facts)?,
        (Some("information_schema"), view) => catalogue::information_schema(view, facts),
        _ => None,
    };
    found.ok_or_else(|| invalid_object(name))
}

pub(in crate::sql_server) fn invalid_object(name: &ObjectName) -> SqlError {
    SqlError::new(208, format!("Invalid object name '{}'.", name.written()))
}

/// How many rows an endless table is to have.
fn length(arguments: &[Value]) -> Result<i32, SqlError> {
    let Some(argument) = arguments.first() else {
        return Ok(DEFAULT_LENGTH);
    };
    let length = argument.clone().cast(&SqlType::Int)?.as_integer();
    Ok(length.and_then(|length| i32::try_from(length).ok()).unwrap_or(0))
}

fn name_type() -> SqlType {
    SqlType::NVarChar(Some(256))
}
