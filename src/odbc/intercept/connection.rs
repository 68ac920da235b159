//! Other calls on a connection, intercepted because any call on a handle clears our records on it.

use odbc_sys::{HDbc, Handle, HandleType, Pointer, SqlReturn, WChar};

use crate::odbc::{connections, target, unsupported};

/// `SQLGetInfoW`.
///
/// # Safety
/// The arguments are those of the ODBC reference.
pub(crate) unsafe fn get_info(
    hdbc: HDbc,
    info: u16,
    value: Pointer,
    capacity: i16,
    length: *mut i16,
) -> SqlReturn {
    connections::begin_call(hdbc);
    // SAFETY: the host's arguments, passed on.
    unsafe { target::SQLGetInfoW(hdbc, info, value, capacity, length) }
}

/// `SQLGetFunctions`.
///
/// # Safety
/// The arguments are those of the ODBC reference.
pub(crate) unsafe fn get_functions(hdbc: HDbc, function: u16, supported: *mut u16) -> SqlReturn {
    connections::begin_call(hdbc);
    // SAFETY: the host's arguments, passed on; the answer is touched only if it was written.
    unsafe {
        let answer = target::SQLGetFunctions(hdbc, function, supported);
        if answer == SqlReturn::SUCCESS {
            unsupported::remove_unsupported(function, supported);
        }
        answer
    }
}

/// `SQLNativeSqlW`.
///
/// # Safety
/// The arguments are those of the ODBC reference.
pub(crate) unsafe fn native_sql(
    hdbc: HDbc,
    input: *const WChar,
    input_length: i32,
    output: *mut WChar,
    output_capacity: i32,
    output_length: *mut i32,
) -> SqlReturn {
    connections::begin_call(hdbc);
    // SAFETY: the host's arguments, passed on.
    unsafe { target::SQLNativeSqlW(hdbc, input, input_length, output, output_capacity, output_length) }
}

/// `SQLEndTran`.
///
/// # Safety
/// The arguments are those of the ODBC reference.
pub(crate) unsafe fn end_tran(handle_type: i16, handle: Handle, completion: i16) -> SqlReturn {
    if handle_type == HandleType::Dbc as i16 {
        connections::begin_call(HDbc(handle.0));
    }
    // SAFETY: the host's arguments, passed on.
    unsafe { target::SQLEndTran(handle_type, handle, completion) }
}

/// `SQLCancelHandle`: may come while another thread connects on the handle, so it waits for no lock of ours.
///
/// # Safety
/// The arguments are those of the ODBC reference.
pub(crate) unsafe fn cancel_handle(handle_type: i16, handle: Handle) -> SqlReturn {
    // SAFETY: the host's arguments, passed on.
    unsafe { target::SQLCancelHandle(handle_type, handle) }
}
