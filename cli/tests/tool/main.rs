//! End to end: the tool as a process, on a machine of each test's own, against the stand-ins.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail by panicking"
)]
#![allow(missing_docs, reason = "a test's name says it")]

mod machine;
mod tool;
mod trust;

mod connect;
mod doctor;
mod documentation;
mod explain;
mod help;
mod install;
mod login;
mod minimal_system;
mod package;
mod python_package;
mod sid;
mod terminal_and_signals;
mod token;
