//! Token providers: tokens from a callback of the host's, for `TokenProvider=`.

use std::{
    ffi::{c_char, c_void},
    sync::Arc,
    time::{Duration, SystemTime},
};

use entra_auth::{
    Error, Secret,
    process::fork::Lock,
    user::token_provider::{Provided, Provider, Request},
};

use super::{
    call::{c_text, fallible, optional_text, text},
    callback::{UserData, call_host},
    error::entra_error,
    object_table::ObjectTable,
};
use crate::{panic_guard::catch_panic, process_state};

/// What a provider answers into. Lives for the call that it is passed to.
pub struct entra_answer {
    _opaque: [u8; 0],
}

/// Gets a token for `scope` within patience_ms, and answers by entra_answer_token or entra_answer_failure before it
/// returns.
pub type entra_provider_callback = Option<
    unsafe extern "C" fn(
        user: *mut c_void,
        scope: *const c_char,
        patience_ms: u32,
        answer: *mut entra_answer,
    ),
>;

/// The first answer of a call counts.
type Answer = Lock<Option<Result<Provided, String>>>;

static ANSWERS: ObjectTable<Answer> = ObjectTable::new();

/// Has your callback provide the tokens for Authentication=TokenProvider;TokenProvider=name, in credentials and in
/// connections of the ODBC driver of this library.
///
/// name: not empty; upper and lower case differ, and blanks around it do not count.
///
/// NULL takes the callback of that name away. See "Callbacks" above: it is called on a thread of ours, for each token
/// that is wanted, and several times at once where several are. An answer that comes after patience_ms is thrown away;
/// once 64 calls of one provider have not returned, it is called no more until one does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entra_register_provider(
    name: *const c_char,
    callback: entra_provider_callback,
    user: *mut c_void,
    error: *mut *mut entra_error,
) -> i32 {
    // SAFETY: the arguments are as the header asks of the caller.
    unsafe {
        fallible(error, || {
            let name = text(name, "name of the provider")?.trim();
            if name.is_empty() {
                return Err(Error::invalid("the name of the provider is empty"));
            }
            process_state::start();
            let provider = callback.map(|callback| provider(callback, UserData::new(user)));
            process_state::providers().register(name, provider);
            Ok(())
        })
    }
}

/// Answers with a token, which is copied.
///
/// expires_on: when it ends, in seconds since 1970; 0 where only the token itself says it.
/// identity: whose it is, by a name of your own choice that is never that of anyone else. With it, the token of an open
/// connection is renewed by calling the provider again. NULL: none; then each token serves what it was asked for alone.
/// Answers -1 if a parameter is NULL or not UTF-8, or the call was answered or is over.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entra_answer_token(
    answer: *mut entra_answer,
    token: *const c_char,
    expires_on: i64,
    identity: *const c_char,
) -> i32 {
    let provided = || {
        // SAFETY: the arguments are as the header asks of the caller.
        let (token, identity) = unsafe { (text(token, "token")?, optional_text(identity, "identity")?) };
        let seconds = u64::try_from(expires_on).ok().filter(|seconds| *seconds > 0);
        Ok(Provided {
            token: Secret::new(token.to_owned()),
            expires_on: seconds
                .and_then(|seconds| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))),
            identity: identity.map(str::to_owned),
        })
    };
    put(answer, || provided().map(Ok))
}

/// Answers that there is no token, and why: text without secrets, told to whoever wanted the token.
///
/// Answers -1 if the message is NULL or not UTF-8, or the call was answered or is over.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entra_answer_failure(answer: *mut entra_answer, message: *const c_char) -> i32 {
    let failure = || {
        // SAFETY: the arguments are as the header asks of the caller.
        let words = unsafe { text(message, "message") }?;
        Ok(Err(words.to_owned()))
    };
    put(answer, failure)
}

fn put(answer: *mut entra_answer, outcome: impl FnOnce() -> Result<Result<Provided, String>, Error>) -> i32 {
    let answered = || {
        let place = ANSWERS.get(answer)?;
        let outcome = outcome().ok()?;
        let mut place = place.lock();
        place.is_none().then(|| *place = Some(outcome))
    };
    match catch_panic(answered, || None) {
        Some(()) => 0,
        None => -1,
    }
}

fn provider(
    callback: unsafe extern "C" fn(*mut c_void, *const c_char, u32, *mut entra_answer),
    user: UserData,
) -> Provider {
    Arc::new(move |request: &Request| {
        let scope = c_text(&request.scope);
        let patience = u32::try_from(request.timeout.as_millis()).unwrap_or(u32::MAX);
        let answer: *mut entra_answer = ANSWERS.add(Lock::new(None));
        // SAFETY: the host registered the function with this type; the scope outlives the call, and the answer is
        // known to be over after it.
        unsafe {
            call_host!(
                callback,
                user: *mut c_void = user.as_ptr(),
                scope: *const c_char = scope.as_ptr(),
                patience: u32 = patience,
                answer: *mut entra_answer = answer,
            );
        }
        let outcome = ANSWERS.remove(answer).and_then(|place| place.lock().take());
        outcome.unwrap_or_else(|| Err("the callback returned without an answer".to_owned()))
    })
}
