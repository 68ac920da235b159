//! What a connect needs beside a token: connection strings, trust, the TDS probe, and where the target driver is.
//!
//! Begin with [`connect::connect`]: it tells one connect from top to bottom. Who signs in, and their tokens, are in
//! the crate `entra-auth`; what touches ODBC's pointers is in the root package.

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
mod tds;

pub use tds::RedirectCache;
