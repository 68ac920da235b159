//! The driver's own installer functions, which programs call without ever having allocated a handle.
//!
//! They stand in their slots until the target driver is loaded, load it, and call its function of the same
//! name. If there is none, the answer is FALSE, as for a driver without a set-up function.

use std::ffi::c_void;
use std::sync::atomic::Ordering;

use odbc_sys::WChar;

use super::table::Function;
use super::target_driver;

const FALSE: i32 = 0;

/// `ConfigDSNW`.
type ConfigDsn = unsafe extern "C" fn(*mut c_void, u16, *const WChar, *const WChar) -> i32;
/// `ConfigDriverW`.
type ConfigDriver =
    unsafe extern "C" fn(*mut c_void, u16, *const WChar, *const WChar, *mut WChar, u16, *mut u16) -> i32;

/// The target driver's function, loading the driver if need be.
fn load_and_find(function: Function) -> Option<*mut ()> {
    crate::panic_guard::catch_panic(
        || {
            target_driver::load().ok()?;
            if !function.is_present() {
                return None;
            }
            function.row().map(|row| row.slot.load(Ordering::Relaxed))
        },
        || None,
    )
}

/// Answers `ConfigDSNW` until the target driver's stands in the slot.
pub(super) unsafe extern "C" fn config_dsn(
    window: *mut c_void,
    request: u16,
    driver: *const WChar,
    attributes: *const WChar,
) -> i32 {
    let Some(function) = load_and_find(Function::ConfigDSNW) else {
        return FALSE;
    };
    // SAFETY: the slot now holds the target driver's function of this name, with the signature that the ODBC
    // reference gives it; the arguments are the host's.
    unsafe { std::mem::transmute::<*mut (), ConfigDsn>(function)(window, request, driver, attributes) }
}

/// Answers `ConfigDriverW` until the target driver's stands in the slot.
pub(super) unsafe extern "C" fn config_driver(
    window: *mut c_void,
    request: u16,
    driver: *const WChar,
    arguments: *const WChar,
    message: *mut WChar,
    capacity: u16,
    length: *mut u16,
) -> i32 {
    let Some(function) = load_and_find(Function::ConfigDriverW) else {
        return FALSE;
    };
    // SAFETY: as above.
    unsafe {
        std::mem::transmute::<*mut (), ConfigDriver>(function)(
            window, request, driver, arguments, message, capacity, length,
        )
    }
}
