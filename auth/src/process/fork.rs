//! What a fork does to us: locks that a child finds free, and how it knows that it is another process.
//!
//! Only the thread that forks lives on in the child. A lock that another thread held at that moment
//! stays locked there for ever, and the background thread is gone while all it had under way lies in
//! the child's memory. So every lock that a child may need is a [`Lock`], held for a few instructions
//! and never over I/O or a wait; a fork waits until all of them are free ([`before`], [`in_parent`],
//! [`in_child`], which the library hands to `pthread_atfork`). What belongs to the parent's thread is
//! marked with the [`Process`] that made it; a child leaves it alone, neither using nor dropping it.

use std::{
    cell::Cell,
    ops::{Deref, DerefMut},
    sync::{
        Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicU64, Ordering},
    },
};

/// Shared by all who hold a [`Lock`], taken alone by whoever forks.
static GATE: RwLock<()> = RwLock::new(());

/// How many forks lie between the first process and this one.
static GENERATION: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// The gate, while this thread forks.
    static HELD: Cell<Option<RwLockWriteGuard<'static, ()>>> = const { Cell::new(None) };
}

/// A mutex that no child finds held by a thread that it does not have.
#[derive(Debug, Default)]
pub struct Lock<T>(Mutex<T>);

/// What a [`Lock`] guards, for as long as this lives; no second [`Lock::lock`] meanwhile.
#[derive(Debug)]
pub struct Guard<'a, T> {
    // Dropped first: the gate outlasts every lock.
    value: MutexGuard<'a, T>,
    _gate: RwLockReadGuard<'static, ()>,
}

impl<T> Lock<T> {
    /// A free lock.
    pub const fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    /// Takes the lock. A panic under it is looked through: what it guards is valid after each step.
    ///
    /// A thread that holds one already takes the next by [`lock_within`](Self::lock_within), or would
    /// wait for ever if another thread forks in between.
    pub fn lock(&self) -> Guard<'_, T> {
        let gate = GATE.read().unwrap_or_else(PoisonError::into_inner);
        Guard {
            value: self.0.lock().unwrap_or_else(PoisonError::into_inner),
            _gate: gate,
        }
    }

    /// Takes the lock under another one.
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

/// This thread is about to fork: from now on nobody holds a [`Lock`].
pub fn before() {
    let gate = GATE.write().unwrap_or_else(PoisonError::into_inner);
    // A thread that forks while it ends has no place for it, and goes unprotected.
    let _ = HELD.try_with(|held| held.set(Some(gate)));
}

/// The fork is done, or failed.
pub fn in_parent() {
    let _ = HELD.try_with(Cell::take);
}

/// This is the child: a new generation begins.
pub fn in_child() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
    let _ = HELD.try_with(Cell::take);
}

/// The generation of this process: one load, for the calls where a nanosecond counts.
#[must_use]
pub fn generation() -> u64 {
    GENERATION.load(Ordering::Relaxed)
}

/// A process, told apart from its parent and its children.
///
/// By its number too, which a fork without the C library's handlers (`_Fork`, `clone`) changes as well.
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
