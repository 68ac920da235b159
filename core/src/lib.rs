//! What a connect needs beside a token: connection strings, trust, the TDS probe, and where the target driver is.
//!
//! [`connect::connect`] has the steps of a connect in their order:
//!
//! 1. [`connect::plan`] reads the string and its data source, and decides: forward the call, or sign in.
//! 2. [`connect::route`] and [`connect::trust`] decide where a token may go, and what the driver is told.
//! 3. A mode of `entra-auth` resolves who signs in; its token service returns the token.
//! 4. The token and the string go to the target driver through the trait [`connect::TargetConnection`].
//!
//! Authentication modes and tokens are in the crate `entra-auth`; what touches ODBC's pointers is in the root package.
//! `docs/architecture.md` follows one connect and one renewal through all crates.

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

pub mod connect;
pub mod connection_string;
pub mod diagnostics;
pub mod driver;
mod os;
mod tds;

pub use tds::RedirectCache;
