//! The token service: a token for a sign-in, from the cache or by one request for all who wait.

mod callback;
mod report;
mod waiter;

use super::{
    Moment, Prompting, Token, TokenSubscriber, Wait,
    cache::{Cache, Entry},
    cancellation::cancelled,
    in_flight::{InFlightRequest, timed_out},
    renewer, request, subscriber,
};
use crate::{
    Error,
    credential::{Credential, SignIn, SignInSource},
    process::runtime::{Pending, Runtime},
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tracing::debug;
use waiter::Waiter;

/// A refused token younger than this is not replaced: the server's reason must be another one than a revocation.
const MIN_REFUSED_AGE: Duration = Duration::from_mins(1);

/// How long an identity's next refused token is not replaced after one was.
const REPLACEMENT_COOLDOWN: Duration = Duration::from_mins(5);

/// Where a token came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The connection string or a file held it.
    Given,
    /// The cache had it.
    Cached,
    /// This call requested it.
    Requested,
    /// Another call had requested it already; this one waited for the same request.
    Waited,
}

impl Source {
    /// Its name, for the log.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::Cached => "cache",
            Self::Requested => "request",
            Self::Waited => "request_in_flight",
        }
    }
}

/// A token, and where it came from.
#[derive(Debug, Clone)]
pub struct Issued {
    /// The token.
    pub token: Arc<Token>,
    /// Where it came from.
    pub source: Source,
    /// How long this call waited; zero where the token was in memory.
    pub waited: Duration,
    /// Whether a person was prompted meanwhile; prompts have their own time limit.
    pub prompted: bool,
}

/// A token, with what [`Issued`] says of it except the time.
struct Found {
    token: Arc<Token>,
    source: Source,
    prompted: bool,
}

impl Found {
    fn given(token: &Arc<Token>) -> Self {
        Self {
            token: Arc::clone(token),
            source: Source::Given,
            prompted: false,
        }
    }

    fn cached(token: Arc<Token>) -> Self {
        Self {
            token,
            source: Source::Cached,
            prompted: false,
        }
    }
}

/// How a call for a token goes on.
enum Begun {
    Cached(Arc<Token>),
    Waiting(Waiter),
}

