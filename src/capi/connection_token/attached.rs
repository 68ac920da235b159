//! The tokens on connection handles, each in memory that stays mapped while a driver may read it.
//!
//! We do not see a connection end. A handle may be freed while the driver manager keeps the driver's connection in its
//! pool, and the next handle may have the same address. So the memory of a token that is released
//! or replaced is zeroed: a driver that recovers a pooled connection with it is refused by the server, and the program
//! sees a broken connection. The
//! memory is never unmapped ([`TokenBuffer`]) and serves no other identity; the next token of the same one goes there,
//! so that a program needs as much as it has connections at once, not as it makes over time.

use std::{
    collections::{BTreeMap, VecDeque},
    ffi::c_void,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use entra_auth::{
    Error, Token,
    credential::{IdentityOrigin, SignIn},
    identity_key::IdentityKey,
    process::fork::Lock,
    token::TokenSubscriber,
};
use entra_odbc_core::driver::access_token_struct::AccessTokenStruct;

use super::refused;
use crate::{odbc::token_buffer::TokenBuffer, process_state};

/// How many unused places are kept for the next token of their identity. Of the others the addresses stay reserved.
const MAX_SPARE: usize = 1000;

static ATTACHED: Lock<AttachedTokens> = Lock::new(AttachedTokens {
    by_handle: BTreeMap::new(),
    spare: VecDeque::new(),
});

/// The places of all handles, and those that no handle uses.
struct AttachedTokens {
    by_handle: BTreeMap<usize, Arc<PlaceSubscriber>>,
    /// Zeroed; the one that was retired last is at the end.
    spare: VecDeque<Arc<TokenPlace>>,
}

/// The memory of one connection's token.
#[derive(Debug)]
struct TokenPlace {
    buffer: TokenBuffer,
    /// The identity of its token, now or last: no token of another one is ever put here.
    owner: IdentityKey,
    /// Whether a handle has it. Whoever writes the memory holds this lock, and takes it under a [`Lock`], which a fork
    /// waits for: under that of [`ATTACHED`], or under that of the identity's tokens.
    in_use: Mutex<bool>,
}

impl TokenPlace {
    fn in_use(&self) -> MutexGuard<'_, bool> {
        self.in_use.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a token of its owner's there; `false`, and nothing changed, where it does not fit.
    fn reuse(&self, token: &AccessTokenStruct<'_>) -> bool {
        let mut in_use = self.in_use();
        let fits = self.buffer.renew(token);
        *in_use |= fits;
        fits
    }

    fn retire(&self) {
        let mut in_use = self.in_use();
        *in_use = false;
        self.buffer.clear_pages();
    }
}

/// A handle's place while renewed tokens are written to it. Not the place itself, which lives longer: an identity's token
/// is renewed for as long as a subscriber of it lives.
#[derive(Debug)]
struct PlaceSubscriber(Arc<TokenPlace>);

impl TokenSubscriber for PlaceSubscriber {
    fn renew(&self, token: &Token) -> bool {
        let Ok(token) = AccessTokenStruct::new(&token.text) else {
            return false;
        };
        let in_use = self.0.in_use();
        *in_use && self.0.buffer.renew(&token)
    }
}

/// The identity that a place is for: equal only where one token may replace the other.
fn place_owner(sign_in: &SignIn, token: &Token) -> Result<IdentityKey, Error> {
    if let Some(identity) = token.identity {
        return Ok(identity);
    }
    let is_resolved = matches!(
        sign_in.identity_origin,
        IdentityOrigin::String | IdentityOrigin::Context
    );
    if sign_in.cache && is_resolved {
        return Ok(sign_in.key);
    }
    // Another person may sign in under the same key, and of what is not cached nothing else is known.
    let key = IdentityKey::builder("held token")?.with_identity("sign-in", &sign_in.key);
    let claims = token.claims();
    Ok(match (&claims.oid, &claims.tid) {
        (Some(oid), Some(tid)) if sign_in.cache => key.with("oid", oid).with("tid", tid),
        _ => key.with("token", token.text.expose()),
    }
    .finish())
}

/// A token in its place, about to be set on a handle.
pub(super) struct AttachedToken {
    handle: usize,
    place: Arc<TokenPlace>,
    is_new: bool,
}

impl AttachedToken {
    /// Puts a token in the handle's place if that has the same identity, else in an unused one of that identity, else in
    /// new memory.
    pub(super) fn for_handle(
        hdbc: *mut c_void,
        sign_in: &SignIn,
        token: &Token,
        structure: &AccessTokenStruct<'_>,
    ) -> Result<Self, Error> {
        let (handle, owner) = (hdbc.addr(), place_owner(sign_in, token)?);
        let mut tokens = ATTACHED.lock();
        if let Some(PlaceSubscriber(place)) = tokens.by_handle.get(&handle).map(AsRef::as_ref)
            && place.owner == owner
            && place.reuse(structure)
        {
            return Ok(Self {
                handle,
                place: Arc::clone(place),
                is_new: false,
            });
        }
        if let Some(place) = tokens.take_spare(&owner, structure) {
            return Ok(Self {
                handle,
                place,
                is_new: true,
            });
        }
        drop(tokens);
        let place = Arc::new(TokenPlace {
            buffer: TokenBuffer::for_token(structure)?,
            owner,
            in_use: Mutex::new(true),
        });
        Ok(Self {
            handle,
            place,
            is_new: true,
        })
    }

    /// The value for the attribute.
    pub(super) fn pointer(&self) -> *mut c_void {
        self.place.buffer.as_ptr()
    }

    /// Keeps the token for the handle if the driver manager accepted it, and has renewed ones written to its place.
    pub(super) fn finish(self, answer: i16, sign_in: &SignIn, token: &Arc<Token>) -> Result<(), Error> {
        // SQL_SUCCESS and SQL_SUCCESS_WITH_INFO.
        if answer != 0 && answer != 1 {
            if self.is_new {
                ATTACHED.lock().retire(self.place);
            }
            return Err(refused(answer));
        }
        if self.is_new {
            let own = Arc::new(PlaceSubscriber(self.place));
            let subscriber: Arc<dyn TokenSubscriber> = own.clone();
            let mut tokens = ATTACHED.lock();
            let old = tokens.by_handle.insert(self.handle, own);
            if let Some(old) = old {
                tokens.retire(Arc::clone(&old.0));
            }
            drop(tokens);
            process_state::with_connect_context(|context| {
                context.services.tokens.subscribe(sign_in, token, &subscriber);
            });
        }
        Ok(())
    }
}

impl AttachedTokens {
    /// An unused place of the same owner, into which it writes the token.
    fn take_spare(
        &mut self,
        owner: &IdentityKey,
        structure: &AccessTokenStruct<'_>,
    ) -> Option<Arc<TokenPlace>> {
        // The last first: a pool that hands out a connection has most likely kept the one closed last.
        let at = self
            .spare
            .iter()
            .rposition(|place| place.owner == *owner && place.reuse(structure))?;
        self.spare.remove(at)
    }

    fn retire(&mut self, place: Arc<TokenPlace>) {
        place.retire();
        self.spare.push_back(place);
        if self.spare.len() > MAX_SPARE {
            self.spare.pop_front();
        }
    }
}

/// Retires the place of a handle.
pub(super) fn release(hdbc: *mut c_void) {
    let mut tokens = ATTACHED.lock();
    let old = tokens.by_handle.remove(&hdbc.addr());
    if let Some(old) = old {
        tokens.retire(Arc::clone(&old.0));
    }
}

/// How many handles have a token.
pub(super) fn count() -> usize {
    ATTACHED.lock().by_handle.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use entra_auth::Secret;
    use std::{ptr::without_provenance_mut, time::SystemTime};

    fn token(text: &str) -> Arc<Token> {
        let hour = std::time::Duration::from_hours(1);
        Arc::new(Token::received(
            Secret::new(text.to_owned()),
            SystemTime::now() + hour,
        ))
    }

    fn sign_in(name: &str) -> SignIn {
        let key = IdentityKey::builder(name).unwrap().finish();
        SignIn::with_token(key, name, "scope", Token::clone(&token("x"))).unwrap()
    }

    /// Sets a token as a connection's, by a driver manager that answers so; where it is.
    fn set(handle: usize, name: &str, text: &str, answer: i16) -> *mut c_void {
        let (mut sign_in, token) = (sign_in(name), token(text));
        sign_in.cache = true;
        let structure = AccessTokenStruct::new(&token.text).unwrap();
        let attached =
            AttachedToken::for_handle(without_provenance_mut(handle), &sign_in, &token, &structure).unwrap();
        let pointer = attached.pointer();
        assert_eq!(attached.finish(answer, &sign_in, &token).is_ok(), answer >= 0);
        pointer
    }

    /// The size in the struct, and the first character.
    fn read(pointer: *mut c_void) -> (u32, u16) {
        let words = pointer.cast::<u32>();
        // SAFETY: the memory stays mapped for good.
        unsafe { (words.read(), words.add(1).cast::<u16>().read()) }
    }

    #[test]
    fn the_same_identity_keeps_its_place_and_another_one_gets_a_new_place() {
        let one = set(0x1000, "ada", "abc", 0);
        assert_eq!(read(one), (6, u16::from(b'a')));
        assert_eq!(set(0x1000, "ada", "bc", 1), one);
        assert_eq!(read(one), (4, u16::from(b'b')));
        let other = set(0x1000, "grace", "g", 0);
        assert_ne!(other, one);
        assert_eq!((read(one), read(other)), ((0, 0), (2, u16::from(b'g'))));
        release(without_provenance_mut(0x1000));
        assert_eq!(read(other), (0, 0));
    }

    #[test]
    fn a_token_that_the_manager_refuses_leaves_the_last_one() {
        let one = set(0x2000, "ada", "abc", 0);
        let other = set(0x2000, "grace", "g", -1);
        assert_eq!((read(one), read(other)), ((6, u16::from(b'a')), (0, 0)));
        release(without_provenance_mut(0x2000));
    }

    #[test]
    fn a_place_that_was_given_up_serves_its_owner_again_and_nobody_else() {
        let (one, two) = (0x3000, 0x4000);
        let first = set(one, "hopper", "abc", 0);
        release(without_provenance_mut(one));
        // The driver manager gives the same address out again, and another program's handle may have any.
        let other = set(one, "turing", "t", 0);
        assert_ne!(other, first);
        assert_eq!(read(first), (0, 0));
        assert_eq!(set(two, "hopper", "bc", 0), first);
        assert_eq!(read(first), (4, u16::from(b'b')));
        release(without_provenance_mut(one));
        release(without_provenance_mut(two));
        assert_eq!((read(first), read(other)), ((0, 0), (0, 0)));
    }

    #[test]
    fn what_was_given_up_before_many_others_is_still_there_and_nobodys() {
        let handle = 0x5000;
        let first = set(handle, "lovelace", "abc", 0);
        release(without_provenance_mut(handle));
        for number in 0..MAX_SPARE + 100 {
            assert_ne!(set(handle, &format!("number {number}"), "n", 0), first);
        }
        assert_eq!(read(first), (0, 0));
        release(without_provenance_mut(handle));
    }

    #[test]
    fn another_person_under_the_same_key_gets_a_place_of_their_own() {
        let mut asked = sign_in("somebody");
        asked.cache = true;
        asked.identity_origin = IdentityOrigin::Answer;
        let owners = ["one", "two"].map(|text| place_owner(&asked, &token(text)).unwrap());
        assert_ne!(owners[0], owners[1]);
        asked.identity_origin = IdentityOrigin::Context;
        let owners = ["one", "two"].map(|text| place_owner(&asked, &token(text)).unwrap());
        assert_eq!(owners[0], owners[1]);
    }

    #[test]
    fn a_renewal_that_comes_too_late_leaves_nothing_behind() {
        let secret = token("abc");
        let structure = AccessTokenStruct::new(&secret.text).unwrap();
        let place = Arc::new(TokenPlace {
            buffer: TokenBuffer::for_token(&structure).unwrap(),
            owner: IdentityKey::builder("test").unwrap().finish(),
            in_use: Mutex::new(true),
        });
        let carried = PlaceSubscriber(Arc::clone(&place));
        assert!(carried.renew(&secret));
        place.retire();
        assert!(!carried.renew(&secret));
        assert_eq!(read(place.buffer.as_ptr()), (0, 0));
    }
}
