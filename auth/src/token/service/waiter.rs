//! A caller that waits for a request: a thread that blocks, or a task of any executor.

use super::{Found, Source};
use crate::{
    Error, ErrorKind,
    process::runtime::Runtime,
    token::{
        Prompting, Wait,
        cache::Entry,
        in_flight::{InFlightRequest, Outcome, timed_out},
    },
};
use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Instant,
};
use tokio::{sync::oneshot, time::timeout_at};

/// One of those who wait for a request, until it is dropped.
///
/// The last of them takes the wish with it, be it that a person is being asked: the next caller starts afresh.
pub struct Waiter {
    entry: Arc<Entry>,
    in_flight: Arc<InFlightRequest>,
    source: Source,
}

impl Waiter {
    /// Has the request go on for a caller that waits `until` then; called under the entry's lock.
    pub fn join(
        entry: &Arc<Entry>,
        in_flight: &Arc<InFlightRequest>,
        until: Instant,
        source: Source,
    ) -> Self {
        in_flight.join(until);
        Self {
            entry: Arc::clone(entry),
            in_flight: Arc::clone(in_flight),
            source,
        }
    }

    /// Blocks this thread until the outcome is there.
    pub fn block(&self, wait: Wait<'_>) -> Outcome {
        self.in_flight.wait(wait)
    }

    /// The outcome, waited for until then or, once a person is asked, as long as that person has.
    ///
    /// The caller's executor need have no timer: that of the background thread is used.
    pub async fn outcome(&self, until: Instant, runtime: &Runtime) -> Outcome {
        let (waiting, ended) = oneshot::channel();
        runtime.spawn(end_at(until, Arc::clone(&self.in_flight), waiting))?;
        let time_is_up = async {
            // Nothing is ever sent: the sender is dropped when the time is up.
            let _ = ended.await;
            Err(timed_out())
        };
        first_of(self.in_flight.outcome(), time_is_up).await
    }

    /// Waits no longer. `None` where the request failed for want of a person, whom this caller may ask itself: a
    /// renewal may not.
    pub fn finish(self, outcome: Outcome, asking: fn() -> Prompting) -> Result<Option<Found>, Error> {
        let request = self.in_flight.asking();
        match outcome {
            Err(error)
                if error.kind() == ErrorKind::PromptNeeded
                    && asking().is_allowed()
                    && !request.is_allowed() =>
            {
                Ok(None)
            }
            outcome => outcome.map(|token| {
                Some(Found {
                    token,
                    source: self.source,
                    asked: request.until().is_some(),
                })
            }),
        }
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let mut state = self.entry.state();
        if self.in_flight.leave() && state.release(&self.in_flight) {
            drop(state);
            self.in_flight.abandon();
        }
    }
}

/// Drops `waiting` at the end of the wait; ends before, if nobody waits any more. Runs on the background thread.
async fn end_at(until: Instant, in_flight: Arc<InFlightRequest>, mut waiting: oneshot::Sender<()>) {
    let mut end = until;
    while timeout_at(end.into(), waiting.closed()).await.is_err() {
        match in_flight.asking().until() {
            Some(later) if later > end => end = later,
            _ => return,
        }
    }
}

/// The output of whichever future ends first; of `one` where both have.
pub async fn first_of<T>(one: impl Future<Output = T>, other: impl Future<Output = T>) -> T {
    let (mut one, mut other) = (pin!(one), pin!(other));
    poll_fn(|context| match one.as_mut().poll(context) {
        Poll::Pending => other.as_mut().poll(context),
        ready @ Poll::Ready(_) => ready,
    })
    .await
}

#[cfg(test)]
mod tests;
