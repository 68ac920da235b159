//! Row versions: numbers that grow with each change, and those that open transactions have taken.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// `@@DBTS` of a new database.
const FIRST: u64 = 2000;

#[derive(Debug, Default)]
pub(in crate::sql_server) struct Versions {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    last: u64,
    /// By connection, the first version that its transaction has taken.
    active: HashMap<u64, u64>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            last: FIRST,
            active: HashMap::new(),
        }
    }
}

impl Versions {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One for a row that the owner's transaction has changed.
    pub(super) fn next(&self, owner: u64) -> u64 {
        let mut state = self.state();
        state.last += 1;
        let version = state.last;
        state.active.entry(owner).or_insert(version);
        version
    }

    /// The owner's transaction has ended.
    pub(super) fn end(&self, owner: u64) {
        self.state().active.remove(&owner);
    }

    /// `@@DBTS`
    pub(in crate::sql_server) fn last(&self) -> u64 {
        self.state().last
    }

    /// `MIN_ACTIVE_ROWVERSION()`: the next one where no transaction has any.
    pub(in crate::sql_server) fn least_active(&self) -> u64 {
        let state = self.state();
        state.active.values().min().copied().unwrap_or(state.last + 1)
    }
}
