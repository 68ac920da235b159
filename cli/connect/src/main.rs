//! Connects as an ODBC program does, and tells what happened: the part of `entra-odbc connect` that needs unixODBC.
//!
//! Standard input has one JSON object: `string`, `repeat`, `query` and `timeout`. Standard output gets one JSON
//! object per event, in which `at` counts the microseconds since 1970: `start`, `connected`, `error`, `queried`,
//! `facts`, `columns`, `row`, `done`. It is no program for people.

#![forbid(unsafe_code)]

mod facts;
mod rows;

use odbc_api::{Connection, ConnectionOptions, Environment, Error};
use serde_json::{Value, json};
use std::{
    io::{self, Read as _, Write as _},
    process::ExitCode,
    time::{Instant, SystemTime},
};
use zeroize::Zeroizing;

/// What any server answers, and which shows that a session works.
const FIRST_QUERY: &str = "SELECT 1";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Told) => ExitCode::FAILURE,
        Err(Failure::Unread(error)) => {
            let _ = writeln!(io::stderr(), "entra-odbc-connect: {error}");
            ExitCode::from(2)
        }
    }
}

/// Why it ends early.
enum Failure {
    /// An event has told it.
    Told,
    /// The tool cannot be heard, or does not hear.
    Unread(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Unread(error)
    }
}

fn run() -> Result<(), Failure> {
    let mut request = Zeroizing::new(Vec::new());
    io::stdin().lock().read_to_end(&mut request)?;
    let request: Value = serde_json::from_slice(&request).map_err(io::Error::other)?;
    let text = |name: &str| request.get(name).and_then(Value::as_str);
    let number = |name: &str| request.get(name).and_then(Value::as_u64);
    let string = Zeroizing::new(text("string").unwrap_or_default().to_owned());
    let repeat = number("repeat").unwrap_or(1);
    let options = ConnectionOptions {
        login_timeout_sec: number("timeout").and_then(|seconds| u32::try_from(seconds).ok()),
        ..ConnectionOptions::default()
    };
    let environment = match Environment::new() {
        Ok(environment) => environment,
        Err(error) => return Err(failed("environment", &error)?),
    };
    for run in 0..repeat {
        tell(&json!({ "event": "start", "at": now() }))?;
        let connection = match environment.connect_with_connection_string(&string, options) {
            Ok(connection) => connection,
            Err(error) => return Err(failed("connect", &error)?),
        };
        tell(&json!({ "event": "connected", "at": now() }))?;
        first_query(&connection)?;
        if run == 0 {
            tell(&facts::of(&connection))?;
        }
        if run + 1 == repeat
            && let Some(query) = text("query")
            && let Err(error) = rows::tell(&connection, query)
        {
            return Err(match error {
                rows::Trouble::Odbc(error) => failed("query", &error)?,
                rows::Trouble::Io(error) => error.into(),
            });
        }
    }
    tell(&json!({ "event": "done" }))?;
    Ok(())
}

fn first_query(connection: &Connection<'_>) -> Result<(), Failure> {
    let start = Instant::now();
    let outcome = connection.execute(FIRST_QUERY, (), None).map(drop);
    let microseconds = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
    match outcome {
        Ok(()) => Ok(tell(
            &json!({ "event": "queried", "microseconds": microseconds }),
        )?),
        Err(error) => Err(failed("first query", &error)?),
    }
}

/// Tells of an error as the driver manager reports it.
fn failed(during: &str, error: &Error) -> io::Result<Failure> {
    let mut value = json!({ "event": "error", "during": during, "at": now() });
    let told = match error {
        Error::Diagnostics { record, .. } => json!({
            "state": record.state.as_str(),
            "native": record.native_error,
            "message": String::from_utf16_lossy(&record.message),
        }),
        error => json!({ "message": error.to_string() }),
    };
    if let (Value::Object(event), Value::Object(told)) = (&mut value, told) {
        event.extend(told);
    }
    tell(&value)?;
    Ok(Failure::Told)
}

/// Tells the tool of an event, at once.
fn tell(event: &Value) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{event}")?;
    out.flush()
}

/// Microseconds since 1970, to be compared with the times of the driver's log.
fn now() -> u64 {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(0)
}
