//! Hosts that run for long, fork, or keep connections for later, while the tokens they signed in with end.
//!
//! They need more packages than the other tests: `make test-hosts` installs them and runs this.

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
#[allow(dead_code, reason = "for the other end-to-end tests")]
#[path = "../e2e/machine.rs"]
mod machine;
#[allow(dead_code, reason = "for the other end-to-end tests")]
#[path = "../e2e/talk.rs"]
mod talk;

mod expiry;

mod chromium;
mod django;
mod examples;
mod gunicorn;
mod keyring;
mod multiprocessing;
mod perl;
mod php;
mod pool_and_fork;
mod r;
mod sqlalchemy;
mod who_asks;
