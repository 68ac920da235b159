//! Connection attributes, of which a few are ours.

use odbc_sys::{HDbc, Pointer, SqlReturn, ULen};

use crate::odbc::real;

/// `SQLSetConnectAttr`: unixODBC's choice before the connection is up.
///
/// # Safety
/// The arguments are those of the ODBC reference.
pub(crate) unsafe fn set_connect_attr(hdbc: HDbc, attribute: i32, value: Pointer, length: i32) -> SqlReturn {
    // SAFETY: the host's arguments, passed on.
    unsafe { real::SQLSetConnectAttr(hdbc, attribute, value, length) }
}

/// `SQLSetConnectAttrW`: unixODBC's choice once the connection is up.
///
/// # Safety
/// The arguments are those of the ODBC reference.
pub(crate) unsafe fn set_connect_attr_w(
    hdbc: HDbc,
    attribute: i32,
    value: Pointer,
    length: i32,
) -> SqlReturn {
    // SAFETY: the host's arguments, passed on.
    unsafe { real::SQLSetConnectAttrW(hdbc, attribute, value, length) }
}

/// `SQLGetConnectAttrW`.
///
/// # Safety
/// The arguments are those of the ODBC reference.
pub(crate) unsafe fn get_connect_attr(
    hdbc: HDbc,
    attribute: i32,
    value: Pointer,
    capacity: i32,
    length: *mut i32,
) -> SqlReturn {
    // SAFETY: the host's arguments, passed on.
    unsafe { real::SQLGetConnectAttrW(hdbc, attribute, value, capacity, length) }
}

/// `SQLSetConnectOptionW`.
///
/// # Safety
/// The arguments are those of the ODBC reference.
pub(crate) unsafe fn set_connect_option(hdbc: HDbc, option: u16, value: ULen) -> SqlReturn {
    // SAFETY: the host's arguments, passed on.
    unsafe { real::SQLSetConnectOptionW(hdbc, option, value) }
}

/// `SQLGetConnectOptionW`.
///
/// # Safety
/// The arguments are those of the ODBC reference.
pub(crate) unsafe fn get_connect_option(hdbc: HDbc, option: u16, value: Pointer) -> SqlReturn {
    // SAFETY: the host's arguments, passed on.
    unsafe { real::SQLGetConnectOptionW(hdbc, option, value) }
}
