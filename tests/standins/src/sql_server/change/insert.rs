//! INSERT, and what SELECT … INTO and bulk loads have in common with it.

use std::sync::Arc;

use super::{Change, Outcome, target};
use crate::sql_server::sql::evaluate::{Row, Scope};
use crate::sql_server::sql::query::stream::Stream;
use crate::sql_server::sql::query::{Query, compile};
use crate::sql_server::sql::syntax::{Expression, Insert, InsertBulk, InsertedRows};
use crate::sql_server::storage::{Appender, Table, TableName, View, Work};
use crate::sql_server::tokens::SqlError;
use crate::sql_server::value::{SqlType, Value};

/// Which columns of a table rows bring, and what the others get.
#[derive(Debug)]
pub(in crate::sql_server) struct Target {
    table: Arc<Table>,
    /// For each value that a row brings, its column.
    places: Vec<usize>,
    /// Of the columns that rows do not bring; NULL where there is no default.
    defaults: Vec<Option<Value>>,
    identity: bool,
    version: Option<usize>,
    view: View,
    last_identity: Option<i64>,
}

impl Target {
    /// `names`: the columns that rows bring; none for all that take values.
    pub(in crate::sql_server) fn new(
        table: &Arc<Table>,
        names: &[String],
        scope: &Scope,
    ) -> Result<Self, SqlError> {
        let identity = table.identity.as_ref().map(|identity| identity.column);
        let places = if names.is_empty() {
            (0..table.columns.len())
                .filter(|at| Some(*at) != identity)
                .collect()
        } else {
            places(table, names)?
        };
        if identity.is_some_and(|identity| places.contains(&identity)) {
            let text = format!(
                "Cannot insert explicit value for identity column in table '{}' when IDENTITY_INSERT is set to OFF.",
                table.name
            );
            return Err(SqlError::new(544, text));
        }
        Self::with_places(table, places, scope)
    }

    /// A bulk load may bring values of an identity column.
    pub(in crate::sql_server) fn of_bulk_load(
        table: &Arc<Table>,
        bulk: &InsertBulk,
        scope: &Scope,
    ) -> Result<Self, SqlError> {
        Self::with_places(table, places(table, &bulk.columns)?, scope)
    }

    fn with_places(table: &Arc<Table>, places: Vec<usize>, scope: &Scope) -> Result<Self, SqlError> {
        let defaults = table.defaults.iter().map(|default| {
            let value = default
                .as_ref()
                .map(|default| scope.evaluate(default, Row::default()));
            value.transpose()
        });
        let identity = table.identity.as_ref().map(|identity| identity.column);
        Ok(Self {
            defaults: defaults.collect::<Result<_, _>>()?,
            identity: identity.is_some_and(|identity| !places.contains(&identity)),
            version: table.version(),
            view: scope.facts.view.clone(),
            places,
            table: Arc::clone(table),
            last_identity: None,
        })
    }

    pub(in crate::sql_server) fn table(&self) -> &Arc<Table> {
        &self.table
    }

    pub(in crate::sql_server) fn last_identity(&self) -> Option<i64> {
        self.last_identity
    }

    pub(in crate::sql_server) fn places(&self) -> &[usize] {
        &self.places
    }

    /// Where in a row that is given the rowversion stands.
    fn version_among_given(&self) -> Option<usize> {
        let version = self.version?;
        self.places.iter().position(|place| *place == version)
    }

    /// A whole row of the table; `None` asks for the default.
    pub(in crate::sql_server) fn row(
        &mut self,
        given: impl IntoIterator<Item = Option<Value>>,
    ) -> Vec<Value> {
        let null = || Value::null(SqlType::Int);
        let mut row: Vec<Value> = self
            .defaults
            .iter()
            .map(|default| default.clone().unwrap_or_else(null))
            .collect();
        for (value, place) in given.into_iter().zip(&self.places) {
            if let (Some(value), Some(column)) = (value, row.get_mut(*place)) {
                *column = value;
            }
        }
        if let Some(identity) = &self.table.identity {
            if self.identity {
                let value = identity.next();
                self.last_identity = Some(value);
                if let Some(column) = row.get_mut(identity.column) {
                    *column = Value::big_int(value);
                }
            } else if let Some(value) = row.get(identity.column).and_then(Value::as_integer) {
                identity.has_seen(value);
            }
        }
        if let Some(column) = self.version.and_then(|version| row.get_mut(version)) {
            *column = self.view.next_version();
        }
        row
    }
}

