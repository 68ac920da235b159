//! A sign-in for Rust programs: a mode and its keywords, without a connection string.

use crate::{
    Environment, Error, Keyword, Options, Services,
    cloud::PUBLIC,
    credential::{self, CredentialContext, Mode, SignIn, SignInsByScope},
    parameters::{authority, scope as scopes},
    token::{Issued, Sharing},
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// For how long a token is waited for, unless `TokenTimeout` says otherwise; a person who is asked has more.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Where azure-identity as well looks for the host of Entra.
const AUTHORITY_VARIABLE: &str = "AZURE_AUTHORITY_HOST";

/// Keywords that select what the builder has methods or arguments for.
const NOT_OPTIONS: [Keyword; 3] = [Keyword::Authentication, Keyword::Authority, Keyword::Scope];

/// Someone who signs in to Entra, and gets tokens for any scope.
///
/// Tokens are kept by the [`Services`], renewed before they end, and shared by all credentials of the same identity
/// with the same services. It implements azure_core's `TokenCredential`.
#[derive(Debug)]
pub struct EntraCredential {
    mode: &'static Mode,
    options: Options,
    authority: String,
    timeout: Duration,
    sharing: Option<Sharing>,
    sign_ins: SignInsByScope,
    services: Arc<Services>,
}

impl EntraCredential {
    /// Begins with the name of an authentication mode, for instance `Msi` or `ActiveDirectoryServicePrincipal`.
    ///
    /// [`MODES`](crate::credential::MODES) has them all.
    pub fn builder(mode: &str) -> EntraCredentialBuilder {
        EntraCredentialBuilder {
            mode: credential::find(mode).ok_or_else(|| credential::unknown(mode)),
            options: Options::default(),
            refused: None,
            authority: None,
            services: None,
        }
    }

    /// The name of the authentication mode.
    #[must_use]
    pub fn mode(&self) -> &'static str {
        self.mode.name
    }

    /// A living token for `scope` (or a resource), from the cache or its source; blocks this thread until it is there.
    pub fn token(&self, scope: &str) -> Result<Issued, Error> {
        let sign_in = self.sign_in(scope)?;
        self.services
            .tokens
            .token(&sign_in, Instant::now() + self.timeout)
    }

    /// The same for a task of any executor.
    ///
    /// Files that the keywords name are read on the calling thread; requests run on a thread of the services.
    pub async fn token_async(&self, scope: &str) -> Result<Issued, Error> {
        let sign_in = self.sign_in(scope)?;
        let until = Instant::now() + self.timeout;
        self.services.tokens.token_async(&sign_in, until).await
    }

    fn sign_in(&self, scope: &str) -> Result<Arc<SignIn>, Error> {
        let scope = scopes::normalize(scope);
        self.sign_ins.resolve(&scope, || {
            let mut sign_in = self.mode.prepare(&CredentialContext {
                options: &self.options,
                scope: &scope,
                authority: &self.authority,
                server: None,
                services: &self.services,
            })?;
            sign_in.shared.clone_from(&self.sharing);
            Ok(sign_in)
        })
    }
}

/// What an [`EntraCredential`] is made of.
#[derive(Debug)]
#[must_use]
pub struct EntraCredentialBuilder {
    mode: Result<&'static Mode, Error>,
    options: Options,
    /// What was wrong with an option, told by [`build`](Self::build).
    refused: Option<Error>,
    authority: Option<String>,
    services: Option<Arc<Services>>,
}

impl EntraCredentialBuilder {
    /// Adds a keyword of the mode by any of its names, for instance `ClientSecret`; the first of equal ones wins.
    pub fn option(mut self, name: &str, value: impl Into<String>) -> Self {
        match Keyword::named(name.trim()) {
            Some(row) if !NOT_OPTIONS.contains(&row.keyword) => self.options.add(row.keyword, value.into()),
            Some(row) => {
                let error = Error::invalid(format!("{} is no option of a credential", row.keyword.name()));
                self.refused.get_or_insert(error.remedy(
                    "The mode is the builder's argument, the authority a method, the scope the token's.",
                ));
            }
            None => {
                // Not quoted: where names and values were mixed up, it is a secret.
                let error = Error::invalid("an option of the credential has an unknown name");
                self.refused
                    .get_or_insert(error.remedy("`entra-odbc explain keywords` has the names."));
            }
        }
        self
    }

    /// Names the host of Entra, for instance `https://login.microsoftonline.us`; the program vouches for it.
    ///
    /// Else it is the one of `AZURE_AUTHORITY_HOST`, or that of the public cloud.
    pub fn authority(mut self, authority: impl Into<String>) -> Self {
        self.authority = Some(authority.into());
        self
    }

    /// Uses these services, with their environment, prompts and cache, and not [`Services::shared`].
    pub fn services(mut self, services: Arc<Services>) -> Self {
        self.services = Some(services);
        self
    }

    /// The credential. An error where its options cannot work; nobody is asked for a token yet.
    pub fn build(self) -> Result<EntraCredential, Error> {
        let mode = self.mode?;
        if let Some(error) = self.refused {
            return Err(error.in_mode(mode.name));
        }
        let services = self.services.unwrap_or_else(Services::shared);
        let credential = EntraCredential {
            mode,
            authority: authority_of(self.authority.as_deref(), &services.environment)
                .map_err(|error| error.in_mode(mode.name))?,
            timeout: self.options.token_timeout()?.unwrap_or(TIMEOUT),
            sharing: Sharing::from_options(&self.options, &services.environment)?,
            options: self.options,
            sign_ins: SignInsByScope::default(),
            services,
        };
        credential.sign_in(PUBLIC.graph_scope)?;
        Ok(credential)
    }
}

fn authority_of(named: Option<&str>, environment: &Environment) -> Result<String, Error> {
    let variable = environment.get(AUTHORITY_VARIABLE);
    let (named, by) = match (named, variable.as_deref()) {
        (Some(named), _) => (named, "the authority"),
        (None, Some(named)) => (named, AUTHORITY_VARIABLE),
        (None, None) => return Ok(PUBLIC.authority.to_owned()),
    };
    // Not passed over: a secret would go to another cloud than was meant.
    authority::normalized(named).ok_or_else(|| {
        Error::invalid(format!(
            "{by} is not an https URL or host name without path, user or query"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ErrorKind, user::prompt::Prompts};

    #[test]
    fn an_authority_that_is_no_host_is_an_error_and_not_the_public_cloud() {
        let environment = Environment::fixed([(AUTHORITY_VARIABLE, "http://login.microsoftonline.us/x")]);
        let services = Arc::new(Services::new(environment, Prompts::unseen()));
        let build = |authority: Option<&str>| {
            let builder = EntraCredential::builder("Msi").services(Arc::clone(&services));
            match authority {
                Some(authority) => builder.authority(authority).build(),
                None => builder.build(),
            }
        };
        let error = build(None).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains(AUTHORITY_VARIABLE), "{error}");
        assert!(build(Some("a b")).is_err());
        assert!(build(Some("login.microsoftonline.us")).is_ok());
    }
}
