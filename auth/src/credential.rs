//! The shape that each sign-in kind takes.
//!
//! A new kind is one file beside the others, with a `prepare` that checks the keywords and returns
//! a [`SignIn`], and one row in [`MODES`].

mod access_token;
mod azure_cli;
mod azure_developer_cli;
mod azure_identity;
mod azure_pipelines;
mod azure_powershell;
mod certificate;
mod client;
mod client_assertion;
mod default;
mod developer_tool;
mod device_code;
mod entra;
mod environment;
mod interactive;
mod managed_identity;
mod mode;
mod mode_name;
mod oauth;
mod on_behalf_of;
mod password;
mod person;
mod refresh_token;
mod reply;
mod saved_account;
#[cfg(test)]
mod scripted;
#[cfg(test)]
mod scripted_tool;
mod service_principal;
mod service_principal_certificate;
mod session;
mod token_provider;
mod workload_identity;

pub use default::{ChainMember, chain as default_chain};
pub use mode::{MODES, Mode};
pub use mode_name::{FORWARDED, find, find_exact, same_mode, unknown};

use crate::{
    Environment, Error, Keyword, Options,
    identity::IdentityKey,
    options::missing,
    prompt::Prompts,
    provider::Providers,
    tds::Target,
    tenant::{Tenant, Tenants},
    token::{Asking, Deadline, Sharing, Token, arrival},
    transport::Transport,
};
use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

/// All that a sign-in kind may look at.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// Our keywords of the string and its data source.
    pub options: &'a Options,
    /// The environment variables.
    pub environment: &'a Environment,
    /// The scope of the token, for instance `https://database.windows.net/.default`.
    pub scope: &'a str,
    /// The Entra host as it may be used: `https://login.microsoftonline.com`, no slash at its end.
    pub authority: &'a str,
    /// The HTTP client that everyone shares.
    pub transport: &'a Arc<Transport>,
    /// How a person can be asked to sign in.
    pub prompts: &'a Arc<Prompts>,
    /// The callbacks that the host registered.
    pub providers: &'a Providers,
    /// The server that the token is for, where it can be asked for its tenant.
    pub server: Option<&'a Arc<Target>>,
    /// What servers have said of their tenants.
    pub tenants: &'a Arc<Tenants>,
}

impl Situation<'_> {
    /// The tenant that the server says, where no keyword names one.
    pub(crate) fn tenant_of_server(&self) -> Result<Tenant, Error> {
        self.asked_of_server(None)
            .ok_or_else(|| missing(Keyword::TenantId, "the tenant, a GUID or a domain name"))
    }

    /// The same for a person, whose own tenant will do where the server does not say.
    pub(crate) fn tenant_of_person(&self) -> Tenant {
        self.asked_of_server(Some(ANY_ORGANIZATION))
            .unwrap_or_else(|| Tenant::Named(ANY_ORGANIZATION.to_owned()))
    }

    fn asked_of_server(&self, otherwise: Option<&'static str>) -> Option<Tenant> {
        self.server.map(|server| Tenant::OfServer {
            target: Arc::clone(server),
            tenants: Arc::clone(self.tenants),
            otherwise,
        })
    }
}

/// Where people are whose tenant nobody named: in that of their account.
pub(crate) const ANY_ORGANIZATION: &str = "organizations";

/// Who signs in, resolved, and how a token for them is got.
#[derive(Debug)]
pub struct SignIn {
    /// Equal for sign-ins that may share a token.
    pub key: IdentityKey,
    /// The kind's name; [`Mode::prepare`] fills it in.
    pub mode: &'static str,
    /// For the log: a client id, a tool's name; never a secret.
    pub who: String,
    /// What tells who signs in.
    pub told_by: ToldBy,
    /// Whether a token may be kept for the next connect.
    pub cache: bool,
    /// Where its tokens are shared with the user's other processes, if that was asked for and the
    /// credential [may be shared](Credential::may_be_shared).
    pub shared: Option<Sharing>,
    /// The scope of the token.
    pub scope: String,
    source: SignInSource,
}

