//! Procedure calls: the ones that carry SQL, and the catalogue's.

use tokio::io::{AsyncRead, AsyncWrite};

use super::{Conversation, DEEPEST_CALL, Progress, catalogue, describe};
use crate::sql_server::failure::Failure;
use crate::sql_server::fault::Fault;
use crate::sql_server::request::Call;
use crate::sql_server::session::Prepared;
use crate::sql_server::sql;
use crate::sql_server::sql::evaluate::{Scope, Variables};
use crate::sql_server::sql::query;
use crate::sql_server::sql::syntax::Statement;
use crate::sql_server::statement::{self, Arguments, command};
use crate::sql_server::tokens::{self, DoneKind, SqlError, done};
use crate::sql_server::value::{SqlType, Value};

/// A parameter: its name in lower case, empty where the order decides, and its value.
type Given = (String, Value);

impl<R: AsyncRead + Unpin + Send, W: AsyncWrite + Unpin + Send> Conversation<R, W> {
    pub(super) async fn calls(
        &mut self,
        calls: Vec<Call>,
        fault: Option<Fault>,
    ) -> Result<Progress, Failure> {
        let mut progress = Progress::Finished;
        let last = calls.len().saturating_sub(1);
        for (at, call) in calls.into_iter().enumerate() {
            let given = call
                .parameters
                .into_iter()
                .map(|parameter| (parameter.name, parameter.value))
                .collect::<Vec<_>>();
            self.record_call(&call.procedure, &given);
            progress = match &fault {
                Some(Fault::FailRequest(error)) => {
                    self.fail(error);
                    Progress::Failed
                }
                _ => self.call(&call.procedure, &given, 0).await?,
            };
            if progress == Progress::Cancelled {
                return Ok(progress);
            }
            let error = if progress == Progress::Failed {
                done::ERROR
            } else {
                0
            };
            if at == last {
                self.last_done(DoneKind::Procedure, error, command::OTHER, 0);
            } else {
                let out = &mut self.outgoing.tokens;
                done(out, DoneKind::Procedure, error | done::MORE, command::OTHER, 0);
            }
        }
        Ok(progress)
    }

    /// EXEC within a batch.
    pub(super) async fn execute(
        &mut self,
        procedure: &str,
        arguments: Arguments,
        depth: usize,
    ) -> Result<Progress, Failure> {
        if depth > DEEPEST_CALL {
            let text =
                "Maximum stored procedure, function, trigger, or view nesting level exceeded (limit 32).";
            self.fail(&SqlError::new(217, text));
            return Ok(Progress::Failed);
        }
        let given: Vec<Given> = arguments
            .into_iter()
            .map(|(name, value)| (name.unwrap_or_default(), value))
            .collect();
        self.call(&procedure.to_lowercase(), &given, depth).await
    }

    /// The text of the SQL where a call carries some, else the procedure's name.
    fn record_call(&self, procedure: &str, given: &[Given]) {
        let carried = match procedure {
            "sp_executesql" => given.first(),
            "sp_prepare" | "sp_prepexec" => given.get(2),
            _ => None,
        };
        let text = carried.and_then(|(_, value)| value.text());
        let skipped = match procedure {
            "sp_executesql" => 2,
            "sp_prepare" | "sp_prepexec" => 3,
            _ => 0,
        };
        let parameters = given.iter().skip(skipped).map(|(_, value)| value.text());
        self.record(text.unwrap_or_else(|| procedure.to_owned()), parameters.collect());
    }

    async fn call(&mut self, procedure: &str, given: &[Given], depth: usize) -> Result<Progress, Failure> {
        let mut handle = None;
        let prepared = match self.look_up(procedure, given, &mut handle) {
            Ok(prepared) => prepared,
            Err(error) => {
                self.fail(&error);
                return Ok(Progress::Failed);
            }
        };
        let mut progress = Progress::Finished;
        if let Some((prepared, values)) = prepared {
            progress = match statement::bind(&prepared.declarations, values) {
                Ok(variables) => {
                    let statements = prepared.statements;
                    self.statements(statements, variables, DoneKind::InProcedure, depth)
                        .await?
                }
                Err(error) => {
                    self.fail(&error);
                    Progress::Failed
                }
            };
        }
        if progress != Progress::Cancelled {
            let out = &mut self.outgoing.tokens;
            tokens::return_status(out, 0);
            if let Some(handle) = handle {
                tokens::return_value(out, 0, "@handle", &Value::int(handle));
            }
        }
        Ok(progress)
    }

