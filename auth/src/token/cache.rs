//! The tokens at hand, one entry per identity, bounded.

use super::{
    Moment, Token, failure::Failures, in_flight::InFlightRequest, renewal, store::StoreKey,
    subscriber::Subscribers,
};
use crate::{
    Error, ErrorKind,
    credential::{Credential, SignIn},
    identity_key::{DigestHasher, IdentityKey},
    process::fork::{Guard, Lock},
};
use once_cell::race::OnceBox;
use std::{
    collections::HashMap,
    hash::BuildHasherDefault,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};
use tracing::warn;

/// How many identities are kept at most, those with open connections aside.
const MAX_ENTRIES: usize = 10_000;

type Entries = HashMap<IdentityKey, Arc<Entry>, BuildHasherDefault<DigestHasher>>;

/// All entries. The map's lock is held for a look-up only, never over I/O or another lock's wait.
#[derive(Debug, Default)]
pub struct Cache {
    entries: Lock<Entries>,
    clock: AtomicU64,
}

/// One identity: its token, the request for the next one, and the connections that carry it.
#[derive(Debug)]
pub struct Entry {
    /// The credential that all requests of this identity go through, whichever connect made it:
    /// it may have learnt something (which id a managed identity answers to).
    pub credential: Arc<dyn Credential>,
    /// The scope of its tokens.
    pub scope: String,
    /// The authentication mode, for the log.
    pub mode: &'static str,
    /// Whether it is in the cache, so that its token serves more than one connect.
    pub kept: bool,
    /// Its place among the tokens that the user's processes share; empty until a connect asks for that.
    pub store: OnceBox<StoreKey>,
    used: AtomicU64,
    state: Lock<State>,
}

/// What changes in an [`Entry`].
#[derive(Debug, Default)]
pub struct State {
    /// The last token, living or not.
    pub token: Option<Arc<Token>>,
    /// A server refused that token, so it serves no further connect.
    pub withdrawn: bool,
    /// When it is to be renewed.
    pub due: Option<Moment>,
    /// The request under way.
    pub in_flight: Option<Arc<InFlightRequest>>,
    /// The generation of the process whose background thread renews the token.
    pub renewer: Option<u64>,
    /// When a connect last asked for it.
    pub last_request: Option<Instant>,
    /// The connections that carry it.
    pub subscribers: Subscribers,
    /// What went wrong since the last success.
    pub failures: Failures,
    /// When a refused login last made us fetch a new token ahead of time.
    pub replaced: Option<Instant>,
}

impl Entry {
    /// The state, locked; to be let go before any wait.
    pub fn state(&self) -> Guard<'_, State> {
        self.state.lock()
    }

    /// An entry that is in no cache.
    #[must_use]
    pub fn uncached(sign_in: &SignIn, credential: &Arc<dyn Credential>) -> Arc<Self> {
        Arc::new(Self::new(sign_in, credential, false))
    }

    /// Shares its tokens from now on, if this sign-in asks for it and the credential allows it.
    fn share(&self, sign_in: &SignIn) {
        if let Some(sharing) = &sign_in.shared
            && self.store.get().is_none()
            && self.credential.is_shareable()
        {
            // An error means that another connect was first.
            let _ = self.store.set(Box::new(StoreKey::new(sharing, sign_in.key)));
        }
    }

    fn new(sign_in: &SignIn, credential: &Arc<dyn Credential>, kept: bool) -> Self {
        Self {
            credential: Arc::clone(credential),
            scope: sign_in.scope.clone(),
            mode: sign_in.mode,
            kept,
            store: OnceBox::new(),
            used: AtomicU64::new(0),
            state: Lock::default(),
        }
    }
}

impl State {
    /// The token, if a login can be done with it.
    #[must_use]
    pub fn living(&self, now: Moment) -> Option<&Arc<Token>> {
        self.token
            .as_ref()
            .filter(|token| !self.withdrawn && token.lives_at(now))
    }

    /// A request has ended: its token takes the place of the old one, here and in open connections.
    ///
    /// An error where it is someone else's while the old one lives: whatever changed behind the
    /// credential, no connection is handed another one's token.
    pub fn complete(&mut self, outcome: Result<Token, Error>, now: Moment) -> Result<Arc<Token>, Error> {
        let token = match outcome {
            Ok(token) => Arc::new(token),
            Err(error) => {
                self.failures.failed(&error, now.steady);
                return Err(error);
            }
        };
        self.failures.clear();
        if let Some(old) = &self.token {
            if old.identity != token.identity || old.claims().is_other_identity(&token.claims()) {
                if self.living(now).is_some() || old.identity != token.identity {
                    return Err(Error::new(
                        ErrorKind::Unavailable,
                        "the renewed token is that of another identity",
                    ));
                }
                warn!(target: "entra_odbc", event = "identity_changed");
                self.subscribers = Subscribers::default();
            } else if old.text == token.text && self.living(now).is_some() {
                // The endpoint has a cache of its own and nothing newer in it.
                return Ok(token);
            }
        }
        self.due = Some(renewal::due(&token, renewal::chance()));
        self.withdrawn = false;
        self.subscribers.renew(&token);
        self.token = Some(Arc::clone(&token));
        Ok(token)
    }
}

