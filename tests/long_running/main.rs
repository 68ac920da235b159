//! Hosts that run for long, fork, or keep connections for later, while the tokens they signed in with end; and all
//! hosts that need packages of their own.
//!
//! These need more packages than the other tests: `make test-hosts` installs them and runs this.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail by panicking"
)]
#![allow(missing_docs, reason = "a test's name says it")]

mod arrow_odbc;
mod chromium;
mod django;
mod django_settings;
mod examples;
mod gunicorn;
mod keyring;
mod multiprocessing;
mod node;
mod perl;
mod php;
mod pool_and_fork;
mod r;
mod sqlalchemy;
mod token_lifetime;
mod who_asks;
