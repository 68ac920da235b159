//! Stored tables as `SQLTables`, `SQLColumns` and `SQLPrimaryKeys` ask for them.

use std::sync::Arc;

use super::{result, small, sysname, text};
use crate::sql_server::sql::functions::Facts;
use crate::sql_server::sql::like;
use crate::sql_server::sql::tables::Shape;
use crate::sql_server::storage::{Column, Table};
use crate::sql_server::value::{SqlType, Value};

/// A pattern of names; NULL fits all.
fn fits(given: &[(String, Value)], at: usize, name: &str) -> bool {
    let pattern = given.get(at).and_then(|(_, value)| value.text());
    pattern.is_none_or(|pattern| like(name, &pattern, Some('\\')))
}

/// Those whose name, schema and database fit the first three arguments.
fn fitting(given: &[(String, Value)], facts: &Facts) -> Vec<Arc<Table>> {
    let mut tables = facts.view.tables(&facts.database);
    tables.retain(|table| {
        fits(given, 0, &table.name) && fits(given, 1, &table.schema) && fits(given, 2, &table.database)
    });
    tables
}

fn names(table: &Table) -> Vec<Value> {
    [&table.database, &table.schema, &table.name]
        .map(|name| Value::sysname(name))
        .into()
}

const NAMES: [&str; 3] = ["TABLE_QUALIFIER", "TABLE_OWNER", "TABLE_NAME"];

fn with_names(more: &[(&str, SqlType)]) -> Vec<(String, SqlType)> {
    let names = NAMES.iter().map(|name| ((*name).to_owned(), sysname()));
    let more = more
        .iter()
        .map(|(name, sql_type)| ((*name).to_owned(), sql_type.clone()));
    names.chain(more).collect()
}

pub(super) fn tables(given: &[(String, Value)], facts: &Facts, out: &mut Vec<u8>) {
    let kinds = given.get(3).and_then(|(_, value)| value.text());
    // 'TABLE','VIEW'
    let wanted = kinds.is_none_or(|kinds| kinds.is_empty() || kinds.contains("'TABLE'") || kinds == "%");
    let mut rows = Vec::new();
    if wanted {
        for table in fitting(given, facts) {
            let kind = text(Some("TABLE"));
            rows.push(
                [
                    names(&table),
                    vec![kind, Value::null(SqlType::VarChar(Some(254)))],
                ]
                .concat(),
            );
        }
    }
    let columns = with_names(&[
        ("TABLE_TYPE", SqlType::VarChar(Some(32))),
        ("REMARKS", SqlType::VarChar(Some(254))),
    ]);
    result(&columns, &rows, out);
}

pub(super) fn primary_keys(given: &[(String, Value)], facts: &Facts, out: &mut Vec<u8>) {
    let mut rows = Vec::new();
    for table in fitting(given, facts) {
        let Some(key) = &table.key else {
            continue;
        };
        for (place, sequence) in key.columns.iter().zip(1..) {
            let column = table.columns.get(*place).map_or("", |column| &column.name);
            let rest = vec![
                Value::sysname(column),
                small(Some(sequence)),
                Value::sysname(&key.name),
            ];
            rows.push([names(&table), rest].concat());
        }
    }
    let columns = with_names(&[
        ("COLUMN_NAME", sysname()),
        ("KEY_SEQ", SqlType::SmallInt),
        ("PK_NAME", sysname()),
    ]);
    result(&columns, &rows, out);
}

