//! `entra-odbc`: registers the driver, signs people in, prints tokens, and finds out what is wrong.
//!
//! Links neither libodbc nor Driver 18, so that it starts, and can say so, where they are missing. What must
//! connect as an ODBC program does is a program of its own, `entra-odbc-connect`.

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
mod context;
mod odbc;
mod sql;
mod system;
mod ui;

use arguments::Arguments;
use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    // Bad arguments end here, with exit code 2.
    let arguments = Arguments::parse();
    entra_odbc_core::log::start(&entra_odbc_core::Environment::process());
    match arguments.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.told(),
    }
}
