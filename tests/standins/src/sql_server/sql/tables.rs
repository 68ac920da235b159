//! The tables there are: two endless ones for row streams, and the catalogue views that libraries look at.

use super::functions::Facts;
use super::syntax::Source;
use crate::sql_server::tokens::SqlError;
use crate::sql_server::value::{SqlType, Value};

/// Rows without a `TOP` or an argument.
const DEFAULT_LENGTH: i32 = 1_000_000;
/// Longest name in `pairs`, in bytes.
pub(in crate::sql_server) const NAME_LENGTH: usize = 64;

pub(in crate::sql_server) struct Table {
    pub(in crate::sql_server) columns: Vec<(String, SqlType)>,
    pub(in crate::sql_server) content: Content,
}

pub(in crate::sql_server) enum Content {
    /// `n` from 1 to here.
    Ints(i32),
    /// `id` from 1 to here, and a `name`.
    Pairs(i32),
    Rows(Vec<Vec<Value>>),
}

impl Table {
    /// `LEFT JOIN` with a table without rows, as Django's command line joins the catalogue's: every row stays.
    pub(in crate::sql_server) fn left_join(self, other: Self) -> Result<Self, SqlError> {
        let (Content::Rows(mut rows), Content::Rows(others)) = (self.content, other.content) else {
            return Err(unsupported());
        };
        if !others.is_empty() {
            return Err(unsupported());
        }
        for row in &mut rows {
            row.extend(
                other
                    .columns
                    .iter()
                    .map(|(_, sql_type)| Value::null(sql_type.clone())),
            );
        }
        let mut columns = self.columns;
        columns.extend(other.columns);
        Ok(Self {
            columns,
            content: Content::Rows(rows),
        })
    }
}

fn unsupported() -> SqlError {
    SqlError::new(
        40510,
        "Statement 'JOIN' is not supported in this version of SQL Server.",
    )
}

/// The name in row `id` of `pairs`.
pub(in crate::sql_server) fn pair_name(id: i32) -> String {
    format!("row {id}")
}

impl Content {
    pub(in crate::sql_server) fn rows(self) -> Box<dyn Iterator<Item = Vec<Value>> + Send> {
        match self {
            Self::Ints(last) => Box::new((1..=last).map(|n| vec![Value::int(n)])),
            Self::Pairs(last) => Box::new((1..=last).map(|id| {
                let name = Value {
                    sql_type: SqlType::NVarChar(Some(NAME_LENGTH)),
                    ..Value::nvarchar(&pair_name(id))
                };
                vec![Value::int(id), name]
            })),
            Self::Rows(rows) => Box::new(rows.into_iter()),
        }
    }
}

pub(in crate::sql_server) fn find(
    source: &Source,
    arguments: &[Value],
    facts: &Facts,
) -> Result<Table, SqlError> {
    let length = length(arguments)?;
    let (columns, content) = match source.name.as_str() {
        "ints" | "standin.ints" => (vec![("n", SqlType::Int)], Content::Ints(length)),
        "pairs" | "standin.pairs" => (
            vec![
                ("id", SqlType::Int),
                ("name", SqlType::NVarChar(Some(NAME_LENGTH))),
            ],
            Content::Pairs(length),
        ),
        "sys.databases" => (
            vec![("name", name_type()), ("database_id", SqlType::Int)],
            Content::Rows(vec![
                vec![Value::sysname("master"), Value::int(1)],
                vec![Value::sysname(&facts.database), Value::int(5)],
            ]),
        ),
        "sys.system_views" | "sys.all_views" => (
            vec![("name", name_type())],
            Content::Rows(vec![vec![Value::sysname("dm_exec_sessions")]]),
        ),
        "sys.dm_exec_sessions" => (
            vec![
                ("session_id", SqlType::SmallInt),
                ("login_name", name_type()),
                ("original_login_name", name_type()),
                ("host_name", name_type()),
                ("program_name", name_type()),
                ("transaction_isolation_level", SqlType::SmallInt),
            ],
            Content::Rows(vec![vec![
                Value::int(facts.spid.into()).cast(&SqlType::SmallInt)?,
                Value::sysname(&facts.login),
                Value::sysname(&facts.login),
                Value::sysname(&facts.host),
                Value::sysname(&facts.app),
                Value::int(facts.isolation.into()).cast(&SqlType::SmallInt)?,
            ]]),
        ),
        "sys.dm_exec_connections" => (
            vec![
                ("session_id", SqlType::Int),
                ("net_transport", name_type()),
                ("encrypt_option", name_type()),
                ("client_net_address", name_type()),
            ],
            // This server lets nobody in without TLS.
            Content::Rows(vec![vec![
                Value::int(facts.spid.into()),
                Value::sysname("TCP"),
                Value::sysname("TRUE"),
                Value::sysname(&facts.client_address),
            ]]),
        ),
        "sys.tables" | "sys.views" | "sys.objects" | "sys.all_objects" => (
            vec![
                ("name", name_type()),
                ("object_id", SqlType::Int),
                ("schema_id", SqlType::Int),
                ("type", SqlType::VarChar(Some(2))),
            ],
            Content::Rows(Vec::new()),
        ),
        "information_schema.tables" => (
            vec![
                ("TABLE_CATALOG", name_type()),
                ("TABLE_SCHEMA", name_type()),
                ("TABLE_NAME", name_type()),
                ("TABLE_TYPE", SqlType::VarChar(Some(10))),
            ],
            Content::Rows(Vec::new()),
        ),
        "sys.extended_properties" => (
            vec![
                ("major_id", SqlType::Int),
                ("minor_id", SqlType::Int),
                ("name", name_type()),
                ("value", name_type()),
            ],
            Content::Rows(Vec::new()),
        ),
        "fn_listextendedproperty" | "sys.fn_listextendedproperty" => {
            (vec![("name", name_type())], Content::Rows(Vec::new()))
        }
        _ => {
            let text = format!("Invalid object name '{}'.", source.written);
            return Err(SqlError::new(208, text));
        }
    };
    Ok(Table {
        columns: columns
            .into_iter()
            .map(|(name, sql_type)| (name.to_owned(), sql_type))
            .collect(),
        content,
    })
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
