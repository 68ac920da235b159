//! The authentication modes and what they have in common.
//!
//! A new mode is one file beside the others, with a `prepare` that checks the keywords and returns
//! a [`SignIn`], and one row in [`MODES`]; CONTRIBUTING.md has the places outside.

mod access_token;
mod azure_cli;
mod azure_developer_cli;
mod azure_pipelines;
mod azure_powershell;
mod by_scope;
mod certificate;
mod client;
mod default;
mod developer_tool;
mod device_code;
mod entra;
mod environment;
mod federated_identity;
mod interactive;
mod managed_identity;
mod mode;
mod mode_name;
mod naming;
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
mod session;
mod token_provider;
mod token_proxy;
mod workload_identity;

pub use by_scope::SignInsByScope;
pub use default::{ChainMember, chain as default_chain};
pub use mode::{MODES, Mode};
pub use mode_name::{FORWARDED, find, find_exact, is_unspecified, same_mode, unknown};

pub use crate::token::source::{BoxFuture, Credential, IdentityOrigin, SignIn, SignInSource, TokenRequest};

pub(crate) use naming::Naming;

use crate::{
    Environment, Error, Keyword, Options, Services,
    http::HttpClient,
    parameters::options::missing,
    tenant::{Tenant, TenantDiscovery},
};
use std::sync::Arc;

/// The inputs of an authentication mode.
#[derive(Debug, Clone, Copy)]
pub struct CredentialContext<'a> {
    /// Our keywords of the connection string and its data source.
    pub options: &'a Options,
    /// The scope of the token, for instance `https://database.windows.net/.default`.
    pub scope: &'a str,
    /// The checked Entra host without a slash at the end: `https://login.microsoftonline.com`.
    pub authority: &'a str,
    /// The server that the token is for, if its tenant can be discovered.
    pub server: Option<&'a Arc<dyn TenantDiscovery>>,
    /// What all sign-ins of the process share.
    pub services: &'a Services,
}

impl<'a> CredentialContext<'a> {
    /// The environment variables.
    #[must_use]
    pub fn environment(&self) -> &'a Environment {
        &self.services.environment
    }

    /// The HTTP client, to be kept by a credential.
    pub(crate) fn http(&self) -> Arc<HttpClient> {
        Arc::clone(&self.services.http)
    }

    /// The tenant that the server reports, for connections without a tenant keyword.
    pub(crate) fn tenant_of_server(&self) -> Result<Tenant, Error> {
        self.discovered_tenant(None)
            .ok_or_else(|| missing(Keyword::TenantId, "the tenant, a GUID or a domain name"))
    }

    /// The same for a user: if the server reports no tenant, the user's own is used.
    pub(crate) fn tenant_of_person(&self) -> Tenant {
        self.discovered_tenant(Some(ANY_ORGANIZATION))
            .unwrap_or_else(|| Tenant::Named(ANY_ORGANIZATION.to_owned()))
    }

    fn discovered_tenant(&self, fallback: Option<&'static str>) -> Option<Tenant> {
        self.server.map(|server| Tenant::OfServer {
            server: Arc::clone(server),
            tenants: Arc::clone(&self.services.tenants),
            fallback,
        })
    }
}

/// The tenant in the URL for users without a named tenant: Entra uses the tenant of the account.
pub(crate) const ANY_ORGANIZATION: &str = "organizations";

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::user::{prompt::Prompts, token_provider::Providers};

    /// Owns what a [`CredentialContext`] borrows.
    pub(crate) struct Fixture {
        options: Options,
        authority: String,
        services: Services,
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
                authority: "https://login.microsoftonline.com".to_owned(),
                services: Services::new(environment, Prompts::unseen()),
            }
        }

        pub(crate) fn at(self, authority: &str) -> Self {
            Self {
                authority: authority.to_owned(),
                ..self
            }
        }

        pub(crate) fn providers(&self) -> &Providers {
            &self.services.providers
        }

        pub(crate) fn context(&self) -> CredentialContext<'_> {
            CredentialContext {
                options: &self.options,
                scope: "https://database.windows.net/.default",
                authority: &self.authority,
                server: None,
                services: &self.services,
            }
        }
    }
}
