//! `entra-odbc`: registers the driver, signs people in, prints tokens, and diagnoses failures.
//!
//! It links neither libodbc nor Driver 18, so that it can report that they are missing. Connecting through unixODBC is
//! left to a program of its own, `entra-odbc-connect`.

#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        reason = "a test fails by panicking"
    )
)]

mod arguments;
mod commands;
mod connection;
mod context;
mod odbc;
mod sql;
mod system;
mod ui;

use arguments::Arguments;
use clap::Parser as _;
use serde_json::json;
use std::{ffi::OsStr, process::ExitCode};
use ui::terminal;

fn main() -> ExitCode {
    let is_json = wants_json();
    let arguments = Arguments::try_parse().unwrap_or_else(|error| {
        if is_json && error.use_stderr() {
            let message = error.to_string();
            // Who asked has the exit code where this cannot be written.
            let _ = terminal::print_json(
                &json!({ "error": { "kind": "invalid", "code": 0, "message": message.trim() } }),
            );
        }
        // Ends the process with exit code 2 where the arguments are bad.
        error.exit()
    });
    entra_auth::process::log::start(&entra_auth::Environment::process());
    let Err(failure) = arguments.run() else {
        return ExitCode::SUCCESS;
    };
    if let Some(json) = failure.json().filter(|_| is_json) {
        let _ = terminal::print_json(&json);
    }
    failure.report()
}

/// Whether the output is for a script, errors as well: told by the words themselves, since errors of parsing them count.
fn wants_json() -> bool {
    let words = std::env::args_os().skip(1);
    words
        .take_while(|word| word != OsStr::new("--"))
        .any(|word| word == OsStr::new("--json"))
}
