//! The value of an expression.

use std::borrow::Cow;
use std::collections::HashMap;

use super::functions::{self, Facts};
use super::operators;
use super::query;
use super::syntax::{Case, Cast, Expression, Operator, Select};
use crate::sql_server::tokens::SqlError;
use crate::sql_server::value::{Datum, SqlType, Value};

/// Variables and parameters by name, in lower case, signs included.
pub(in crate::sql_server) type Variables = HashMap<String, Value>;

/// All that an expression may refer to, except a row.
#[derive(Debug, Clone)]
pub(in crate::sql_server) struct Scope {
    pub(in crate::sql_server) facts: Facts,
    pub(in crate::sql_server) variables: Variables,
}

/// A row, whose columns expressions know by their places.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::sql_server) struct Row<'a> {
    pub(in crate::sql_server) values: &'a [Value],
}

impl Scope {
    pub(in crate::sql_server) fn evaluate(
        &self,
        expression: &Expression,
        row: Row<'_>,
    ) -> Result<Value, SqlError> {
        match expression {
            Expression::Literal(value) => Ok(value.clone()),
            Expression::Variable(name) => self.variables.get(name).cloned().ok_or_else(|| {
                let text = format!("Must declare the scalar variable \"{name}\".");
                SqlError::new(137, text).with_class(15)
            }),
            Expression::Global(name) => functions::global(name, &self.facts),
            Expression::Column { qualifier, name } => Err(unknown_column(qualifier.as_deref(), name)),
            Expression::Slot(at) => Ok(slot(row, *at)?.clone()),
            Expression::Call(name, arguments) => {
                let arguments = arguments
                    .iter()
                    .map(|argument| self.evaluate(argument, row))
                    .collect::<Result<_, _>>()?;
                functions::call(name, arguments, &self.facts)
            }
            Expression::Cast(cast) => self.cast(cast, row),
            Expression::Negative(inner) => operators::negative(self.evaluate(inner, row)?),
            Expression::Not(inner) => {
                let truth = operators::truth(&*self.borrow(inner, row)?);
                Ok(operators::boolean(truth.map(|truth| !truth)))
            }
            Expression::Binary(operator, left, right) => {
                let left = self.borrow(left, row)?;
                // The other side of what is decided is not looked at.
                match (operator, operators::truth(&left)) {
                    (Operator::And, Some(false)) => return Ok(Value::bit(false)),
                    (Operator::Or, Some(true)) => return Ok(Value::bit(true)),
                    _ => {}
                }
                operators::binary(*operator, &left, &*self.borrow(right, row)?)
            }
            Expression::IsNull(inner, not) => Ok(Value::bit(self.borrow(inner, row)?.is_null() != *not)),
            Expression::In(inner, list, not) => {
                let value = self.borrow(inner, row)?;
                is_in(&value, list.iter().map(|one| self.borrow(one, row)), *not)
            }
            Expression::InQuery(inner, query, not) => {
                let value = self.borrow(inner, row)?;
                let list = self.column_of(query)?;
                is_in(&value, list.iter().map(|one| Ok(Cow::Borrowed(one))), *not)
            }
            Expression::Exists(query) => Ok(Value::bit(query::compile(query, self)?.has_rows()?)),
            Expression::Query(query) => self.only_value(query),
            Expression::Case(case) => self.case(case, row),
        }
    }

