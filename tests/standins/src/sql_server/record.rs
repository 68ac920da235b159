//! What arrived, for tests to ask: logins, requests, broken connections.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::tokens::SqlError;

/// Enough for any test; a benchmark's requests push older ones out.
const LONGEST: usize = 20_000;

/// Text that only shows itself when asked: a token, a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Hidden(String);

impl Hidden {
    /// Hides the text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// SHA-256, in hexadecimal digits: tells values apart without showing them.
    #[must_use]
    pub fn digest(&self) -> String {
        let digest = ring::digest::digest(&ring::digest::SHA256, self.0.as_bytes());
        digest
            .as_ref()
            .iter()
            .fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"))
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Serialize for Hidden {
    /// As its digest.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.digest())
    }
}

/// How a client identified itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LoginKind {
    /// User and password.
    Sql,
    /// A token within LOGIN7, as `SQL_COPT_SS_ACCESS_TOKEN` sends it.
    InlineToken,
    /// A token sent after FEDAUTHINFO, as the driver's own Entra modes do.
    Workflow,
    /// Kerberos or NTLM.
    Integrated,
}

/// How a login ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Logged in, with this identity.
    Accepted(String),
    /// Refused with this error.
    Refused(SqlError),
    /// Sent elsewhere.
    Routed,
    /// The client left after FEDAUTHINFO without sending a token, as a tenant probe does.
    Abandoned,
    /// An injected fault.
    Fault,
}

/// One LOGIN7 and what became of it.
#[derive(Debug, Clone, Serialize)]
pub struct Login {
    /// Counts the server's connections from 1.
    pub connection: u64,
    /// How the client identified itself.
    pub kind: LoginKind,
    /// The user name, of SQL logins.
    pub user: String,
    /// The token, if one came. Serialised as its SHA-256.
    #[serde(rename = "token_sha256")]
    pub token: Option<Hidden>,
    /// The claims of a token whose signature is good.
    pub claims: Option<Value>,
    /// The client's machine, as it says.
    pub host_name: String,
    /// `APP=`
    pub app_name: String,
    /// `Server=`, as the client sent it.
    pub server_name: String,
    /// `Database=`, or the database of the lost session.
    pub database: String,
    /// The client library's name.
    pub library: String,
    /// The client's process id, as it says.
    pub process_id: u32,
    /// The client asked for a recoverable session.
    pub recovery_requested: bool,
    /// This login restores a lost session.
    pub reconnect: bool,
    /// The address that the client has connected to.
    pub destination: SocketAddr,
    /// `Encrypt=strict`: TLS came before TDS.
    pub strict: bool,
    /// PRELOGIN's ENCRYPTION as the client sent it: 0 for `Encrypt=no`, 1 for `yes`.
    pub encryption: u8,
    /// The TLS version; empty where nothing is encrypted.
    pub tls: String,
    /// The server name that the client asked for in TLS (SNI).
    pub tls_name: Option<String>,
    /// The feature ids, in the client's order.
    pub features: Vec<u8>,
    /// How it ended.
    pub outcome: Outcome,
}

impl Login {
    /// The identity that was accepted, if one was.
    #[must_use]
    pub fn identity(&self) -> Option<&str> {
        match &self.outcome {
            Outcome::Accepted(identity) => Some(identity),
            _ => None,
        }
    }
}

/// A batch, a procedure call, or a request of the transaction manager.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Request {
    /// The connection's number.
    pub connection: u64,
    /// Who sent it.
    pub login: String,
    /// The SQL text; for calls of other procedures, the procedure's name.
    pub text: String,
    /// The values of parameters as text; `None` for NULL and for what has no textual form.
    pub parameters: Vec<Option<String>>,
}

/// A connection that ended otherwise than by the client's wish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Broken {
    /// The connection's number.
    pub connection: u64,
    /// Why.
    pub reason: String,
}

/// All of it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Record {
    /// Logins, oldest first.
    pub logins: Vec<Login>,
    /// Requests, oldest first.
    pub requests: Vec<Request>,
    /// Broken connections, oldest first.
    pub broken: Vec<Broken>,
}

/// The record while it is written.
#[derive(Debug, Default)]
pub(super) struct Journal {
    record: Mutex<Record>,
    changed: Condvar,
}

impl Journal {
    pub(super) fn read(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn login(&self, login: Login) {
        push(&mut self.read().logins, login);
        self.changed.notify_all();
    }

    pub(super) fn request(&self, request: Request) {
        push(&mut self.read().requests, request);
        self.changed.notify_all();
    }

    pub(super) fn broken(&self, connection: u64, reason: String) {
        push(&mut self.read().broken, Broken { connection, reason });
        self.changed.notify_all();
    }

    /// Waits until `found` finds something, at most `timeout`.
    pub(super) fn wait_for<T>(
        &self,
        timeout: Duration,
        mut found: impl FnMut(&Record) -> Option<T>,
    ) -> Option<T> {
        let deadline = Instant::now() + timeout;
        let mut record = self.read();
        loop {
            if let Some(found) = found(&record) {
                return Some(found);
            }
            let left = deadline.checked_duration_since(Instant::now())?;
            (record, _) = self
                .changed
                .wait_timeout(record, left)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

fn push<T>(list: &mut Vec<T>, item: T) {
    if list.len() >= LONGEST {
        list.drain(..LONGEST / 2);
    }
    list.push(item);
}
