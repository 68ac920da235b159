//! The token service: a token for a sign-in, from the cache or by one request for all who wait.

use super::{
    Deadline, Moment, Prompting, Token, TokenSubscriber, Wait,
    cache::{Cache, Entry, State},
    cancellation::cancelled,
    in_flight::{CompletionGuard, InFlightRequest, Outcome, timed_out},
    renewer, store, subscriber,
};
use crate::{
    Error, ErrorKind,
    credential::{SignIn, SignInSource, TokenRequest},
    process::{fork, log::Milliseconds, runtime::Runtime},
};
use std::{
    future::poll_fn,
    pin::pin,
    sync::Arc,
    task::Poll,
    time::{Duration, Instant, SystemTime},
};
use tracing::{debug, info};

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
            SignInSource::Given(token) => Ok((Arc::clone(token), Source::Given, false)),
            SignInSource::Credential(credential) => {
                let entry = if sign_in.cache {
                    self.cache.entry(sign_in, credential)
                } else {
                    Entry::apart(sign_in, credential)
                };
                self.of_entry(&entry, wait, start, Prompting::allowed)
            }
        };
        let issued = found
            .map(|(token, source, asked)| Issued {
                // A clock is read only where there was something to wait for.
                waited: match source {
                    Source::Given | Source::Cached => Duration::ZERO,
                    Source::Requested | Source::Waited => start.steady.elapsed(),
                },
                token,
                source,
                asked,
            })
            .map_err(|error| error.in_mode(sign_in.mode));
        report(sign_in, &issued, start.steady);
        issued
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
            Ok((token, ..)) if token.text != refused.text => Some(token),
            Ok(_) => None,
            Err(error) => {
                debug!(target: "entra_odbc", event = "token_replacement_failed", mode = sign_in.mode, %error);
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

    /// `asking` makes what a request needs: a token at hand costs no allocation.
    fn of_entry(
        &self,
        entry: &Arc<Entry>,
        wait: Wait<'_>,
        now: Moment,
        asking: fn() -> Prompting,
    ) -> Result<(Arc<Token>, Source, bool), Error> {
        let (in_flight, source) = {
            let mut state = entry.state();
            state.asked = Some(now.steady);
            if let Some(token) = state.living(now).map(Arc::clone) {
                let renewer = entry.kept && state.needs_renewer();
                drop(state);
                if renewer {
                    self.keep(entry);
                }
                return Ok((token, Source::Cached, false));
            }
            if wait.until <= now.steady {
                return Err(timed_out());
            }
            if let Some(in_flight) = state.in_flight.as_ref().filter(|in_flight| in_flight.is_ours()) {
                in_flight.join(wait.until);
                (Arc::clone(in_flight), Source::Waited)
            } else {
                if let Some(error) = state.failures.remembered(now.steady) {
                    return Err(error.clone());
                }
                let in_flight = Arc::new(InFlightRequest::new(asking()));
                in_flight.join(wait.until);
                state.in_flight = Some(Arc::clone(&in_flight));
                (in_flight, Source::Requested)
            }
        };
        if source == Source::Requested {
            let task = request(Arc::clone(entry), Arc::clone(&in_flight));
            if let Err(error) = self.runtime.spawn(task) {
                entry.state().in_flight = None;
                in_flight.complete(Err(error));
            }
        }
        let outcome = in_flight.wait(wait);
        leave(entry, &in_flight);
        match outcome {
            // A renewal that may not ask, and found that it must: this call may.
            Err(error)
                if error.kind() == ErrorKind::PromptNeeded
                    && asking().is_allowed()
                    && !in_flight.asking().is_allowed() =>
            {
                self.of_entry(entry, wait, now, asking)
            }
            outcome => outcome.map(|token| (token, source, in_flight.asking().until().is_some())),
        }
    }

    /// Has the token renewed from now on. A failure to start the thread is that of the next request.
    fn keep(&self, entry: &Arc<Entry>) {
        if self.runtime.spawn(renewer::keep(Arc::downgrade(entry))).is_err() {
            entry.state().renewer = None;
        }
    }
}

/// A caller waits for this flight no longer. The last of them takes the wish with it, be it that a person is
/// being asked: the next caller starts afresh.
fn leave(entry: &Entry, in_flight: &Arc<InFlightRequest>) {
    let mut state = entry.state();
    if in_flight.leave() && state.release(in_flight) {
        drop(state);
        in_flight.abandon();
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

/// Carries a connect's flight out, on the background thread, and has the token renewed from then on.
async fn request(entry: Arc<Entry>, in_flight: Arc<InFlightRequest>) {
    let outcome = carry_out(&entry, &in_flight).await;
    if outcome.is_ok() && entry.kept && entry.state().needs_renewer() {
        drop(tokio::spawn(renewer::keep(Arc::downgrade(&entry))));
    }
}

/// Carries a flight out, on the background thread.
pub(super) async fn carry_out(entry: &Arc<Entry>, in_flight: &Arc<InFlightRequest>) -> Outcome {
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
    let outcome = unless_abandoned(in_flight, bounded(entry, &request, &deadline)).await;
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

/// The outcome of `request`, unless nobody wants it any more before it is there.
async fn unless_abandoned(
    in_flight: &InFlightRequest,
    request: impl Future<Output = Result<Token, Error>>,
) -> Result<Token, Error> {
    let (mut request, mut abandoned) = (pin!(request), pin!(in_flight.abandoned()));
    poll_fn(|context| match request.as_mut().poll(context) {
        Poll::Pending => abandoned.as_mut().poll(context).map(|()| Err(cancelled())),
        outcome @ Poll::Ready(_) => outcome,
    })
    .await
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

/// One line per decision; the claims are decoded only if someone reads them.
fn report(sign_in: &SignIn, issued: &Result<Issued, Error>, start: Instant) {
    if !tracing::enabled!(target: "entra_odbc", tracing::Level::INFO) {
        return;
    }
    let took = Milliseconds(start.elapsed());
    match issued {
        Ok(issued) => {
            let left = issued
                .token
                .expires_on
                .duration_since(SystemTime::now())
                .unwrap_or_default();
            info!(
                target: "entra_odbc",
                event = "token_acquired", mode = sign_in.mode,
                who = sign_in.who,
                identity = ?sign_in.key,
                source = issued.source.name(),
                ms = %took,
                expires_in_s = left.as_secs(),
                principal = %issued.token.claims()
            );
        }
        Err(error) => info!(
            target: "entra_odbc",
            event = "token_failed", mode = sign_in.mode,
            who = sign_in.who,
            identity = ?sign_in.key,
            ms = %took,
            kind = error.kind().name(),
            %error
        ),
    }
}

#[cfg(test)]
pub(super) mod tests;
