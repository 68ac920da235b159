//! The token service: a token for a sign-in, from the cache or by one request for all who wait.

mod report;
mod request;
mod waiter;

use super::{
    Moment, Prompting, Token, TokenSubscriber, Wait,
    cache::{Cache, Entry, State},
    cancellation::cancelled,
    in_flight::{InFlightRequest, timed_out},
    renewer, subscriber,
};
use crate::{
    Error,
    credential::{Credential, SignIn, SignInSource},
    process::{fork, runtime::Runtime},
};
pub(super) use request::carry_out;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tracing::debug;
use waiter::Waiter;

/// A refused token younger than this is not to blame for the refusal.
const YOUNG: Duration = Duration::from_mins(1);

/// How long an identity whose refused token was replaced gets no second try.
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
    /// How long this call waited; nothing where the token was at hand.
    pub waited: Duration,
    /// Whether a person was asked meanwhile, who has all the time that prompts have.
    pub asked: bool,
}

/// A token, and what [`Issued`] says of it but the time.
struct Found {
    token: Arc<Token>,
    source: Source,
    asked: bool,
}

impl Found {
    fn given(token: &Arc<Token>) -> Self {
        Self {
            token: Arc::clone(token),
            source: Source::Given,
            asked: false,
        }
    }

    fn cached(token: Arc<Token>) -> Self {
        Self {
            token,
            source: Source::Cached,
            asked: false,
        }
    }
}

/// How a call for a token begins.
enum Begun {
    AtHand(Arc<Token>),
    Waiting(Waiter),
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

