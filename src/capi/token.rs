//! Tokens and their claims.

use std::{
    ffi::{CString, c_char, c_void},
    ptr::null,
    sync::Arc,
    time::UNIX_EPOCH,
};

use entra_auth::{Error, Token};
use entra_odbc_core::driver::access_token_struct::AccessTokenStruct;
use once_cell::race::OnceBox;
use zeroize::Zeroizing;

use super::{call::c_text, object_table::ObjectTable, text_object::SecretText};
use crate::panic_guard::catch_panic;

/// An access token. It never changes; a renewed one is another object.
///
/// It may be used by any number of threads at once. What it hands out belongs to it and lives until it is freed, which
/// zeroes it once no other object for the same token is left.
pub struct entra_token {
    _opaque: [u8; 0],
}

static TOKENS: ObjectTable<TokenObject> = ObjectTable::new();

/// A token, and the forms of it that the host has asked for: made once, since the host gets pointers into them.
pub(crate) struct TokenObject {
    token: Arc<Token>,
    text: OnceBox<SecretText>,
    words: OnceBox<Zeroizing<Vec<u64>>>,
    claims: OnceBox<Claims>,
}

/// The token's claims, as C text.
struct Claims {
    principal: CString,
    tenant_id: CString,
    object_id: CString,
    client_id: CString,
    audience: CString,
}

impl TokenObject {
    /// An error for a token that no server could take.
    pub(crate) fn new(token: Arc<Token>) -> Result<Self, Error> {
        AccessTokenStruct::new(&token.text)?;
        Ok(Self {
            token,
            text: OnceBox::new(),
            words: OnceBox::new(),
            claims: OnceBox::new(),
        })
    }

    pub(crate) fn token(&self) -> &Arc<Token> {
        &self.token
    }

    pub(crate) fn new_handle(object: Arc<Self>) -> *mut entra_token {
        TOKENS.add(object)
    }

    fn text(&self) -> *const c_char {
        let make = || Box::new(SecretText::new(self.token.text.expose()));
        self.text.get_or_init(make).as_ptr()
    }

    /// The struct and its size in bytes; an array of words, so that its first member is aligned.
    fn words(&self) -> Option<(*const c_void, usize)> {
        let token = AccessTokenStruct::new(&self.token.text).ok()?;
        let make = || {
            let mut words = Zeroizing::new(Vec::with_capacity(token.size() / size_of::<u64>()));
            words.extend(token.words());
            Box::new(words)
        };
        let size = size_of::<u32>() + 2 * token.text().len();
        Some((self.words.get_or_init(make).as_ptr().cast(), size))
    }

    fn claims(&self) -> &Claims {
        self.claims.get_or_init(|| {
            let claims = self.token.claims();
            let text = |claim: Option<String>| c_text(claim.as_deref().unwrap_or_default());
            Box::new(Claims {
                principal: text(claims.principal),
                tenant_id: text(claims.tid),
                object_id: text(claims.oid),
                client_id: text(claims.client_id),
                audience: text(claims.aud),
            })
        })
    }

    fn expires_on(&self) -> i64 {
        if self.token.end_is_guessed {
            return 0;
        }
        let since = self
            .token
            .expires_on
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    }
}

/// A text that the token object owns, or "" where there is no such token.
fn text_of(token: *const entra_token, part: impl FnOnce(&TokenObject) -> *const c_char) -> *const c_char {
    catch_panic(|| TOKENS.get(token).map(|token| part(&token)), || None).unwrap_or(c"".as_ptr())
}

/// The token itself, as it came from Entra. A secret: whoever has it is the one it names. For NULL the answer is "".
#[unsafe(no_mangle)]
pub extern "C" fn entra_token_text(token: *const entra_token) -> *const c_char {
    text_of(token, TokenObject::text)
}

/// When the token ends, in seconds since 1970 (UTC); 0 where nobody knows, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn entra_token_expires_on(token: *const entra_token) -> i64 {
    catch_panic(|| TOKENS.get(token).map_or(0, |token| token.expires_on()), || 0)
}

/// Whom the token names: a person's user name, or an application's client id. "" where it does not say.
///
/// This and the following four are read from the token without verifying it: for messages, not for decisions.
#[unsafe(no_mangle)]
pub extern "C" fn entra_token_principal(token: *const entra_token) -> *const c_char {
    text_of(token, |token| token.claims().principal.as_ptr())
}

/// The tenant (claim tid). "" where the token does not say.
#[unsafe(no_mangle)]
pub extern "C" fn entra_token_tenant_id(token: *const entra_token) -> *const c_char {
    text_of(token, |token| token.claims().tenant_id.as_ptr())
}

/// The object id of who signed in (claim oid). "" where the token does not say.
#[unsafe(no_mangle)]
pub extern "C" fn entra_token_object_id(token: *const entra_token) -> *const c_char {
    text_of(token, |token| token.claims().object_id.as_ptr())
}

/// The application that the token was issued to (claim appid or azp). "" where the token does not say.
#[unsafe(no_mangle)]
pub extern "C" fn entra_token_client_id(token: *const entra_token) -> *const c_char {
    text_of(token, |token| token.claims().client_id.as_ptr())
}

/// Whom the token is for (claim aud). "" where the token does not say.
#[unsafe(no_mangle)]
pub extern "C" fn entra_token_audience(token: *const entra_token) -> *const c_char {
    text_of(token, |token| token.claims().audience.as_ptr())
}

/// The struct that the attribute SQL_COPT_SS_ACCESS_TOKEN (1256) takes, and its size in bytes.
///
/// It is Microsoft's ACCESSTOKEN: four bytes with the length of what follows, then the token in UTF-16LE. It belongs to
/// the token: Driver 18 keeps the pointer for as long as the connection lives, so either keep the token as long, or have
/// entra_set_access_token see to it. size may be NULL. For NULL the answer is NULL and the size 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entra_token_access_token(
    token: *const entra_token,
    size: *mut usize,
) -> *const c_void {
    let found = catch_panic(|| TOKENS.get(token).and_then(|token| token.words()), || None);
    let (words, length) = found.unwrap_or((null(), 0));
    if !size.is_null() {
        // SAFETY: not NULL, so it is a place for a number, as the header asks of the caller.
        unsafe { size.write(length) };
    }
    words
}

/// Frees a token, which must not be used afterwards. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn entra_token_free(token: *mut entra_token) {
    catch_panic(|| drop(TOKENS.remove(token)), || ());
}
