//! The error object.

use std::ffi::{CString, c_char};

/// What went wrong in a call: a SQLSTATE, a native error and a message in words.
///
/// A function that can fail has an `entra_error **error` as its last parameter. Pass the address of a pointer
/// to be given the error, which is then yours to free by entra_error_free; or NULL if you only want to know
/// that it failed.
#[allow(non_camel_case_types)]
pub struct entra_error {
    sqlstate: CString,
    native: i32,
    message: CString,
}

impl entra_error {
    /// An error to be handed to the host.
    #[allow(dead_code, reason = "the functions that can fail come with the token calls")]
    pub(crate) fn new(sqlstate: &str, native: i32, message: &str) -> Self {
        // A NUL inside would cut the text; the rest of it is worth more than the NUL.
        let text = |text: &str| CString::new(text.replace('\0', " ")).unwrap_or_default();
        Self {
            sqlstate: text(sqlstate),
            native,
            message: text(message),
        }
    }
}

/// The five characters of the error's SQLSTATE, such as "28000".
///
/// The string belongs to the error and lives until it is freed. For NULL the answer is "".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entra_error_sqlstate(error: *const entra_error) -> *const c_char {
    // SAFETY: NULL or a living error, as the header asks of the caller.
    unsafe { error.as_ref() }.map_or(c"".as_ptr(), |error| error.sqlstate.as_ptr())
}

/// The native error: the AADSTS number where Entra refused, else 0. For NULL the answer is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entra_error_native(error: *const entra_error) -> i32 {
    // SAFETY: NULL or a living error, as the header asks of the caller.
    unsafe { error.as_ref() }.map_or(0, |error| error.native)
}

/// What failed, why, and what to do, in UTF-8. Never holds a secret.
///
/// The string belongs to the error and lives until it is freed. For NULL the answer is "".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entra_error_message(error: *const entra_error) -> *const c_char {
    // SAFETY: NULL or a living error, as the header asks of the caller.
    unsafe { error.as_ref() }.map_or(c"".as_ptr(), |error| error.message.as_ptr())
}

/// Frees an error, which must not be used afterwards. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entra_error_free(error: *mut entra_error) {
    if !error.is_null() {
        // SAFETY: every error comes from a Box of ours, and the caller gives it back once.
        drop(unsafe { Box::from_raw(error) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CStr;
    use std::ptr::{null, null_mut};

    #[test]
    fn an_error_says_what_it_was_made_of() {
        let error = Box::into_raw(Box::new(entra_error::new(
            "28000",
            700_016,
            "refused\0: no such application",
        )));
        // SAFETY: the error lives until it is freed at the end.
        unsafe {
            assert_eq!(CStr::from_ptr(entra_error_sqlstate(error)), c"28000");
            assert_eq!(entra_error_native(error), 700_016);
            assert_eq!(
                CStr::from_ptr(entra_error_message(error)),
                c"refused : no such application"
            );
            entra_error_free(error);
        }
    }

    #[test]
    fn null_is_an_empty_error() {
        // SAFETY: NULL is allowed.
        unsafe {
            assert_eq!(CStr::from_ptr(entra_error_sqlstate(null())), c"");
            assert_eq!(entra_error_native(null()), 0);
            assert_eq!(CStr::from_ptr(entra_error_message(null())), c"");
            entra_error_free(null_mut());
        }
    }
}
