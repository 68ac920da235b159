//! What one statement does: changes of the session, tokens, rows to come.

use std::time::Duration;

use super::bulk::BulkLoad;
use super::change::{self, Change};
use super::rows::Rows;
use super::session::Session;
use super::sql::evaluate::{Row, Scope, Variables};
use super::sql::query;
use super::sql::syntax::{Expression, Item, Select, Statement};
use super::tokens::{self, SqlError};
use super::value::{SqlType, Value};

/// Values of CurCmd in DONE.
pub(super) mod command {
    pub(in crate::sql_server) const SELECT: u16 = 0xC1;
    pub(in crate::sql_server) const SELECT_INTO: u16 = 0xC2;
    pub(in crate::sql_server) const INSERT: u16 = 0xC3;
    pub(in crate::sql_server) const DELETE: u16 = 0xC4;
    pub(in crate::sql_server) const UPDATE: u16 = 0xC5;
    pub(in crate::sql_server) const BULK_INSERT: u16 = 0xF0;
    pub(in crate::sql_server) const OTHER: u16 = 0xFD;
}

pub(super) type Arguments = Vec<(Option<String>, Value)>;

#[derive(Default)]
pub(super) struct Effect {
    pub(super) tokens: Vec<u8>,
    pub(super) rows: Option<Rows>,
    /// A change of rows, with what DONE calls it.
    pub(super) change: Option<(Box<dyn Change>, u16)>,
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
        Statement::Select(select) => return run_select(&select, &scope, session, variables),
        Statement::CreateTable(_)
        | Statement::CreateSchema(_)
        | Statement::DropTable { .. }
        | Statement::Truncate(_)
        | Statement::Insert(_)
        | Statement::Update(_)
        | Statement::Delete(_)
        | Statement::InsertBulk(_) => change_tables(statement, &scope, session, &mut effect)?,
        Statement::Try { body, handler } => {
            effect.done = false;
            session.tries += 1;
            effect.then = body;
            effect.then.push(Statement::EndTry(handler));
        }
        Statement::EndTry(_) => {
            effect.done = false;
            session.tries = session.tries.saturating_sub(1);
        }
        Statement::EndCatch => {
            effect.done = false;
            session.caught = None;
        }
        // Whoever runs the statements leaves out the rest.
        Statement::Return => effect.done = false,
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
        Statement::Commit => session.commit(&mut effect.tokens)?,
        Statement::Rollback(savepoint) => session.rollback(savepoint.as_deref(), &mut effect.tokens)?,
        Statement::Save(name) => session.save(name),
        Statement::Use(database) => session.change_database(database, &mut effect.tokens),
        Statement::WaitFor(duration) => effect.wait = Some(duration),
        Statement::Print(expression) => {
            let text = value(&expression)?.text().unwrap_or_default();
            return Ok(Effect::message(&SqlError::new(0, text).with_class(0)));
        }
        Statement::RaiseError { .. } | Statement::Throw { .. } | Statement::Rethrow => {
            return raise(&statement, &scope, session);
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

/// RAISERROR and THROW.
fn raise(statement: &Statement, scope: &Scope, session: &Session) -> Result<Effect, SqlError> {
    let value = |expression: &Expression| scope.evaluate(expression, Row::default());
    match statement {
        Statement::RaiseError {
            message,
            class,
            state,
        } => {
            let mut error = SqlError::new(50000, value(message)?.text().unwrap_or_default());
            error.class = small(&value(class)?);
            error.state = small(&value(state)?);
            if error.class > 10 && session.tries > 0 {
                return Err(error);
            }
            Ok(Effect::message(&error))
        }
        Statement::Throw {
            number,
            message,
            state,
        } => {
            let number = value(number)?.as_integer().unwrap_or(50000);
            let text = value(message)?.text().unwrap_or_default();
            let mut error = SqlError::new(u32::try_from(number).unwrap_or(50000), text);
            error.state = small(&value(state)?);
            Err(error)
        }
        _ => Err(session.caught.clone().ok_or_else(|| {
            let text = "To rethrow an error, a THROW statement must be used inside a CATCH block. Insert the THROW statement inside a CATCH block, or add error parameters to the THROW statement.";
            SqlError::new(10704, text).with_class(15)
        })?),
    }
}

fn change_tables(
    statement: Statement,
    scope: &Scope,
    session: &mut Session,
    effect: &mut Effect,
) -> Result<(), SqlError> {
    match statement {
        Statement::CreateTable(table) => {
            change::create_table(&table, scope, &mut session.work)?;
        }
        Statement::CreateSchema(name) => change::create_schema(&name, scope, &session.work)?,
        Statement::DropTable { names, if_exists } => {
            change::drop_tables(&names, if_exists, scope, &mut session.work)?;
        }
        Statement::Truncate(name) => change::truncate(&name, scope, &mut session.work)?,
        Statement::Insert(insert) => {
            let insert = change::insert(&insert, scope, &mut session.work)?;
            effect.change = Some((insert, command::INSERT));
        }
        Statement::Update(update) => {
            effect.change = Some((change::update(&update, scope)?, command::UPDATE));
        }
        Statement::Delete(delete) => {
            effect.change = Some((change::delete(&delete, scope)?, command::DELETE));
        }
        Statement::InsertBulk(bulk) => {
            session.bulk = Some(BulkLoad::new(&bulk, scope)?);
        }
        _ => {}
    }
    Ok(())
}

fn run_select(
    select: &Select,
    scope: &Scope,
    session: &mut Session,
    variables: &mut Variables,
) -> Result<Effect, SqlError> {
    let mut effect = Effect::done();
    if select.items.iter().any(|item| matches!(item, Item::Assign(..))) {
        assign_columns(select, scope, variables)?;
        return Ok(effect);
    }
    let query = query::compile(select, scope)?;
    if let Some(into) = &select.into {
        let (name, table) = change::table_of_columns(into, &query.columns, scope, &mut session.work)?;
        let change = change::load(query, name, table, scope, &mut session.work)?;
        effect.change = Some((change, command::SELECT_INTO));
        return Ok(effect);
    }
    let rows = Rows::of(query);
    tokens::columns(&mut effect.tokens, &rows.columns);
    effect.rows = Some(rows);
    Ok(effect)
}

/// `SELECT @a = …, @b = … FROM …`: the last row counts, and without one nothing changes.
fn assign_columns(select: &Select, scope: &Scope, variables: &mut Variables) -> Result<(), SqlError> {
    let mut names = Vec::new();
    let mut select = select.clone();
    for item in &mut select.items {
        if let Item::Assign(name, expression) = item {
            names.push(name.clone());
            *item = Item::Column {
                name: None,
                expression: expression.clone(),
            };
        } else {
            let text = "A SELECT statement that assigns a value to a variable must not be combined with data-retrieval operations.";
            return Err(SqlError::new(141, text).with_class(15));
        }
    }
    let last = query::compile(&select, scope)?.all()?.pop();
    for (name, value) in names.iter().zip(last.into_iter().flatten()) {
        assign(name, value, variables)?;
    }
    Ok(())
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
            (_, SqlType::Opaque(_)) if !value.is_null() => value.clone(),
            _ => value.clone().cast(sql_type)?,
        };
        variables.insert(name.clone(), value);
    }
    Ok(variables)
}
