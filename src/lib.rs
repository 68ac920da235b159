//! An ODBC driver that signs in to Azure SQL with Microsoft Entra and forwards to Microsoft's ODBC Driver 18.
//!
//! The library has two faces, and is the only part of the project with `unsafe` in it. What it knows of
//! connection strings, credentials, tokens and trust it has from `entra_odbc_core`.
//!
//! - [`odbc`]: the ODBC driver that a driver manager loads. `odbc/functions.rs` lists every exported function
//!   and says whether it is forwarded or intercepted.
//! - [`capi`]: the C API of `include/entra_odbc.h`, for programs that use the stock driver.
//! - [`process_state`]: what both share: environment, HTTP client, tokens, prompts, providers.
//! - [`os`]: what the standard library cannot say about this process.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::panic,
        reason = "a test fails by panicking"
    )
)]

mod capi;
mod odbc;
mod os;
mod panic_guard;
mod process_state;
