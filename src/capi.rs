//! Face 2: the C API of `include/entra_odbc.h`, for programs that use the stock driver.
//!
//! Written by hand, not by a macro, so that cbindgen sees it: what is public here is the header. One file for each
//! kind of object and each callback; `call.rs` has the shape of all calls, `living.rs` the objects that hosts hold.

#![allow(
    clippy::missing_safety_doc,
    reason = "these comments are the C header's, whose contract stands on top of it"
)]
#![allow(non_camel_case_types, reason = "C programs see the names of these types")]

mod call;
mod callback;
mod cancellation;
mod connection_token;
mod credential;
mod error;
mod log;
mod object_table;
mod prompt;
mod provider;
mod stock_connection_string;
mod text_object;
mod token;
mod version;
