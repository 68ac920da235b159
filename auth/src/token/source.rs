//! What the token service asks for tokens: a sign-in, and the credential behind it.

use super::{Deadline, Prompting, Sharing, Token, arrival};
use crate::{Error, error::text::Origin, identity_key::IdentityKey};
use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

/// Who signs in, resolved, and how a token for them is got.
#[derive(Debug)]
pub struct SignIn {
    /// Equal for sign-ins that may share a token.
    pub key: IdentityKey,
    /// The authentication mode's name; [`Mode::prepare`](crate::credential::Mode::prepare) fills it in.
    pub mode: &'static str,
    /// For the log: a client id, a tool's name; never a secret.
    pub who: String,
    /// What tells who signs in.
    pub identity_origin: IdentityOrigin,
    /// Whether a token may be kept for the next connect.
    pub cache: bool,
    /// Where its tokens are shared with the user's other processes, if that was asked for and the
    /// credential [may be shared](Credential::is_shareable).
    pub shared: Option<Sharing>,
    /// The scope of the token.
    pub scope: String,
    pub(crate) source: SignInSource,
}

/// What tells who signs in: whether a pool may hand the connection on hangs on it .
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentityOrigin {
    /// The connection string (or its data source) alone.
    String,
    /// What the string leads to as well: files, the environment, a tool's profile. All of it is in the key.
    Context,
    /// An answer that may be another one the next time, under the same key: whom a person signs in as, or which
    /// member of a chain has a token.
    Answer,
    /// Nothing before the token is there.
    Token,
}

/// Where the token of a [`SignIn`] comes from.
#[derive(Debug)]
pub enum SignInSource {
    /// It is here already.
    Given(Arc<Token>),
    /// It is requested.
    Credential(Arc<dyn Credential>),
}

impl SignIn {
    /// A sign-in whose tokens are requested, and cached under `key`.
    ///
    /// Taken from its context, unless the authentication mode says otherwise.
    pub fn requesting(
        key: IdentityKey,
        who: impl Into<String>,
        scope: &str,
        credential: impl Credential + 'static,
    ) -> Self {
        Self {
            key,
            mode: "",
            who: who.into(),
            identity_origin: IdentityOrigin::Context,
            cache: true,
            shared: None,
            scope: scope.to_owned(),
            source: SignInSource::Credential(Arc::new(credential)),
        }
    }

    /// A sign-in by a token that the connection string or a file holds, if it is fit for use.
    pub fn with_token(
        key: IdentityKey,
        who: impl Into<String>,
        scope: &str,
        token: Token,
    ) -> Result<Self, Error> {
        let token = arrival::judge(token, scope)?;
        Ok(Self {
            key,
            mode: "",
            who: who.into(),
            identity_origin: IdentityOrigin::String,
            cache: false,
            shared: None,
            scope: scope.to_owned(),
            source: SignInSource::Given(Arc::new(token)),
        })
    }

    /// Says what tells who signs in.
    #[must_use]
    pub fn identity_origin(self, identity_origin: IdentityOrigin) -> Self {
        Self {
            identity_origin,
            ..self
        }
    }

    /// Has its errors name values by where they came from.
    #[must_use]
    pub(crate) fn naming(self, origins: Vec<Origin>) -> Self {
        let source = match self.source {
            SignInSource::Credential(credential) => {
                SignInSource::Credential(Arc::new(crate::credential::Naming { credential, origins }))
            }
            given @ SignInSource::Given(_) => given,
        };
        Self { source, ..self }
    }

    /// Where the token comes from.
    #[must_use]
    pub fn source(&self) -> &SignInSource {
        &self.source
    }
}

/// What a credential is asked for.
#[derive(Debug, Clone)]
pub struct TokenRequest {
    /// The scope, for instance `https://database.windows.net/.default`.
    pub scope: String,
    /// Until when an answer is of use.
    pub deadline: Deadline,
    /// Whether a person may be asked.
    pub prompting: Prompting,
}

impl TokenRequest {
    /// The scope as the resource that the older endpoints ask for: without `/.default`.
    #[must_use]
    pub fn resource(&self) -> &str {
        self.scope.strip_suffix("/.default").unwrap_or(&self.scope)
    }

    /// A person is asked now, and has `timeout`, whatever the login timeout is.
    pub fn extend_deadline(&self, timeout: Duration) {
        let until = Instant::now() + timeout;
        self.deadline.extend(until);
        self.prompting.begin(until);
    }
}

/// A way to get a token; one request to its source per call (and its retries), no cache.
///
/// Errors are ready for the host except for the mode, which the caller adds.
pub trait Credential: fmt::Debug + Send + Sync {
    /// Fetches a new token. Runs on the background thread; dropped at the deadline.
    fn token<'a>(&'a self, request: &'a TokenRequest) -> BoxFuture<'a, Result<Token, Error>>;

    /// Whether a request made now is still for the identity that its key was made for.
    ///
    /// A tool answers for whoever is signed in to it, so its profile is looked at again.
    fn is_current(&self) -> bool {
        true
    }

    /// What to tell where time was up, if that is more than that no token arrived.
    fn timeout_error(&self) -> Option<Error> {
        None
    }

    /// Whether the user's other processes may use its tokens, where that was asked for.
    ///
    /// Only where the identity's key says all that decides who signs in, on this machine as a whole: a token that was
    /// given is for who was given it.
    fn is_shareable(&self) -> bool {
        false
    }
}

/// The future of a [`Credential`].
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
