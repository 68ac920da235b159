//! The tokens that connections carry, each in memory that outlives whoever may still read it.
//!
//! We do not see a connection end. A handle may be freed while the driver manager keeps the driver's connection in its
//! pool, and the next handle may have the same address. So what a handle's memory is given up for is zeroed, which stops
//! the driver from logging in with it, and unmapped only after many more were given up: a driver that reads it meanwhile
//! finds no token rather than no memory.

use std::{
    collections::{BTreeMap, VecDeque},
    ffi::c_void,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use entra_odbc_core::{
    Error, ErrorKind, Token, access_token::AccessToken, credential::SignIn, fork::Lock,
    identity::IdentityKey, token::Carrier,
};

use super::refused;
use crate::{odbc::token_buffer::TokenBuffer, service};

/// How many given up tokens' memory stays mapped, zeroed: 4 MiB in pages that were ever touched.
const MOST_GIVEN_UP: usize = 1000;

static HELD: Lock<Handles> = Lock::new(Handles {
    by_handle: BTreeMap::new(),
    given_up: VecDeque::new(),
});

/// All of them.
struct Handles {
    by_handle: BTreeMap<usize, Arc<Place>>,
    given_up: VecDeque<Arc<Place>>,
}

/// The memory of one connection's token.
#[derive(Debug)]
struct Place {
    buffer: TokenBuffer,
    /// Whose token it holds, if that can be told: then a renewed one may take its place.
    whose: Option<IdentityKey>,
    given_up: AtomicBool,
}

impl Place {
    fn give_up(&self) {
        self.given_up.store(true, Ordering::SeqCst);
        self.buffer.clear();
    }
}

impl Carrier for Place {
    fn renew(&self, token: &AccessToken<'_>) -> bool {
        let given_up = || self.given_up.load(Ordering::SeqCst);
        let renewed = !given_up() && self.buffer.renew(token);
        // Meanwhile: then it was this that came last.
        if given_up() {
            self.buffer.clear();
        }
        renewed
    }
}

/// A token in its place, about to be set on a handle.
pub(super) struct Held {
    handle: usize,
    place: Arc<Place>,
    is_new: bool,
}

impl Held {
    /// Puts a token where the handle has one of the same identity, else in new memory.
    pub(super) fn for_handle(
        hdbc: *mut c_void,
        sign_in: &SignIn,
        token: &Token,
        structure: &AccessToken<'_>,
    ) -> Result<Self, Error> {
        let handle = hdbc.addr();
        let whose = if sign_in.cache {
            Some(sign_in.key)
        } else {
            token.identity
        };
        let known = HELD.lock().by_handle.get(&handle).cloned();
        if let Some(place) = known.filter(|place| whose.is_some() && place.whose == whose)
            && place.renew(structure)
        {
            return Ok(Self {
                handle,
                place,
                is_new: false,
            });
        }
        let buffer = TokenBuffer::of(structure).map_err(|error| {
            Error::new(
                ErrorKind::Unsupported,
                format!("there is no memory for the token: {error}"),
            )
        })?;
        let place = Arc::new(Place {
            buffer,
            whose,
            given_up: AtomicBool::new(false),
        });
        Ok(Self {
            handle,
            place,
            is_new: true,
        })
    }

    /// What the attribute is set to.
    pub(super) fn pointer(&self) -> *mut c_void {
        self.place.buffer.as_ptr()
    }

    /// Keeps the token for the handle, where the driver manager took it; renewed ones follow it.
    pub(super) fn settle(self, answer: i16, sign_in: &SignIn, token: &Arc<Token>) -> Result<(), Error> {
        // SQL_SUCCESS and SQL_SUCCESS_WITH_INFO.
        if answer != 0 && answer != 1 {
            if self.is_new {
                give_up(self.place);
            }
            return Err(refused(answer));
        }
        if self.is_new {
            let carrier: Arc<dyn Carrier> = self.place.clone();
            let old = HELD.lock().by_handle.insert(self.handle, self.place);
            old.into_iter().for_each(give_up);
            service::with_surroundings(|around| around.tokens.carry(sign_in, token, &carrier));
        }
        Ok(())
    }
}

/// Gives up what a handle has.
pub(super) fn release(hdbc: *mut c_void) {
    let old = HELD.lock().by_handle.remove(&hdbc.addr());
    old.into_iter().for_each(give_up);
}

/// How many handles have a token.
pub(super) fn count() -> usize {
    HELD.lock().by_handle.len()
}

fn give_up(place: Arc<Place>) {
    place.give_up();
    let mut held = HELD.lock();
    held.given_up.push_back(place);
    let oldest = (held.given_up.len() > MOST_GIVEN_UP).then(|| held.given_up.pop_front());
    // Unmapped without the lock.
    drop(held);
    drop(oldest);
}

#[cfg(test)]
mod tests {
    use super::*;
    use entra_odbc_core::Secret;
    use std::{ptr::without_provenance_mut, time::SystemTime};

    fn token(text: &str) -> Arc<Token> {
        let hour = std::time::Duration::from_hours(1);
        Arc::new(Token::received(
            Secret::new(text.to_owned()),
            SystemTime::now() + hour,
        ))
    }

    fn sign_in(name: &str) -> SignIn {
        let key = IdentityKey::of_kind(name).unwrap().finish();
        SignIn::given(key, name, "scope", Token::clone(&token("x"))).unwrap()
    }

    /// Sets a token as a connection's, by a driver manager that answers so; where it is.
    fn set(handle: usize, name: &str, text: &str, answer: i16) -> *mut c_void {
        let (mut sign_in, token) = (sign_in(name), token(text));
        sign_in.cache = true;
        let structure = AccessToken::new(&token.text).unwrap();
        let held = Held::for_handle(without_provenance_mut(handle), &sign_in, &token, &structure).unwrap();
        let pointer = held.pointer();
        assert_eq!(held.settle(answer, &sign_in, &token).is_ok(), answer >= 0);
        pointer
    }

    /// The size in the struct, and the first character.
    fn read(pointer: *mut c_void) -> (u32, u16) {
        let words = pointer.cast::<u32>();
        // SAFETY: the memory stays mapped for a thousand more tokens.
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
    fn a_renewal_that_comes_too_late_leaves_nothing_behind() {
        let secret = token("abc");
        let structure = AccessToken::new(&secret.text).unwrap();
        let place = Place {
            buffer: TokenBuffer::of(&structure).unwrap(),
            whose: None,
            given_up: AtomicBool::new(false),
        };
        place.give_up();
        assert!(!place.renew(&structure));
        assert_eq!(read(place.buffer.as_ptr()), (0, 0));
    }
}