pub(super) fn columns(given: &[(String, Value)], facts: &Facts, out: &mut Vec<u8>) {
    let mut rows = Vec::new();
    for table in fitting(given, facts) {
        for (column, place) in table.columns.iter().zip(1..) {
            if fits(given, 3, &column.name) {
                rows.push([names(&table), described(column, place)].concat());
            }
        }
    }
    let columns = with_names(&[
        ("COLUMN_NAME", sysname()),
        ("DATA_TYPE", SqlType::SmallInt),
        ("TYPE_NAME", sysname()),
        ("PRECISION", SqlType::Int),
        ("LENGTH", SqlType::Int),
        ("SCALE", SqlType::SmallInt),
        ("RADIX", SqlType::SmallInt),
        ("NULLABLE", SqlType::SmallInt),
        ("REMARKS", SqlType::VarChar(Some(32))),
        ("COLUMN_DEF", SqlType::VarChar(Some(32))),
        ("SQL_DATA_TYPE", SqlType::SmallInt),
        ("SQL_DATETIME_SUB", SqlType::SmallInt),
        ("CHAR_OCTET_LENGTH", SqlType::Int),
        ("ORDINAL_POSITION", SqlType::Int),
        ("IS_NULLABLE", SqlType::VarChar(Some(32))),
        ("SS_IS_SPARSE", SqlType::SmallInt),
        ("SS_IS_COLUMN_SET", SqlType::SmallInt),
        ("SS_IS_COMPUTED", SqlType::SmallInt),
        ("SS_IS_IDENTITY", SqlType::SmallInt),
        ("SS_UDT_CATALOG_NAME", sysname()),
        ("SS_UDT_SCHEMA_NAME", sysname()),
        ("SS_UDT_ASSEMBLY_TYPE_NAME", sysname()),
        ("SS_XML_SCHEMACOLLECTION_CATALOG_NAME", sysname()),
        ("SS_XML_SCHEMACOLLECTION_SCHEMA_NAME", sysname()),
        ("SS_XML_SCHEMACOLLECTION_NAME", sysname()),
        ("SS_DATA_TYPE", SqlType::TinyInt),
    ]);
    result(&columns, &rows, out);
}

/// A row about a column, from the column's name on.
fn described(column: &Column, place: i32) -> Vec<Value> {
    let sql_type = &column.sql_type;
    let shape = Shape::of(sql_type);
    let is_string = sql_type.is_text() || sql_type.is_binary();
    // 0 is max.
    let length = shape.length.max(0);
    let precision = match sql_type {
        _ if sql_type.is_national() => length / 2,
        _ if is_string => length,
        _ => shape.precision,
    };
    let is_number = sql_type.is_decimal() || sql_type.is_integer();
    let scaled = is_number || sql_type.is_date_or_time();
    let (data_type, verbose, sub) = odbc_type(sql_type);
    let none = || Value::null(sysname());
    vec![
        Value::sysname(&column.name),
        small(Some(data_type)),
        Value::sysname(&sql_type.base_name()),
        Value::int(precision),
        Value::int(length),
        small(scaled.then_some(i16::from(sql_type.scale()))),
        small(is_number.then_some(10)),
        small(Some(column.nullable.into())),
        text(None),
        text(None),
        small(Some(verbose)),
        small(sub),
        if is_string {
            Value::int(length)
        } else {
            Value::null(SqlType::Int)
        },
        Value::int(place),
        text(Some(if column.nullable { "YES" } else { "NO" })),
        small(Some(0)),
        small(Some(0)),
        small(Some(0)),
        small(Some(column.identity.into())),
        none(),
        none(),
        none(),
        none(),
        none(),
        none(),
        Value {
            sql_type: SqlType::TinyInt,
            ..Value::int(shape.type_id)
        },
    ]
}

/// The type as ODBC numbers it, without and with the kind of date apart, and that kind.
fn odbc_type(sql_type: &SqlType) -> (i16, i16, Option<i16>) {
    const DATETIME: i16 = 9;
    let plain = |code| (code, code, None);
    match sql_type {
        SqlType::Bit => plain(-7),
        SqlType::TinyInt => plain(-6),
        SqlType::SmallInt => plain(5),
        SqlType::Int => plain(4),
        SqlType::BigInt => plain(-5),
        SqlType::Real => plain(7),
        SqlType::Float => plain(6),
        SqlType::Decimal { .. } => plain(2),
        SqlType::Money | SqlType::SmallMoney => plain(3),
        SqlType::Char(_) => plain(1),
        SqlType::VarChar(_) => plain(12),
        SqlType::NChar(_) => plain(-8),
        SqlType::NVarChar(_) => plain(-9),
        SqlType::Binary(_) | SqlType::RowVersion => plain(-2),
        SqlType::VarBinary(_) => plain(-3),
        SqlType::Date => (91, DATETIME, Some(1)),
        SqlType::Time(_) => (-154, -154, Some(0)),
        SqlType::SmallDateTime | SqlType::DateTime | SqlType::DateTime2(_) => (93, DATETIME, Some(3)),
        SqlType::DateTimeOffset(_) => (-155, -155, Some(0)),
        SqlType::Guid => plain(-11),
        SqlType::Xml => plain(-152),
        SqlType::Opaque(_) => plain(-150),
    }
}
