//! Requests and their answers, once somebody is logged in.

mod bulk_load;
mod catalogue;
mod describe;
mod procedures;
mod statements;

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};

use super::Shared;
use super::failure::Failure;
use super::fault::Fault;
use super::packet::{Incoming, Message, Outgoing, kind, status};
use super::record::Request;
use super::request::{self, Transaction};
use super::session::Session;
use super::sql;
use super::sql::evaluate::Variables;
use super::statement::{command, nothing_to_commit, nothing_to_roll_back};
use super::tokens::{self, DoneKind, SqlError, done};
use super::wire::Malformed;

/// As in the real server.
const DEEPEST_CALL: usize = 32;

pub(super) struct Conversation<R, W> {
    pub(super) incoming: Incoming<R>,
    pub(super) outgoing: Outgoing<W>,
    pub(super) session: Session,
    pub(super) connection: u64,
    pub(super) shared: Arc<Shared>,
    /// An error within a procedure that the caller's TRY block is to have.
    pub(super) uncaught: Option<SqlError>,
}

/// How far a request got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Finished,
    /// An error ended it.
    Failed,
    /// The client does not want to hear more.
    Cancelled,
}

/// Why a statement did not come to its end.
enum Ended {
    Failed(SqlError),
    Cancelled,
}

impl From<SqlError> for Ended {
    fn from(error: SqlError) -> Self {
        Self::Failed(error)
    }
}

/// The DONE of a statement, held back until it is known whether it is the last one.
struct PendingDone {
    status: u16,
    command: u16,
    count: u64,
}

impl<R: AsyncRead + Unpin + Send, W: AsyncWrite + Unpin + Send> Conversation<R, W> {
    /// Answers until the client leaves.
    pub(super) async fn run(&mut self) -> Result<(), Failure> {
        while let Some(message) = self.incoming.message().await? {
            self.answer(message).await?;
        }
        Ok(())
    }

    async fn answer(&mut self, message: Message) -> Result<(), Failure> {
        if message.kind == kind::ATTENTION {
            // It came after the response was complete; it is owed its answer all the same.
            return self.acknowledge_attention().await;
        }
        let fault = self.shared.faults.for_request();
        if fault == Some(Fault::CloseDuringRequest) {
            return Err(Failure::Injected);
        }
        let keep = message.status & status::RESET_KEEPING_TRANSACTION != 0;
        if keep || message.status & status::RESET != 0 {
            self.session.reset(keep, &mut self.outgoing.tokens);
        }
        if message.kind == kind::BULK_LOAD {
            return self.bulk_load(message, fault).await;
        }
        if self.session.bulk.take().is_some() {
            // Announced, and did not come.
            self.session.end_statement();
        }
        let descriptor = match message.kind {
            kind::SQL_BATCH | kind::RPC | kind::TRANSACTION => {
                request::transaction_descriptor(&message.body)?
            }
            _ => 0,
        };
        let resumed = self.session.has_transaction(descriptor);
        let progress = match message.kind {
            kind::SQL_BATCH | kind::RPC if !resumed => self.refuse_transaction(descriptor),
            kind::SQL_BATCH => self.batch(request::batch(&message.body)?, fault).await?,
            kind::RPC => self.calls(request::calls(&message.body)?, fault).await?,
            kind::TRANSACTION => self.transaction(request::transaction(&message.body)?, resumed, fault),
            other => {
                return Err(Malformed(format!("packet type {other:#04x} after login")).into());
            }
        };
        if progress == Progress::Cancelled {
            // The interrupted statement ends in an error of its own; without it Driver 18 takes a WAITFOR for done.
            let interrupted = done::ERROR | done::MORE | self.in_transaction();
            let out = &mut self.outgoing.tokens;
            done(out, DoneKind::Batch, interrupted, command::OTHER, 0);
            return self.acknowledge_attention().await;
        }
        Ok(self.outgoing.finish().await?)
    }

    /// A request in a transaction that this session does not have.
    ///
    /// The real server does not execute it (MS-TDS 2.2.5.3.2). Outside autocommit that is how Driver 18's recovery of
    /// a lost connection ends: it restores the session, which has no transaction, and goes on naming the old one
    /// (<https://github.com/mkleehammer/pyodbc/issues/736>, <https://github.com/sqlalchemy/sqlalchemy/issues/6073>).
    fn refuse_transaction(&mut self, descriptor: u64) -> Progress {
        let text = format!("The server failed to resume the transaction. Desc:{descriptor:x}.");
        self.fail(&SqlError::new(3971, text));
        self.last_done(DoneKind::Batch, done::ERROR, command::OTHER, 0);
        Progress::Failed
    }

    async fn acknowledge_attention(&mut self) -> Result<(), Failure> {
        let out = &mut self.outgoing.tokens;
        done(out, DoneKind::Batch, done::ATTENTION, command::OTHER, 0);
        Ok(self.outgoing.finish().await?)
    }

