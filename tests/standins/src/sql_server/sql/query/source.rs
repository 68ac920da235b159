//! Where rows come from: the relations that FROM names.

use std::sync::Arc;

use super::bind::{Names, conjuncts};
use super::stream::{Scan, Stream};
use super::{Body, Query, compile};
use crate::sql_server::sql::evaluate::{Row, Scope};
use crate::sql_server::sql::syntax::{Expression, Source, SourceBody};
use crate::sql_server::sql::tables;
use crate::sql_server::storage::{Column, Pages, Table};
use crate::sql_server::tokens::SqlError;
use crate::sql_server::value::{SqlType, Value};

/// A column that can be named.
#[derive(Debug, Clone)]
pub(in crate::sql_server) struct Output {
    /// Alias or name of the table.
    pub(in crate::sql_server) qualifier: Option<String>,
    pub(in crate::sql_server) name: String,
    /// Over the columns of the base.
    pub(in crate::sql_server) expression: Expression,
    pub(in crate::sql_server) sql_type: SqlType,
    pub(in crate::sql_server) nullable: bool,
    pub(in crate::sql_server) identity: bool,
}

impl Output {
    pub(in crate::sql_server) fn column(&self) -> Column {
        Column {
            name: self.name.clone(),
            sql_type: self.sql_type.clone(),
            nullable: self.nullable,
            identity: self.identity,
        }
    }
}

/// Rows before anything is computed of them.
pub(in crate::sql_server) enum Base {
    /// One row without columns: a select without FROM.
    One,
    /// `n` between two numbers.
    Ints(i32, i32),
    /// `id` between two numbers, and a `name`.
    Pairs(i32, i32),
    Stored(Arc<Table>, Pages),
    Rows(Vec<Vec<Value>>),
    Stream(Box<dyn Stream>),
}

/// Rows of a base that fulfil conditions, and what is made of them.
pub(in crate::sql_server) struct Relation {
    pub(in crate::sql_server) base: Base,
    pub(in crate::sql_server) base_columns: Vec<Column>,
    pub(in crate::sql_server) filter: Vec<Expression>,
    pub(in crate::sql_server) outputs: Vec<Output>,
    /// A table of the stand-in's own, asked for without a length: TOP says how long it is.
    pub(in crate::sql_server) endless: bool,
}

impl Relation {
    /// All columns of a base, under one name.
    pub(in crate::sql_server) fn of(base: Base, columns: Vec<Column>, qualifier: Option<&str>) -> Self {
        let outputs = columns.iter().zip(0..).map(|(column, at)| Output {
            qualifier: qualifier.map(str::to_owned),
            name: column.name.clone(),
            expression: Expression::Slot(at),
            sql_type: column.sql_type.clone(),
            nullable: column.nullable,
            identity: column.identity,
        });
        Self {
            outputs: outputs.collect(),
            base,
            base_columns: columns,
            filter: Vec::new(),
            endless: false,
        }
    }

    /// A row of the base with NULL everywhere.
    pub(in crate::sql_server) fn nulls(&self) -> Vec<Value> {
        let columns = self.base_columns.iter();
        columns
            .map(|column| Value::null(column.sql_type.clone()))
            .collect()
    }

    pub(in crate::sql_server) fn not_null(&self) -> Vec<bool> {
        // What is counted is there, whatever the column says.
        let counted = matches!(self.base, Base::Ints(..) | Base::Pairs(..));
        let columns = self.base_columns.iter();
        columns.map(|column| counted || !column.nullable).collect()
    }

