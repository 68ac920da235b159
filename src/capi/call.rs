//! What all calls of the C API do: check the arguments, turn errors into objects, keep panics in.

use std::{
    ffi::{CStr, CString, c_char},
    ptr::null_mut,
    sync::Arc,
};

use entra_auth::{Error, ErrorKind};

use super::{error::entra_error, object_table::ObjectTable};
use crate::panic_guard::catch_panic;

const SUCCESS: i32 = 0;
const FAILURE: i32 = -1;

/// The longest text in bytes: limits what is read through a pointer to something that has no NUL.
const MAX_TEXT_LENGTH: usize = 1 << 20;

/// Runs a call that can fail.
///
/// # Safety
/// `error` is NULL or points to a place for a pointer.
pub(crate) unsafe fn fallible(error: *mut *mut entra_error, body: impl FnOnce() -> Result<(), Error>) -> i32 {
    let outcome = catch_panic(body, || Err(defect()));
    let (answer, object) = match outcome {
        Ok(()) => (SUCCESS, None),
        Err(error) => (FAILURE, Some(error)),
    };
    if !error.is_null() {
        let object = catch_panic(
            || object.map_or(null_mut(), |error| entra_error::new_handle(&error)),
            null_mut,
        );
        // SAFETY: not NULL, so the caller of this function vouches for it.
        unsafe { error.write(object) };
    }
    answer
}

/// Runs a call that can fail, and hands out an object on success.
///
/// # Safety
/// `target` and `error` are NULL or point to places for pointers.
pub(crate) unsafe fn fallible_with_output<T>(
    target: *mut *mut T,
    error: *mut *mut entra_error,
    body: impl FnOnce() -> Result<*mut T, Error>,
) -> i32 {
    let mut object = null_mut();
    // SAFETY: as the caller vouches.
    let answer = unsafe {
        fallible(error, || {
            if target.is_null() {
                return Err(null("the place for the answer"));
            }
            object = body()?;
            Ok(())
        })
    };
    if !target.is_null() {
        // SAFETY: not NULL, so the caller of this function vouches for it.
        unsafe { target.write(object) };
    }
    answer
}

/// The object behind a handle, or an error that says what is wrong with it.
pub(crate) fn object<T, H>(all: &ObjectTable<T>, handle: *const H, what: &str) -> Result<Arc<T>, Error> {
    if handle.is_null() {
        return Err(null(what));
    }
    all.get(handle).ok_or_else(|| {
        Error::invalid(format!(
            "{what} is not valid: it was freed, or is no {what} at all"
        ))
        .remedy("This is a defect of the program that calls.")
    })
}

/// A text argument that must not be NULL.
///
/// # Safety
/// The pointer is NULL or one to a text that ends with a NUL and stays as it is for as long as the answer lives.
pub(crate) unsafe fn text<'a>(text: *const c_char, what: &str) -> Result<&'a str, Error> {
    // SAFETY: as the caller vouches.
    unsafe { optional_text(text, what) }?.ok_or_else(|| null(what))
}

/// A text argument that may be NULL.
///
/// # Safety
/// As for [`text`].
pub(crate) unsafe fn optional_text<'a>(text: *const c_char, what: &str) -> Result<Option<&'a str>, Error> {
    if text.is_null() {
        return Ok(None);
    }
    // SAFETY: not NULL; it is read no further than to the NUL that the caller vouches for.
    let length = unsafe { libc::strnlen(text, MAX_TEXT_LENGTH + 1) };
    if length > MAX_TEXT_LENGTH {
        return Err(Error::invalid(format!(
            "{what} is longer than {MAX_TEXT_LENGTH} bytes"
        )));
    }
    // SAFETY: the NUL was found.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_str()
        .map(Some)
        .map_err(|_| Error::invalid(format!("{what} is not UTF-8")).remedy("Pass it in UTF-8."))
}

/// The error of an argument that must not be NULL.
pub(crate) fn null(what: &str) -> Error {
    Error::invalid(format!("{what} is NULL")).remedy("This is a defect of the program that calls.")
}

/// A text for the host. A NUL inside becomes a blank, since C would see the text end there.
pub(crate) fn c_text(text: &str) -> CString {
    let whole = if text.contains('\0') {
        CString::new(text.replace('\0', " "))
    } else {
        CString::new(text)
    };
    whole.unwrap_or_default()
}

/// The error of a call in which a defect of ours showed.
pub(super) fn defect() -> Error {
    Error::new(ErrorKind::Invalid, "the call broke off inside the library")
        .remedy("This is a defect of entra-odbc; please report it.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_of_the_call() {
        let mut error = null_mut();
        // SAFETY: the place is there.
        let answer = unsafe { fallible(&raw mut error, || panic!("on purpose")) };
        assert_eq!(answer, FAILURE);
        assert!(!error.is_null());
        entra_error::free_handle(error);
        // SAFETY: NULL is allowed.
        assert_eq!(unsafe { fallible(null_mut(), || Err(null("it"))) }, FAILURE);
    }

    #[test]
    fn text_is_utf_8_and_has_an_end() {
        // SAFETY: all of them end with a NUL.
        unsafe {
            assert_eq!(text(c"Grüße".as_ptr(), "it").unwrap(), "Grüße");
            assert!(optional_text(std::ptr::null(), "it").unwrap().is_none());
            assert!(text(std::ptr::null(), "it").is_err());
            assert!(text(c"\xff".as_ptr(), "it").is_err());
            let longest = CString::new("x".repeat(MAX_TEXT_LENGTH)).unwrap();
            assert_eq!(text(longest.as_ptr(), "it").unwrap().len(), MAX_TEXT_LENGTH);
            let long = CString::new("x".repeat(MAX_TEXT_LENGTH + 1)).unwrap();
            assert!(text(long.as_ptr(), "it").is_err());
        }
    }
}
