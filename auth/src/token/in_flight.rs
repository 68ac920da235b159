//! One token request of an identity, and everyone who waits for it (single request).

use super::{Cancellation, Deadline, Prompting, Token, Wait, cancellation::cancelled};
use crate::{Error, ErrorKind, process::fork::Process};
use std::{
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::Notify;

/// The longest time that a request may take, whoever waits for it.
const MAX_DURATION: Duration = Duration::from_mins(1);

/// How much earlier than its waiters a request gives up, so that they get its own error (which
/// endpoint did not answer) and not only a timeout.
const EARLY_BY: Duration = Duration::from_millis(50);

/// The result of a request.
pub type Outcome = Result<Arc<Token>, Error>;

/// A request under way.
#[derive(Debug)]
pub struct InFlightRequest {
    outcome: Mutex<Option<Outcome>>,
    completed: Condvar,
    /// The same for tasks, which cannot wait for a condition variable.
    completed_for_tasks: Notify,
    waiters: AtomicUsize,
    abandoned: Notify,
    latest: Instant,
    deadline: Deadline,
    prompting: Prompting,
    process: Process,
}

impl InFlightRequest {
    /// A request that nobody waits for yet.
    #[must_use]
    pub fn new(prompting: Prompting) -> Self {
        let now = Instant::now();
        Self {
            outcome: Mutex::new(None),
            completed: Condvar::new(),
            completed_for_tasks: Notify::new(),
            waiters: AtomicUsize::new(0),
            abandoned: Notify::new(),
            latest: now + MAX_DURATION,
            deadline: Deadline::at(now),
            prompting,
            process: Process::current(),
        }
    }

    /// Whether this process carries it out: one that was under way at a fork never completes in the child.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.process == Process::current()
    }

    /// Until when the request may go on: the latest deadline of its waiters, 60 s at most.
    #[must_use]
    pub fn deadline(&self) -> Deadline {
        self.deadline.clone()
    }

    /// Whether it may ask a person, and how long that person has.
    #[must_use]
    pub fn prompting(&self) -> &Prompting {
        &self.prompting
    }

    /// Adds a waiter with this deadline, to which the request may go on.
    ///
    /// Called before waiting, and under the entry's lock, so that the request cannot complete in between.
    pub fn join(&self, waiter: Instant) {
        self.waiters.fetch_add(1, Ordering::Relaxed);
        let now = Instant::now();
        let lead = EARLY_BY.min(waiter.saturating_duration_since(now) / 4);
        let until = waiter.checked_sub(lead).unwrap_or(waiter);
        self.deadline.extend(until.min(self.latest));
    }

    /// Removes a waiter; whether it was the last.
    ///
    /// Called under the entry's lock as well, so that nobody joins in between.
    pub fn leave(&self) -> bool {
        self.waiters.fetch_sub(1, Ordering::Relaxed) == 1
    }

    /// Ends the request without an outcome: nobody waits for it any more.
    pub fn abandon(&self) {
        self.abandoned.notify_one();
    }

    /// Ends once the request is [abandoned](Self::abandon).
    pub async fn abandoned(&self) {
        self.abandoned.notified().await;
    }

    /// Wakes all waiters, for each to see whether it was cancelled.
    pub fn wake_waiters(&self) {
        // In a forked child the lock of a parent's request may be held for ever; nobody waits for it there.
        if self.is_ours() {
            drop(self.outcome.lock().unwrap_or_else(PoisonError::into_inner));
            self.completed.notify_all();
            self.completed_for_tasks.notify_waiters();
        }
    }

    /// Gives all waiters the outcome; the first one counts.
    pub fn complete(&self, outcome: Outcome) {
        self.outcome
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(outcome);
        self.completed.notify_all();
        self.completed_for_tasks.notify_waiters();
    }

    /// The outcome, once it is there, or the error of who was cancelled; waits without a deadline, on any executor.
    pub async fn outcome(self: &Arc<Self>, cancellation: Option<&Cancellation>) -> Outcome {
        let _watch = cancellation.map(|cancellation| cancellation.watch(self));
        loop {
            // Before looking, so that nothing in between is missed.
            let completed = self.completed_for_tasks.notified();
            let outcome = self
                .outcome
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone();
            match outcome {
                Some(outcome) => return outcome,
                None if cancellation.is_some_and(Cancellation::is_cancelled) => return Err(cancelled()),
                None => completed.await,
            }
        }
    }

    /// Waits for the outcome until the caller's deadline or, once a person is prompted, until the prompt's; the request
    /// goes on without this waiter.
    pub fn wait(self: &Arc<Self>, wait: Wait<'_>) -> Outcome {
        let _watch = wait.cancellation.map(|cancellation| cancellation.watch(self));
        let deadline = wait.until;
        let mut outcome = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(outcome) = outcome.as_ref() {
                return outcome.clone();
            }
            if wait.is_cancelled() {
                return Err(cancelled());
            }
            let until = self
                .prompting
                .until()
                .map_or(deadline, |until| until.max(deadline));
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(timed_out());
            }
            (outcome, _) = self
                .completed
                .wait_timeout(outcome, left)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// The error where no token arrived in time and nothing more is known.
#[must_use]
pub fn timed_out() -> Error {
    Error::new(ErrorKind::TimedOut, "no token arrived in time")
        .remedy("Check the network, or allow more time (a connect: the login timeout).")
}

/// Completes a request whose task ends without an outcome, by a panic or the end of the runtime.
#[derive(Debug)]
pub struct CompletionGuard(Arc<InFlightRequest>);

impl CompletionGuard {
    /// For the task that carries out the request.
    #[must_use]
    pub fn new(in_flight: Arc<InFlightRequest>) -> Self {
        Self(in_flight)
    }

    /// The request.
    #[must_use]
    pub fn in_flight(&self) -> &Arc<InFlightRequest> {
        &self.0
    }
}

impl Drop for CompletionGuard {
    fn drop(&mut self) {
        self.0.complete(Err(Error::new(
            ErrorKind::Unreachable,
            "the token request broke off inside the driver",
        )
        .remedy("This is a defect; please report it.")));
    }
}
