//! CREATE, DROP and TRUNCATE.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use super::target;
use crate::sql_server::sql::evaluate::Scope;
use crate::sql_server::sql::syntax::{ColumnDefinition, CreateTable, ObjectName};
use crate::sql_server::storage::{
    Column, DEFAULT_SCHEMA, Identity, Pages, PrimaryKey, Table, TableName, Work,
};
use crate::sql_server::tokens::SqlError;
use crate::sql_server::value::SqlType;

pub(in crate::sql_server) fn create_schema(name: &str, scope: &Scope, work: &Work) -> Result<(), SqlError> {
    work.storage().create_schema(&scope.facts.database, name)
}

pub(in crate::sql_server) fn create_table(
    definition: &CreateTable,
    scope: &Scope,
    work: &mut Work,
) -> Result<(TableName, Arc<Table>), SqlError> {
    let name = free_name(&definition.name, scope)?;
    let mut table = work.new_table(&name, &definition.name);
    for (column, place) in definition.columns.iter().zip(0..) {
        add_column(&mut table, column, place)?;
    }
    if let Some(key) = &definition.key {
        let mut columns = Vec::new();
        for column in &key.columns {
            columns.push(table.place(column).ok_or_else(|| {
                let text = format!("Column name '{column}' does not exist in the target table or view.");
                SqlError::new(1911, text)
            })?);
        }
        let generated = || format!("PK__{}__{:08X}", table.name, table.id);
        table.key = Some(PrimaryKey {
            name: key.name.clone().unwrap_or_else(generated),
            columns,
        });
    }
    let table = Arc::new(table);
    work.create(name.clone(), Arc::clone(&table));
    Ok((name, table))
}

fn add_column(table: &mut Table, definition: &ColumnDefinition, place: usize) -> Result<(), SqlError> {
    check_type(&definition.name, &definition.sql_type)?;
    if table.place(&definition.name).is_some() {
        let text = format!(
            "Column names in each table must be unique. Column name '{}' in table '{}' is specified more than once.",
            definition.name, table.name
        );
        return Err(SqlError::new(2705, text).with_state(3));
    }
    if definition.sql_type == SqlType::RowVersion && table.version().is_some() {
        let text = format!(
            "A table can only have one timestamp column. Because table '{}' already has one, the column '{}' cannot be added.",
            table.name, definition.name
        );
        return Err(SqlError::new(2738, text).with_state(2));
    }
    if let Some((seed, increment)) = definition.identity {
        if table.identity.is_some() {
            let text = format!(
                "Multiple identity columns specified for table '{}'. Only one identity column per table is allowed.",
                table.name
            );
            return Err(SqlError::new(2744, text));
        }
        table.identity = Some(Identity {
            column: place,
            seed,
            increment,
            next: AtomicI64::new(seed),
        });
    }
    table.columns.push(Column {
        name: definition.name.clone(),
        sql_type: definition.sql_type.clone(),
        nullable: definition.nullable,
        identity: definition.identity.is_some(),
    });
    table.defaults.push(definition.default.clone());
    Ok(())
}

fn check_type(column: &str, sql_type: &SqlType) -> Result<(), SqlError> {
    match sql_type {
        SqlType::Opaque(_) => {
            let text =
                format!("Column '{column}' has the type sql_variant, which this server does not store.");
            Err(SqlError::new(40514, text))
        }
        SqlType::Decimal { precision, scale } if scale > precision => {
            let text = format!(
                "The scale ({scale}) for column '{column}' must be within the range 0 to {precision}."
            );
            Err(SqlError::new(183, text).with_class(15))
        }
        SqlType::Decimal {
            precision: 0 | 39.., ..
        } => {
            let text = format!(
                "Column or parameter '{column}': the specified precision is greater than the maximum precision of 38."
            );
            Err(SqlError::new(2750, text))
        }
        _ if sql_type
            .string_length()
            .is_some_and(|length| length == 0 || length > 8000) =>
        {
            let text = format!(
                "The size ({}) given to the column '{column}' exceeds the maximum allowed for any data type (8000).",
                sql_type.string_length().unwrap_or_default()
            );
            Err(SqlError::new(131, text).with_class(15))
        }
        _ => Ok(()),
    }
}

/// A name for a new table.
fn free_name(name: &ObjectName, scope: &Scope) -> Result<TableName, SqlError> {
    let facts = &scope.facts;
    let resolved = facts.view.resolve(name, &facts.database);
    let resolved = resolved.ok_or_else(|| {
        let text = format!(
            "The object name '{}' contains more than the maximum number of prefixes. The maximum is 2.",
            name.written()
        );
        SqlError::new(117, text).with_class(15)
    })?;
    let temporary = resolved.name.starts_with('#');
    let schema = facts
        .view
        .storage()
        .schema_id(&resolved.database, &resolved.schema);
    let known = temporary || schema.is_some();
    if !known {
        let text = format!(
            "The specified schema name \"{}\" either does not exist or you do not have permission to use it.",
            name.schema().unwrap_or(DEFAULT_SCHEMA)
        );
        return Err(SqlError::new(2760, text));
    }
    if facts.view.table(&resolved).is_some() {
        let text = format!(
            "There is already an object named '{}' in the database.",
            name.last()
        );
        return Err(SqlError::new(2714, text).with_state(6));
    }
    Ok(resolved)
}

/// The table that SELECT … INTO makes.
pub(in crate::sql_server) fn table_of_columns(
    name: &ObjectName,
    columns: &[Column],
    scope: &Scope,
    work: &mut Work,
) -> Result<(TableName, Arc<Table>), SqlError> {
    for (column, place) in columns.iter().zip(1..) {
        if column.name.is_empty() {
            let text = format!(
                "An object or column name is missing or empty. For SELECT INTO statements, verify each column has a name: column {place} has none."
            );
            return Err(SqlError::new(1038, text).with_class(15).with_state(5));
        }
    }
    let columns = columns.iter().map(|column| ColumnDefinition {
        name: column.name.clone(),
        sql_type: column.sql_type.clone(),
        nullable: column.nullable,
        identity: None,
        default: None,
    });
    let definition = CreateTable {
        name: name.clone(),
        columns: columns.collect(),
        key: None,
    };
    create_table(&definition, scope, work)
}

pub(in crate::sql_server) fn drop_tables(
    names: &[ObjectName],
    if_exists: bool,
    scope: &Scope,
    work: &mut Work,
) -> Result<(), SqlError> {
    for name in names {
        match target(name, scope) {
            Ok((resolved, ..)) => work.drop_table(resolved),
            Err(_) if if_exists => {}
            Err(_) => {
                let text = format!(
                    "Cannot drop the table '{}', because it does not exist or you do not have permission.",
                    name.written()
                );
                return Err(SqlError::new(3701, text).with_class(11).with_state(5));
            }
        }
    }
    Ok(())
}

pub(in crate::sql_server) fn truncate(
    name: &ObjectName,
    scope: &Scope,
    work: &mut Work,
) -> Result<(), SqlError> {
    let (resolved, table, _) = target(name, scope).map_err(|_| {
        let text = format!(
            "Cannot find the object \"{}\" because it does not exist or you do not have permissions.",
            name.last()
        );
        SqlError::new(4701, text)
    })?;
    if let Some(identity) = &table.identity {
        identity.restart();
    }
    work.replace(&resolved, &table, Pages::default());
    Ok(())
}
