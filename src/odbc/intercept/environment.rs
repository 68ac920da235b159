//! Environment attributes: forwarded, and intercepted only for placeholder handles.

use odbc_sys::{HEnv, Pointer, SqlReturn};

use crate::odbc::target;

/// `SQLSetEnvAttr`.
///
/// # Safety
/// The arguments are those of the ODBC reference.
pub(crate) unsafe fn set_env_attr(henv: HEnv, attribute: i32, value: Pointer, length: i32) -> SqlReturn {
    // SAFETY: the host's arguments, passed on.
    unsafe { target::SQLSetEnvAttr(henv, attribute, value, length) }
}

/// `SQLGetEnvAttr`.
///
/// # Safety
/// The arguments are those of the ODBC reference.
pub(crate) unsafe fn get_env_attr(
    henv: HEnv,
    attribute: i32,
    value: Pointer,
    capacity: i32,
    length: *mut i32,
) -> SqlReturn {
    // SAFETY: the host's arguments, passed on.
    unsafe { target::SQLGetEnvAttr(henv, attribute, value, capacity, length) }
}
