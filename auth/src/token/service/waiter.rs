//! A caller that waits for a request: a thread that blocks, or a task of any executor.

use super::{Found, Source};
use crate::{
    Error, ErrorKind,
    process::runtime::Runtime,
    token::{
        Prompting, Wait,
        cache::Entry,
        in_flight::{InFlightRequest, Outcome, timed_out},
        request::{self, first_of},
    },
};
use std::{sync::Arc, time::Instant};
use tokio::{sync::oneshot, time::timeout_at};

/// One of those who wait for a request, until it is dropped.
///
/// When the last one leaves, the request is abandoned, also where a person is being asked: the next caller starts
/// afresh.
pub struct Waiter {
    entry: Arc<Entry>,
    in_flight: Arc<InFlightRequest>,
    source: Source,
}

impl Waiter {
    /// Joins a request, which goes on until this deadline at least. Called under the entry's lock.
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

    /// The outcome, waited for as long as [`block`](Self::block) does.
    ///
    /// The caller's executor need have no timer: that of the background thread is used.
    pub async fn outcome(&self, wait: Wait<'_>, runtime: &Runtime) -> Outcome {
        let (waiting, ended) = oneshot::channel();
        runtime.spawn(end_at(wait.until, Arc::clone(&self.in_flight), waiting))?;
        let time_is_up = async {
            // Nothing is ever sent: the sender is dropped when the time is up.
            let _ = ended.await;
            Err(timed_out())
        };
        first_of(self.in_flight.outcome(wait.cancellation), time_is_up).await
    }

    /// Ends the wait. `None` where the request was a renewal, which may not prompt and would have had to; this caller
    /// may.
    pub fn finish(self, outcome: Outcome, prompting: fn() -> Prompting) -> Result<Option<Found>, Error> {
        let allowed = self.in_flight.prompting();
        match outcome {
            Err(error)
                if error.kind() == ErrorKind::PromptNeeded
                    && prompting().is_allowed()
                    && !allowed.is_allowed() =>
            {
                Ok(None)
            }
            outcome => outcome.map(|token| {
                Some(Found {
                    token,
                    source: self.source,
                    prompted: allowed.until().is_some(),
                })
            }),
        }
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        request::leave(&self.entry, &self.in_flight);
    }
}

/// Drops `waiting` at the end of the wait; ends before, if nobody waits any more. Runs on the background thread.
async fn end_at(until: Instant, in_flight: Arc<InFlightRequest>, mut waiting: oneshot::Sender<()>) {
    let mut end = until;
    while timeout_at(end.into(), waiting.closed()).await.is_err() {
        match in_flight.prompting().until() {
            Some(later) if later > end => end = later,
            _ => return,
        }
    }
}

#[cfg(test)]
mod tests;
