//! The C API as C and C++ programs see it: installed, linked, with the real driver, under valgrind.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail by panicking"
)]
#![allow(missing_docs, reason = "a test's name says it")]

mod connect;
mod install;
mod installed;
mod programs;
