//! The C API as C and C++ programs see it: installed, linked, with the real driver, under valgrind.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail by panicking"
)]
#![allow(missing_docs, reason = "a test's name says it")]

#[allow(dead_code, reason = "shared with other tests")]
#[path = "../support/library.rs"]
mod library;
#[allow(dead_code, reason = "shared with other tests")]
#[path = "../support/machine.rs"]
mod machine;
#[allow(dead_code, reason = "shared with other tests")]
#[path = "../support/talk.rs"]
mod talk;
#[allow(dead_code, reason = "shared with other tests")]
#[path = "../support/who.rs"]
mod who;

mod installed;

mod connect;
mod install;
mod programs;