impl Cache {
    /// The entry of an identity, made with this credential where there is none.
    pub fn entry(&self, sign_in: &SignIn, credential: &Arc<dyn Credential>) -> Arc<Entry> {
        self.entry_under(sign_in.key, sign_in, credential)
    }

    /// The same for an identity that was not known before its token was there.
    pub fn entry_under(
        &self,
        key: IdentityKey,
        sign_in: &SignIn,
        credential: &Arc<dyn Credential>,
    ) -> Arc<Entry> {
        let stamp = self.clock.fetch_add(1, Ordering::Relaxed);
        let mut entries = self.entries.lock();
        if let Some(entry) = entries.get(&key) {
            entry.used.store(stamp, Ordering::Relaxed);
            entry.share(sign_in);
            return Arc::clone(entry);
        }
        if entries.len() >= MAX_ENTRIES {
            make_room(&mut entries);
        }
        let entry = Arc::new(Entry::new(sign_in, credential, true));
        entry.used.store(stamp, Ordering::Relaxed);
        entry.share(sign_in);
        entries.insert(key, Arc::clone(&entry));
        entry
    }

    /// The entry of an identity, if there is one.
    pub fn get(&self, key: &IdentityKey) -> Option<Arc<Entry>> {
        self.entries.lock().get(key).map(Arc::clone)
    }

    /// How many identities are kept.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.entries.lock().len()
    }
}

/// Drops what holds no living token, else the sixteenth that was used longest ago, so that a cache
/// that stays full does not search all of itself at each new identity.
///
/// What open connections carry stays, for them to be renewed.
fn make_room(entries: &mut Guard<'_, Entries>) {
    let now = Moment::now();
    let before = entries.len();
    let (mut ended, mut idle) = (Vec::new(), Vec::new());
    for (key, entry) in entries.iter() {
        let state = entry.state.lock_within(entries);
        let is_requested = state
            .in_flight
            .as_ref()
            .is_some_and(|in_flight| in_flight.is_ours());
        if is_requested || state.subscribers.any() {
            continue;
        }
        if state.living(now).is_some() {
            idle.push((entry.used.load(Ordering::Relaxed), *key));
        } else {
            ended.push(*key);
        }
    }
    if ended.is_empty() && !idle.is_empty() {
        let many = (before / 16).min(idle.len() - 1);
        idle.select_nth_unstable(many);
        ended.extend(idle.iter().take(many + 1).map(|(_, key)| *key));
    }
    for key in ended {
        entries.remove(&key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Secret,
        token::{jwt, subscriber::tests::Recorder},
    };
    use std::time::Duration;

    fn token(text: &str, life: u64) -> Token {
        let end = std::time::SystemTime::now() + Duration::from_secs(life);
        Token::received(Secret::new(text.to_owned()), end)
    }

    fn token_of(person: &str, number: u64) -> String {
        jwt(&serde_json::json!({ "oid": person, "iat": number }))
    }

    #[test]
    fn a_new_token_of_the_same_person_reaches_the_open_connections() {
        let (mut state, open) = (State::default(), Recorder::new(10_000));
        state
            .complete(Ok(token(&token_of("ada", 1), 60)), Moment::now())
            .unwrap();
        state.subscribers.add(open.weak());
        state
            .complete(Ok(token(&token_of("ada", 2), 60)), Moment::now())
            .unwrap();
        assert_eq!(open.last(), (Some(token_of("ada", 2)), 1));
    }

    #[test]
    fn no_connection_is_handed_a_token_of_someone_else() {
        let (mut state, open) = (State::default(), Recorder::new(10_000));
        state
            .complete(Ok(token(&token_of("ada", 1), 60)), Moment::now())
            .unwrap();
        state.subscribers.add(open.weak());
        let error = state
            .complete(Ok(token(&token_of("eve", 2), 60)), Moment::now())
            .unwrap_err();
        assert!(error.to_string().contains("another identity"));
        assert_eq!(state.token.as_ref().unwrap().text.expose(), token_of("ada", 1));
        // Once the old one has ended, new connects have the new identity; open ones keep the old.
        state.token = Some(Arc::new(token(&token_of("ada", 1), 0)));
        state
            .complete(Ok(token(&token_of("eve", 2), 60)), Moment::now())
            .unwrap();
        assert_eq!(state.token.as_ref().unwrap().text.expose(), token_of("eve", 2));
        assert_eq!(open.last(), (None, 0));
        state
            .complete(Ok(token(&token_of("eve", 3), 60)), Moment::now())
            .unwrap();
        assert_eq!(open.last(), (None, 0));
    }

    #[test]
    fn the_same_token_again_changes_nothing_while_it_lives() {
        let mut state = State::default();
        let first = state.complete(Ok(token("t", 60)), Moment::now()).unwrap();
        let due = state.due;
        state.complete(Ok(token("t", 50)), Moment::now()).unwrap();
        assert!(Arc::ptr_eq(state.token.as_ref().unwrap(), &first));
        assert_eq!(state.due, due);
        state.withdrawn = true;
        state.complete(Ok(token("t", 50)), Moment::now()).unwrap();
        assert!(!Arc::ptr_eq(state.token.as_ref().unwrap(), &first) && !state.withdrawn);
    }
}