    /// The value without a copy where there is one already.
    fn borrow<'a>(&'a self, expression: &'a Expression, row: Row<'a>) -> Result<Cow<'a, Value>, SqlError> {
        match expression {
            Expression::Literal(value) => Ok(Cow::Borrowed(value)),
            Expression::Slot(at) => slot(row, *at).map(Cow::Borrowed),
            _ => self.evaluate(expression, row).map(Cow::Owned),
        }
    }

    pub(in crate::sql_server) fn is_true(
        &self,
        condition: &Expression,
        row: Row<'_>,
    ) -> Result<bool, SqlError> {
        Ok(operators::truth(&*self.borrow(condition, row)?) == Some(true))
    }

    fn cast(&self, cast: &Cast, row: Row<'_>) -> Result<Value, SqlError> {
        let value = self.evaluate(&cast.inner, row)?;
        let style = match &cast.style {
            Some(style) => self.evaluate(style, row)?.as_integer(),
            None => None,
        };
        let converted = match style.and_then(|style| value.styled(style)) {
            Some(text) => Value::nvarchar(&text).cast(&cast.sql_type),
            None => value.cast(&cast.sql_type),
        };
        match converted {
            Err(_) if cast.or_null => Ok(Value::null(cast.sql_type.clone())),
            other => other,
        }
    }

    /// The first column of a query.
    pub(super) fn column_of(&self, select: &Select) -> Result<Vec<Value>, SqlError> {
        let query = query::compile(select, self)?;
        if query.columns.len() != 1 {
            let text = "Only one expression can be specified in the select list when the subquery is not introduced with EXISTS.";
            return Err(SqlError::new(116, text));
        }
        Ok(query.all()?.into_iter().flatten().collect())
    }

    fn only_value(&self, select: &Select) -> Result<Value, SqlError> {
        let sql_type = query::compile(select, self)?
            .columns
            .into_iter()
            .next()
            .map(|column| column.sql_type);
        let mut values = self.column_of(select)?.into_iter();
        let value = values.next();
        if values.next().is_some() {
            let text = "Subquery returned more than 1 value. This is not permitted when the subquery follows =, !=, <, <= , >, >= or when the subquery is used as an expression.";
            return Err(SqlError::new(512, text));
        }
        Ok(value.unwrap_or_else(|| Value::null(sql_type.unwrap_or(SqlType::Int))))
    }

    fn case(&self, case: &Case, row: Row<'_>) -> Result<Value, SqlError> {
        let sql_type = match &case.sql_type {
            Some(sql_type) => sql_type.clone(),
            None => self.type_of_case(case, row)?,
        };
        let operand = case.operand.as_ref();
        let operand = operand.map(|operand| self.borrow(operand, row)).transpose()?;
        for (when, then) in &case.branches {
            let matches = match &operand {
                Some(operand) => operators::binary(Operator::Equal, operand, &*self.borrow(when, row)?)?,
                None => self.evaluate(when, row)?,
            };
            if operators::truth(&matches) == Some(true) {
                return self.evaluate(then, row)?.cast(&sql_type);
            }
        }
        match &case.otherwise {
            Some(otherwise) => self.evaluate(otherwise, row)?.cast(&sql_type),
            None => Ok(Value::null(sql_type)),
        }
    }

    /// All branches together decide the type.
    pub(super) fn type_of_case(&self, case: &Case, row: Row<'_>) -> Result<SqlType, SqlError> {
        let mut sql_type = None;
        for then in case.branches.iter().map(|(_, then)| then).chain(&case.otherwise) {
            sql_type = common_type(sql_type, &*self.borrow(then, row)?);
        }
        Ok(sql_type.unwrap_or(SqlType::Int))
    }
}

fn slot(row: Row<'_>, at: usize) -> Result<&Value, SqlError> {
    row.values
        .get(at)
        .ok_or_else(|| SqlError::new(8624, "Internal Query Processor Error: there is no such column."))
}

fn is_in<'a>(
    value: &Value,
    list: impl Iterator<Item = Result<Cow<'a, Value>, SqlError>>,
    not: bool,
) -> Result<Value, SqlError> {
    let mut unknown = false;
    for candidate in list {
        let equal = operators::binary(Operator::Equal, value, &*candidate?)?;
        match operators::truth(&equal) {
            Some(true) => return Ok(Value::bit(!not)),
            Some(false) => {}
            None => unknown = true,
        }
    }
    Ok(operators::boolean((!unknown).then_some(not)))
}

/// The type of two branches; a bare NULL has no say.
fn common_type(so_far: Option<SqlType>, value: &Value) -> Option<SqlType> {
    if value.datum == Datum::Null && value.sql_type == SqlType::Int {
        return so_far;
    }
    Some(match so_far {
        Some(so_far) => operators::wider(&so_far, &value.sql_type),
        None => value.sql_type.clone(),
    })
}

pub(super) fn unknown_column(qualifier: Option<&str>, name: &str) -> SqlError {
    match qualifier {
        Some(qualifier) => {
            let text = format!("The multi-part identifier \"{qualifier}.{name}\" could not be bound.");
            SqlError::new(4104, text)
        }
        None => SqlError::new(207, format!("Invalid column name '{name}'.")),
    }
}

#[cfg(test)]
mod tests;
