//! What a logged-in connection is at the moment: identity, database, transaction, options, prepared statements.

use std::collections::HashMap;
use std::time::Duration;

use super::bulk::BulkLoad;
use super::identity::Identity;
use super::sql::functions::Facts;
use super::sql::syntax::Statement;
use super::statement::{nothing_to_commit, nothing_to_roll_back};
use super::storage::{Savepoint, Work};
use super::tokens::{self, SqlError, environment};
use super::value::SqlType;
use super::wire::Reader;

/// READ COMMITTED.
const DEFAULT_ISOLATION: u8 = 2;
/// The one state that a reconnect brings back; its content is our own business.
const STATE_OPTIONS: u8 = 1;

#[derive(Debug, Clone)]
pub(super) struct Prepared {
    pub(super) declarations: Vec<(String, SqlType)>,
    pub(super) statements: Vec<Statement>,
}

/// What the client said at login and the server found out.
#[derive(Debug, Clone)]
pub(super) struct Client {
    pub(super) identity: Identity,
    pub(super) host: String,
    pub(super) app: String,
    pub(super) address: String,
    pub(super) server_port: u16,
    pub(super) spid: u16,
    /// Session recovery was acknowledged.
    pub(super) recoverable: bool,
}

#[derive(Debug)]
pub(super) struct Session {
    pub(super) client: Client,
    login_database: String,
    pub(super) database: String,
    isolation: u8,
    pub(super) no_count: bool,
    pub(super) transactions: u32,
    descriptor: u64,
    pub(super) last_error: u32,
    pub(super) row_count: u64,
    /// Uncommitted changes, also those of a statement outside a transaction while it runs.
    pub(super) work: Work,
    savepoints: Vec<(String, Savepoint)>,
    /// `SET XACT_ABORT ON`: errors end the transaction.
    pub(super) abort_on_error: bool,
    /// `SET LOCK_TIMEOUT`
    pub(super) lock_timeout: Option<Duration>,
    /// TRY blocks that are being run.
    pub(super) tries: u32,
    /// The error that a CATCH block is about.
    pub(super) caught: Option<SqlError>,
    /// The transaction can only be rolled back.
    pub(super) doomed: bool,
    pub(super) identity: Option<i64>,
    /// `INSERT BULK` was said, and its rows come next.
    pub(super) bulk: Option<BulkLoad>,
    prepared: HashMap<i32, Prepared>,
    last_handle: i32,
    state_sent: Vec<u8>,
    state_sequence: u32,
}

impl Session {
    pub(super) fn new(client: Client, database: String, restored: &[(u8, Vec<u8>)], work: Work) -> Self {
        // As the real server's: no two sessions have a transaction of the same name.
        let descriptor = u64::from(client.spid) << 32;
        let mut session = Self {
            client,
            login_database: database.clone(),
            database,
            isolation: DEFAULT_ISOLATION,
            no_count: false,
            transactions: 0,
            descriptor,
            last_error: 0,
            row_count: 0,
            work,
            savepoints: Vec::new(),
            abort_on_error: false,
            lock_timeout: None,
            tries: 0,
            caught: None,
            doomed: false,
            identity: None,
            bulk: None,
            prepared: HashMap::new(),
            last_handle: 0,
            state_sent: Vec::new(),
            state_sequence: 0,
        };
        session.restore(restored);
        session.state_sent = session.state();
        session
    }

    pub(super) fn facts(&self) -> Facts {
        Facts {
            login: self.client.identity.login.clone(),
            user: self.client.identity.user.clone(),
            database: self.database.clone(),
            host: self.client.host.clone(),
            app: self.client.app.clone(),
            client_address: self.client.address.clone(),
            server_port: self.client.server_port,
            spid: self.client.spid,
            transactions: self.transactions,
            isolation: self.isolation,
            last_error: self.last_error,
            row_count: self.row_count,
            view: self.work.view(),
            identity: self.identity,
            caught: self.caught.clone(),
            doomed: self.doomed,
        }
    }

    /// RESETCONNECTION: as after login; a transaction may be kept.
    pub(super) fn reset(&mut self, keep_transaction: bool, out: &mut Vec<u8>) {
        if !keep_transaction {
            self.transactions = 0;
            self.discard();
        }
        self.abort_on_error = false;
        self.lock_timeout = None;
        self.identity = None;
        self.isolation = DEFAULT_ISOLATION;
        self.no_count = false;
        self.prepared.clear();
        tokens::environment_bytes(out, environment::RESET_ACKNOWLEDGED, &[], &[]);
        let database = self.login_database.clone();
        if database != self.database {
            self.change_database(database, out);
        }
    }

    pub(super) fn change_database(&mut self, database: String, out: &mut Vec<u8>) {
        tokens::environment_text(out, environment::DATABASE, &database, &self.database);
        tokens::info(out, 5701, &format!("Changed database context to '{database}'."));
        self.database = database;
    }

