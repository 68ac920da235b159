//! The C API of `include/entra_odbc.h`, for programs that use Microsoft's driver directly.
//!
//! Written by hand, not by a macro, so that cbindgen sees it: what is public here is the header. One file for each
//! kind of object and each callback; `call.rs` has the shape of all calls, `object_table.rs` what hands out objects.

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
mod token_request;

use std::ffi::c_char;

/// The version of this library, such as "0.1.0".
///
/// The string lives as long as the process. Never NULL. May be called from any thread at any time; it is
/// also the name by which the library knows copies of itself.
#[unsafe(no_mangle)]
pub extern "C" fn entra_odbc_version() -> *const c_char {
    const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");
    VERSION.as_ptr().cast()
}
