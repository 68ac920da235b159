//! End to end: hosts, unixODBC, this library, Microsoft's driver, stand-ins for Entra and SQL Server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail by panicking"
)]
#![allow(missing_docs, reason = "a test's name says it")]

#[path = "../support/library.rs"]
mod library;

mod machine;

mod bad_input;
mod browser;
mod clouds;
mod credentials;
mod diagnostics;
mod existing_code;
mod faults;
mod fork;
mod forwarded;
mod guest;
mod handles;
mod hosts;
mod kinds;
mod managed_identity;
mod pool;
mod real_driver;
mod renewal;
mod same_as_bare;
mod secrets;
mod shared_cache;
mod spellings;
mod talk;
mod tenant;
mod trust;
mod untouched;
