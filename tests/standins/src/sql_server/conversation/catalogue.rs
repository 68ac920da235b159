//! Procedures that ODBC's catalogue functions call.

mod tables;

use crate::sql_server::sql::functions::Facts;
use crate::sql_server::statement::command;
use crate::sql_server::storage::Column;
use crate::sql_server::tokens::{self, DoneKind, SqlError, done};
use crate::sql_server::value::{SqlType, Value};

/// Appends the answer, or says that there is no such procedure.
pub(super) fn answer(
    procedure: &str,
    given: &[(String, Value)],
    facts: &Facts,
    out: &mut Vec<u8>,
) -> Result<(), SqlError> {
    match procedure {
        "sp_datatype_info" | "sp_datatype_info_100" | "sp_datatype_info_90" => {
            let wanted = given
                .first()
                .and_then(|(_, value)| value.as_integer())
                .unwrap_or(0);
            type_info(wanted, out);
        }
        "sp_tables" => tables::tables(given, facts, out),
        "sp_columns" | "sp_columns_90" | "sp_columns_100" | "sp_columns_170" => {
            tables::columns(given, facts, out);
        }
        "sp_pkeys" => tables::primary_keys(given, facts, out),
        "sp_reset_connection" => {}
        _ => {
            let text = format!("Could not find stored procedure '{procedure}'.");
            return Err(SqlError::new(2812, text));
        }
    }
    Ok(())
}

pub(super) fn result(columns: &[(String, SqlType)], rows: &[Vec<Value>], out: &mut Vec<u8>) {
    let columns: Vec<Column> = columns
        .iter()
        .map(|(name, sql_type)| Column::nullable(name.as_str(), sql_type.clone()))
        .collect();
    tokens::columns(out, &columns);
    for row in rows {
        tokens::row(out, &columns, row);
    }
    let count = u64::try_from(rows.len()).unwrap_or(0);
    done(
        out,
        DoneKind::InProcedure,
        done::COUNT | done::MORE,
        command::SELECT,
        count,
    );
}

/// Name, ODBC type, size, prefix and suffix of literals, parameters of CREATE.
type TypeInfo = (
    &'static str,
    i16,
    i32,
    Option<&'static str>,
    Option<&'static str>,
    Option<&'static str>,
);

const TYPES: [TypeInfo; 16] = [
    ("bit", -7, 1, None, None, None),
    ("tinyint", -6, 3, None, None, None),
    ("bigint", -5, 19, None, None, None),
    ("image", -4, i32::MAX, Some("0x"), None, None),
    ("varbinary", -3, 8000, Some("0x"), None, Some("max length")),
    ("binary", -2, 8000, Some("0x"), None, Some("length")),
    ("text", -1, i32::MAX, Some("'"), Some("'"), None),
    ("char", 1, 8000, Some("'"), Some("'"), Some("length")),
    ("numeric", 2, 38, None, None, Some("precision,scale")),
    ("int", 4, 10, None, None, None),
    ("smallint", 5, 5, None, None, None),
    ("float", 6, 53, None, None, None),
    ("varchar", 12, 8000, Some("'"), Some("'"), Some("max length")),
    ("nvarchar", -9, 4000, Some("N'"), Some("'"), Some("max length")),
    ("ntext", -10, 1_073_741_823, Some("N'"), Some("'"), None),
    ("datetime2", 93, 27, Some("'"), Some("'"), Some("scale")),
];

/// `SQLGetTypeInfo`; 0 asks for all types.
fn type_info(wanted: i64, out: &mut Vec<u8>) {
    let rows: Vec<Vec<Value>> = TYPES
        .iter()
        .filter(|(_, odbc_type, ..)| wanted == 0 || i64::from(*odbc_type) == wanted)
        .map(|(name, odbc_type, size, prefix, suffix, parameters)| {
            let is_text = prefix.is_some_and(|prefix| prefix.ends_with('\''));
            vec![
                Value::sysname(name),
                small(Some(*odbc_type)),
                Value::int(*size),
                text(*prefix),
                text(*suffix),
                text(*parameters),
                small(Some(1)),
                small(Some(0)),
                small(Some(3)),
                small((!is_text).then_some(0)),
                small(Some(0)),
                small((!is_text).then_some(0)),
                Value::sysname(name),
                small(None),
                small(None),
                small(Some(*odbc_type)),
                small(None),
                Value::null(SqlType::Int),
                small(None),
                small(None),
            ]
        })
        .collect();
    let names = [
        ("TYPE_NAME", sysname()),
        ("DATA_TYPE", SqlType::SmallInt),
        ("PRECISION", SqlType::Int),
        ("LITERAL_PREFIX", SqlType::VarChar(Some(32))),
        ("LITERAL_SUFFIX", SqlType::VarChar(Some(32))),
        ("CREATE_PARAMS", SqlType::VarChar(Some(32))),
        ("NULLABLE", SqlType::SmallInt),
        ("CASE_SENSITIVE", SqlType::SmallInt),
        ("SEARCHABLE", SqlType::SmallInt),
        ("UNSIGNED_ATTRIBUTE", SqlType::SmallInt),
        ("MONEY", SqlType::SmallInt),
        ("AUTO_INCREMENT", SqlType::SmallInt),
        ("LOCAL_TYPE_NAME", sysname()),
        ("MINIMUM_SCALE", SqlType::SmallInt),
        ("MAXIMUM_SCALE", SqlType::SmallInt),
        ("SQL_DATA_TYPE", SqlType::SmallInt),
        ("SQL_DATETIME_SUB", SqlType::SmallInt),
        ("NUM_PREC_RADIX", SqlType::Int),
        ("INTERVAL_PRECISION", SqlType::SmallInt),
        ("USERTYPE", SqlType::SmallInt),
    ];
    let columns: Vec<_> = names
        .into_iter()
        .map(|(name, sql_type)| (name.to_owned(), sql_type))
        .collect();
    result(&columns, &rows, out);
}

fn small(value: Option<i16>) -> Value {
    Value {
        sql_type: SqlType::SmallInt,
        ..value.map_or_else(
            || Value::null(SqlType::SmallInt),
            |value| Value::int(value.into()),
        )
    }
}

fn text(value: Option<&str>) -> Value {
    match value {
        Some(value) => Value {
            sql_type: SqlType::VarChar(Some(32)),
            ..Value::varchar(value)
        },
        None => Value::null(SqlType::VarChar(Some(32))),
    }
}

fn sysname() -> SqlType {
    SqlType::NVarChar(Some(256))
}
