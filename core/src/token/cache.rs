//! The tokens at hand, one entry per identity, bounded.

use super::{Token, flight::Flight};
use crate::{credential::Credential, identity::IdentityKey};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Instant, SystemTime},
};

/// How many identities are kept at most.
const LIMIT: usize = 10_000;

/// All entries. The map's lock is held for a look-up only, never over I/O or another lock's wait.
#[derive(Debug, Default)]
pub struct Cache {
    entries: Mutex<HashMap<IdentityKey, Arc<Entry>>>,
    clock: AtomicU64,
}

/// One identity: its token, and the request for the next one.
#[derive(Debug)]
pub struct Entry {
    /// The credential that all requests of this identity go through, whichever connect made it:
    /// it may have learnt something (which id a managed identity answers to).
    pub credential: Arc<dyn Credential>,
    used: AtomicU64,
    state: Mutex<State>,
}

/// What changes in an [`Entry`].
#[derive(Debug, Default)]
pub struct State {
    /// The last token, living or not.
    pub token: Option<Arc<Token>>,
    /// The request under way.
    pub flight: Option<Arc<Flight>>,
    /// When a refused login last made us fetch a new token ahead of time.
    pub replaced: Option<Instant>,
}

impl Entry {
    /// The state, locked; to be let go before any wait.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An entry that is in no cache.
    #[must_use]
    pub fn apart(credential: Arc<dyn Credential>) -> Arc<Self> {
        Arc::new(Self {
            credential,
            used: AtomicU64::new(0),
            state: Mutex::default(),
        })
    }
}

impl Cache {
    /// The entry of an identity, made with this credential where there is none.
    pub fn entry(&self, key: IdentityKey, credential: &Arc<dyn Credential>) -> Arc<Entry> {
        let stamp = self.clock.fetch_add(1, Ordering::Relaxed);
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if !entries.contains_key(&key) && entries.len() >= LIMIT {
            make_room(&mut entries);
        }
        let entry = entries
            .entry(key)
            .or_insert_with(|| Entry::apart(Arc::clone(credential)));
        entry.used.store(stamp, Ordering::Relaxed);
        Arc::clone(entry)
    }

    /// How many identities are kept.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// Drops what holds no living token, else the sixteenth that was used longest ago, so that a cache
/// that stays full does not search all of itself at each new identity.
fn make_room(entries: &mut HashMap<IdentityKey, Arc<Entry>>) {
    let now = SystemTime::now();
    let before = entries.len();
    entries.retain(|_, entry| {
        let state = entry.state();
        state.flight.is_some() || state.token.as_ref().is_some_and(|token| token.lives_at(now))
    });
    if entries.len() < before {
        return;
    }
    let mut stamps: Vec<_> = entries
        .values()
        .map(|entry| entry.used.load(Ordering::Relaxed))
        .collect();
    let (_, oldest, _) = stamps.select_nth_unstable(before / 16);
    let oldest = *oldest;
    entries.retain(|_, entry| entry.used.load(Ordering::Relaxed) > oldest);
}
