//! Names and ids of tables and schemas.

use super::Facts;
use crate::sql_server::sql::parse_object_name;
use crate::sql_server::value::{SqlType, Value};

pub(super) fn schema_name(arguments: &[Value], facts: &Facts) -> Value {
    let Some(id) = arguments.first() else {
        return Value::sysname("dbo");
    };
    let schemas = facts.view.storage().schemas(&facts.database);
    let wanted = id.as_integer();
    let found = schemas.iter().find(|(id, _)| Some(i64::from(*id)) == wanted);
    found.map_or_else(
        || Value::null(SqlType::NVarChar(Some(256))),
        |(_, name)| Value::sysname(name),
    )
}

pub(super) fn schema_id(arguments: &[Value], facts: &Facts) -> Value {
    let Some(name) = arguments.first() else {
        return Value::int(1);
    };
    let name = name.text().unwrap_or_default();
    let id = facts.view.storage().schema_id(&facts.database, &name);
    id.map_or_else(|| Value::null(SqlType::Int), Value::int)
}

/// NULL where there is no such table.
pub(super) fn object_id(arguments: &[Value], facts: &Facts) -> Value {
    let kind = arguments.get(1).and_then(Value::text);
    let is_table = kind.is_none_or(|kind| kind.trim().eq_ignore_ascii_case("U"));
    let name = arguments.first().and_then(Value::text).unwrap_or_default();
    let id = match parse_object_name(&name) {
        Some(name) if is_table => {
            let name = facts.view.resolve(&name, &facts.database);
            name.and_then(|name| facts.view.table(&name))
                .map(|(table, _)| table.id)
        }
        _ => None,
    };
    id.map_or_else(|| Value::null(SqlType::Int), Value::int)
}

pub(super) fn object_name(function: &str, arguments: &[Value], facts: &Facts) -> Value {
    let wanted = arguments.first().and_then(Value::as_integer);
    let tables = facts.view.tables(&facts.database);
    let table = tables.iter().find(|table| Some(i64::from(table.id)) == wanted);
    match table {
        Some(table) if function == "OBJECT_NAME" => Value::sysname(&table.name),
        Some(table) => Value::sysname(&table.schema),
        None => Value::null(SqlType::NVarChar(Some(256))),
    }
}
