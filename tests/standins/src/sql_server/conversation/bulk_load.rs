//! The message with the rows of a bulk load, read packet by packet.

use tokio::io::{AsyncRead, AsyncWrite};

use super::Conversation;
use crate::sql_server::bulk::{LoadError, Loader};
use crate::sql_server::change::Outcome;
use crate::sql_server::failure::Failure;
use crate::sql_server::fault::Fault;
use crate::sql_server::packet::{Message, kind, status};
use crate::sql_server::statement::command;
use crate::sql_server::tokens::{DoneKind, SqlError, done};

impl<R: AsyncRead + Unpin + Send, W: AsyncWrite + Unpin + Send> Conversation<R, W> {
    /// Takes all rows or none, and says how many.
    pub(super) async fn bulk_load(&mut self, first: Message, fault: Option<Fault>) -> Result<(), Failure> {
        self.record("bulk load".to_owned(), Vec::new());
        let mut loader = match (fault, self.session.bulk.take()) {
            (Some(Fault::FailRequest(error)), _) => Err(error),
            (_, Some(load)) => Loader::new(load, &mut self.session.work),
            (_, None) => Err(SqlError::new(
                4002,
                "The incoming tabular data stream (TDS) protocol stream is incorrect. The stream ended unexpectedly.",
            )),
        };
        let mut packet = first;
        let cancelled = loop {
            if packet.kind == kind::ATTENTION {
                break true;
            }
            let ends = packet.status & status::END_OF_MESSAGE != 0;
            let ignored = packet.status & status::IGNORE != 0;
            // After an error the rest is read all the same: the client hears of it when it has sent all.
            if !ignored && let Ok(rows) = &mut loader {
                match rows.add(&packet.body) {
                    Ok(()) => {}
                    Err(LoadError::Sql(error)) => loader = Err(error),
                    Err(LoadError::Malformed(malformed)) => return Err(malformed.into()),
                }
            }
            if ends && !ignored {
                break false;
            }
            // An ignored message is followed by an attention.
            packet = self.incoming.packet().await?.ok_or(Failure::Closed)?;
        };
        if cancelled {
            drop(loader);
            self.session.end_statement();
            return self.acknowledge_attention().await;
        }
        let result = loader.and_then(|loader| loader.finish(&mut self.session.work));
        self.loaded(result);
        Ok(self.outgoing.finish().await?)
    }

    fn loaded(&mut self, loaded: Result<Outcome, SqlError>) {
        match loaded {
            Ok(outcome) => {
                self.session.end_statement();
                self.session.row_count = outcome.count;
                self.session.last_error = 0;
                if outcome.identity.is_some() {
                    self.session.identity = outcome.identity;
                }
                self.last_done(DoneKind::Batch, done::COUNT, command::BULK_INSERT, outcome.count);
            }
            Err(error) => {
                self.fail(&error);
                if self.ends_transaction(&error) {
                    self.session.roll_back_all(&mut self.outgoing.tokens);
                }
                self.session.end_statement();
                self.last_done(DoneKind::Batch, done::ERROR, command::BULK_INSERT, 0);
            }
        }
    }
}
