//! The catalogue views: sys and INFORMATION_SCHEMA.

use std::sync::Arc;

use super::{Found, name_type};
use crate::sql_server::sql::functions::Facts;
use crate::sql_server::storage::{Column, Table};
use crate::sql_server::tokens::SqlError;
use crate::sql_server::value::{Datum, SqlType, Value};

pub(super) fn sys(view: &str, facts: &Facts) -> Result<Option<Found>, SqlError> {
    Ok(Some(match view {
        "databases" => Found::rows(
            vec![("name", name_type()), ("database_id", SqlType::Int)],
            vec![
                vec![Value::sysname("master"), Value::int(1)],
                vec![Value::sysname(&facts.database), Value::int(5)],
            ],
        ),
        "system_views" | "all_views" => Found::rows(
            vec![("name", name_type())],
            vec![vec![Value::sysname("dm_exec_sessions")]],
        ),
        "dm_exec_sessions" => Found::rows(
            vec![
                ("session_id", SqlType::SmallInt),
                ("login_name", name_type()),
                ("original_login_name", name_type()),
                ("host_name", name_type()),
                ("program_name", name_type()),
                ("transaction_isolation_level", SqlType::SmallInt),
            ],
            vec![vec![
                Value::int(facts.spid.into()).cast(&SqlType::SmallInt)?,
                Value::sysname(&facts.login),
                Value::sysname(&facts.login),
                Value::sysname(&facts.host),
                Value::sysname(&facts.app),
                Value::int(facts.isolation.into()).cast(&SqlType::SmallInt)?,
            ]],
        ),
        "dm_exec_connections" => Found::rows(
            vec![
                ("session_id", SqlType::Int),
                ("net_transport", name_type()),
                ("encrypt_option", name_type()),
                ("client_net_address", name_type()),
            ],
            // This server lets nobody in without TLS.
            vec![vec![
                Value::int(facts.spid.into()),
                Value::sysname("TCP"),
                Value::sysname("TRUE"),
                Value::sysname(&facts.client_address),
            ]],
        ),
        "tables" | "objects" | "all_objects" => objects(&stored(facts), facts)?,
        "views" => objects(&[], facts)?,
        "columns" | "all_columns" => columns(facts)?,
        "schemas" => Found::rows(
            vec![("name", name_type()), ("schema_id", SqlType::Int)],
            facts
                .view
                .storage()
                .schemas(&facts.database)
                .into_iter()
                .map(|(id, name)| vec![Value::sysname(&name), Value::int(id)])
                .collect(),
        ),
        "extended_properties" => Found::rows(
            vec![
                ("major_id", SqlType::Int),
                ("minor_id", SqlType::Int),
                ("name", name_type()),
                ("value", name_type()),
            ],
            Vec::new(),
        ),
        _ => return Ok(None),
    }))
}

pub(super) fn information_schema(view: &str, facts: &Facts) -> Option<Found> {
    let names = |table: &Table| {
        vec![
            Value::sysname(&table.database),
            Value::sysname(&table.schema),
            Value::sysname(&table.name),
        ]
    };
    let name_columns = vec![
        ("TABLE_CATALOG", name_type()),
        ("TABLE_SCHEMA", name_type()),
        ("TABLE_NAME", name_type()),
    ];
    match view {
        "tables" => {
            let tables = stored(facts);
            let rows = tables.iter().map(|table| {
                let kind = text(SqlType::VarChar(Some(10)), Some("BASE TABLE"));
                [names(table), vec![kind]].concat()
            });
            let kind = vec![("TABLE_TYPE", SqlType::VarChar(Some(10)))];
            Some(Found::rows([name_columns, kind].concat(), rows.collect()))
        }
        "columns" => {
            let more = vec![
                ("COLUMN_NAME", name_type()),
                ("ORDINAL_POSITION", SqlType::Int),
                ("COLUMN_DEFAULT", SqlType::NVarChar(Some(8000))),
                ("IS_NULLABLE", SqlType::VarChar(Some(3))),
                ("DATA_TYPE", name_type()),
                ("CHARACTER_MAXIMUM_LENGTH", SqlType::Int),
                ("CHARACTER_OCTET_LENGTH", SqlType::Int),
                ("NUMERIC_PRECISION", SqlType::TinyInt),
                ("NUMERIC_SCALE", SqlType::Int),
                ("DATETIME_PRECISION", SqlType::SmallInt),
            ];
            let mut rows = Vec::new();
            for table in stored(facts) {
                for (column, place) in table.columns.iter().zip(1..) {
                    rows.push([names(&table), described(column, place)].concat());
                }
            }
            Some(Found::rows([name_columns, more].concat(), rows))
        }
        _ => None,
    }
}

