//! Names into places, constants into values.

use super::source::Output;
use crate::sql_server::sql::evaluate::{Row, Scope, unknown_column};
use crate::sql_server::sql::operators;
use crate::sql_server::sql::syntax::{Expression, Operator};
use crate::sql_server::tokens::SqlError;
use crate::sql_server::value::{Datum, SqlType, Value};

/// What an expression may name.
pub(in crate::sql_server) struct Names<'a> {
    pub(in crate::sql_server) scope: &'a Scope,
    /// The columns that are in reach.
    pub(in crate::sql_server) outputs: &'a [Output],
    /// A row of the base with NULL everywhere, which tells types.
    pub(in crate::sql_server) nulls: &'a [Value],
    /// Which columns of the base never are NULL.
    pub(in crate::sql_server) not_null: &'a [bool],
}

impl Names<'_> {
    pub(super) fn find(&self, qualifier: Option<&str>, name: &str) -> Result<&Output, SqlError> {
        let mut found = self.outputs.iter().filter(|output| {
            let of = |qualifier: &str| {
                let own = output.qualifier.as_deref();
                own.is_some_and(|own| own.eq_ignore_ascii_case(qualifier))
            };
            output.name.eq_ignore_ascii_case(name) && qualifier.is_none_or(of)
        });
        let output = found.next().ok_or_else(|| unknown_column(qualifier, name))?;
        if found.next().is_some() {
            return Err(SqlError::new(209, format!("Ambiguous column name '{name}'.")));
        }
        Ok(output)
    }

    /// The expression over the columns of the base.
    pub(in crate::sql_server) fn bind(&self, expression: Expression) -> Result<Expression, SqlError> {
        if let Expression::Column { qualifier, name } = &expression {
            return Ok(self.find(qualifier.as_deref(), name)?.expression.clone());
        }
        let bound = expression.map_parts(|part| self.bind(part))?;
        self.simplified(bound)
    }

    pub(super) fn type_of(&self, expression: &Expression) -> Result<SqlType, SqlError> {
        let row = Row { values: self.nulls };
        Ok(self.scope.evaluate(expression, row)?.sql_type)
    }

    /// The same after its parts have been simplified.
    pub(super) fn simplified(&self, expression: Expression) -> Result<Expression, SqlError> {
        if is_constant(&expression) {
            // What fails, fails where it is needed.
            return Ok(match self.scope.evaluate(&expression, Row::default()) {
                Ok(value) => Expression::Literal(value),
                Err(error) if error.number == 137 || is_query(&expression) => return Err(error),
                Err(_) => expression,
            });
        }
        Ok(match expression {
            Expression::IsNull(inner, not) => match *inner {
                Expression::Slot(at) if self.not_null.get(at) == Some(&true) => {
                    Expression::Literal(Value::bit(not))
                }
                inner => Expression::IsNull(Box::new(inner), not),
            },
            Expression::InQuery(inner, query, not) => {
                let list = self.scope.column_of(&query)?;
                self.converted_list(inner, list.into_iter().map(Expression::Literal).collect(), not)?
            }
            Expression::In(inner, list, not) => self.converted_list(inner, list, not)?,
            Expression::Binary(operator, left, right) => self.binary(operator, *left, *right)?,
            Expression::Case(mut case) => {
                let row = Row { values: self.nulls };
                case.sql_type = Some(self.scope.type_of_case(&case, row)?);
                Expression::Case(case)
            }
            other => other,
        })
    }

    fn binary(
        &self,
        operator: Operator,
        left: Expression,
        right: Expression,
    ) -> Result<Expression, SqlError> {
        let truth = |expression: &Expression| match expression {
            Expression::Literal(value) => operators::truth(value),
            _ => None,
        };
        match (operator, truth(&left), truth(&right)) {
            (Operator::And, Some(true), _) | (Operator::Or, Some(false), _) => return Ok(right),
            (Operator::And, _, Some(true)) | (Operator::Or, _, Some(false)) => return Ok(left),
            _ => {}
        }
        let (left, right) = if operator.is_comparison() {
            (
                self.converted(left.clone(), &right)?,
                self.converted(right, &left)?,
            )
        } else {
            (left, right)
        };
        Ok(Expression::Binary(operator, Box::new(left), Box::new(right)))
    }

    fn converted_list(
        &self,
        inner: Box<Expression>,
        list: Vec<Expression>,
        not: bool,
    ) -> Result<Expression, SqlError> {
        let list = list.into_iter().map(|one| self.converted(one, &inner));
        let list = list.collect::<Result<_, _>>()?;
        Ok(Expression::In(inner, list, not))
    }

    /// A text literal in the type of what it is compared with, so that it is not converted for every row.
    fn converted(&self, literal: Expression, other: &Expression) -> Result<Expression, SqlError> {
        let Expression::Literal(value) = &literal else {
            return Ok(literal);
        };
        if !matches!(value.datum, Datum::Text(_)) || matches!(other, Expression::Literal(_)) {
            return Ok(literal);
        }
        let other_type = self.type_of(other)?;
        if other_type.is_text() || operators::wider(&other_type, &value.sql_type) != other_type {
            return Ok(literal);
        }
        Ok(match value.clone().cast(&other_type) {
            Ok(value) => Expression::Literal(value),
            Err(_) => literal,
        })
    }
}

fn is_query(expression: &Expression) -> bool {
    matches!(
        expression,
        Expression::Exists(_) | Expression::Query(_) | Expression::InQuery(..)
    )
}

/// Whether its parts are values, so that it has the same value for each row.
fn is_constant(expression: &Expression) -> bool {
    let literal = |part: &Expression| matches!(part, Expression::Literal(_));
    match expression {
        Expression::Literal(_) | Expression::Column { .. } | Expression::Slot(_) => false,
        Expression::Variable(_) | Expression::Global(_) | Expression::Exists(_) | Expression::Query(_) => {
            true
        }
        Expression::Call(name, arguments) => name != "NEWID" && arguments.iter().all(literal),
        Expression::Cast(cast) => literal(&cast.inner) && cast.style.iter().all(literal),
        Expression::Negative(inner)
        | Expression::Not(inner)
        | Expression::IsNull(inner, _)
        | Expression::InQuery(inner, ..) => literal(inner),
        Expression::Binary(_, left, right) => literal(left) && literal(right),
        Expression::In(inner, list, _) => literal(inner) && list.iter().all(literal),
        Expression::Case(case) => {
            let branches = case.branches.iter().flat_map(|(when, then)| [when, then]);
            let mut parts = case.operand.iter().chain(branches).chain(&case.otherwise);
            parts.all(literal)
        }
    }
}

/// The conditions that AND joins.
pub(in crate::sql_server) fn conjuncts(condition: Expression, into: &mut Vec<Expression>) {
    match condition {
        Expression::Binary(Operator::And, left, right) => {
            conjuncts(*left, into);
            conjuncts(*right, into);
        }
        Expression::Literal(value) if operators::truth(&value) == Some(true) => {}
        other => into.push(other),
    }
}