    /// `SET` of an option; the ones without a meaning here are accepted.
    pub(super) fn set_option(&mut self, words: &[String]) {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["TRANSACTION", "ISOLATION", "LEVEL", level @ ..] => {
                self.isolation = match level {
                    ["READ", "UNCOMMITTED"] => 1,
                    ["REPEATABLE", "READ"] => 3,
                    ["SERIALIZABLE"] => 4,
                    ["SNAPSHOT"] => 5,
                    _ => DEFAULT_ISOLATION,
                };
            }
            ["NOCOUNT", switch] => self.no_count = *switch == "ON",
            ["XACT_ABORT", switch] => self.abort_on_error = *switch == "ON",
            // Less than 0 is for ever.
            ["LOCK_TIMEOUT", milliseconds] => {
                self.lock_timeout = milliseconds.parse().ok().map(Duration::from_millis);
            }
            _ => {}
        }
    }

    pub(super) fn set_isolation(&mut self, isolation: u8) {
        if (1..=5).contains(&isolation) {
            self.isolation = isolation;
        }
    }

    pub(super) fn begin(&mut self, out: &mut Vec<u8>) {
        if self.transactions == 0 {
            self.descriptor += 1;
            let descriptor = self.descriptor.to_le_bytes();
            tokens::environment_bytes(out, environment::BEGIN_TRANSACTION, &descriptor, &[]);
        }
        self.transactions += 1;
    }

    /// Whether a request may name this transaction; 0 names none.
    pub(super) fn has_transaction(&self, descriptor: u64) -> bool {
        descriptor == 0 || self.transactions > 0 && descriptor == self.descriptor
    }

    pub(super) fn commit(&mut self, out: &mut Vec<u8>) -> Result<(), SqlError> {
        if self.doomed {
            let text = "The current transaction cannot be committed and cannot support operations that write to the log file. Roll back the transaction.";
            return Err(SqlError::new(3930, text));
        }
        match self.transactions {
            0 => return Err(nothing_to_commit()),
            1 => {
                self.work.commit();
                self.end_transaction(environment::COMMIT_TRANSACTION, out);
            }
            _ => self.transactions -= 1,
        }
        Ok(())
    }

    /// Back to a savepoint where one is named that there is, else to the beginning.
    pub(super) fn rollback(&mut self, savepoint: Option<&str>, out: &mut Vec<u8>) -> Result<(), SqlError> {
        if self.transactions == 0 {
            return Err(nothing_to_roll_back());
        }
        let named = |(name, _): &(String, Savepoint)| {
            savepoint.is_some_and(|wanted| name.eq_ignore_ascii_case(wanted))
        };
        if let Some(at) = self.savepoints.iter().rposition(named) {
            self.savepoints.truncate(at + 1);
            if let Some((_, savepoint)) = self.savepoints.last() {
                self.work.undo(savepoint);
            }
            return Ok(());
        }
        self.roll_back_all(out);
        Ok(())
    }

    pub(super) fn save(&mut self, name: String) {
        let savepoint = self.work.savepoint();
        self.savepoints.push((name, savepoint));
    }

    /// Ends the transaction, if there is one, without its changes.
    pub(super) fn roll_back_all(&mut self, out: &mut Vec<u8>) {
        self.discard();
        if self.transactions > 0 {
            self.end_transaction(environment::ROLLBACK_TRANSACTION, out);
        }
    }

    /// Takes back all uncommitted changes.
    fn discard(&mut self) {
        self.work.roll_back();
        self.savepoints.clear();
        self.bulk = None;
        self.doomed = false;
    }

    /// The end of a statement, which commits where there is no transaction.
    pub(super) fn end_statement(&mut self) {
        if self.transactions == 0 && self.bulk.is_none() {
            self.work.commit();
        }
    }

    fn end_transaction(&mut self, kind: u8, out: &mut Vec<u8>) {
        self.transactions = 0;
        self.savepoints.clear();
        tokens::environment_bytes(out, kind, &[], &self.descriptor.to_le_bytes());
    }

    pub(super) fn prepare(&mut self, prepared: Prepared) -> i32 {
        self.last_handle += 1;
        self.prepared.insert(self.last_handle, prepared);
        self.last_handle
    }

    pub(super) fn prepared(&self, handle: i32) -> Option<Prepared> {
        self.prepared.get(&handle).cloned()
    }

    pub(super) fn unprepare(&mut self, handle: i32) -> bool {
        self.prepared.remove(&handle).is_some()
    }

    fn state(&self) -> Vec<u8> {
        vec![self.isolation, u8::from(self.no_count)]
    }

    fn restore(&mut self, states: &[(u8, Vec<u8>)]) {
        for (id, value) in states {
            let mut value = Reader::new(value);
            if *id == STATE_OPTIONS
                && let (Ok(isolation), Ok(no_count)) = (value.u8(), value.u8())
            {
                self.set_isolation(isolation);
                self.no_count = no_count != 0;
            }
        }
    }

    /// For FEATUREEXTACK.
    pub(super) fn initial_states(&self) -> Vec<u8> {
        tokens::session_states(&[(STATE_OPTIONS, self.state())])
    }

    /// Before the last DONE of a response: what a reconnect must bring, if it has changed.
    pub(super) fn announce_state(&mut self, out: &mut Vec<u8>) {
        let state = self.state();
        if !self.client.recoverable || state == self.state_sent {
            return;
        }
        let sequence = self.state_sequence;
        tokens::session_state(out, sequence, &[(STATE_OPTIONS, state.clone())]);
        self.state_sequence += 1;
        self.state_sent = state;
    }
}