    fn record(&self, text: String, parameters: Vec<Option<String>>) {
        self.shared.journal.request(Request {
            connection: self.connection,
            login: self.session.client.identity.login.clone(),
            text,
            parameters,
        });
    }

    async fn batch(&mut self, text: String, fault: Option<Fault>) -> Result<Progress, Failure> {
        let parsed = match fault {
            Some(Fault::FailRequest(error)) => Err(error),
            _ => sql::parse(&text),
        };
        self.record(text, Vec::new());
        match parsed {
            Ok(statements) => {
                self.statements(statements, Variables::new(), DoneKind::Batch, 0)
                    .await
            }
            Err(error) => {
                self.fail(&error);
                self.last_done(DoneKind::Batch, done::ERROR, command::OTHER, 0);
                Ok(Progress::Failed)
            }
        }
    }

    fn pending(&self, status: u16, command: u16, count: u64) -> PendingDone {
        PendingDone {
            status: status | self.in_transaction(),
            command,
            count,
        }
    }

    fn in_transaction(&self) -> u16 {
        if self.session.transactions > 0 {
            done::IN_TRANSACTION
        } else {
            0
        }
    }

    fn flush_pending(&mut self, pending: &mut Option<PendingDone>, done_kind: DoneKind) {
        if let Some(pending) = pending.take() {
            done(
                &mut self.outgoing.tokens,
                done_kind,
                pending.status | done::MORE,
                pending.command,
                pending.count,
            );
        }
    }

    /// The last DONE of a response, and the session's state before it.
    fn last_done(&mut self, done_kind: DoneKind, status: u16, command: u16, count: u64) {
        let status = status | self.in_transaction();
        self.session.announce_state(&mut self.outgoing.tokens);
        done(&mut self.outgoing.tokens, done_kind, status, command, count);
    }

    fn fail(&mut self, error: &SqlError) {
        self.session.last_error = error.number;
        tokens::message(&mut self.outgoing.tokens, error);
    }

    /// Sends what there is, and looks whether the client still wants it.
    async fn send(&mut self) -> Result<Progress, Failure> {
        let Self {
            incoming, outgoing, ..
        } = self;
        let mut sending = std::pin::pin!(outgoing.flush_full_packets());
        let mut sent = false;
        tokio::select! {
            biased;
            message = incoming.message() => attention(message?)?,
            result = &mut sending => {
                result?;
                sent = true;
            }
        }
        if sent {
            return Ok(Progress::Finished);
        }
        sending.await?;
        Ok(Progress::Cancelled)
    }

    /// Waits for something, and whether the client still wants it.
    async fn unless_cancelled<T>(
        &mut self,
        waited: impl Future<Output = T>,
    ) -> Result<Result<T, Ended>, Failure> {
        tokio::select! {
            biased;
            result = waited => Ok(Ok(result)),
            message = self.incoming.message() => {
                attention(message?)?;
                Ok(Err(Ended::Cancelled))
            }
        }
    }

    /// `resumed`: whether the transaction that it names, if any, is this session's.
    fn transaction(&mut self, request: Transaction, resumed: bool, fault: Option<Fault>) -> Progress {
        self.record(format!("transaction manager: {request:?}"), Vec::new());
        if let Some(Fault::FailRequest(error)) = fault {
            self.fail(&error);
            self.last_done(DoneKind::Batch, done::ERROR, command::OTHER, 0);
            return Progress::Failed;
        }
        let out = &mut self.outgoing.tokens;
        let (ended, then_begin) = match request {
            Transaction::Begin { isolation } => {
                self.session.set_isolation(isolation);
                self.session.begin(out);
                (Ok(()), false)
            }
            Transaction::Commit { then_begin } => {
                let ended = if resumed {
                    self.session.commit(out)
                } else {
                    Err(nothing_to_commit())
                };
                (ended, then_begin)
            }
            Transaction::Rollback { then_begin } => {
                let ended = if resumed {
                    self.session.rollback(None, out)
                } else {
                    Err(nothing_to_roll_back())
                };
                (ended, then_begin)
            }
            Transaction::Save | Transaction::Other(_) => (Ok(()), false),
        };
        let mut status = 0;
        if let Err(error) = ended {
            self.fail(&error);
            status = done::ERROR;
        } else if then_begin {
            self.session.begin(&mut self.outgoing.tokens);
        }
        self.last_done(DoneKind::Batch, status, command::OTHER, 0);
        Progress::Finished
    }
}

/// Nothing but an attention may arrive during a response.
fn attention(message: Option<Message>) -> Result<(), Failure> {
    match message {
        Some(message) if message.kind == kind::ATTENTION => Ok(()),
        Some(message) => {
            let text = format!("packet type {:#04x} during a response", message.kind);
            Err(Malformed(text).into())
        }
        None => Err(Failure::Closed),
    }
}

#[cfg(test)]
mod tests;
