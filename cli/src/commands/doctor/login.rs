//! The login itself, as a program would do it, and what its refusal means.

use super::{
    finding::{Check, Findings},
    refusal,
    target::Target,
};
use crate::{
    commands::connect::connector::{Event, Host, Refusal, Request},
    ui::{failure::Failure, progress},
};
use entra_odbc_core::Token;
use serde_json::Value;

/// What Always Encrypted needs, each with its statement.
const PERMISSIONS: [&str; 2] = [
    "VIEW ANY COLUMN MASTER KEY DEFINITION",
    "VIEW ANY COLUMN ENCRYPTION KEY DEFINITION",
];

/// What a session tells.
#[derive(Default)]
struct Session {
    facts: Value,
    row: Vec<Option<String>>,
    refusal: Option<Refusal>,
}

/// Connects.
pub fn look(
    target: &Target,
    token: Option<&std::sync::Arc<Token>>,
    timeout: u32,
    findings: &mut Findings,
) -> Result<(), Failure> {
    let checked = target.always_encrypted.then(permissions);
    let session = match connect(target, checked.as_deref(), timeout) {
        Ok(session) => session,
        Err(Failure::Refused { what, remedy } | Failure::Failed { what, remedy }) => {
            findings.failure(Check::Login, what, "", remedy)?;
            return Ok(());
        }
        Err(other) => return Err(other),
    };
    let refusal = session.refusal.as_ref();
    if let Some(refusal) = refusal.filter(|refusal| refusal.during != "query") {
        let (cause, next) = refusal::of(refusal, token.map(|token| token.claims()).as_ref());
        let words = format!("[{}] {}", refusal.state, refusal.message.trim());
        findings.failure(Check::Login, words, cause, next)?;
        return Ok(());
    }
    let fact = |name: &str| session.facts.get(name).and_then(Value::as_str).unwrap_or("?");
    let [user, database, server] = ["user", "database", "server"].map(fact);
    findings.ok(
        Check::Login,
        format!("as {user} in database {database} of {server}"),
    )?;
    if checked.is_some() {
        always_encrypted(&session, findings)?;
    }
    Ok(())
}

fn connect(target: &Target, query: Option<&str>, timeout: u32) -> Result<Session, Failure> {
    let mut host = Host::start(&Request {
        string: &target.string,
        repeat: 1,
        query,
        timeout: Some(timeout),
    })?;
    let mut session = Session::default();
    while let Some(event) = progress::waiting("Logging in", || host.next())? {
        match event {
            Event::Facts(facts) => session.facts = facts,
            Event::Row(row) => session.row = row,
            Event::Error(refusal) => session.refusal = Some(refusal),
            _ => {}
        }
    }
    host.finish()?;
    Ok(session)
}

fn permissions() -> String {
    let columns = PERMISSIONS.map(|name| format!("HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', '{name}')"));
    format!("SELECT {}", columns.join(", "))
}

fn always_encrypted(session: &Session, findings: &mut Findings) -> std::io::Result<()> {
    if session.row.is_empty() {
        return findings.skipped(
            Check::AlwaysEncrypted,
            "the server does not say what this user may do",
        );
    }
    let user = session
        .facts
        .get("database_user")
        .and_then(Value::as_str)
        .unwrap_or("…");
    let user = crate::sql::quote_identifier(user);
    let lacking: Vec<_> = PERMISSIONS
        .iter()
        .zip(&session.row)
        .filter(|(_, value)| value.as_deref() != Some("1"))
        .map(|(name, _)| format!("GRANT {name} TO {user};"))
        .collect();
    if lacking.is_empty() {
        return findings.ok(Check::AlwaysEncrypted, "the user may see the keys' metadata");
    }
    findings.failure(
        Check::AlwaysEncrypted,
        "the user may not see the metadata of the column keys",
        "with ColumnEncryption=Enabled, Driver 18 reads it in the database before it can decrypt a column",
        format!(
            "Run in the database, as its administrator:\n{}",
            lacking.join("\n")
        ),
    )
}
