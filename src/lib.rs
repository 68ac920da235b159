//! An ODBC driver that signs in to Azure SQL with Microsoft Entra and forwards to Microsoft's ODBC Driver 18.
//!
//! The library has two interfaces, and is the only part of the project with `unsafe` in it. Connection strings and trust
//! are in `entra_odbc_core`, authentication modes and tokens in `entra_auth`. `docs/architecture.md` follows one connect
//! and one renewal through all three.
//!
//! - [`odbc`]: the ODBC driver that a driver manager loads. `odbc/functions.rs` lists every exported function
//!   and says whether it is forwarded or intercepted.
//! - [`capi`]: the C API of `include/entra_odbc.h`, for programs that use Microsoft's driver directly.
//! - [`process_state`]: what both share: environment, HTTP client, tokens, prompts, providers.
//! - [`os`]: calls of the operating system that the standard library lacks.

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
