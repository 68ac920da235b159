//! Runs the statements of a batch or procedure, one after the other, with what errors do to those that follow.

use std::collections::VecDeque;

use tokio::io::{AsyncRead, AsyncWrite};

use super::{Conversation, Ended, PendingDone, Progress};
use crate::sql_server::change::{self, Change};
use crate::sql_server::failure::Failure;
use crate::sql_server::rows::Rows;
use crate::sql_server::sql::evaluate::Variables;
use crate::sql_server::sql::syntax::Statement;
use crate::sql_server::statement::{self, Effect, command};
use crate::sql_server::tokens::{DoneKind, SqlError, done};

/// How much of a result is made before it is sent.
const CHUNK: usize = 128 * 1024;
/// Errors that end their statement and nothing else; others end the batch.
const OF_THE_STATEMENT: [u32; 16] = [
    220, 512, 515, 544, 547, 2601, 2627, 2628, 3701, 3902, 3903, 3930, 8115, 8134, 8152, 50000,
];
/// Errors that end the transaction as well: conversions and deadlocks.
const OF_THE_TRANSACTION: [u32; 9] = [235, 241, 242, 245, 248, 1205, 8114, 8169, 529];

/// What runs, and how far it is.
struct Run {
    waiting: VecDeque<Statement>,
    variables: Variables,
    done_kind: DoneKind,
    depth: usize,
    /// The DONE of the last statement.
    pending: Option<PendingDone>,
    progress: Progress,
}

impl<R: AsyncRead + Unpin + Send, W: AsyncWrite + Unpin + Send> Conversation<R, W> {
    /// Runs statements; in a procedure each DONE says that more follows.
    pub(super) async fn statements(
        &mut self,
        statements: Vec<Statement>,
        variables: Variables,
        done_kind: DoneKind,
        depth: usize,
    ) -> Result<Progress, Failure> {
        let mut run = Run {
            waiting: statements.into(),
            variables,
            done_kind,
            depth,
            pending: None,
            progress: Progress::Finished,
        };
        while let Some(statement) = run.waiting.pop_front() {
            if statement == Statement::Return {
                break;
            }
            let savepoint = self.session.work.savepoint();
            let ended = self.statement(statement, &mut run).await?;
            if ended.is_err() {
                self.session.work.undo(&savepoint);
            }
            self.session.end_statement();
            match ended {
                Ok(()) => {}
                Err(Ended::Cancelled) => {
                    self.session.tries = 0;
                    return Ok(Progress::Cancelled);
                }
                Err(Ended::Failed(error)) => {
                    if !self.failed(error, &mut run) {
                        break;
                    }
                }
            }
        }
        if depth == 0 {
            self.end_of_batch(&mut run);
        }
        if done_kind == DoneKind::Batch {
            let last = run.pending.take();
            let last = last.unwrap_or_else(|| self.pending(0, command::OTHER, 0));
            self.last_done(done_kind, last.status, last.command, last.count);
        } else {
            self.flush_pending(&mut run.pending, done_kind);
        }
        Ok(run.progress)
    }

    /// A transaction that can only be rolled back does not outlive its batch.
    fn end_of_batch(&mut self, run: &mut Run) {
        self.session.tries = 0;
        self.session.caught = None;
        if !self.session.doomed {
            return;
        }
        self.flush_pending(&mut run.pending, run.done_kind);
        let text =
            "Uncommittable transaction is detected at the end of the batch. The transaction is rolled back.";
        self.session.roll_back_all(&mut self.outgoing.tokens);
        self.fail(&SqlError::new(3998, text));
        run.pending = Some(self.pending(done::ERROR, command::OTHER, 0));
        run.progress = Progress::Failed;
    }

    /// What follows an error; false if that is nothing.
    fn failed(&mut self, error: SqlError, run: &mut Run) -> bool {
        let deadly = self.ends_transaction(&error);
        self.session.last_error = error.number;
        if self.session.tries > 0 {
            if deadly && self.session.transactions > 0 {
                // Its locks go at once, so that others can go on; the transaction stays until it is rolled back.
                self.session.work.roll_back();
                self.session.doomed = true;
            }
            return self.catch(error, run);
        }
        self.flush_pending(&mut run.pending, run.done_kind);
        self.fail(&error);
        if deadly {
            self.session.roll_back_all(&mut self.outgoing.tokens);
        }
        run.pending = Some(self.pending(done::ERROR, command::OTHER, 0));
        run.progress = Progress::Failed;
        !deadly && OF_THE_STATEMENT.contains(&error.number)
    }

    pub(super) fn ends_transaction(&self, error: &SqlError) -> bool {
        self.session.abort_on_error || OF_THE_TRANSACTION.contains(&error.number)
    }

    /// On with the CATCH block, here or in the caller.
    fn catch(&mut self, error: SqlError, run: &mut Run) -> bool {
        while let Some(skipped) = run.waiting.pop_front() {
            if let Statement::EndTry(handler) = skipped {
                self.session.tries = self.session.tries.saturating_sub(1);
                self.session.caught = Some(error);
                run.waiting.push_front(Statement::EndCatch);
                for statement in handler.into_iter().rev() {
                    run.waiting.push_front(statement);
                }
                return true;
            }
        }
        self.uncaught = Some(error);
        run.progress = Progress::Failed;
        false
    }

