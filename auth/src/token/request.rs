//! Carrying out a token request on the background thread, for everyone who waits for it.

use super::{
    Deadline, Moment, Token, arrival,
    cache::{Entry, State},
    cancellation::cancelled,
    in_flight::{CompletionGuard, InFlightRequest, Outcome, timed_out},
    renewer, store,
};
use crate::{Error, credential::TokenRequest, process::fork};
use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::Arc,
    task::Poll,
};

/// Carries out a request that a caller waits for, and has the token renewed from then on.
pub async fn run_and_renew(entry: Arc<Entry>, in_flight: Arc<InFlightRequest>) {
    let outcome = run(&entry, &in_flight).await;
    if outcome.is_ok() && entry.kept && entry.state().needs_renewer() {
        drop(tokio::spawn(renewer::run(Arc::downgrade(&entry))));
    }
}

/// Carries out a request; its outcome is in the entry, and told to all who wait, when this returns.
pub async fn run(entry: &Arc<Entry>, in_flight: &Arc<InFlightRequest>) -> Outcome {
    let guard = ReleaseGuard {
        entry: Arc::clone(entry),
        completion: CompletionGuard::new(Arc::clone(in_flight)),
    };
    let deadline = in_flight.deadline();
    let request = TokenRequest {
        scope: entry.scope.clone(),
        deadline: deadline.clone(),
        prompting: in_flight.prompting().clone(),
    };
    let abandoned = async {
        in_flight.abandoned().await;
        Err(cancelled())
    };
    let outcome = first_of(by_deadline(entry, &request, &deadline), abandoned).await;
    // Checked after the request as well: somebody else may have signed in to a tool meanwhile.
    let is_current = entry.credential.is_current();
    let outcome = {
        let mut state = entry.state();
        state.release(in_flight);
        if is_current {
            state.complete(outcome, Moment::now())
        } else {
            outcome.map(Arc::new)
        }
    };
    guard.completion.in_flight().complete(outcome.clone());
    outcome
}

/// A caller stops waiting. The last one abandons the request, so that the next caller starts afresh, also where a
/// person is being asked.
pub fn leave(entry: &Entry, in_flight: &Arc<InFlightRequest>) {
    let mut state = entry.state();
    if in_flight.leave() && state.release(in_flight) {
        drop(state);
        in_flight.abandon();
    }
}

/// One request to the credential. What it brings is judged here, before it is cached or shared.
pub async fn from_credential(entry: &Entry, request: &TokenRequest) -> Result<Token, Error> {
    let token = entry.credential.token(request).await?;
    arrival::judge(token, &entry.scope).map_err(|error| {
        error.remedy_or("Have the program's token provider return the token alone, as its issuer gave it.")
    })
}

async fn by_deadline(entry: &Entry, request: &TokenRequest, deadline: &Deadline) -> Result<Token, Error> {
    let token = async {
        match entry.store.get() {
            Some(key) => store::token(key, entry, request).await,
            None => from_credential(entry, request).await,
        }
    };
    deadline
        .bound(token)
        .await
        .unwrap_or_else(|| Err(entry.credential.timeout_error().unwrap_or_else(timed_out)))
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

impl State {
    /// Ends the claim of this request to be the one under way; whether it was.
    fn release(&mut self, in_flight: &Arc<InFlightRequest>) -> bool {
        let current = self.in_flight.as_ref();
        let is_current = current.is_some_and(|current| Arc::ptr_eq(current, in_flight));
        if is_current {
            self.in_flight = None;
        }
        is_current
    }

    /// Whether no renewer of this process is at work; the caller then has to start one.
    pub(super) fn needs_renewer(&mut self) -> bool {
        let generation = fork::generation();
        self.renewer.replace(generation) != Some(generation)
    }
}

/// Releases the entry for the next request however this one ends, a panic included.
struct ReleaseGuard {
    entry: Arc<Entry>,
    completion: CompletionGuard,
}

impl Drop for ReleaseGuard {
    fn drop(&mut self) {
        self.entry.state().release(self.completion.in_flight());
    }
}
