//! The C API as C and C++ programs see it: installed, linked, with the real driver, under valgrind.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail by panicking"
)]
#![allow(missing_docs, reason = "a test's name says it")]

#[path = "../support/library.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod library;
#[path = "../e2e/machine.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod machine;
#[path = "../e2e/talk.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod talk;

mod installed;

mod connect;
mod install;
mod programs;
