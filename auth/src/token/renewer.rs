//! Renews one identity's token ahead of its end, for as long as someone wants it.

use super::{
    Moment, Prompting, Token,
    cache::{Entry, State},
    in_flight::InFlightRequest,
    renewal, request,
};
use crate::{Error, process::log::Milliseconds};
use std::{
    sync::{Arc, Weak},
    time::{Duration, Instant, SystemTime},
};
use tracing::{info, warn};

/// The longest sleep: the wall clock may be set, and a machine may have been suspended meanwhile.
const MAX_SLEEP: Duration = Duration::from_mins(1);

/// What is to be done now.
#[derive(Debug)]
pub enum Step {
    /// Nothing yet.
    Wait(Duration),
    /// The token is due.
    Renew(Arc<InFlightRequest>),
    /// Nobody wants the token any more; the next caller starts a new renewer.
    End,
}

/// Keeps the token of an entry fresh, on the background thread.
///
/// Holds the entry only while it works, so that an identity that left the cache is let go.
pub async fn run(entry: Weak<Entry>) {
    let mut guard = RenewalGuard(Weak::clone(&entry));
    let mut failures = 0;
    let mut not_before = None;
    while let Some(kept) = entry.upgrade() {
        let step = if kept.credential.is_current() {
            next(&kept, not_before, Moment::now())
        } else {
            // A request would now fetch the token of someone else.
            kept.state().renewer = None;
            Step::End
        };
        match step {
            Step::End => {
                // Already cleared under the lock; a new renewer may own the slot.
                guard.0 = Weak::new();
                return;
            }
            Step::Wait(time) => {
                drop(kept);
                tokio::time::sleep(time.min(MAX_SLEEP)).await;
            }
            Step::Renew(in_flight) => {
                let start = Instant::now();
                in_flight.join(start + renewal::REQUEST_TIMEOUT);
                // Boxed, so that the task is small while it sleeps: there may be one for each of many identities.
                let outcome = Box::pin(request::run(&kept, &in_flight)).await;
                not_before = judge(&kept, &outcome, &mut failures).map(|wait| Instant::now() + wait);
                report(&kept, &outcome, start.elapsed());
            }
        }
    }
}

/// Decides, and registers the request under the same lock, so that no two are under way.
fn next(entry: &Entry, not_before: Option<Instant>, now: Moment) -> Step {
    let mut state = entry.state();
    let step = state.step(not_before, now);
    match &step {
        Step::Renew(in_flight) => state.in_flight = Some(Arc::clone(in_flight)),
        Step::End => state.renewer = None,
        Step::Wait(_) => {}
    }
    step
}

impl State {
    /// What a renewer is to do at this moment.
    fn step(&self, not_before: Option<Instant>, now: Moment) -> Step {
        let Some((token, due)) = self.token.as_ref().zip(self.due) else {
            return Step::End;
        };
        let open = self.subscribers.any();
        let is_wanted = self
            .last_request
            .is_some_and(|last| now.steady.saturating_duration_since(last) < renewal::WANTED_FOR);
        // An ended token is the business of the next connect, unless a connection would reconnect with it.
        if !open && (!is_wanted || !token.lives_at(now)) {
            return Step::End;
        }
        let until_due = due
            .steady
            .saturating_duration_since(now.steady)
            .min(due.wall.duration_since(now.wall).unwrap_or_default());
        let until_retry =
            not_before.map_or(Duration::ZERO, |time| time.saturating_duration_since(now.steady));
        let wait = until_due.max(until_retry);
        if !wait.is_zero() {
            return Step::Wait(wait);
        }
        if self
            .in_flight
            .as_ref()
            .is_some_and(|in_flight| in_flight.is_ours())
        {
            // A connect fetches one already.
            return Step::Wait(Duration::from_millis(100));
        }
        Step::Renew(Arc::new(InFlightRequest::new(Prompting::forbidden())))
    }
}

/// What came of a renewal: how long to wait where it brought nothing new.
fn judge(entry: &Entry, outcome: &Result<Arc<Token>, Error>, failures: &mut u32) -> Option<Duration> {
    let life = {
        let state = entry.state();
        let token = state.token.as_ref()?;
        let arrived = outcome.as_ref().is_ok_and(|new| Arc::ptr_eq(new, token));
        if arrived {
            *failures = 0;
            return None;
        }
        token.life()
    };
    *failures = failures.saturating_add(1);
    let retry_after = outcome.as_ref().err().and_then(Error::retry_after);
    Some(renewal::backoff(life, *failures, retry_after, renewal::chance()))
}

fn report(entry: &Entry, outcome: &Result<Arc<Token>, Error>, took: Duration) {
    match outcome {
        Ok(token) => {
            let left = token
                .expires_on
                .duration_since(SystemTime::now())
                .unwrap_or_default();
            info!(
                target: "entra_odbc",
                event = "token_renewed", mode = entry.mode,
                ms = %Milliseconds(took),
                expires_in_s = left.as_secs()
            );
        }
        Err(error) => warn!(
            target: "entra_odbc",
            event = "token_renewal_failed", mode = entry.mode,
            ms = %Milliseconds(took),
            %error
        ),
    }
}

/// Lets another renewer take over where this one panics.
struct RenewalGuard(Weak<Entry>);

impl Drop for RenewalGuard {
    fn drop(&mut self) {
        if let Some(entry) = self.0.upgrade() {
            entry.state().renewer = None;
        }
    }
}

#[cfg(test)]
mod tests;
