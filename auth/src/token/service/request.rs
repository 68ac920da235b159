//! The task that carries a request out, on the background thread.

use super::waiter::first_of;
use crate::{
    Error,
    credential::TokenRequest,
    token::{
        Deadline, Moment, Token,
        cache::Entry,
        cancellation::cancelled,
        in_flight::{CompletionGuard, InFlightRequest, Outcome, timed_out},
        renewer, store,
    },
};
use std::sync::Arc;

/// Carries out a flight that callers wait for, on the background thread, and has the token renewed from then on.
pub async fn run(entry: Arc<Entry>, in_flight: Arc<InFlightRequest>) {
    let outcome = carry_out(&entry, &in_flight).await;
    if outcome.is_ok() && entry.kept && entry.state().needs_renewer() {
        drop(tokio::spawn(renewer::keep(Arc::downgrade(&entry))));
    }
}

/// Carries a flight out, on the background thread.
pub(in crate::token) async fn carry_out(entry: &Arc<Entry>, in_flight: &Arc<InFlightRequest>) -> Outcome {
    let landing = ReleaseGuard {
        entry: Arc::clone(entry),
        pilot: CompletionGuard::of(Arc::clone(in_flight)),
    };
    let deadline = in_flight.deadline();
    let request = TokenRequest {
        scope: entry.scope.clone(),
        deadline: deadline.clone(),
        asking: in_flight.asking().clone(),
    };
    let abandoned = async {
        in_flight.abandoned().await;
        Err(cancelled())
    };
    let outcome = first_of(bounded(entry, &request, &deadline), abandoned).await;
    // Looked at after the request as well: a tool may have been signed in to anew meanwhile.
    let holds = entry.credential.is_current();
    let outcome = {
        let mut state = entry.state();
        state.release(in_flight);
        if holds {
            state.completed(outcome, Moment::now())
        } else {
            outcome.map(Arc::new)
        }
    };
    landing.pilot.in_flight().complete(outcome.clone());
    outcome
}

async fn bounded(entry: &Entry, request: &TokenRequest, deadline: &Deadline) -> Result<Token, Error> {
    deadline
        .bound(store::token(entry, request))
        .await
        .unwrap_or_else(|| Err(entry.credential.timeout_error().unwrap_or_else(timed_out)))
}

/// Frees the entry for the next request however this one ends.
struct ReleaseGuard {
    entry: Arc<Entry>,
    pilot: CompletionGuard,
}

impl Drop for ReleaseGuard {
    fn drop(&mut self) {
        self.entry.state().release(self.pilot.in_flight());
    }
}
