//! Credentials: who signs in, by the keywords of a connection string.

use std::{
    ffi::c_char,
    sync::Arc,
    time::{Duration, Instant},
};

use entra_auth::{
    Error, Token,
    credential::SignIn,
    process::fork::Lock,
    token::{Cancellation, Issued, Wait},
};
use entra_odbc_core::connect::{DEFAULT_LOGIN_TIMEOUT, KeywordSignIn};

use super::{
    call::{fallible_with_output, null, object, optional_text, text},
    cancellation::{entra_cancellation, optional_cancellation},
    error::entra_error,
    object_table::ObjectTable,
    token::{TokenObject, entra_token},
};
use crate::{panic_guard::catch_panic, process_state};

/// Who signs in.
///
/// It may be used by any number of threads at once. Credentials for the same identity share their tokens, also with
/// connections that the ODBC driver of this library makes in the same process.
pub struct entra_credential {
    _opaque: [u8; 0],
}

/// One keyword and its value, as they would stand in a connection string, but with nothing quoted.
#[repr(C)]
pub struct entra_option {
    /// The keyword, such as "UID".
    pub keyword: *const c_char,
    /// Its value.
    pub value: *const c_char,
}

/// More than all keywords and their aliases: a larger count is a mistake, whose array must not be read.
const MAX_OPTIONS: usize = 1000;

static CREDENTIALS: ObjectTable<Credential> = ObjectTable::new();

/// A sign-in by keywords, and the last token that it gave, so that equal tokens are one object.
pub(crate) struct Credential {
    sign_in: KeywordSignIn,
    last_token: Lock<Option<Arc<TokenObject>>>,
}

impl Credential {
    fn new_handle(sign_in: KeywordSignIn) -> *mut entra_credential {
        CREDENTIALS.add(Self {
            sign_in,
            last_token: Lock::new(None),
        })
    }

    /// The credential behind a handle.
    pub(crate) fn from_handle(credential: *const entra_credential) -> Result<Arc<Self>, Error> {
        object(&CREDENTIALS, credential, "credential")
    }

    /// A valid token, and who signed in.
    pub(crate) fn token(
        &self,
        scope: Option<&str>,
        wait: Wait<'_>,
    ) -> Result<(Arc<SignIn>, Arc<TokenObject>), Error> {
        let (sign_in, issued) =
            process_state::with_connect_context(|context| self.sign_in.obtain(scope, wait, context))?;
        Ok((sign_in, self.token_object(issued.token)?))
    }

    /// The same without waiting: `done` is called once, on a thread of its own, unless this is an error.
    pub(crate) fn request(
        self: Arc<Self>,
        scope: Option<&str>,
        until: Instant,
        cancellation: Option<Cancellation>,
        done: impl FnOnce(Result<Arc<TokenObject>, Error>) + Send + 'static,
    ) -> Result<(), Error> {
        let credential = Arc::clone(&self);
        let done = move |outcome: Result<Issued, Error>| {
            done(outcome.and_then(|issued| credential.token_object(issued.token)));
        };
        process_state::with_connect_context(|context| {
            self.sign_in.request(scope, until, cancellation, context, done)
        })
    }

    fn token_object(&self, token: Arc<Token>) -> Result<Arc<TokenObject>, Error> {
        let last = self.last_token.lock().clone();
        if let Some(last) = last.filter(|last| Arc::ptr_eq(last.token(), &token)) {
            return Ok(last);
        }
        let obtained = Arc::new(TokenObject::new(token)?);
        let old = self.last_token.lock().replace(Arc::clone(&obtained));
        // Zeroed without the lock.
        drop(old);
        Ok(obtained)
    }
}

/// The time until which a call with this timeout waits.
pub(crate) fn deadline(timeout_ms: u32) -> Instant {
    let timeout = match timeout_ms {
        0 => DEFAULT_LOGIN_TIMEOUT,
        some => Duration::from_millis(some.into()),
    };
    Instant::now() + timeout
}

