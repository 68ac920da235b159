//! Handles are allocated and freed: the first environment loads the target driver.

use odbc_sys::{HDbc, Handle, HandleType, SqlReturn};

use crate::{
    odbc::{connections, placeholder_handle, target, target_driver, unsupported},
    process_state,
};

/// `SQLAllocHandle`.
///
/// # Safety
/// The arguments are those of the ODBC reference.
pub(crate) unsafe fn alloc_handle(handle_type: i16, input: Handle, output: *mut Handle) -> SqlReturn {
    if handle_type == HandleType::Env as i16 {
        process_state::start();
    }
    if handle_type == HandleType::Env as i16
        && let Err(failure) = target_driver::load()
        && !output.is_null()
    {
        // SAFETY: not null, and the ODBC reference has it point to a handle.
        unsafe { output.write(Handle(placeholder_handle::create(failure))) };
        return SqlReturn::SUCCESS;
    }
    if handle_type == HandleType::Stmt as i16 || handle_type == HandleType::Desc as i16 {
        connections::begin_call(HDbc(input.0));
    }
    // SAFETY: the host's arguments, passed on.
    let answer = unsafe { target::SQLAllocHandle(handle_type, input, output) };
    let is_new = answer == SqlReturn::SUCCESS || answer == SqlReturn::SUCCESS_WITH_INFO;
    if handle_type == HandleType::Dbc as i16 && is_new && !output.is_null() {
        // The address may be that of a connection that was freed without `SQLFreeHandle`, with its environment.
        // SAFETY: the driver has just written a handle there.
        drop(connections::remove(HDbc(unsafe { output.read() }.0)));
    }
    answer
}

/// `SQLFreeHandle`.
///
/// # Safety
/// The arguments are those of the ODBC reference.
pub(crate) unsafe fn free_handle(handle_type: i16, handle: Handle) -> SqlReturn {
    unsupported::clear_record(handle.0);
    if handle_type == HandleType::Dbc as i16 {
        // SAFETY: the host's arguments, passed on.
        return unsafe { free_connection(HDbc(handle.0)) };
    }
    // SAFETY: the host's arguments, passed on.
    unsafe { target::SQLFreeHandle(handle_type, handle) }
}

/// Frees a connection, and after it the token buffer that the driver may read until then.
///
/// # Safety
/// As for `SQLFreeHandle`.
unsafe fn free_connection(hdbc: HDbc) -> SqlReturn {
    connections::begin_call(hdbc);
    // Taken out first: once the driver has freed the handle, another thread may be given the same address.
    let shared = connections::remove(hdbc);
    // SAFETY: the host's arguments, passed on.
    let answer = unsafe { target::SQLFreeHandle(HandleType::Dbc as i16, hdbc.as_handle()) };
    match (answer, shared) {
        (SqlReturn::ERROR, Some(shared)) => connections::restore(hdbc, shared),
        (SqlReturn::SUCCESS | SqlReturn::SUCCESS_WITH_INFO, Some(shared)) => {
            // SAFETY: the driver has freed the handle.
            unsafe { connections::lock(&shared).token.release() };
        }
        // After any other answer the driver may still read the token.
        _ => {}
    }
    answer
}
