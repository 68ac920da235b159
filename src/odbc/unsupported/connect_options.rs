//! `SQLSetConnectOption` and `SQLGetConnectOption` for a driver of ODBC 3, which has attributes instead.
//!
//! unixODBC 2.3.11 maps them itself if it does not find the W names, which we export, and does not forget
//! those when `SQLGetFunctions` denies them. So the same mapping stands here, from `SQLSetConnectOptionW.c`
//! and `SQLGetConnectOptionW.c`.

use std::ffi::c_void;

use odbc_sys::{HDbc, Pointer, SqlReturn, ULen, WChar};

use crate::odbc::target;

const NTS: i32 = -3;
const CURRENT_CATALOG: u16 = 109;
const TRACEFILE: u16 = 105;
const TRANSLATE_LIB: u16 = 106;

/// What unixODBC allows for a text option: 1,024 bytes where its caller is an ANSI program.
const TEXT_CAPACITY: usize = 512;

fn is_text(option: u16) -> bool {
    matches!(option, CURRENT_CATALOG | TRACEFILE | TRANSLATE_LIB)
}

/// `SQLSetConnectOptionW`, by the attribute of the same number.
///
/// # Safety
/// The arguments are those of the ODBC reference.
pub(in crate::odbc) unsafe extern "C" fn set_connect_option(
    hdbc: HDbc,
    option: u16,
    value: ULen,
) -> SqlReturn {
    let length = if is_text(option) { NTS } else { 0 };
    // SAFETY: options and attributes have the same numbers, and values of the same types.
    unsafe { target::SQLSetConnectAttrW(hdbc, option.into(), value as *mut c_void, length) }
}

/// `SQLGetConnectOptionW`, by the attribute of the same number.
///
/// # Safety
/// The arguments are those of the ODBC reference.
pub(in crate::odbc) unsafe extern "C" fn get_connect_option(
    hdbc: HDbc,
    option: u16,
    value: Pointer,
) -> SqlReturn {
    let attribute = i32::from(option);
    // Not asked for, but psqlodbc wants somewhere to put it.
    let mut length = 0i32;
    if !is_text(option) || value.is_null() {
        // SAFETY: options and attributes have the same numbers, and values of the same types.
        return unsafe { target::SQLGetConnectAttrW(hdbc, attribute, value, 4, &raw mut length) };
    }
    let mut text: [WChar; TEXT_CAPACITY] = [0; TEXT_CAPACITY];
    // SAFETY: the capacity in bytes leaves the last unit zero, so the text always ends; the call of ODBC 2 has
    // no length for its buffer, whose size the manager fixed as above.
    unsafe {
        let capacity = i32::try_from((TEXT_CAPACITY - 1) * 2).unwrap_or(0);
        let answer = target::SQLGetConnectAttrW(
            hdbc,
            attribute,
            text.as_mut_ptr().cast(),
            capacity,
            &raw mut length,
        );
        if answer == SqlReturn::SUCCESS || answer == SqlReturn::SUCCESS_WITH_INFO {
            let length = text.iter().position(|unit| *unit == 0).unwrap_or(0) + 1;
            text.as_ptr()
                .cast::<u8>()
                .copy_to_nonoverlapping(value.cast(), length * 2);
        }
        answer
    }
}