fn stored(facts: &Facts) -> Vec<Arc<Table>> {
    facts.view.tables(&facts.database)
}

fn text(sql_type: SqlType, value: Option<&str>) -> Value {
    match value {
        Some(value) => Value {
            sql_type,
            ..Value::varchar(value)
        },
        None => Value::null(sql_type),
    }
}

fn number(sql_type: SqlType, value: Option<i32>) -> Value {
    match value {
        Some(value) => Value {
            sql_type,
            ..Value::int(value)
        },
        None => Value::null(sql_type),
    }
}

fn objects(tables: &[Arc<Table>], facts: &Facts) -> Result<Found, SqlError> {
    let rows = tables.iter().map(|table| {
        let created = Value {
            sql_type: SqlType::DateTime2(7),
            datum: Datum::Moment(table.created),
        };
        let created = created.cast(&SqlType::DateTime)?;
        let schema = facts.view.storage().schema_id(&table.database, &table.schema);
        Ok(vec![
            Value::sysname(&table.name),
            Value::int(table.id),
            Value::int(schema.unwrap_or(1)),
            text(SqlType::Char(2), Some("U ")),
            text(SqlType::NVarChar(Some(120)), Some("USER_TABLE")),
            created.clone(),
            created,
            Value::bit(false),
        ])
    });
    Ok(Found::rows(
        vec![
            ("name", name_type()),
            ("object_id", SqlType::Int),
            ("schema_id", SqlType::Int),
            ("type", SqlType::Char(2)),
            ("type_desc", SqlType::NVarChar(Some(120))),
            ("create_date", SqlType::DateTime),
            ("modify_date", SqlType::DateTime),
            ("is_ms_shipped", SqlType::Bit),
        ],
        rows.collect::<Result<_, SqlError>>()?,
    ))
}

fn columns(facts: &Facts) -> Result<Found, SqlError> {
    let mut rows = Vec::new();
    for table in stored(facts) {
        for (column, place) in table.columns.iter().zip(1..) {
            let shape = Shape::of(&column.sql_type);
            rows.push(vec![
                Value::int(table.id),
                Value::sysname(&column.name),
                Value::int(place),
                number(SqlType::TinyInt, Some(shape.type_id)),
                Value::int(shape.type_id),
                Value::int(shape.length).cast(&SqlType::SmallInt)?,
                number(SqlType::TinyInt, Some(shape.precision)),
                number(SqlType::TinyInt, Some(column.sql_type.scale().into())),
                Value::bit(column.nullable),
                Value::bit(column.identity),
                Value::bit(false),
            ]);
        }
    }
    Ok(Found::rows(
        vec![
            ("object_id", SqlType::Int),
            ("name", name_type()),
            ("column_id", SqlType::Int),
            ("system_type_id", SqlType::TinyInt),
            ("user_type_id", SqlType::Int),
            ("max_length", SqlType::SmallInt),
            ("precision", SqlType::TinyInt),
            ("scale", SqlType::TinyInt),
            ("is_nullable", SqlType::Bit),
            ("is_identity", SqlType::Bit),
            ("is_computed", SqlType::Bit),
        ],
        rows,
    ))
}

/// A type as sys.columns describes it.
pub(in crate::sql_server) struct Shape {
    pub(in crate::sql_server) type_id: i32,
    /// In bytes; -1 is `max`.
    pub(in crate::sql_server) length: i32,
    pub(in crate::sql_server) precision: i32,
}

