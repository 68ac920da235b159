//! A connection string as the commands need it: data source, driver, server and mode, read once and before anything is
//! tried.

mod driver;

use crate::{
    context::Context,
    ui::{failure::Failure, suggestion},
};
pub use driver::NamedDriver;
use entra_auth::{
    Error,
    credential::{self, FORWARDED},
};
use entra_odbc_core::{
    connect::KeywordSignIn,
    connection_string::{
        ConnectionString,
        server::{SERVER_KEYWORDS, Server},
    },
};
use std::path::Path;
use zeroize::Zeroizing;

/// SQL Server's port unless the string names one.
const DEFAULT_PORT: u16 = 1433;

/// What is wrong with a connection string, whatever machine and network are like.
#[derive(Debug)]
pub struct Problem {
    /// What was found.
    pub what: String,
    /// The cause.
    pub cause: String,
    /// What to do.
    pub next: String,
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        let Problem { what, cause, next } = problem;
        let why = if cause.is_empty() {
            cause
        } else {
            format!(": {cause}")
        };
        Self::refused(format!("{what}{why}"), next)
    }
}

/// A connection string that makes sense, and what it asks for.
pub struct Connection {
    /// The whole string, with a driver.
    pub string: Zeroizing<String>,
    /// The driver that it leads to.
    pub driver: NamedDriver,
    /// The first server.
    pub server: Option<Server>,
    /// Whether columns are to be decrypted.
    pub always_encrypted: bool,
    /// Whether our library signs in, and not the driver itself.
    pub is_ours: bool,
}

impl Connection {
    /// Reads it as Driver 18 does: the string overrides the data source, which is ignored where `DRIVER=` precedes it.
    pub fn read(string: &str, context: &Context) -> Result<Self, Problem> {
        let string = driver::with_default(string, context);
        let units = Zeroizing::new(string.encode_utf16().collect::<Vec<_>>());
        let parsed = ConnectionString::parse(&units);
        let source = source(&parsed);
        if let Some(name) = source.as_deref() {
            check_source(name, context)?;
        }
        context.with_connect_context(|connect_context| {
            let in_section = |name: &str| {
                let section: Vec<u16> = source.as_deref()?.encode_utf16().collect();
                (connect_context.data_source)(&section, name).map(Zeroizing::new)
            };
            let get = |name: &str| {
                let value = parsed.get(name);
                value.or_else(|| in_section(name))
            };
            // The driver manager heeds the first of both.
            let driver = match &source {
                Some(_) => in_section("Driver"),
                None => parsed.get("DRIVER"),
            };
            let driver = NamedDriver::read(driver.as_deref().map(String::as_str), context)?;
            let server = SERVER_KEYWORDS.iter().find_map(|name| Server::parse(&get(name)?));
            let encryption = get("ColumnEncryption");
            let encryption = encryption.as_deref().map_or("", |value| value.trim());
            Ok(Self {
                is_ours: !driver.is_other() && asks_for_us(get),
                always_encrypted: !encryption.is_empty() && !encryption.eq_ignore_ascii_case("disabled"),
                server,
                driver,
                string: string.clone(),
            })
        })
    }

    /// The sign-in by one of our modes; `None` where the driver does it itself.
    pub fn sign_in(&self, context: &Context) -> Option<Result<KeywordSignIn, Error>> {
        self.is_ours.then(|| {
            context.with_connect_context(|connect_context| {
                KeywordSignIn::from_string(&self.string, connect_context)
            })
        })
    }

    /// The server's port; `None` for a named instance, which only SQL Server Browser knows.
    pub fn port(server: &Server) -> Option<u16> {
        match (server.port, &server.instance) {
            (Some(port), _) => Some(port),
            (None, None) => Some(DEFAULT_PORT),
            (None, Some(_)) => None,
        }
    }
}

/// The name of the data source that is in force.
fn source(parsed: &ConnectionString<'_>) -> Option<String> {
    let first = parsed.find_first(&["DSN", "DRIVER"])?;
    first.is("DSN").then(|| parsed.value(first).to_string())
}

fn check_source(name: &str, context: &Context) -> Result<(), Problem> {
    let known: Vec<_> = context.sources().flat_map(|file| file.ini.sections()).collect();
    // What unixODBC takes where there is no such data source.
    let has_default = || known.iter().any(|known| known.eq_ignore_ascii_case("DEFAULT"));
    if known.iter().any(|known| known.eq_ignore_ascii_case(name)) || has_default() {
        return Ok(());
    }
    let files: Vec<_> = context.sources().map(|file| display(&file.path)).collect();
    let next = match suggestion::nearest(name, known.iter().copied()) {
        Some(near) => format!("Did you mean DSN={near}?"),
        None => format!("Add it: entra-odbc install --dsn {name} Server=… Database=… Authentication=…"),
    };
    Err(Problem {
        what: format!("there is no data source [{name}]"),
        cause: format!("looked for in {}", files.join(", then ")),
        next,
    })
}

fn display(path: &Path) -> String {
    path.display().to_string()
}

/// Whether one of our modes is asked for; one that nobody knows is taken for ours, which will say so.
fn asks_for_us(get: impl Fn(&str) -> Option<Zeroizing<String>>) -> bool {
    let filled = |name: &str| get(name).filter(|value| !value.trim().is_empty());
    let authentication = filled("Authentication").or_else(|| filled("fedauth"));
    match authentication.filter(|value| !credential::is_unspecified(value)) {
        Some(value) => !FORWARDED
            .iter()
            .any(|known| credential::same_mode(known, value.trim())),
        None => filled("AccessToken")
            .or_else(|| filled("AccessTokenFile"))
            .is_some(),
    }
}
