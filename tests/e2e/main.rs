//! End to end: hosts, unixODBC, this library, Microsoft's driver, stand-ins for Entra and SQL Server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail by panicking"
)]
#![allow(missing_docs, reason = "a test's name says it")]

mod arrival;
mod bad_input;
mod bulk_copy;
mod ca_cache;
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
mod login_retry;
mod login_timeout;
mod managed_identity;
mod messages;
mod network;
mod networks;
mod odd_files;
mod other_drivers;
mod pool;
mod privileged;
mod reachability;
mod real_driver;
mod recorder;
mod renewal;
mod same_as_bare;
mod script_host;
mod secrets;
mod shared_cache;
mod spellings;
mod target_section;
mod tenant;
mod trust;
mod untouched;
mod world;
