//! The pointers through which a loaded library calls functions of other libraries: left alone on macOS.
//!
//! They are in other tables than those of ELF, in pages that dyld has signed pointers for on some processors. Nothing here
//! has been tried on a Mac, so calls of the target driver are not redirected: `ConnectTo=` is refused, and each connection
//! has CA certificates of its own.

use std::ffi::{CStr, c_void};
use std::ptr::NonNull;
use std::sync::atomic::AtomicPtr;

/// Refuses to have the library that contains `inside` call `replacement` in place of an imported function.
///
/// # Errors
/// Always.
pub(crate) fn replace(
    _inside: NonNull<c_void>,
    _function: &CStr,
    _replacement: *mut c_void,
    _original: &AtomicPtr<c_void>,
) -> Result<(), String> {
    Err("calls of the driver are not redirected on macOS".to_owned())
}