    /// What a call runs, with the values for it; catalogue procedures have answered already.
    fn look_up<'a>(
        &mut self,
        procedure: &str,
        given: &'a [Given],
        new_handle: &mut Option<i32>,
    ) -> Result<Option<(Prepared, &'a [Given])>, SqlError> {
        match procedure {
            "sp_executesql" => {
                let prepared = prepared(given.first(), given.get(1))?;
                Ok(Some((prepared, given.get(2..).unwrap_or_default())))
            }
            "sp_prepexec" => {
                let prepared = prepared(given.get(2), given.get(1))?;
                *new_handle = Some(self.session.prepare(prepared.clone()));
                Ok(Some((prepared, given.get(3..).unwrap_or_default())))
            }
            "sp_prepare" => {
                let prepared = prepared(given.get(2), given.get(1))?;
                self.describe(&prepared)?;
                *new_handle = Some(self.session.prepare(prepared));
                Ok(None)
            }
            "sp_execute" => {
                let handle = handle(given)?;
                let prepared = self
                    .session
                    .prepared(handle)
                    .ok_or_else(|| no_such_handle(handle))?;
                Ok(Some((prepared, given.get(1..).unwrap_or_default())))
            }
            "sp_unprepare" => {
                let handle = handle(given)?;
                if !self.session.unprepare(handle) {
                    return Err(no_such_handle(handle));
                }
                Ok(None)
            }
            "sp_describe_first_result_set" => {
                self.describe_first(given.first())?;
                Ok(None)
            }
            _ => {
                let facts = self.session.facts();
                catalogue::answer(procedure, given, &facts, &mut self.outgoing.tokens)?;
                Ok(None)
            }
        }
    }

    fn describe_first(&mut self, text: Option<&Given>) -> Result<(), SqlError> {
        let prepared = prepared(text, None)?;
        let mut rows = Vec::new();
        let selects = prepared.statements.iter().find_map(|statement| match statement {
            Statement::Select(select) => Some(select),
            _ => None,
        });
        if let Some(select) = selects {
            let scope = Scope {
                facts: self.session.facts(),
                variables: Variables::new(),
            };
            let columns = query::compile(select, &scope)?.columns;
            let columns = columns.iter().zip(1..);
            rows.extend(columns.map(|(column, ordinal)| describe::row(column, ordinal)));
        }
        catalogue::result(&describe::columns(), &rows, &mut self.outgoing.tokens);
        Ok(())
    }

    /// The columns that a prepared select will have; none are sent where that cannot be told.
    fn describe(&mut self, prepared: &Prepared) -> Result<(), SqlError> {
        let Some(Statement::Select(select)) = prepared.statements.first() else {
            return Ok(());
        };
        let scope = Scope {
            facts: self.session.facts(),
            variables: prepared
                .declarations
                .iter()
                .map(|(name, sql_type)| (name.clone(), Value::null(sql_type.clone())))
                .collect(),
        };
        let query = query::compile(select, &scope)?;
        let out = &mut self.outgoing.tokens;
        tokens::columns(out, &query.columns);
        done(out, DoneKind::InProcedure, done::MORE, command::SELECT, 0);
        Ok(())
    }
}

fn prepared(text: Option<&Given>, declarations: Option<&Given>) -> Result<Prepared, SqlError> {
    let content = |given: Option<&Given>| given.and_then(|(_, value)| value.text());
    let text = content(text).ok_or_else(|| {
        let text = "Procedure expects parameter '@statement' of type 'ntext/nchar/nvarchar'.";
        SqlError::new(214, text)
    })?;
    let declarations: Vec<(String, SqlType)> = match content(declarations) {
        Some(declarations) => sql::parse_declarations(&declarations)?,
        None => Vec::new(),
    };
    Ok(Prepared {
        declarations,
        statements: sql::parse(&text)?,
    })
}

fn handle(given: &[Given]) -> Result<i32, SqlError> {
    given
        .first()
        .and_then(|(_, value)| value.as_integer())
        .and_then(|handle| i32::try_from(handle).ok())
        .ok_or_else(|| no_such_handle(0))
}

fn no_such_handle(handle: i32) -> SqlError {
    let text = format!("Could not find prepared statement with handle {handle}.");
    SqlError::new(8179, text)
}