impl Shape {
    pub(in crate::sql_server) fn of(sql_type: &SqlType) -> Self {
        let string = |length: Option<usize>| length.map_or(-1, |length| i32::try_from(length).unwrap_or(-1));
        let scale = i32::from(sql_type.scale());
        let fraction = if scale > 0 { scale + 1 } else { 0 };
        let time_length = match scale {
            0..=2 => 3,
            3..=4 => 4,
            _ => 5,
        };
        let (type_id, length, precision) = match sql_type {
            SqlType::Bit => (104, 1, 1),
            SqlType::TinyInt => (48, 1, 3),
            SqlType::SmallInt => (52, 2, 5),
            SqlType::Int => (56, 4, 10),
            SqlType::BigInt => (127, 8, 19),
            SqlType::Real => (59, 4, 24),
            SqlType::Float => (62, 8, 53),
            SqlType::Decimal { precision, .. } => {
                let length = match precision {
                    0..=9 => 5,
                    10..=19 => 9,
                    20..=28 => 13,
                    _ => 17,
                };
                (108, length, i32::from(*precision))
            }
            SqlType::NVarChar(length) => (231, string(*length), 0),
            SqlType::VarChar(length) => (167, string(*length), 0),
            SqlType::VarBinary(length) => (165, string(*length), 0),
            SqlType::NChar(length) => (239, string(Some(*length)), 0),
            SqlType::Char(length) => (175, string(Some(*length)), 0),
            SqlType::Binary(length) => (173, string(Some(*length)), 0),
            SqlType::RowVersion => (189, 8, 0),
            SqlType::Money => (60, 8, 19),
            SqlType::SmallMoney => (122, 4, 10),
            SqlType::Date => (40, 3, 10),
            SqlType::Time(_) => (41, time_length, 8 + fraction),
            SqlType::SmallDateTime => (58, 4, 16),
            SqlType::DateTime => (61, 8, 23),
            SqlType::DateTime2(_) => (42, time_length + 3, 19 + fraction),
            SqlType::DateTimeOffset(_) => (43, time_length + 5, 26 + fraction),
            SqlType::Guid => (36, 16, 0),
            SqlType::Xml => (241, -1, 0),
            SqlType::Opaque(_) => (98, 8016, 0),
        };
        Self {
            type_id,
            length,
            precision,
        }
    }
}

/// A row of INFORMATION_SCHEMA.COLUMNS, from the column's name on.
fn described(column: &Column, place: i32) -> Vec<Value> {
    let sql_type = &column.sql_type;
    let shape = Shape::of(sql_type);
    let is_string = sql_type.is_text() || sql_type.is_binary();
    let characters = if sql_type.is_national() && shape.length > 0 {
        shape.length / 2
    } else {
        shape.length
    };
    let is_number = sql_type.is_decimal()
        || sql_type.is_integer() && *sql_type != SqlType::Bit
        || matches!(sql_type, SqlType::Real | SqlType::Float);
    let is_exact = is_number && !matches!(sql_type, SqlType::Real | SqlType::Float);
    let fraction = match sql_type {
        SqlType::DateTime => 3,
        _ => sql_type.scale().into(),
    };
    vec![
        Value::sysname(&column.name),
        Value::int(place),
        Value::null(SqlType::NVarChar(Some(8000))),
        text(
            SqlType::VarChar(Some(3)),
            Some(if column.nullable { "YES" } else { "NO" }),
        ),
        Value::sysname(&sql_type.base_name()),
        number(SqlType::Int, is_string.then_some(characters)),
        number(SqlType::Int, is_string.then_some(shape.length)),
        number(SqlType::TinyInt, is_number.then_some(shape.precision)),
        number(SqlType::Int, is_exact.then_some(sql_type.scale().into())),
        number(SqlType::SmallInt, sql_type.is_date_or_time().then_some(fraction)),
    ]
}
