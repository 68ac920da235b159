//! A record of the requests that reached a stand-in.

use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Value, json};

use crate::http::{Parameters, Request};

/// Longer than anything a test waits for, shorter than a test runner's patience.
const PATIENCE: Duration = Duration::from_secs(30);

/// A request as it arrived, secrets included, and the status that it was answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The request.
    pub request: Request,
    /// The answer's status, once there is one; a request that was reset or still hangs has none.
    pub status: Option<u16>,
}

impl std::ops::Deref for Recorded {
    type Target = Request;

    fn deref(&self) -> &Request {
        &self.request
    }
}

impl Recorded {
    /// The record for clients in other languages.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let object = |parameters: &Parameters| -> Value {
            parameters
                .iter()
                .map(|(name, value)| (name.to_owned(), Value::from(value)))
                .collect()
        };
        json!({
            "method": self.method, "path": self.path, "connection": self.connection, "status": self.status,
            "query": object(&self.query), "form": object(&self.form), "headers": object(&self.headers),
        })
    }
}

/// What arrived since the start or since the record was last taken.
#[derive(Debug, Default)]
pub struct Record {
    state: Mutex<State>,
    arrived: Condvar,
}

#[derive(Debug, Default)]
struct State {
    requests: Vec<Recorded>,
    taken: usize,
    connections: u64,
}

impl Record {
    /// The requests so far, in order of arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<Recorded> {
        self.state().requests.clone()
    }

    /// The requests so far; counting starts anew.
    #[must_use]
    pub fn take_requests(&self) -> Vec<Recorded> {
        let mut state = self.state();
        let requests = std::mem::take(&mut state.requests);
        state.taken += requests.len();
        requests
    }

    /// Waits until so many requests have arrived (since the last taking) and returns them; a request counts from when
    /// it was read, so one that hangs counts.
    #[allow(clippy::must_use_candidate, reason = "most tests only wait")]
    pub fn wait_for(&self, count: usize) -> Vec<Recorded> {
        let (state, timeout) = self
            .arrived
            .wait_timeout_while(self.state(), PATIENCE, |state| state.requests.len() < count)
            .expect("no holder of the record panics");
        let have = state.requests.len();
        assert!(
            !timeout.timed_out(),
            "{have} of {count} requests arrived within {PATIENCE:?}"
        );
        state.requests.clone()
    }

    /// Connections accepted since the start, those whose TLS handshake failed among them.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.state().connections
    }

    /// Counts a connection and returns its number.
    pub(crate) fn connection(&self) -> u64 {
        let mut state = self.state();
        state.connections += 1;
        state.connections
    }

    /// Enters a request and returns its place.
    pub(crate) fn arrival(&self, request: Request) -> usize {
        let mut state = self.state();
        state.requests.push(Recorded {
            request,
            status: None,
        });
        self.arrived.notify_all();
        state.taken + state.requests.len() - 1
    }

    /// Enters the answer's status, unless the request was taken in the meantime.
    pub(crate) fn answered(&self, place: usize, status: u16) {
        let mut state = self.state();
        let place = place.checked_sub(state.taken);
        if let Some(recorded) = place.and_then(|place| state.requests.get_mut(place)) {
            recorded.status = Some(status);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of the record panics")
    }
}
