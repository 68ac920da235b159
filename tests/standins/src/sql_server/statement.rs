//! What one statement does: changes of the session, tokens, rows to come.

use std::time::Duration;

use super::rows::Rows;
use super::session::Session;
use super::sql::evaluate::{Row, Scope, Variables};
use super::sql::syntax::{Expression, Item, Select, Statement};
use super::tokens::{self, SqlError};
use super::value::{SqlType, Value};

/// Values of CurCmd in DONE.
pub(super) mod command {
    pub(in crate::sql_server) const SELECT: u16 = 0xC1;
    pub(in crate::sql_server) const OTHER: u16 = 0xFD;
}

pub(super) type Arguments = Vec<(Option<String>, Value)>;

#[derive(Default)]
pub(super) struct Effect {
    pub(super) tokens: Vec<u8>,
    pub(super) rows: Option<Rows>,
    pub(super) wait: Option<Duration>,
    /// Statements that take this one's place.
    pub(super) then: Vec<Statement>,
    /// A procedure, with names and values of its arguments.
    pub(super) call: Option<(String, Arguments)>,
    /// A DONE follows. DECLARE and IF have none.
    pub(super) done: bool,
    /// An error was reported, and the batch goes on.
    pub(super) failed: bool,
}

impl Effect {
    fn done() -> Self {
        Self {
            done: true,
            ..Self::default()
        }
    }

    fn message(error: &SqlError) -> Self {
        let mut effect = Self::done();
        tokens::message(&mut effect.tokens, error);
        effect.failed = error.class > 10;
        effect
    }
}

pub(super) fn execute(
    statement: Statement,
    session: &mut Session,
    variables: &mut Variables,
) -> Result<Effect, SqlError> {
    let scope = Scope {
        facts: session.facts(),
        variables: variables.clone(),
    };
    let value = |expression: &Expression| scope.evaluate(expression, Row::default());
    let mut effect = Effect::done();
    match statement {
        Statement::Select(select) => return run_select(&select, &scope, variables),
        Statement::Declare(declared) => {
            effect.done = false;
            for (name, sql_type, initial) in declared {
                let initial = match initial {
                    Some(initial) => value(&initial)?.cast(&sql_type)?,
                    None => Value::null(sql_type),
                };
                variables.insert(name, initial);
            }
        }
        Statement::Assign(name, expression) => assign(&name, value(&expression)?, variables)?,
        Statement::SetOption(words) => session.set_option(&words),
        Statement::Begin => session.begin(&mut effect.tokens),
        Statement::Commit => {
            if !session.commit(&mut effect.tokens) {
                return Err(nothing_to_commit());
            }
        }
        Statement::Rollback(_) => {
            if !session.rollback(&mut effect.tokens) {
                return Err(nothing_to_roll_back());
            }
        }
        Statement::Save => {}
        Statement::Use(database) => session.change_database(database, &mut effect.tokens),
        Statement::WaitFor(duration) => effect.wait = Some(duration),
        Statement::Print(expression) => {
            let text = value(&expression)?.text().unwrap_or_default();
            return Ok(Effect::message(&SqlError::new(0, text).with_class(0)));
        }
        Statement::RaiseError {
            message,
            class,
            state,
        } => {
            let mut error = SqlError::new(50000, value(&message)?.text().unwrap_or_default());
            error.class = small(&value(&class)?);
            error.state = small(&value(&state)?);
            return Ok(Effect::message(&error));
        }
        Statement::Throw {
            number,
            message,
            state,
        } => {
            let number = value(&number)?.as_integer().unwrap_or(50000);
            let text = value(&message)?.text().unwrap_or_default();
            let mut error = SqlError::new(u32::try_from(number).unwrap_or(50000), text);
            error.state = small(&value(&state)?);
            return Err(error);
        }
        Statement::If {
            condition,
            then,
            otherwise,
        } => {
            effect.done = false;
            effect.then = if scope.is_true(&condition, Row::default())? {
                then
            } else {
                otherwise
            };
        }
        Statement::Execute { procedure, arguments } => {
            effect.done = false;
            let arguments = arguments
                .into_iter()
                .map(|(name, expression)| Ok((name, value(&expression)?)))
                .collect::<Result<_, SqlError>>()?;
            effect.call = Some((procedure, arguments));
        }
    }
    Ok(effect)
}

fn run_select(select: &Select, scope: &Scope, variables: &mut Variables) -> Result<Effect, SqlError> {
    let mut effect = Effect::done();
    if select.items.iter().any(|item| matches!(item, Item::Assign(..))) {
        for item in &select.items {
            if let Item::Assign(name, expression) = item {
                assign(name, scope.evaluate(expression, Row::default())?, variables)?;
            }
        }
        return Ok(effect);
    }
    let rows = Rows::of(select, scope)?;
    tokens::columns(&mut effect.tokens, &rows.columns);
    effect.rows = Some(rows);
    Ok(effect)
}

fn assign(name: &str, value: Value, variables: &mut Variables) -> Result<(), SqlError> {
    let Some(variable) = variables.get_mut(name) else {
        let text = format!("Must declare the scalar variable \"{name}\".");
        return Err(SqlError::new(137, text).with_class(15));
    };
    *variable = value.cast(&variable.sql_type)?;
    Ok(())
}

fn small(value: &Value) -> u8 {
    value
        .as_integer()
        .and_then(|value| u8::try_from(value).ok())
        .unwrap_or(1)
}

pub(super) fn nothing_to_commit() -> SqlError {
    no_transaction(3902, "COMMIT")
}

pub(super) fn nothing_to_roll_back() -> SqlError {
    no_transaction(3903, "ROLLBACK")
}

fn no_transaction(number: u32, statement: &str) -> SqlError {
    let text = format!("The {statement} TRANSACTION request has no corresponding BEGIN TRANSACTION.");
    SqlError::new(number, text)
}

/// Parameters given to declarations, by name or else by place; conversions as in an assignment.
pub(super) fn bind(
    declarations: &[(String, SqlType)],
    given: &[(String, Value)],
) -> Result<Variables, SqlError> {
    let mut variables = Variables::new();
    for (at, (name, sql_type)) in declarations.iter().enumerate() {
        let by_name = given.iter().find(|(given, _)| given == name);
        let by_place = || given.get(at).filter(|(name, _)| name.is_empty());
        let Some((_, value)) = by_name.or_else(by_place) else {
            let text =
                format!("The parameterized query expects the parameter '{name}', which was not supplied.");
            return Err(SqlError::new(8178, text));
        };
        // What the server would only hand back is kept as it came.
        let value = match (&value.sql_type, sql_type) {
            (SqlType::Opaque(_), _) => value.clone(),
            (_, SqlType::Opaque(_) | SqlType::DateTime | SqlType::DateTime2) if !value.is_null() => {
                value.clone()
            }
            _ => value.clone().cast(sql_type)?,
        };
        variables.insert(name.clone(), value);
    }
    Ok(variables)
}
