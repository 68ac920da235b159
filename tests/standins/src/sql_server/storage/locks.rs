//! Locks of tables, held until the end of a transaction.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::TableName;
use crate::sql_server::tokens::SqlError;

/// Whom a lock keeps out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::sql_server) enum LockMode {
    /// Adds rows; others may do so as well. What bulk loads of a heap with TABLOCK have.
    Append,
    /// Keeps all other writers out. Readers need no lock.
    Exclusive,
}

/// The owner is a connection.
#[derive(Debug, Default)]
pub(super) struct Locks {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    held: HashMap<TableName, HashMap<u64, LockMode>>,
    waiting: HashMap<u64, (TableName, LockMode)>,
}

impl State {
    /// Who keeps this owner from the lock.
    fn blockers(&self, owner: u64, table: &TableName, mode: LockMode) -> Vec<u64> {
        let holders = self.held.get(table).into_iter().flatten();
        holders
            .filter(|(holder, held)| {
                **holder != owner && (mode == LockMode::Exclusive || **held == LockMode::Exclusive)
            })
            .map(|(holder, _)| *holder)
            .collect()
    }

    /// Whether those who keep it waiting wait for this owner.
    fn is_deadlocked(&self, owner: u64) -> bool {
        let mut next = vec![owner];
        let mut seen = Vec::new();
        while let Some(one) = next.pop() {
            let Some((table, mode)) = self.waiting.get(&one) else {
                continue;
            };
            for blocker in self.blockers(one, table, *mode) {
                if blocker == owner {
                    return true;
                }
                if !seen.contains(&blocker) {
                    seen.push(blocker);
                    next.push(blocker);
                }
            }
        }
        false
    }
}

/// Takes a waiter off the list, also when nobody waits for its future any more.
struct Waiting<'a> {
    locks: &'a Locks,
    owner: u64,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.locks.state().waiting.remove(&self.owner);
    }
}

impl Locks {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn holds(&self, owner: u64, table: &TableName, mode: LockMode) -> bool {
        let state = self.state();
        let held = state.held.get(table).and_then(|holders| holders.get(&owner));
        held.is_some_and(|held| *held >= mode)
    }

    /// Waits for a lock. Whoever is told of a deadlock is to end its transaction.
    pub(super) async fn acquire(
        &self,
        owner: u64,
        table: &TableName,
        mode: LockMode,
        patience: Option<Duration>,
    ) -> Result<(), SqlError> {
        let deadline = patience.map(|patience| Instant::now() + patience);
        let _waiting = Waiting { locks: self, owner };
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            // From here on no change is missed.
            changed.as_mut().enable();
            if self.try_acquire(owner, table, mode)? {
                return Ok(());
            }
            match deadline {
                None => changed.await,
                Some(deadline) => timeout_at(deadline, changed)
                    .await
                    .map_err(|_| SqlError::new(1222, "Lock request time out period exceeded."))?,
            }
        }
    }

    fn try_acquire(&self, owner: u64, table: &TableName, mode: LockMode) -> Result<bool, SqlError> {
        let mut state = self.state();
        if state.blockers(owner, table, mode).is_empty() {
            let held = state.held.entry(table.clone()).or_default();
            let held = held.entry(owner).or_insert(mode);
            *held = mode.max(*held);
            return Ok(true);
        }
        state.waiting.insert(owner, (table.clone(), mode));
        if state.is_deadlocked(owner) {
            let text = format!(
                "Transaction (Process ID {owner}) was deadlocked on lock resources with another process and has been chosen as the deadlock victim. Rerun the transaction."
            );
            return Err(SqlError::new(1205, text).with_class(13));
        }
        Ok(false)
    }

    pub(super) fn release_all(&self, owner: u64) {
        let mut state = self.state();
        state.held.retain(|_, holders| {
            holders.remove(&owner);
            !holders.is_empty()
        });
        drop(state);
        self.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]
    use super::*;

    fn table(name: &str) -> TableName {
        TableName {
            database: "master".into(),
            schema: "dbo".into(),
            name: name.into(),
        }
    }

    const SOON: Option<Duration> = Some(Duration::from_millis(20));

    #[tokio::test]
    async fn appenders_share_a_table_and_others_wait() {
        let (locks, t) = (Locks::default(), table("t"));
        locks.acquire(1, &t, LockMode::Append, None).await.unwrap();
        locks.acquire(2, &t, LockMode::Append, None).await.unwrap();
        let refused = locks.acquire(1, &t, LockMode::Exclusive, SOON).await.unwrap_err();
        assert_eq!(refused.number, 1222);
        locks.release_all(2);
        locks.acquire(1, &t, LockMode::Exclusive, SOON).await.unwrap();
        assert!(locks.acquire(2, &t, LockMode::Append, SOON).await.is_err());
    }

    #[tokio::test]
    async fn whoever_closes_a_circle_of_waiters_is_told() {
        let (locks, a, b) = (Locks::default(), table("a"), table("b"));
        locks.acquire(1, &a, LockMode::Exclusive, None).await.unwrap();
        locks.acquire(2, &b, LockMode::Exclusive, None).await.unwrap();
        let first = locks.acquire(1, &b, LockMode::Exclusive, None);
        let second = async {
            tokio::task::yield_now().await;
            let error = locks.acquire(2, &a, LockMode::Exclusive, None).await.unwrap_err();
            locks.release_all(2);
            error.number
        };
        let (first, second) = tokio::join!(first, second);
        assert_eq!((first, second), (Ok(()), 1205));
    }
}
