//! Diagnostics: our own records if there are any, else the real driver's.

use odbc_sys::{Handle, Pointer, SqlReturn, WChar};

use crate::odbc::{missing, real};

/// `SQLGetDiagRecW`.
///
/// # Safety
/// The arguments are those of the ODBC reference.
#[allow(clippy::too_many_arguments)]
pub(crate) unsafe fn get_diag_rec(
    handle_type: i16,
    handle: Handle,
    number: i16,
    state: *mut WChar,
    native: *mut i32,
    message: *mut WChar,
    capacity: i16,
    length: *mut i16,
) -> SqlReturn {
    // SAFETY: the host's arguments, passed on.
    unsafe {
        missing::get_diag_rec(handle.0, number, state, native, message, capacity, length).unwrap_or_else(
            || {
                real::SQLGetDiagRecW(
                    handle_type,
                    handle,
                    number,
                    state,
                    native,
                    message,
                    capacity,
                    length,
                )
            },
        )
    }
}

/// `SQLGetDiagFieldW`.
///
/// # Safety
/// The arguments are those of the ODBC reference.
pub(crate) unsafe fn get_diag_field(
    handle_type: i16,
    handle: Handle,
    number: i16,
    field: i16,
    value: Pointer,
    capacity: i16,
    length: *mut i16,
) -> SqlReturn {
    // SAFETY: the host's arguments, passed on.
    unsafe {
        missing::get_diag_field(handle.0, number, field, value, capacity, length).unwrap_or_else(|| {
            real::SQLGetDiagFieldW(handle_type, handle, number, field, value, capacity, length)
        })
    }
}
