//! The token service: a token for a sign-in, from the cache or by one request for all who wait.

use super::{
    Deadline, Token,
    cache::{Cache, Entry},
    flight::{Flight, Pilot, timed_out},
};
use crate::{
    Error,
    credential::{SignIn, SignInSource, TokenRequest},
    runtime::Runtime,
};
use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};
use tracing::{debug, info};

/// A refused token younger than this is not to blame for the refusal (DESIGN rule 8).
const YOUNG: Duration = Duration::from_mins(1);

/// How long an identity whose refused token was replaced gets no second try (DESIGN rule 8).
const ONCE_IN: Duration = Duration::from_mins(5);

/// Where a token came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The connection string or a file held it.
    Given,
    /// It was at hand.
    Cached,
    /// This call requested it.
    Requested,
    /// Another call had requested it already; this one waited with it.
    Waited,
}

/// A token, and how it was come by.
#[derive(Debug, Clone)]
pub struct Issued {
    /// The token.
    pub token: Arc<Token>,
    /// Where it came from.
    pub source: Source,
    /// How long this call took.
    pub waited: Duration,
}

/// Gets tokens and keeps them; one per process.
#[derive(Debug, Default)]
pub struct TokenService {
    cache: Cache,
    runtime: Runtime,
}

impl TokenService {
    /// A service without a token; starts no thread and does no I/O until the first request.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A living token for this identity, waiting for it no longer than until `deadline`.
    pub fn token(&self, sign_in: &SignIn, deadline: Instant) -> Result<Issued, Error> {
        let start = Instant::now();
        let found = match sign_in.source() {
            SignInSource::Given(token) => Ok((Arc::clone(token), Source::Given)),
            SignInSource::Credential(credential) => {
                let entry = if sign_in.cache {
                    self.cache.entry(sign_in.key, credential)
                } else {
                    Entry::apart(Arc::clone(credential))
                };
                self.of_entry(&entry, sign_in, deadline)
            }
        };
        let issued = found
            .map(|(token, source)| Issued {
                token,
                source,
                waited: start.elapsed(),
            })
            .map_err(|error| error.in_mode(sign_in.mode));
        report(sign_in, &issued, start.elapsed());
        issued
    }

    /// A newer token after the server refused a login with this one, if that is worth a try.
    ///
    /// Only for a token over a minute old, and once in five minutes per identity; `None` also where
    /// no new token can be had, since the server's refusal is then the error to tell.
    pub fn replace_refused(
        &self,
        sign_in: &SignIn,
        refused: &Arc<Token>,
        deadline: Instant,
    ) -> Option<Arc<Token>> {
        let SignInSource::Credential(credential) = sign_in.source() else {
            return None;
        };
        let now = Instant::now();
        if !sign_in.cache || refused.age_at(SystemTime::now()) <= YOUNG {
            return None;
        }
        let entry = self.cache.entry(sign_in.key, credential);
        {
            let mut state = entry.state();
            if state
                .replaced
                .is_some_and(|last| now.duration_since(last) < ONCE_IN)
            {
                return None;
            }
            state.replaced = Some(now);
            // A token that someone fetched since then is new enough.
            if state
                .token
                .as_ref()
                .is_some_and(|token| token.text == refused.text)
            {
                state.token = None;
            }
        }
        match self.of_entry(&entry, sign_in, deadline) {
            Ok((token, _)) if token.text != refused.text => Some(token),
            Ok(_) => None,
            Err(error) => {
                debug!(target: "entra_odbc", mode = sign_in.mode, %error, "no fresh token");
                None
            }
        }
    }

    fn of_entry(
        &self,
        entry: &Arc<Entry>,
        sign_in: &SignIn,
        deadline: Instant,
    ) -> Result<(Arc<Token>, Source), Error> {
        let (flight, source) = {
            let mut state = entry.state();
            if let Some(token) = &state.token
                && token.lives_at(SystemTime::now())
            {
                return Ok((Arc::clone(token), Source::Cached));
            }
            if deadline <= Instant::now() {
                return Err(timed_out());
            }
            if let Some(flight) = state.flight.as_ref().filter(|flight| flight.is_ours()) {
                flight.join(deadline);
                (Arc::clone(flight), Source::Waited)
            } else {
                let flight = Arc::new(Flight::new());
                flight.join(deadline);
                state.flight = Some(Arc::clone(&flight));
                (flight, Source::Requested)
            }
        };
        if source == Source::Requested {
            let task = request(Arc::clone(entry), Arc::clone(&flight), sign_in.scope.clone());
            if let Err(error) = self.runtime.spawn(task) {
                entry.state().flight = None;
                flight.land(Err(error));
            }
        }
        flight.wait(deadline).map(|token| (token, source))
    }
}

/// Carries a flight out, on the background thread.
async fn request(entry: Arc<Entry>, flight: Arc<Flight>, scope: String) {
    let landing = Landing {
        entry,
        pilot: Pilot::of(flight),
    };
    let deadline = landing.pilot.flight().deadline();
    let request = TokenRequest {
        scope,
        deadline: deadline.clone(),
    };
    let outcome = bounded(&landing.entry, &request, &deadline).await.map(Arc::new);
    let mut state = landing.entry.state();
    if let Ok(token) = &outcome {
        state.token = Some(Arc::clone(token));
    }
    state.flight = None;
    drop(state);
    landing.pilot.flight().land(outcome);
}

async fn bounded(entry: &Entry, request: &TokenRequest, deadline: &Deadline) -> Result<Token, Error> {
    deadline
        .bound(entry.credential.token(request))
        .await
        .unwrap_or_else(|| Err(timed_out()))
}

/// Frees the entry for the next request however this one ends.
struct Landing {
    entry: Arc<Entry>,
    pilot: Pilot,
}

impl Drop for Landing {
    fn drop(&mut self) {
        let mut state = self.entry.state();
        if state
            .flight
            .as_ref()
            .is_some_and(|flight| Arc::ptr_eq(flight, self.pilot.flight()))
        {
            state.flight = None;
        }
    }
}

/// One line per decision; the claims are decoded only if someone reads them.
fn report(sign_in: &SignIn, issued: &Result<Issued, Error>, took: Duration) {
    let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    match issued {
        Ok(issued) if tracing::enabled!(target: "entra_odbc", tracing::Level::INFO) => {
            let left = issued
                .token
                .expires_on
                .duration_since(SystemTime::now())
                .unwrap_or_default();
            info!(
                target: "entra_odbc",
                mode = sign_in.mode,
                who = sign_in.who,
                identity = ?sign_in.key,
                source = ?issued.source,
                milliseconds,
                expires_in_s = left.as_secs(),
                principal = %issued.token.claims(),
                "token"
            );
        }
        Ok(_) => {}
        Err(error) => info!(
            target: "entra_odbc",
            mode = sign_in.mode,
            who = sign_in.who,
            identity = ?sign_in.key,
            milliseconds,
            sqlstate = error.sqlstate(),
            %error,
            "no token"
        ),
    }
}

#[cfg(test)]
mod tests;
