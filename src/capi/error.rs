//! The error object.

use std::ffi::{CString, c_char};

use entra_auth::Error;
use entra_odbc_core::diagnostics::Diagnostic as _;

use super::{call::c_text, object_table::ObjectTable};
use crate::panic_guard::catch_panic;

/// What went wrong in a call: a SQLSTATE, a native error and a message in words.
///
/// A function that can fail has an `entra_error **error` as its last parameter. Pass the address of a pointer
/// to be given the error, which is then yours to free by entra_error_free; or NULL if you only want to know
/// that it failed. On success NULL is written there.
pub struct entra_error {
    _opaque: [u8; 0],
}

struct ErrorObject {
    sqlstate: CString,
    native: i32,
    message: CString,
}

static ERRORS: ObjectTable<ErrorObject> = ObjectTable::new();

impl entra_error {
    /// An error for the host.
    pub(crate) fn new_handle(error: &Error) -> *mut Self {
        ERRORS.add(ErrorObject {
            sqlstate: c_text(error.sqlstate()),
            native: error.native(),
            message: c_text(&error.to_string()),
        })
    }

    #[cfg(test)]
    pub(crate) fn free_handle(error: *mut Self) {
        ERRORS.remove(error);
    }
}

/// The text of an error, which lives as long as the host does not free it.
fn field(error: *const entra_error, text: impl FnOnce(&ErrorObject) -> &CString) -> *const c_char {
    let found = || ERRORS.get(error).map(|object| text(&object).as_ptr());
    catch_panic(found, || None).unwrap_or(c"".as_ptr())
}

/// The five characters of the error's SQLSTATE, such as "28000".
///
/// The string belongs to the error and lives until it is freed. For NULL the answer is "".
#[unsafe(no_mangle)]
pub extern "C" fn entra_error_sqlstate(error: *const entra_error) -> *const c_char {
    field(error, |object| &object.sqlstate)
}

/// The native error: the AADSTS number where Entra refused, else 0. For NULL the answer is 0.
#[unsafe(no_mangle)]
pub extern "C" fn entra_error_native(error: *const entra_error) -> i32 {
    catch_panic(|| ERRORS.get(error).map_or(0, |object| object.native), || 0)
}

/// What failed, why, and what to do, in UTF-8. Never holds a secret.
///
/// The string belongs to the error and lives until it is freed. For NULL the answer is "".
#[unsafe(no_mangle)]
pub extern "C" fn entra_error_message(error: *const entra_error) -> *const c_char {
    field(error, |object| &object.message)
}

/// Frees an error, which must not be used afterwards. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn entra_error_free(error: *mut entra_error) {
    catch_panic(|| drop(ERRORS.remove(error)), || ());
}

#[cfg(test)]
mod tests {
    use super::*;
    use entra_auth::ErrorKind;
    use std::{
        ffi::CStr,
        ptr::{null, null_mut},
    };

    #[test]
    fn an_error_says_what_it_was_made_of() {
        let error = entra_error::new_handle(&Error::new(
            ErrorKind::Refused { code: 700_016 },
            "refused\0: no such application",
        ));
        // SAFETY: the texts live until the error is freed at the end.
        unsafe {
            assert_eq!(CStr::from_ptr(entra_error_sqlstate(error)), c"28000");
            assert_eq!(entra_error_native(error), 700_016);
            assert_eq!(
                CStr::from_ptr(entra_error_message(error)),
                c"[entra-odbc] refused : no such application."
            );
        }
        entra_error_free(error);
        entra_error_free(error);
        assert_eq!(entra_error_native(error), 0);
    }

    #[test]
    fn null_is_an_empty_error() {
        // SAFETY: a text that lives for good.
        unsafe {
            assert_eq!(CStr::from_ptr(entra_error_sqlstate(null())), c"");
            assert_eq!(entra_error_native(null()), 0);
            assert_eq!(CStr::from_ptr(entra_error_message(null())), c"");
        }
        entra_error_free(null_mut());
    }
}
