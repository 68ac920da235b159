//! The value of an expression.

use std::collections::HashMap;

use super::functions::{self, Facts};
use super::operators;
use super::syntax::{Expression, Operator};
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

/// A row of a table, with its columns' names.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::sql_server) struct Row<'a> {
    pub(in crate::sql_server) columns: &'a [(String, SqlType)],
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
            Expression::Column(name) => column(name, row),
            Expression::Call(name, arguments) => {
                let arguments = arguments
                    .iter()
                    .map(|argument| self.evaluate(argument, row))
                    .collect::<Result<_, _>>()?;
                functions::call(name, arguments, &self.facts)
            }
            Expression::Cast(inner, sql_type) => self.evaluate(inner, row)?.cast(sql_type),
            Expression::Negative(inner) => operators::negative(self.evaluate(inner, row)?),
            Expression::Not(inner) => {
                let truth = operators::truth(&self.evaluate(inner, row)?);
                Ok(operators::boolean(truth.map(|truth| !truth)))
            }
            Expression::Binary(operator, left, right) => {
                let left = self.evaluate(left, row)?;
                let right = self.evaluate(right, row)?;
                operators::binary(*operator, &left, &right)
            }
            Expression::IsNull(inner, not) => Ok(Value::bit(self.evaluate(inner, row)?.is_null() != *not)),
            Expression::In(inner, list, not) => self.is_in(inner, list, *not, row),
            Expression::Case {
                operand,
                branches,
                otherwise,
            } => self.case(operand.as_deref(), branches, otherwise.as_deref(), row),
        }
    }

    pub(in crate::sql_server) fn is_true(
        &self,
        condition: &Expression,
        row: Row<'_>,
    ) -> Result<bool, SqlError> {
        Ok(operators::truth(&self.evaluate(condition, row)?) == Some(true))
    }

    fn is_in(
        &self,
        inner: &Expression,
        list: &[Expression],
        not: bool,
        row: Row<'_>,
    ) -> Result<Value, SqlError> {
        let value = self.evaluate(inner, row)?;
        let mut unknown = false;
        for candidate in list {
            let candidate = self.evaluate(candidate, row)?;
            let equal = operators::binary(Operator::Equal, &value, &candidate)?;
            match operators::truth(&equal) {
                Some(true) => return Ok(Value::bit(!not)),
                Some(false) => {}
                None => unknown = true,
            }
        }
        Ok(operators::boolean((!unknown).then_some(not)))
    }

    /// All branches are evaluated: together they decide the type.
    fn case(
        &self,
        operand: Option<&Expression>,
        branches: &[(Expression, Expression)],
        otherwise: Option<&Expression>,
        row: Row<'_>,
    ) -> Result<Value, SqlError> {
        let operand = operand.map(|operand| self.evaluate(operand, row)).transpose()?;
        let mut chosen = None;
        let mut sql_type = None;
        for (when, then) in branches {
            let when = self.evaluate(when, row)?;
            let matches = match &operand {
                Some(operand) => operators::binary(Operator::Equal, operand, &when)?,
                None => when,
            };
            let then_value = self.evaluate(then, row)?;
            sql_type = common_type(sql_type, then, &then_value);
            if chosen.is_none() && operators::truth(&matches) == Some(true) {
                chosen = Some(then_value);
            }
        }
        if let Some(otherwise) = otherwise {
            let value = self.evaluate(otherwise, row)?;
            sql_type = common_type(sql_type, otherwise, &value);
            chosen = chosen.or(Some(value));
        }
        let sql_type = sql_type.unwrap_or(SqlType::Int);
        match chosen {
            Some(value) => value.cast(&sql_type),
            None => Ok(Value::null(sql_type)),
        }
    }
}

/// The type of two branches; a bare NULL has no say.
fn common_type(so_far: Option<SqlType>, expression: &Expression, value: &Value) -> Option<SqlType> {
    let bare_null = matches!(expression, Expression::Literal(value) if value.datum == Datum::Null);
    if bare_null {
        return so_far;
    }
    Some(match so_far {
        Some(so_far) => operators::wider(&so_far, &value.sql_type),
        None => value.sql_type.clone(),
    })
}

fn column(name: &str, row: Row<'_>) -> Result<Value, SqlError> {
    row.columns
        .iter()
        .zip(row.values)
        .find(|((column, _), _)| column.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.clone())
        .ok_or_else(|| SqlError::new(207, format!("Invalid column name '{name}'.")))
}

#[cfg(test)]
mod tests;
