//! Tokens without waiting, for programs with an event loop: a callback of the host's is told how a request ended.

use std::{
    ffi::{c_char, c_void},
    ptr::null_mut,
    sync::Arc,
};

use entra_auth::Error;

use super::{
    call::{defect, fallible, null, optional_text},
    callback::{UserData, call_host},
    cancellation::{entra_cancellation, optional_cancellation},
    credential::{Credential, deadline, entra_credential},
    error::entra_error,
    token::{TokenObject, entra_token},
};
use crate::panic_guard::catch_panic;

/// Is told how a request ended: by a token, or by an error; the other one is NULL. Both are yours, to be freed.
pub type entra_token_callback =
    Option<unsafe extern "C" fn(user: *mut c_void, token: *mut entra_token, error: *mut entra_error)>;

/// Gets a token as entra_credential_get_token does, without blocking the calling thread.
///
/// The parameters are those of entra_credential_get_token, and so are the errors that the callback is told. Any number
/// of requests may be under way; waiting costs no thread. The answer -1 says that the request cannot be begun; the
/// callback is then not called.
///
/// Else the callback is called exactly once, also where the token is in memory or the request was cancelled. See
/// "Callbacks" above: it is called on a thread of ours, which it may block, and perhaps before this function returns.
/// The credential and the cancellation may be freed before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entra_credential_request_token(
    credential: *const entra_credential,
    scope: *const c_char,
    timeout_ms: u32,
    cancellation: *const entra_cancellation,
    callback: entra_token_callback,
    user: *mut c_void,
    error: *mut *mut entra_error,
) -> i32 {
    // SAFETY: the arguments are as the header asks of the caller.
    unsafe {
        fallible(error, || {
            let callback = callback.ok_or_else(|| null("the callback"))?;
            let credential = Credential::from_handle(credential)?;
            let scope = optional_text(scope, "scope")?;
            let cancellation = optional_cancellation(cancellation)?;
            credential.request(
                scope,
                deadline(timeout_ms),
                cancellation.as_deref().cloned(),
                told(callback, UserData::new(user)),
            )
        })
    }
}

fn told(
    callback: unsafe extern "C" fn(*mut c_void, *mut entra_token, *mut entra_error),
    user: UserData,
) -> impl FnOnce(Result<Arc<TokenObject>, Error>) + Send + 'static {
    move |outcome| {
        let objects = || match outcome {
            Ok(token) => (TokenObject::new_handle(token), null_mut()),
            Err(error) => (null_mut(), entra_error::new_handle(&error)),
        };
        let (token, error) = catch_panic(objects, || (null_mut(), entra_error::new_handle(&defect())));
        // SAFETY: the host passed the function with this type; what it is given is its own.
        unsafe {
            call_host!(
                callback,
                user: *mut c_void = user.as_ptr(),
                token: *mut entra_token = token,
                error: *mut entra_error = error,
            );
        }
    }
}
