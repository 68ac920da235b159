//! What the end-to-end tests share: a machine of each test's own, hosts that connect, and who signs in.
//!
//! The library under test is a file here, never a dependency: a test that linked it would have its exports in the
//! place of the driver manager's.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a test fails by panicking, at once and there"
)]
#![allow(
    clippy::must_use_candidate,
    clippy::return_self_not_must_use,
    reason = "many a test calls a host for what it does, not for what it prints"
)]

pub mod browser;
pub mod connection_string;
pub mod drivers;
pub mod host_process;
pub mod hosts;
pub mod login_name;
pub mod machine;
pub mod process;
pub mod registration;
pub mod scratch_directory;
pub mod workspace;