    async fn statement(&mut self, statement: Statement, run: &mut Run) -> Result<Result<(), Ended>, Failure> {
        if self.session.doomed && change::is_change(&statement) {
            let text = "The current transaction cannot be committed and cannot support operations that write to the log file. Roll back the transaction.";
            return Ok(Err(SqlError::new(3930, text).into()));
        }
        if let Err(ended) = self.lock(&statement).await? {
            return Ok(Err(ended));
        }
        let is_select = matches!(&statement, Statement::Select(_));
        let effect = match statement::execute(statement, &mut self.session, &mut run.variables) {
            Ok(effect) => effect,
            Err(error) => return Ok(Err(error.into())),
        };
        self.effect(effect, is_select, run).await
    }

    async fn effect(
        &mut self,
        mut effect: Effect,
        is_select: bool,
        run: &mut Run,
    ) -> Result<Result<(), Ended>, Failure> {
        if effect.done || effect.call.is_some() {
            self.flush_pending(&mut run.pending, run.done_kind);
        }
        self.outgoing.tokens.extend_from_slice(&effect.tokens);
        for statement in effect.then.into_iter().rev() {
            run.waiting.push_front(statement);
        }
        if let Some((procedure, arguments)) = effect.call {
            let call = Box::pin(self.execute(&procedure, arguments, run.depth + 1));
            return match call.await? {
                Progress::Cancelled => Ok(Err(Ended::Cancelled)),
                Progress::Finished => {
                    run.pending = Some(self.pending(0, command::OTHER, 0));
                    Ok(Ok(()))
                }
                Progress::Failed => {
                    if let Some(error) = self.uncaught.take() {
                        return Ok(Err(error.into()));
                    }
                    // It has been told already.
                    run.progress = Progress::Failed;
                    run.waiting.clear();
                    run.pending = Some(self.pending(done::ERROR, command::OTHER, 0));
                    Ok(Ok(()))
                }
            };
        }
        if let Some(duration) = effect.wait
            && let Err(ended) = self.unless_cancelled(tokio::time::sleep(duration)).await?
        {
            return Ok(Err(ended));
        }
        let mut count = None;
        let mut command = if is_select {
            command::SELECT
        } else {
            command::OTHER
        };
        if let Some(rows) = effect.rows.take() {
            match self.rows(rows).await? {
                Ok(sent) => count = Some(sent),
                Err(ended) => return Ok(Err(ended)),
            }
        }
        if let Some((change, kind)) = effect.change.take() {
            command = kind;
            match self.change(change).await? {
                Ok(changed) => count = Some(changed),
                Err(ended) => return Ok(Err(ended)),
            }
        }
        if !effect.failed {
            self.session.last_error = 0;
        }
        if effect.done {
            if is_select || count.is_some() {
                self.session.row_count = count.unwrap_or(1);
            }
            let counted = count.filter(|_| !self.session.no_count);
            let mut bits = if counted.is_some() { done::COUNT } else { 0 };
            if effect.failed {
                bits |= done::ERROR;
            }
            run.pending = Some(self.pending(bits, command, counted.unwrap_or(0)));
        }
        Ok(Ok(()))
    }

    /// Gets the locks that the statement needs.
    async fn lock(&mut self, statement: &Statement) -> Result<Result<(), Ended>, Failure> {
        loop {
            let needed = change::locks(statement, &self.session.work, &self.session.database);
            let missing = needed.into_iter();
            let mut missing = missing.filter(|(table, mode)| !self.session.work.holds(table, *mode));
            // After each wait anew: the table may be another one by then.
            let Some((table, mode)) = missing.next() else {
                return Ok(Ok(()));
            };
            let lock = self.session.work.lock(table, mode, self.session.lock_timeout);
            match self.unless_cancelled(lock).await? {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return Ok(Err(error.into())),
                Err(ended) => return Ok(Err(ended)),
            }
        }
    }

    /// Streams rows; gives their number.
    async fn rows(&mut self, mut rows: Rows) -> Result<Result<u64, Ended>, Failure> {
        let mut total = 0;
        loop {
            let appended = match rows.append(&mut self.outgoing.tokens, CHUNK) {
                Ok(appended) => appended,
                Err(error) => return Ok(Err(error.into())),
            };
            total += appended.rows;
            if appended.finished {
                // A short result leaves in one piece with its DONE.
                return Ok(Ok(total));
            }
            if self.outgoing.tokens.len() >= CHUNK {
                if self.send().await? == Progress::Cancelled {
                    return Ok(Err(Ended::Cancelled));
                }
            } else if let Err(ended) = self.unless_cancelled(tokio::task::yield_now()).await? {
                return Ok(Err(ended));
            }
        }
    }

    /// Makes a change; gives the number of its rows.
    async fn change(&mut self, mut change: Box<dyn Change>) -> Result<Result<u64, Ended>, Failure> {
        loop {
            match change.step() {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => return Ok(Err(error.into())),
            }
            if let Err(ended) = self.unless_cancelled(tokio::task::yield_now()).await? {
                return Ok(Err(ended));
            }
        }
        let outcome = change.finish(&mut self.session.work);
        if outcome.identity.is_some() {
            self.session.identity = outcome.identity;
        }
        Ok(Ok(outcome.count))
    }
}
