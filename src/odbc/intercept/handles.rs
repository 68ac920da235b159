//! Handles come and go: the first environment loads the real driver.

use odbc_sys::{Handle, HandleType, SqlReturn};

use crate::odbc::{missing, real, real_driver, stand_in};

/// `SQLAllocHandle`.
///
/// # Safety
/// The arguments are those of the ODBC reference.
pub(crate) unsafe fn alloc_handle(handle_type: i16, input: Handle, output: *mut Handle) -> SqlReturn {
    if handle_type == HandleType::Env as i16
        && let Err(failure) = real_driver::load()
        && !output.is_null()
    {
        // SAFETY: not null, and the ODBC reference has it point to a handle.
        unsafe { output.write(Handle(stand_in::create(failure))) };
        return SqlReturn::SUCCESS;
    }
    // SAFETY: the host's arguments, passed on.
    unsafe { real::SQLAllocHandle(handle_type, input, output) }
}

/// `SQLFreeHandle`.
///
/// # Safety
/// The arguments are those of the ODBC reference.
pub(crate) unsafe fn free_handle(handle_type: i16, handle: Handle) -> SqlReturn {
    missing::forget(handle.0);
    // SAFETY: the host's arguments, passed on.
    unsafe { real::SQLFreeHandle(handle_type, handle) }
}
