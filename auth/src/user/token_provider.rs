//! Token providers: callbacks that the host registers by name and that return its own tokens.

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

/// The maximum number of pending calls of one provider. A call that never returns keeps its thread.
const MAX_PENDING_CALLS: usize = 64;

/// A request to a provider.
#[derive(Debug, Clone)]
pub struct Request {
    /// The scope, for instance `https://database.windows.net/.default`.
    pub scope: String,
    /// How long the caller waits for the answer.
    pub timeout: Duration,
}

/// What a provider answers.
#[derive(Debug)]
pub struct Provided {
    /// The access token.
    pub token: Secret,
    /// When the token expires; `None` if the token says so itself or the time is unknown.
    pub expires_on: Option<SystemTime>,
    /// The identity of the token's owner: a name chosen by the host, unique for each identity.
    ///
    /// With an identity the token is renewed by further calls while connections that use it are open.
    /// Without one each token serves only the connect that requested it.
    pub identity: Option<String>,
}

/// A callback. The error text is shown to the user, so it must contain no secrets.
///
/// Each call has its own thread, in which all signals but those of faults are blocked. An answer that arrives
/// after [`Request::timeout`] is discarded.
pub type Provider = Arc<dyn Fn(&Request) -> Result<Provided, String> + Send + Sync>;

/// The providers of a process by name.
#[derive(Default)]
pub struct Providers(Lock<BTreeMap<String, Registered>>);

/// A provider, and how many of its calls are pending.
#[derive(Clone)]
pub(crate) struct Registered {
    provider: Provider,
    pending_calls: Arc<AtomicUsize>,
    /// Set when the provider is removed: no call starts after that, even for credentials that still hold it.
    gone: Arc<AtomicBool>,
}

impl Providers {
    /// No provider yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(Lock::new(BTreeMap::new()))
    }

    /// Registers `provider` under `name`; `None` removes the registered one.
    ///
    /// Running calls continue with their provider. A removed provider is not called again, even for open
    /// connections: an interpreter relies on that before it exits.
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
        // Dropped after the lock is released: the destructor is the host's code.
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
    /// Calls the provider. The caller applies its deadline.
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
            // The receiver may have timed out.
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

/// A running call.
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
