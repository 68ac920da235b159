//! Which library this is.

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
