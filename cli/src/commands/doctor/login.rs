//! The login itself, through unixODBC, and the permissions for Always Encrypted.

use super::{
    finding::{Check, Findings},
    refusal,
};
use crate::{
    commands::connect::connector::{Connector, Diagnostic, Event, LogLine, Request},
    connection::{Connection, NamedDriver},
    sql,
    ui::{failure::Failure, input::semicolon, progress},
};
use entra_auth::Token;
use serde_json::Value;

/// The permissions that Always Encrypted needs.
const PERMISSIONS: [&str; 2] = [
    "VIEW ANY COLUMN MASTER KEY DEFINITION",
    "VIEW ANY COLUMN ENCRYPTION KEY DEFINITION",
];

/// What the events of one connect tell.
#[derive(Default)]
struct Outcome {
    facts: Value,
    row: Vec<Option<String>>,
    error: Option<Diagnostic>,
    log: String,
}

/// Logs in, and checks the permissions for Always Encrypted where the string asks for it.
pub fn check(
    connection: &Connection,
    token: Option<&std::sync::Arc<Token>>,
    timeout: u32,
    findings: &mut Findings,
) -> Result<(), Failure> {
    if let Some(cause) = findings.first_failed(&needed(connection)) {
        findings.skipped(Check::Login, format!("not tried, because of {}", cause.name()))?;
        return Ok(());
    }
    let query = connection.always_encrypted.then(permissions);
    let outcome = match connect(connection, query.as_deref(), timeout) {
        Ok(outcome) => outcome,
        Err(Failure::Refused { what, remedy, .. } | Failure::Failed { what, remedy, .. }) => {
            findings.failure(Check::Login, what, "", remedy)?;
            return Ok(());
        }
        Err(other) => return Err(other),
    };
    let error = outcome.error.as_ref();
    // A query that fails after the login concerns Always Encrypted alone.
    if let Some(error) = error.filter(|error| error.during != "query") {
        let claims = token.map(|token| token.claims());
        let (cause, next) = refusal::explain(&error.as_refusal(), claims.as_ref());
        let next = [Some(next), semicolon::cut_secret(&connection.string)];
        let next: Vec<_> = next
            .into_iter()
            .flatten()
            .filter(|next| !next.is_empty())
            .collect();
        let words = format!("[{}] {}", error.sqlstate, error.message.trim());
        findings.failure(Check::Login, words, cause, next.join("\n"))?;
        return Ok(());
    }
    let fact = |name: &str| outcome.facts.get(name).and_then(Value::as_str).unwrap_or("?");
    let [user, database, server] = ["user", "database", "server"].map(fact);
    findings.ok(
        Check::Login,
        format!("as {user} in database {database} of {server}"),
    )?;
    ca_certificates(&outcome.log, findings)?;
    if query.is_some() {
        always_encrypted(&outcome, findings)?;
    }
    Ok(())
}

/// Tells where the driver, and not a setting, kept connections from sharing their CA certificates.
fn ca_certificates(log: &str, findings: &mut Findings) -> std::io::Result<()> {
    let mut lines = log.lines().filter_map(LogLine::parse);
    let Some(off) = lines.find(|line| line.event == "ca_cache_off") else {
        return Ok(());
    };
    let reason = off.reason.unwrap_or_default();
    if findings.has_told(Check::CaCertificates, reason) {
        return Ok(());
    }
    findings.warning(
        Check::CaCertificates,
        "loaded for each connection",
        reason,
        "Nothing but the time of each connect is affected.",
    )
}

/// The checks without which a login cannot succeed: to try it would tell their cause once more.
fn needed(connection: &Connection) -> Vec<Check> {
    let mut needed = vec![
        Check::UnixOdbc,
        Check::Server,
        Check::Trust,
        Check::SignIn,
        Check::Token,
        Check::Tenant,
    ];
    if !connection.driver.is_other() {
        needed.extend([Check::RealDriver, Check::DriverLibraries, Check::OpenSsl]);
    }
    if connection.driver == NamedDriver::ByOurName {
        needed.extend([Check::Library, Check::Registration]);
    }
    needed
}

fn connect(connection: &Connection, query: Option<&str>, timeout: u32) -> Result<Outcome, Failure> {
    let mut connector = Connector::start(&Request {
        string: &connection.string,
        repeat: 1,
        query,
        timeout: Some(timeout),
    })?;
    let mut outcome = Outcome::default();
    while let Some(event) = progress::show_while("Logging in", || connector.next())? {
        match event {
            Event::Facts(facts) => outcome.facts = facts,
            Event::Row(row) => outcome.row = row,
            Event::Error(error) => outcome.error = Some(error),
            _ => {}
        }
    }
    outcome.log = connector.log();
    connector.finish()?;
    Ok(outcome)
}

fn permissions() -> String {
    let columns = PERMISSIONS.map(|name| format!("HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', '{name}')"));
    format!("SELECT {}", columns.join(", "))
}

fn always_encrypted(outcome: &Outcome, findings: &mut Findings) -> std::io::Result<()> {
    if outcome.row.is_empty() {
        return findings.skipped(
            Check::AlwaysEncrypted,
            "the server does not say what this user may do",
        );
    }
    let user = outcome
        .facts
        .get("database_user")
        .and_then(Value::as_str)
        .unwrap_or("…");
    let user = sql::quote_identifier(user);
    let lacking: Vec<_> = PERMISSIONS
        .iter()
        .zip(&outcome.row)
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