    /// Calls `bind` with what expressions may name.
    pub(in crate::sql_server) fn with_names<T>(
        &self,
        scope: &Scope,
        bind: impl FnOnce(&Names<'_>) -> T,
    ) -> T {
        bind(&Names {
            scope,
            outputs: &self.outputs,
            nulls: &self.nulls(),
            not_null: &self.not_null(),
        })
    }

    pub(in crate::sql_server) fn add_condition(
        &mut self,
        condition: &Expression,
        scope: &Scope,
    ) -> Result<(), SqlError> {
        let bound = self.with_names(scope, |names| {
            let bound = names.bind(condition.clone())?;
            // Whether it can be evaluated at all.
            names.type_of(&bound).map(|_| bound)
        })?;
        conjuncts(bound, &mut self.filter);
        Ok(())
    }

    pub(in crate::sql_server) fn stream(self, scope: &Arc<Scope>) -> Box<dyn Stream> {
        let expressions = self.outputs.iter();
        let expressions =
            expressions.map(|output| (output.expression.clone(), Some(output.sql_type.clone())));
        Box::new(Scan::new(
            self.base,
            &self.base_columns,
            self.filter,
            expressions.collect(),
            scope,
        ))
    }
}

/// What one name or derived table in FROM stands for.
pub(super) fn relation(source: &Source, scope: &Arc<Scope>) -> Result<Relation, SqlError> {
    match &source.body {
        SourceBody::Named(name, arguments) => {
            let arguments = arguments
                .iter()
                .map(|argument| scope.evaluate(argument, Row::default()))
                .collect::<Result<Vec<_>, _>>()?;
            let qualifier = source.alias.as_deref().unwrap_or_else(|| name.last());
            let facts = &scope.facts;
            let stored = facts.view.resolve(name, &facts.database);
            if let Some((table, pages)) = stored.and_then(|name| facts.view.table(&name)) {
                let columns = table.columns.clone();
                return Ok(Relation::of(Base::Stored(table, pages), columns, Some(qualifier)));
            }
            let found = tables::find(name, &arguments, facts)?;
            let mut relation = Relation::of(found.base, found.columns, Some(qualifier));
            relation.endless = found.endless;
            Ok(relation)
        }
        SourceBody::Query(select) => {
            if !select.order.is_empty() && select.top.is_none() && select.offset.is_none() {
                let text = "The ORDER BY clause is invalid in views, inline functions, derived tables, subqueries, and common table expressions, unless TOP, OFFSET or FOR XML is also specified.";
                return Err(SqlError::new(1033, text).with_class(15));
            }
            derived(compile(select, scope)?, source)
        }
        SourceBody::Values(rows) => {
            let mut values = Vec::new();
            for row in rows {
                let row = row.iter().map(|value| scope.evaluate(value, Row::default()));
                values.push(row.collect::<Result<Vec<_>, _>>()?);
            }
            let columns = columns_of(&mut values)?;
            derived_columns(Relation::of(Base::Rows(values), columns, None), source)
        }
    }
}

/// The columns of a table constructor, nameless as yet; values take the common types.
pub(super) fn columns_of(rows: &mut [Vec<Value>]) -> Result<Vec<Column>, SqlError> {
    let mut types: Vec<SqlType> = Vec::new();
    let width = rows.first().map_or(0, Vec::len);
    for row in rows.iter() {
        if row.len() != width {
            let text = "All queries combined using a UNION, INTERSECT or EXCEPT operator must have an equal number of expressions in their target lists.";
            return Err(SqlError::new(205, text));
        }
        for (at, value) in row.iter().enumerate() {
            match types.get_mut(at) {
                Some(so_far) if !(value.is_null() && value.sql_type == SqlType::Int) => {
                    *so_far = super::operators::wider(so_far, &value.sql_type);
                }
                Some(_) => {}
                None => types.push(value.sql_type.clone()),
            }
        }
    }
    for row in rows.iter_mut() {
        for (value, sql_type) in row.iter_mut().zip(&types) {
            let taken = std::mem::replace(value, Value::null(SqlType::Int));
            *value = taken.cast(sql_type)?;
        }
    }
    Ok(types
        .into_iter()
        .map(|sql_type| Column::nullable("", sql_type))
        .collect())
}

fn derived(query: Query, source: &Source) -> Result<Relation, SqlError> {
    let relation = match query.body {
        // What it is made of can be reached from outside, conditions and all.
        Body::Simple(relation) => relation,
        Body::Stream(stream) => Relation::of(Base::Stream(stream), query.columns, None),
    };
    derived_columns(relation, source)
}

/// Names each column as the derived table does, and sees that each has a name of its own.
fn derived_columns(mut relation: Relation, source: &Source) -> Result<Relation, SqlError> {
    let alias = source.alias.as_deref().unwrap_or_default();
    if !source.columns.is_empty() {
        let fault = match relation.outputs.len().cmp(&source.columns.len()) {
            std::cmp::Ordering::Less => Some((8159, "fewer")),
            std::cmp::Ordering::Greater => Some((8158, "more")),
            std::cmp::Ordering::Equal => None,
        };
        if let Some((number, word)) = fault {
            let text = format!("'{alias}' has {word} columns than were specified in the column list.");
            return Err(SqlError::new(number, text));
        }
        for (output, name) in relation.outputs.iter_mut().zip(&source.columns) {
            output.name.clone_from(name);
        }
    }
    let mut seen: Vec<String> = Vec::new();
    for (output, number) in relation.outputs.iter_mut().zip(1..) {
        if output.name.is_empty() {
            let text = format!("No column name was specified for column {number} of '{alias}'.");
            return Err(SqlError::new(8155, text).with_state(2));
        }
        let name = output.name.to_lowercase();
        if seen.contains(&name) {
            let text = format!(
                "The column '{}' was specified multiple times for '{alias}'.",
                output.name
            );
            return Err(SqlError::new(8156, text));
        }
        seen.push(name);
        output.qualifier = Some(alias.to_owned());
        output.identity = false;
    }
    relation.endless = false;
    Ok(relation)
}
