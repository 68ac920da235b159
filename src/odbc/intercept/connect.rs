//! The connect calls, and their end.

use odbc_sys::{HDbc, Pointer, SqlReturn, WChar};

use crate::odbc::real;

/// `SQLConnectW`.
///
/// # Safety
/// The arguments are those of the ODBC reference.
pub(crate) unsafe fn connect(
    hdbc: HDbc,
    dsn: *const WChar,
    dsn_length: i16,
    user: *const WChar,
    user_length: i16,
    password: *const WChar,
    password_length: i16,
) -> SqlReturn {
    // SAFETY: the host's arguments, passed on.
    unsafe {
        real::SQLConnectW(
            hdbc,
            dsn,
            dsn_length,
            user,
            user_length,
            password,
            password_length,
        )
    }
}

/// `SQLDriverConnectW`.
///
/// # Safety
/// The arguments are those of the ODBC reference.
#[allow(clippy::too_many_arguments)]
pub(crate) unsafe fn driver_connect(
    hdbc: HDbc,
    window: Pointer,
    input: *const WChar,
    input_length: i16,
    output: *mut WChar,
    output_capacity: i16,
    output_length: *mut i16,
    completion: u16,
) -> SqlReturn {
    // SAFETY: the host's arguments, passed on.
    unsafe {
        real::SQLDriverConnectW(
            hdbc,
            window,
            input,
            input_length,
            output,
            output_capacity,
            output_length,
            completion,
        )
    }
}

/// `SQLBrowseConnectW`.
///
/// # Safety
/// The arguments are those of the ODBC reference.
pub(crate) unsafe fn browse_connect(
    hdbc: HDbc,
    input: *const WChar,
    input_length: i16,
    output: *mut WChar,
    output_capacity: i16,
    output_length: *mut i16,
) -> SqlReturn {
    // SAFETY: the host's arguments, passed on.
    unsafe { real::SQLBrowseConnectW(hdbc, input, input_length, output, output_capacity, output_length) }
}

/// `SQLDisconnect`.
///
/// # Safety
/// The arguments are those of the ODBC reference.
pub(crate) unsafe fn disconnect(hdbc: HDbc) -> SqlReturn {
    // SAFETY: the host's arguments, passed on.
    unsafe { real::SQLDisconnect(hdbc) }
}