/// What tells who signs in: whether a pool may hand the connection on hangs on it ([`Opened`](crate::Opened)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToldBy {
    /// The connection string (or its data source) alone.
    String,
    /// What the string leads to as well: files, the environment, a tool's profile. All of it is in the key.
    Surroundings,
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
    /// Told by its surroundings, unless the kind says otherwise.
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
            told_by: ToldBy::Surroundings,
            cache: true,
            shared: None,
            scope: scope.to_owned(),
            source: SignInSource::Credential(Arc::new(credential)),
        }
    }

    /// A sign-in by a token that the connection string or a file holds, if it is fit for use.
    pub fn given(key: IdentityKey, who: impl Into<String>, scope: &str, token: Token) -> Result<Self, Error> {
        let token = arrival::judge(token, scope)?;
        Ok(Self {
            key,
            mode: "",
            who: who.into(),
            told_by: ToldBy::String,
            cache: false,
            shared: None,
            scope: scope.to_owned(),
            source: SignInSource::Given(Arc::new(token)),
        })
    }

    /// Says what tells who signs in.
    #[must_use]
    pub fn told_by(self, told_by: ToldBy) -> Self {
        Self { told_by, ..self }
    }

    /// Has its errors speak of these variables in place of the keywords beside them.
    #[must_use]
    fn naming(self, names: Vec<(&'static str, &'static str)>) -> Self {
        let source = match self.source {
            SignInSource::Credential(credential) => {
                SignInSource::Credential(Arc::new(Naming { credential, names }))
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
    pub asking: Asking,
}

impl TokenRequest {
    /// The scope as the resource that the older endpoints ask for: without `/.default`.
    #[must_use]
    pub fn resource(&self) -> &str {
        self.scope.strip_suffix("/.default").unwrap_or(&self.scope)
    }

    /// A person is asked now, and has `patience`, whatever the login timeout is.
    pub fn ask_for(&self, patience: Duration) {
        let until = Instant::now() + patience;
        self.deadline.extend(until);
        self.asking.begin(until);
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
    fn still_holds(&self) -> bool {
        true
    }

    /// What to tell where time was up, if that is more than that no token arrived.
    fn late(&self) -> Option<Error> {
        None
    }

    /// Whether the user's other processes may use its tokens, where that was asked for.
    ///
    /// Only where the identity's key says all that decides who signs in, on this machine as a whole: a
    /// tool's profile changes under the same key, and a token that was given is for who was given it.
    fn may_be_shared(&self) -> bool {
        false
    }
}

/// A credential whose values came from variables, by the keywords that would else hold them.
#[derive(Debug)]
struct Naming {
    credential: Arc<dyn Credential>,
    names: Vec<(&'static str, &'static str)>,
}

impl Credential for Naming {
    fn token<'a>(&'a self, request: &'a TokenRequest) -> BoxFuture<'a, Result<Token, Error>> {
        Box::pin(async {
            let token = self.credential.token(request).await;
            token.map_err(|error| error.naming(&self.names))
        })
    }

    fn still_holds(&self) -> bool {
        self.credential.still_holds()
    }

    fn late(&self) -> Option<Error> {
        self.credential.late()
    }

    fn may_be_shared(&self) -> bool {
        self.credential.may_be_shared()
    }
}

/// The future of a [`Credential`].
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Owns what a [`Situation`] borrows.
    pub(crate) struct Fixture {
        options: Options,
        environment: Environment,
        authority: String,
        transport: Arc<Transport>,
        prompts: Arc<Prompts>,
        providers: Providers,
        tenants: Arc<Tenants>,
    }

    impl Fixture {
        pub(crate) fn new(pairs: &[(Keyword, &str)]) -> Self {
            Self::with_environment(pairs, Environment::empty())
        }

        pub(crate) fn with_environment(pairs: &[(Keyword, &str)], environment: Environment) -> Self {
            let mut options = Options::default();
            for (keyword, value) in pairs {
                options.add(*keyword, (*value).to_owned());
            }
            Self {
                options,
                transport: Arc::new(Transport::new(&environment)),
                prompts: Arc::new(Prompts::unseen()),
                providers: Providers::new(),
                tenants: Arc::new(Tenants::new(&environment)),
                environment,
                authority: "https://login.microsoftonline.com".to_owned(),
            }
        }

        pub(crate) fn at(self, authority: &str) -> Self {
            Self {
                authority: authority.to_owned(),
                ..self
            }
        }

        pub(crate) fn providers(&self) -> &Providers {
            &self.providers
        }

        pub(crate) fn situation(&self) -> Situation<'_> {
            Situation {
                options: &self.options,
                environment: &self.environment,
                scope: "https://database.windows.net/.default",
                authority: &self.authority,
                transport: &self.transport,
                prompts: &self.prompts,
                providers: &self.providers,
                server: None,
                tenants: &self.tenants,
            }
        }
    }
}