    /// A living token for this identity, waiting for it no longer than until a deadline, or as `wait` says.
    pub fn token<'a>(&self, sign_in: &SignIn, wait: impl Into<Wait<'a>>) -> Result<Issued, Error> {
        let (start, wait) = (Moment::now(), wait.into());
        let found = match sign_in.source() {
            _ if wait.is_cancelled() => Err(cancelled()),
            SignInSource::Given(token) => Ok(Found::given(token)),
            SignInSource::Credential(credential) => {
                let entry = self.entry(sign_in, credential);
                self.of_entry(&entry, wait, start, Prompting::allowed)
            }
        };
        report::issued(sign_in, found, start)
    }

    /// The same for a task of any executor, which goes on with other tasks meanwhile.
    ///
    /// The request runs on the background thread. Whoever drops the future waits no longer; a request that nobody
    /// waits for any more is given up.
    pub async fn token_async(&self, sign_in: &SignIn, until: Instant) -> Result<Issued, Error> {
        let start = Moment::now();
        let found = match sign_in.source() {
            SignInSource::Given(token) => Ok(Found::given(token)),
            SignInSource::Credential(credential) => {
                let entry = self.entry(sign_in, credential);
                self.of_entry_async(&entry, until, start).await
            }
        };
        report::issued(sign_in, found, start)
    }

    /// Runs a task on the background thread and waits for it until `deadline`; `None` where that came first.
    pub fn run<T: Send + 'static>(
        &self,
        deadline: Instant,
        task: impl Future<Output = T> + Send + 'static,
    ) -> Result<Option<T>, Error> {
        self.runtime.run(deadline, task)
    }

    /// The living token of this identity, if there is one: nobody is asked for it, and nothing renewed.
    pub fn cached(&self, sign_in: &SignIn) -> Option<Arc<Token>> {
        let entry = self.cache.known(&sign_in.key)?;
        entry.state().living(Moment::now()).map(Arc::clone)
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
        let now = Moment::now();
        if !sign_in.cache || refused.age_at(now) <= YOUNG {
            return None;
        }
        let entry = self.cache.entry(sign_in, credential);
        {
            let mut state = entry.state();
            if state
                .replaced
                .is_some_and(|last| now.steady.saturating_duration_since(last) < ONCE_IN)
            {
                return None;
            }
            state.replaced = Some(now.steady);
            // A token that someone fetched since then is new enough.
            state.withdrawn |= state
                .token
                .as_ref()
                .is_some_and(|token| token.text == refused.text);
        }
        match self.of_entry(&entry, deadline.into(), now, Prompting::forbidden) {
            Ok(found) if found.token.text != refused.text => Some(found.token),
            Ok(_) => None,
            Err(error) => {
                debug!(target: "entra_odbc", mode = sign_in.mode, %error, "no fresh token");
                None
            }
        }
    }

    /// A connection was opened with `token`: from now on it is handed each renewed one, until it is dropped.
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
            // The same identity's, or it would be another entry: it cannot be refused.
            let _ = state.completed(Ok(Token::clone(token)), Moment::now());
        }
        state.subscribers.add(Arc::downgrade(connection));
        if is_new && state.needs_renewer() {
            drop(state);
            self.keep(&entry);
            return;
        }
        // Renewed while the driver logged in.
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
            Entry::apart(sign_in, credential)
        }
    }

    /// `asking` makes what a request needs: a token at hand costs no allocation.
    fn of_entry(
        &self,
        entry: &Arc<Entry>,
        wait: Wait<'_>,
        now: Moment,
        asking: fn() -> Prompting,
    ) -> Result<Found, Error> {
        loop {
            let waiter = match self.begin(entry, wait.until, now, asking)? {
                Begun::AtHand(token) => return Ok(Found::cached(token)),
                Begun::Waiting(waiter) => waiter,
            };
            let outcome = waiter.block(wait);
            if let Some(found) = waiter.finish(outcome, asking)? {
                return Ok(found);
            }
        }
    }

    async fn of_entry_async(&self, entry: &Arc<Entry>, until: Instant, now: Moment) -> Result<Found, Error> {
        loop {
            let waiter = match self.begin(entry, until, now, Prompting::allowed)? {
                Begun::AtHand(token) => return Ok(Found::cached(token)),
                Begun::Waiting(waiter) => waiter,
            };
            let outcome = waiter.outcome(until, &self.runtime).await;
            if let Some(found) = waiter.finish(outcome, Prompting::allowed)? {
                return Ok(found);
            }
        }
    }

    /// The token at hand, or a request to wait for: the one under way, else a new one.
    fn begin(
        &self,
        entry: &Arc<Entry>,
        until: Instant,
        now: Moment,
        asking: fn() -> Prompting,
    ) -> Result<Begun, Error> {
        let mut state = entry.state();
        state.asked = Some(now.steady);
        if let Some(token) = state.living(now).map(Arc::clone) {
            let renewer = entry.kept && state.needs_renewer();
            drop(state);
            if renewer {
                self.keep(entry);
            }
            return Ok(Begun::AtHand(token));
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
        let in_flight = Arc::new(InFlightRequest::new(asking()));
        let waiter = Waiter::join(entry, &in_flight, until, Source::Requested);
        state.in_flight = Some(Arc::clone(&in_flight));
        drop(state);
        let task = request::run(Arc::clone(entry), Arc::clone(&in_flight));
        if let Err(error) = self.runtime.spawn(task) {
            entry.state().in_flight = None;
            in_flight.complete(Err(error));
        }
        Ok(Begun::Waiting(waiter))
    }

    /// Has the token renewed from now on. A failure to start the thread is that of the next request.
    fn keep(&self, entry: &Arc<Entry>) {
        if self.runtime.spawn(renewer::keep(Arc::downgrade(entry))).is_err() {
            entry.state().renewer = None;
        }
    }
}

impl State {
    /// Takes this flight for no longer under way; whether it was.
    fn release(&mut self, in_flight: &Arc<InFlightRequest>) -> bool {
        let known = self.in_flight.as_ref();
        let ours = known.is_some_and(|known| Arc::ptr_eq(known, in_flight));
        if ours {
            self.in_flight = None;
        }
        ours
    }

    /// Whether nobody in this process renews the token yet; whoever is told so has to see to it.
    fn needs_renewer(&mut self) -> bool {
        let generation = fork::generation();
        self.renewer.replace(generation) != Some(generation)
    }
}

#[cfg(test)]
pub(super) mod tests;
