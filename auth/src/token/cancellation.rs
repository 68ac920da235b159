//! Taking a wish for a token back, from another thread than the one that waits.

use super::in_flight::InFlightRequest;
use crate::{Error, ErrorKind, process::fork::Lock};
use std::sync::{
    Arc, Weak,
    atomic::{AtomicBool, Ordering},
};

/// Ends the waits that it was given to, those under way and all later ones; clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Cancellation(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    cancelled: AtomicBool,
    /// What callers wait for right now.
    watched: Lock<Vec<Weak<InFlightRequest>>>,
}

impl Cancellation {
    /// Not cancelled yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends the waits, for good; a request that nobody waits for any more is broken off.
    pub fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::SeqCst);
        let watched: Vec<_> = self.0.watched.lock().iter().filter_map(Weak::upgrade).collect();
        for in_flight in watched {
            in_flight.wake_waiters();
        }
    }

    /// Whether [`cancel`](Self::cancel) was called.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::SeqCst)
    }

    /// Has the waiters of a request woken up by [`cancel`](Self::cancel), until the answer is dropped.
    pub(super) fn watch<'a>(&'a self, in_flight: &'a Arc<InFlightRequest>) -> Watch<'a> {
        self.0.watched.lock().push(Arc::downgrade(in_flight));
        Watch {
            cancellation: self,
            in_flight,
        }
    }
}

/// A request that is waited for.
pub(super) struct Watch<'a> {
    cancellation: &'a Cancellation,
    in_flight: &'a Arc<InFlightRequest>,
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        let mut watched = self.cancellation.0.watched.lock();
        let ours = Arc::as_ptr(self.in_flight);
        // One of them: two threads may wait for the same.
        if let Some(at) = watched.iter().position(|known| known.as_ptr() == ours) {
            watched.swap_remove(at);
        }
    }
}

/// The caller took its wish back.
#[must_use]
pub fn cancelled() -> Error {
    Error::new(ErrorKind::Cancelled, "the token request was cancelled")
}

#[cfg(test)]
mod tests;