/// Gets tokens, caches and renews them; one per process, usable from any thread.
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

    /// A valid token of this identity; blocks until a deadline at most, or as `wait` says.
    pub fn token<'a>(&self, sign_in: &SignIn, wait: impl Into<Wait<'a>>) -> Result<Issued, Error> {
        let (start, wait) = (Moment::now(), wait.into());
        let found = match sign_in.source() {
            _ if wait.is_cancelled() => Err(cancelled()),
            SignInSource::Given(token) => Ok(Found::given(token)),
            SignInSource::Credential(credential) => {
                let entry = self.entry(sign_in, credential);
                self.get_or_request(&entry, wait, start, Prompting::allowed)
            }
        };
        report::issued(sign_in, found, start)
    }

    /// The same for a task of any executor, which goes on with other tasks meanwhile.
    ///
    /// The request runs on the background thread. Whoever drops the future waits no longer; a request that nobody
    /// waits for any more is given up.
    pub async fn token_async<'a>(
        &self,
        sign_in: &SignIn,
        wait: impl Into<Wait<'a>>,
    ) -> Result<Issued, Error> {
        let (start, wait) = (Moment::now(), wait.into());
        let found = match sign_in.source() {
            _ if wait.is_cancelled() => Err(cancelled()),
            SignInSource::Given(token) => Ok(Found::given(token)),
            SignInSource::Credential(credential) => {
                let entry = self.entry(sign_in, credential);
                self.get_or_request_async(&entry, wait, start).await
            }
        };
        report::issued(sign_in, found, start)
    }

    /// Has the background thread carry out a task until `deadline`.
    pub fn begin_task<T: Send + 'static>(
        &self,
        deadline: Instant,
        task: impl Future<Output = T> + Send + 'static,
    ) -> Result<Pending<T>, Error> {
        self.runtime.begin(deadline, task)
    }

    /// Hands a task to the background thread, for whose end nobody waits.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> Result<(), Error> {
        self.runtime.spawn(task)
    }

    /// The valid cached token of this identity, if there is one; nothing is requested or renewed.
    pub fn cached(&self, sign_in: &SignIn) -> Option<Arc<Token>> {
        let entry = self.cache.get(&sign_in.key)?;
        entry.state().living(Moment::now()).map(Arc::clone)
    }

    /// A fresh token after the server refused a login with this one, where that may help.
    ///
    /// Only for a token over a minute old, and once in five minutes per identity; `None` also where
    /// no fresh token can be had, since the server's refusal is then the error to report.
    pub fn replace_refused(
        &self,
        sign_in: &SignIn,
        refused: &Arc<Token>,
        deadline: Instant,
    ) -> Option<Arc<Token>> {
        let SignInSource::Credential(credential) = sign_in.source() else {
            return None;
        };
        let now = Moment::now();
        if !sign_in.cache || refused.age_at(now) <= MIN_REFUSED_AGE {
            return None;
        }
        let entry = self.cache.entry(sign_in, credential);
        {
            let mut state = entry.state();
            if state
                .replaced
                .is_some_and(|last| now.steady.saturating_duration_since(last) < REPLACEMENT_COOLDOWN)
            {
                return None;
            }
            state.replaced = Some(now.steady);
            // A token that was requested since then is fresh enough.
            state.withdrawn |= state
                .token
                .as_ref()
                .is_some_and(|token| token.text == refused.text);
        }
        match self.get_or_request(&entry, deadline.into(), now, Prompting::forbidden) {
            Ok(found) if found.token.text != refused.text => Some(found.token),
            Ok(_) => None,
            Err(error) => {
                debug!(target: "entra_odbc", event = "token_replacement_failed", mode = sign_in.mode, %error);
                None
            }
        }
    }

    /// Registers an open connection for renewed tokens of the identity that `token` is of, until it is dropped.
    pub fn subscribe(&self, sign_in: &SignIn, token: &Arc<Token>, connection: &Arc<dyn TokenSubscriber>) {
        let SignInSource::Credential(credential) = sign_in.source() else {
            return;
        };
        let entry = match (sign_in.cache, token.identity) {
            (true, _) => self.cache.entry(sign_in, credential),
            (false, Some(identity)) => self.cache.entry_under(identity, sign_in, credential),
            (false, None) => return,
        };
        let mut state = entry.state();
        let newest = state.token.as_ref().map(|newest| newest.expires_on);
        let is_new = !sign_in.cache && newest.is_none_or(|end| end < token.expires_on);
        if is_new {
            // Cannot fail: the entry's key is the token's own identity.
            let _ = state.complete(Ok(Token::clone(token)), Moment::now());
        }
        state.subscribers.add(Arc::downgrade(connection));
        if is_new && state.needs_renewer() {
            drop(state);
            self.start_renewer(&entry);
            return;
        }
        // The token may have been renewed while the driver logged in.
        let newer = state.token.as_ref().filter(|newest| newest.text != token.text);
        if let Some(newer) = newer
            && !newer.claims().is_other_identity(&token.claims())
        {
            subscriber::renew(connection, newer);
        }
    }

    fn entry(&self, sign_in: &SignIn, credential: &Arc<dyn Credential>) -> Arc<Entry> {
        if sign_in.cache {
            self.cache.entry(sign_in, credential)
        } else {
            Entry::uncached(sign_in, credential)
        }
    }

    /// The token of an entry, from memory or by a request that all callers of the identity share.
    ///
    /// `prompting` is a function, so that a cached token costs no allocation.
    fn get_or_request(
        &self,
        entry: &Arc<Entry>,
        wait: Wait<'_>,
        now: Moment,
        prompting: fn() -> Prompting,
    ) -> Result<Found, Error> {
        loop {
            let waiter = match self.begin(entry, wait.until, now, prompting)? {
                Begun::Cached(token) => return Ok(Found::cached(token)),
                Begun::Waiting(waiter) => waiter,
            };
            let outcome = waiter.block(wait);
            if let Some(found) = waiter.finish(outcome, prompting)? {
                return Ok(found);
            }
        }
    }

    async fn get_or_request_async(
        &self,
        entry: &Arc<Entry>,
        wait: Wait<'_>,
        now: Moment,
    ) -> Result<Found, Error> {
        loop {
            let waiter = match self.begin(entry, wait.until, now, Prompting::allowed)? {
                Begun::Cached(token) => return Ok(Found::cached(token)),
                Begun::Waiting(waiter) => waiter,
            };
            let outcome = waiter.outcome(wait, &self.runtime).await;
            if let Some(found) = waiter.finish(outcome, Prompting::allowed)? {
                return Ok(found);
            }
        }
    }

    /// The cached token, or a request to wait for: the one in flight, else a new one.
    fn begin(
        &self,
        entry: &Arc<Entry>,
        until: Instant,
        now: Moment,
        prompting: fn() -> Prompting,
    ) -> Result<Begun, Error> {
        let mut state = entry.state();
        state.last_request = Some(now.steady);
        if let Some(token) = state.living(now).map(Arc::clone) {
            let needs_renewer = entry.kept && state.needs_renewer();
            drop(state);
            if needs_renewer {
                self.start_renewer(entry);
            }
            return Ok(Begun::Cached(token));
        }
        if until <= now.steady {
            return Err(timed_out());
        }
        if let Some(in_flight) = state.in_flight.as_ref().filter(|in_flight| in_flight.is_ours()) {
            return Ok(Begun::Waiting(Waiter::join(
                entry,
                in_flight,
                until,
                Source::Waited,
            )));
        }
        if let Some(error) = state.failures.remembered(now.steady) {
            return Err(error.clone());
        }
        let in_flight = Arc::new(InFlightRequest::new(prompting()));
        let waiter = Waiter::join(entry, &in_flight, until, Source::Requested);
        state.in_flight = Some(Arc::clone(&in_flight));
        drop(state);
        let task = request::run_and_renew(Arc::clone(entry), Arc::clone(&in_flight));
        if let Err(error) = self.runtime.spawn(task) {
            entry.state().in_flight = None;
            in_flight.complete(Err(error));
        }
        Ok(Begun::Waiting(waiter))
    }

    /// Starts the renewer of an entry. Where the background thread cannot be started, the next request tells so.
    fn start_renewer(&self, entry: &Arc<Entry>) {
        if self.runtime.spawn(renewer::run(Arc::downgrade(entry))).is_err() {
            entry.state().renewer = None;
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
