//! Fork safety: locks that are free in a forked child, and detection of being in another process.
//!
//! Only the forking thread exists in the child. A lock that another thread held at that moment stays
//! locked for ever, and the state of the missing background thread remains in the child's memory.
//!
//! Every lock that a child may need is therefore a [`Lock`], held for a few instructions and never during I/O
//! or a wait. A fork waits until all of them are free ([`before`], [`in_parent`], [`in_child`], which the library
//! registers with `pthread_atfork`). State of the parent's thread is marked with the [`Process`] that created
//! it; a child neither uses nor drops it.

use std::{
    cell::Cell,
    ops::{Deref, DerefMut},
    sync::{
        Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicU64, Ordering},
    },
};

/// Read-locked by every holder of a [`Lock`], write-locked by a forking thread.
static GATE: RwLock<()> = RwLock::new(());

/// The number of forks between the first process and this one.
static GENERATION: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// The write lock on the gate while this thread forks.
    static HELD: Cell<Option<RwLockWriteGuard<'static, ()>>> = const { Cell::new(None) };
}

/// A mutex that is never held in a child by a thread that does not exist there.
#[derive(Debug, Default)]
pub struct Lock<T>(Mutex<T>);

/// The guard of a [`Lock`]. The thread must not call [`Lock::lock`] again while it exists.
#[derive(Debug)]
pub struct Guard<'a, T> {
    // Declared first and so dropped first: the gate must be released after the lock.
    value: MutexGuard<'a, T>,
    _gate: RwLockReadGuard<'static, ()>,
}

impl<T> Lock<T> {
    /// A free lock.
    pub const fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    /// Acquires the lock. Poisoning is ignored: the guarded value is valid after each step.
    ///
    /// A thread that already holds a lock must use [`lock_within`](Self::lock_within), else it deadlocks if another
    /// thread forks in between.
    pub fn lock(&self) -> Guard<'_, T> {
        let gate = GATE.read().unwrap_or_else(PoisonError::into_inner);
        Guard {
            value: self.0.lock().unwrap_or_else(PoisonError::into_inner),
            _gate: gate,
        }
    }

    /// Acquires the lock while another one is held.
    pub fn lock_within<U>(&self, _outer: &Guard<'_, U>) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

/// Called before a fork: waits until no [`Lock`] is held and keeps it so.
pub fn before() {
    let gate = GATE.write().unwrap_or_else(PoisonError::into_inner);
    // The thread-local is gone in a thread that forks while it exits; that fork is not protected.
    let _ = HELD.try_with(|held| held.set(Some(gate)));
}

/// Called in the parent after a fork, successful or not.
pub fn in_parent() {
    let _ = HELD.try_with(Cell::take);
}

/// Called in the child: starts a new generation.
pub fn in_child() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
    let _ = HELD.try_with(Cell::take);
}

/// The generation of this process. One atomic load, for calls on the fast path.
#[must_use]
pub fn generation() -> u64 {
    GENERATION.load(Ordering::Relaxed)
}

/// Identifies a process, distinct from its parent and its children.
///
/// Includes the process id, which also changes in a fork that bypasses the handlers (`_Fork`, `clone`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Process {
    id: u32,
    generation: u64,
}

impl Process {
    /// This one.
    #[must_use]
    pub fn current() -> Self {
        Self {
            id: std::process::id(),
            generation: generation(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{sync::mpsc, thread, time::Duration};

    #[test]
    fn who_forks_waits_for_those_who_hold_a_lock_and_keeps_others_waiting() {
        static OUTER: Lock<u32> = Lock::new(0);
        static INNER: Lock<u32> = Lock::new(0);
        let (sender, receiver) = mpsc::channel();
        let outer = OUTER.lock();
        let forking = thread::spawn(move || {
            before();
            sender.send(()).unwrap();
            // Nobody is in: a child would find both free.
            assert!(OUTER.0.try_lock().is_ok() && INNER.0.try_lock().is_ok());
            in_parent();
        });
        assert!(receiver.recv_timeout(Duration::from_millis(20)).is_err());
        // While the other one waits, a lock under a lock can still be had.
        *INNER.lock_within(&outer) += 1;
        drop(outer);
        receiver.recv().unwrap();
        forking.join().unwrap();
        assert_eq!(*INNER.lock(), 1);
    }
}
