//! Token providers: callbacks of the host's own, registered by name, that get its tokens in ways we do not know.

use crate::{
    Error, ErrorKind, Secret,
    process::{fork::Lock, runtime::with_signals_blocked},
};
use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, SystemTime},
};
use tokio::sync::oneshot;

/// How many calls of one provider may be pending at once: one that never returns keeps its thread.
const MAX_PENDING_CALLS: usize = 64;

/// What a provider is asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// The scope, for instance `https://database.windows.net/.default`.
    pub scope: String,
    /// For how long an answer is of use.
    pub timeout: Duration,
}

/// What a provider answers.
#[derive(Debug)]
pub struct Provided {
    /// The access token.
    pub token: Secret,
    /// When it ends; `None` where the token itself says it, or nobody knows.
    pub expires_on: Option<SystemTime>,
    /// Whose it is, by a name of the host's own choice that is never that of anyone else.
    ///
    /// With it the token is renewed, by calling the provider again, while connections that carry it are
    /// open. Without it each token serves the one connect that it was asked for.
    pub identity: Option<String>,
}

/// A callback. The error is its own words, told to whoever connects: no secrets in there.
///
/// Called on a thread of our own that lives for this one call and has all signals but those of faults
/// blocked. What it answers after [`Request::timeout`] is thrown away.
pub type Provider = Arc<dyn Fn(&Request) -> Result<Provided, String> + Send + Sync>;

/// The providers of a process by name.
#[derive(Default)]
pub struct Providers(Lock<BTreeMap<String, Registered>>);

/// A provider, and how many of its calls are pending.
#[derive(Clone)]
pub(crate) struct Registered {
    provider: Provider,
    pending_calls: Arc<AtomicUsize>,
    /// It was taken away: no call of it begins any more, whoever still has it.
    gone: Arc<AtomicBool>,
}

impl Providers {
    /// No provider yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(Lock::new(BTreeMap::new()))
    }

    /// Has `provider` answer for `name` from now on; `None` takes the last one away.
    ///
    /// Calls under way go on with the one that they began with. One that is taken away is not called any more, even
    /// for connections that are open: an interpreter that is about to end must be able to rely on that.
    pub fn register(&self, name: &str, provider: Option<Provider>) {
        let mut providers = self.0.lock();
        let old = match provider {
            Some(provider) => providers.insert(
                name.to_owned(),
                Registered {
                    provider,
                    pending_calls: Arc::default(),
                    gone: Arc::default(),
                },
            ),
            None => providers
                .remove(name)
                .inspect(|old| old.gone.store(true, Ordering::Release)),
        };
        // Dropped without the lock: it is the host's code.
        drop(providers);
        drop(old);
    }

    pub(crate) fn named(&self, name: &str) -> Option<Registered> {
        self.0.lock().get(name).cloned()
    }
}

impl fmt::Debug for Providers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.lock().keys()).finish()
    }
}

impl Registered {
    /// Calls the provider; to be bounded by the caller's deadline.
    pub(crate) async fn call(&self, request: Request) -> Result<Provided, Error> {
        let pending_call = PendingCall::start(&self.pending_calls)?;
        let (provider, gone) = (Arc::clone(&self.provider), Arc::clone(&self.gone));
        let (sender, answer) = oneshot::channel();
        let call = move || {
            let outcome = if gone.load(Ordering::Acquire) {
                Err("it was taken away".to_owned())
            } else {
                provider(&request)
            };
            drop(pending_call);
            // Nobody may be waiting any more.
            drop(sender.send(outcome));
        };
        with_signals_blocked(|| thread::Builder::new().name("entra-odbc-call".into()).spawn(call)).map_err(
            |error| {
                Error::new(
                    ErrorKind::Unreachable,
                    format!("the token provider cannot be called: {error}"),
                )
                .remedy("Check the limits on threads (ulimit -u).")
            },
        )?;
        match answer.await {
            Ok(Ok(token)) => Ok(token),
            Ok(Err(words)) => Err(
                Error::new(ErrorKind::Refused { code: 0 }, "the token provider failed")
                    .remedy("See its own words.")
                    .detail(words),
            ),
            Err(_) => Err(
                Error::new(ErrorKind::Refused { code: 0 }, "the token provider panicked")
                    .remedy("Mend the callback that this program registered."),
            ),
        }
    }
}

/// One call that is under way.
struct PendingCall(Arc<AtomicUsize>);

impl PendingCall {
    fn start(count: &Arc<AtomicUsize>) -> Result<Self, Error> {
        let one = Self(Arc::clone(count));
        if count.fetch_add(1, Ordering::Relaxed) < MAX_PENDING_CALLS {
            return Ok(one);
        }
        Err(Error::new(
            ErrorKind::Unreachable,
            format!("the token provider has left {MAX_PENDING_CALLS} calls unanswered"),
        )
        .remedy("Mend the callback that this program registered: it must return."))
    }
}

impl Drop for PendingCall {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
