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
use std::process::ExitCode;

fn main() -> ExitCode {
    // Ends the process with exit code 2 where the arguments are bad.
    let arguments = Arguments::parse();
    entra_auth::process::log::start(&entra_auth::Environment::process());
    match arguments.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