fn places(table: &Table, names: &[String]) -> Result<Vec<usize>, SqlError> {
    let mut places = Vec::new();
    for name in names {
        let place = table
            .place(name)
            .ok_or_else(|| SqlError::new(207, format!("Invalid column name '{name}'.")))?;
        if places.contains(&place) {
            let text = format!(
                "The column name '{name}' is specified more than once in the SET clause or column list of an INSERT. A column cannot be assigned more than one value in the same clause. Modify the clause to make sure that a column is updated only once. If this statement updates or inserts columns into a view, column aliasing can conceal the duplication in your code."
            );
            return Err(SqlError::new(264, text));
        }
        places.push(place);
    }
    Ok(places)
}

/// Rows that a query gives, on their way into a table.
pub(in crate::sql_server) struct Loading {
    stream: Box<dyn Stream>,
    target: Target,
    appender: Appender,
}

impl Loading {
    pub(in crate::sql_server) fn new(query: Query, target: Target, appender: Appender) -> Self {
        Self {
            stream: query.stream(),
            target,
            appender,
        }
    }
}

impl Change for Loading {
    fn step(&mut self) -> Result<bool, SqlError> {
        let mut rows = Vec::new();
        let more = self.stream.pull(&mut rows)?;
        for row in rows {
            let row = self.target.row(row.into_iter().map(Some));
            self.appender.push(row)?;
        }
        Ok(more)
    }

    fn finish(self: Box<Self>, work: &mut Work) -> Outcome {
        Outcome {
            identity: self.target.last_identity,
            count: self.appender.finish(work),
        }
    }
}

/// A change that has been made.
struct Made {
    appender: Appender,
    identity: Option<i64>,
}

impl Change for Made {
    fn step(&mut self) -> Result<bool, SqlError> {
        Ok(false)
    }

    fn finish(self: Box<Self>, work: &mut Work) -> Outcome {
        Outcome {
            identity: self.identity,
            count: self.appender.finish(work),
        }
    }
}

pub(in crate::sql_server) fn insert(
    insert: &Insert,
    scope: &Scope,
    work: &mut Work,
) -> Result<Box<dyn Change>, SqlError> {
    let (name, table, _) = target(&insert.table, scope)?;
    let mut target = Target::new(&table, &insert.columns, scope)?;
    match &insert.rows {
        InsertedRows::Values(rows) => {
            let mut appender = Appender::new(work, name, table, "INSERT")?;
            for row in rows {
                // DEFAULT VALUES
                if !row.is_empty() {
                    check_width(row.len(), &target, !insert.columns.is_empty())?;
                }
                let given = row.iter().map(|value| evaluate(value.as_ref(), scope));
                let given = given.collect::<Result<Vec<_>, _>>()?;
                let version = target.version_among_given().and_then(|at| given.get(at));
                if version.is_some_and(Option::is_some) {
                    return Err(explicit_version());
                }
                let row = target.row(given);
                appender.push(row)?;
            }
            Ok(Box::new(Made {
                appender,
                identity: target.last_identity,
            }))
        }
        InsertedRows::Query(select) => {
            let query = compile(select, scope)?;
            check_width(query.columns.len(), &target, !insert.columns.is_empty())?;
            if target.version_among_given().is_some() {
                return Err(explicit_version());
            }
            let appender = Appender::new(work, name, table, "INSERT")?;
            Ok(Box::new(Loading::new(query, target, appender)))
        }
    }
}

/// Rows of a query into a table that was made for them.
pub(in crate::sql_server) fn load(
    query: Query,
    name: TableName,
    table: Arc<Table>,
    scope: &Scope,
    work: &mut Work,
) -> Result<Box<dyn Change>, SqlError> {
    let target = Target::new(&table, &[], scope)?;
    let appender = Appender::new(work, name, table, "INSERT")?;
    Ok(Box::new(Loading::new(query, target, appender)))
}

fn explicit_version() -> SqlError {
    let text = "Cannot insert an explicit value into a timestamp column. Use INSERT with a column list to exclude the timestamp column, or insert a DEFAULT into the timestamp column.";
    SqlError::new(273, text)
}

fn evaluate(value: Option<&Expression>, scope: &Scope) -> Result<Option<Value>, SqlError> {
    value
        .map(|value| scope.evaluate(value, Row::default()))
        .transpose()
}

fn check_width(width: usize, target: &Target, listed: bool) -> Result<(), SqlError> {
    let wanted = target.places.len();
    if width == wanted {
        return Ok(());
    }
    Err(match (listed, width < wanted) {
        (false, _) => SqlError::new(
            213,
            "Column name or number of supplied values does not match table definition.",
        ),
        (true, true) => SqlError::new(
            109,
            "There are more columns in the INSERT statement than values specified in the VALUES clause. The number of values in the VALUES clause must match the number of columns specified in the INSERT statement.",
        )
        .with_class(15),
        (true, false) => SqlError::new(
            110,
            "There are fewer columns in the INSERT statement than values specified in the VALUES clause. The number of values in the VALUES clause must match the number of columns specified in the INSERT statement.",
        )
        .with_class(15),
    })
}
