//! End to end: hosts, unixODBC, this library, Microsoft's driver, stand-ins for Entra and SQL Server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail by panicking"
)]
#![allow(missing_docs, reason = "a test's name says it")]

#[allow(dead_code, reason = "shared with other tests")]
#[path = "../support/browser.rs"]
mod browser;
#[allow(dead_code, reason = "shared with other tests")]
#[path = "../support/expiry.rs"]
mod expiry;
#[allow(dead_code, reason = "shared with other tests")]
#[path = "../support/library.rs"]
mod library;
#[allow(dead_code, reason = "shared with other tests")]
#[path = "../support/machine.rs"]
mod machine;
#[path = "../support/network.rs"]
mod network;
#[allow(dead_code, reason = "shared with other tests")]
#[path = "../support/talk.rs"]
mod talk;
#[allow(dead_code, reason = "shared with other tests")]
#[path = "../support/who.rs"]
mod who;

mod arrival;
mod bad_input;
mod certificate;
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
mod messages;
mod odd_files;
mod other_drivers;
mod pool;
mod privileged;
mod real_driver;
mod recorder;
mod renewal;
mod same_as_bare;
mod secrets;
mod shared_cache;
mod spellings;
mod target_section;
mod tenant;
mod trust;
mod untouched;
mod world;
