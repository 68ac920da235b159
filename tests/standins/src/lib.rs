//! Stand-ins for Microsoft Entra, the managed-identity endpoints and SQL Server, as strict as the real ones.
//!
//! Each is started on a port of its own, runs on a thread of its own, records what arrives, and ends when dropped, so
//! that a test is a plain thread with nothing to clean up. None of it is ever published.

#![allow(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a stand-in that cannot make its certificate, key or socket must fail the test at once, there"
)]

pub mod azure_pipelines;
pub mod certificates;
pub mod control;
pub mod dns;
pub mod entra;
pub mod http;
pub mod jwt;
pub mod managed_identity;
pub mod playground;
pub mod record;
pub mod sql_server;
#[cfg(test)]
mod testing;
pub mod token_proxy;
