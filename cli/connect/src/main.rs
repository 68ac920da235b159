//! Connects as an ODBC program does, and reports events: the part of `entra-odbc connect` that needs unixODBC.
//!
//! Standard input has one JSON object: `string`, `repeat`, `query` and `timeout`. Standard output gets one JSON
//! object per event, in which `at` counts the microseconds since 1970: `start`, `connected`, `error`, `queried`,
//! `facts`, `columns`, `row`, `done`. People run `entra-odbc connect`, which starts this program.

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

/// A query that every server answers, to prove that the session works.
const FIRST_QUERY: &str = "SELECT 1";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Reported) => ExitCode::FAILURE,
        Err(Failure::Io(error)) => {
            let _ = writeln!(io::stderr(), "entra-odbc-connect: {error}");
            ExitCode::from(2)
        }
    }
}

/// Why the program ends early.
enum Failure {
    /// An `error` event has reported it.
    Reported,
    /// The request cannot be read, or an event not written.
    Io(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
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
        Err(error) => return Err(report("environment", &error)?),
    };
    for run in 0..repeat {
        emit(&json!({ "event": "start", "at": now() }))?;
        let connection = match environment.connect_with_connection_string(&string, options) {
            Ok(connection) => connection,
            Err(error) => return Err(report("connect", &error)?),
        };
        emit(&json!({ "event": "connected", "at": now() }))?;
        first_query(&connection)?;
        if run == 0 {
            emit(&facts::event(&connection))?;
        }
        if run + 1 == repeat
            && let Some(query) = text("query")
            && let Err(error) = rows::emit_result(&connection, query)
        {
            return Err(match error {
                rows::Failure::Odbc(error) => report("query", &error)?,
                rows::Failure::Io(error) => error.into(),
            });
        }
    }
    emit(&json!({ "event": "done" }))?;
    Ok(())
}

fn first_query(connection: &Connection<'_>) -> Result<(), Failure> {
    let start = Instant::now();
    let outcome = connection.execute(FIRST_QUERY, (), None).map(drop);
    let microseconds = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
    match outcome {
        Ok(()) => Ok(emit(
            &json!({ "event": "queried", "microseconds": microseconds }),
        )?),
        Err(error) => Err(report("first query", &error)?),
    }
}

/// Emits the diagnostic record of a call that failed.
fn report(during: &str, error: &Error) -> io::Result<Failure> {
    let mut value = json!({ "event": "error", "during": during, "at": now() });
    let record_fields = match error {
        Error::Diagnostics { record, .. } => json!({
            "state": record.state.as_str(),
            "native": record.native_error,
            "message": String::from_utf16_lossy(&record.message),
        }),
        error => json!({ "message": error.to_string() }),
    };
    if let (Value::Object(event), Value::Object(record_fields)) = (&mut value, record_fields) {
        event.extend(record_fields);
    }
    emit(&value)?;
    Ok(Failure::Reported)
}

/// Writes an event, and flushes it.
fn emit(event: &Value) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{event}")?;
    out.flush()
}

/// Microseconds since 1970, which are compared with the timestamps of the driver's log.
fn now() -> u64 {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(0)
}
