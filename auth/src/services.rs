//! What all sign-ins of a process share, made once.

use crate::{
    Environment, TokenService,
    http::HttpClient,
    os,
    tenant::TenantCache,
    user::{prompt::Prompts, token_provider::Providers},
};
use once_cell::race::OnceBox;
use std::sync::Arc;

/// The services that credentials use.
///
/// Making them starts no thread and does no I/O: that begins with the first token request.
#[derive(Debug)]
pub struct Services {
    /// Environment variables.
    pub environment: Environment,
    /// The HTTP client.
    pub http: Arc<HttpClient>,
    /// The tokens of this process.
    pub tokens: TokenService,
    /// How a person can be asked to sign in.
    pub prompts: Arc<Prompts>,
    /// The callbacks that the host registered.
    pub providers: Providers,
    /// What servers have said of their tenants.
    pub tenants: Arc<TenantCache>,
}

impl Services {
    /// Those that everything in this process shares which names no others: they see the process's environment, and ask
    /// people on the terminal.
    ///
    /// A set-user-id or set-group-id program, which must not go by its caller's environment, sees none. One that is
    /// privileged by file capabilities is not recognised without unsafe code: it makes its own with
    /// [`Environment::empty`].
    #[must_use]
    pub fn shared() -> Arc<Self> {
        // A cell without a lock: a child forked while another thread fills it cannot find it held.
        static SHARED: OnceBox<Arc<Services>> = OnceBox::new();
        let make = || {
            let environment = if os::is_privileged() {
                Environment::empty()
            } else {
                Environment::process()
            };
            Box::new(Arc::new(Self::new(environment, Prompts::new())))
        };
        Arc::clone(SHARED.get_or_init(make))
    }

    /// Services that see `environment` and ask people through `prompts`.
    #[must_use]
    pub fn new(environment: Environment, prompts: Prompts) -> Self {
        Self {
            http: Arc::new(HttpClient::new(&environment)),
            tokens: TokenService::new(),
            prompts: Arc::new(prompts),
            providers: Providers::new(),
            tenants: Arc::new(TenantCache::new()),
            environment,
        }
    }
}