/// Makes a credential from the keywords of a connection string.
///
/// They are those of the ODBC driver (docs/keywords.md), such as
/// "Authentication=ActiveDirectoryServicePrincipal;UID=...;PWD=...;TenantId=...". SERVER= is optional: it tells the cloud,
/// and the tenant where no keyword names it. A DSN= is looked up. What is not about signing in is ignored.
///
/// The keywords are checked, and nobody is asked for a token yet. Without Authentication= (or AccessToken=) it is an
/// error. What the keywords refer to, such as files, variables and tools, is looked at anew for each token.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entra_credential_from_string(
    connection_string: *const c_char,
    credential: *mut *mut entra_credential,
    error: *mut *mut entra_error,
) -> i32 {
    // SAFETY: the arguments are as the header asks of the caller.
    unsafe {
        fallible_with_output(credential, error, || {
            let text = text(connection_string, "connection string")?;
            process_state::start();
            process_state::with_connect_context(|context| KeywordSignIn::from_string(text, context))
                .map(Credential::new_handle)
        })
    }
}

/// Makes a credential from `count` keywords and their values, in which nothing is quoted: a value may hold ; and }.
///
/// The same as entra_credential_from_string in all else. The options, at most 1,000, are copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entra_credential_from_options(
    options: *const entra_option,
    count: usize,
    credential: *mut *mut entra_credential,
    error: *mut *mut entra_error,
) -> i32 {
    // SAFETY: the arguments are as the header asks of the caller.
    unsafe {
        fallible_with_output(credential, error, || {
            if count > MAX_OPTIONS {
                return Err(Error::invalid(format!(
                    "{count} options are more than the {MAX_OPTIONS} that there can be"
                )));
            }
            if options.is_null() && count > 0 {
                return Err(null("the array of options"));
            }
            let mut pairs = Vec::with_capacity(count);
            for at in 0..count {
                let option = &*options.add(at);
                pairs.push((
                    text(option.keyword, "keyword")?,
                    text(option.value, "value of an option")?,
                ));
            }
            process_state::start();
            process_state::with_connect_context(|context| KeywordSignIn::from_pairs(pairs, context))
                .map(Credential::new_handle)
        })
    }
}

/// Frees a credential, which must not be used afterwards; calls under way go on. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn entra_credential_free(credential: *mut entra_credential) {
    catch_panic(|| drop(CREDENTIALS.remove(credential)), || ());
}

/// Gets a living token, from memory or by a request that all who wait for the same identity share.
///
/// scope: NULL or "" for that of Scope=, else Azure SQL's in the credential's cloud. A resource without "/.default" is
/// taken as its scope.
/// timeout_ms: for how long to wait, in milliseconds; 0 for the 15 seconds that a login has. TokenTimeout= may make it
/// less. While a person is asked to sign in, the call waits for that person (InteractiveTimeout=, 300 s).
/// cancellation: ends the wait from another thread; may be NULL.
///
/// Blocks the calling thread, unless a token is in memory. Errors: 28000 Entra refused (the native error is the AADSTS
/// number), 08001 the token endpoint cannot be reached, HYT00 no token in time, HY008 cancelled, HYC00 a person would
/// have to be asked and cannot be, HY000 the keywords cannot work. The token is yours, to be freed by entra_token_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entra_credential_get_token(
    credential: *const entra_credential,
    scope: *const c_char,
    timeout_ms: u32,
    cancellation: *const entra_cancellation,
    token: *mut *mut entra_token,
    error: *mut *mut entra_error,
) -> i32 {
    // SAFETY: the arguments are as the header asks of the caller.
    unsafe {
        fallible_with_output(token, error, || {
            let credential = Credential::from_handle(credential)?;
            let scope = optional_text(scope, "scope")?;
            let cancellation = optional_cancellation(cancellation)?;
            let wait = Wait::until(deadline(timeout_ms)).unless(cancellation.as_deref());
            let (_, obtained) = credential.token(scope, wait)?;
            Ok(TokenObject::new_handle(obtained))
        })
    }
}
