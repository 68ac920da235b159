//! A sign-in by keywords alone, for programs that want the token and not a connection.
//!
//! The C API's credentials and the command line tool's tokens are [`KeywordSignIn`]s. The keywords are those of a
//! connection string, and mean what they mean in a connect.

use super::selected_mode::SelectedMode;
use crate::{
    connect::{
        context::ConnectContext,
        request::{ConnectRequest, Selection},
        trust::Administrator,
    },
    connection_string,
};
use entra_auth::{
    Error, Keyword,
    credential::{self, Mode, SignIn, SignInsByScope},
    parameters::{options::missing, scope as scopes},
    tenant::TenantCache,
    token::{Cancellation, Deadline, Issued, Wait},
};
use std::{borrow::Cow, sync::Arc, time::Instant};
use zeroize::Zeroizing;

/// Who signs in, by keywords: a token for any scope can be had from it, from any thread.
#[derive(Debug)]
pub struct KeywordSignIn {
    selected: SelectedMode,
    sign_ins: SignInsByScope,
}

impl KeywordSignIn {
    /// Reads a connection string, with the data source that it names, if it does.
    ///
    /// An error where the keywords cannot work; nobody is asked for a token yet. `Server=` is optional: it tells
    /// the cloud, and the tenant where no keyword names it. What is not ours is ignored.
    pub fn from_string(text: &str, context: &ConnectContext<'_>) -> Result<Self, Error> {
        let text: Zeroizing<Vec<u16>> = Zeroizing::new(text.encode_utf16().collect());
        Self::read(&text, context)
    }

    /// The same from keywords and their values, in which nothing is quoted or trimmed.
    pub fn from_pairs<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
        context: &ConnectContext<'_>,
    ) -> Result<Self, Error> {
        let mut text = Zeroizing::new(Vec::new());
        for (keyword, value) in pairs {
            let keyword = keyword.trim();
            if keyword.is_empty() || keyword.contains(['=', ';', '{', '}']) {
                return Err(Error::invalid("a keyword is empty or has one of = ; { } in it")
                    .remedy("Correct the options: keyword and value apart."));
            }
            // Room for all of it at once, so that no copy of a secret is left behind.
            let mut longer = Zeroizing::new(Vec::with_capacity(
                text.len() + keyword.len() + 2 * value.len() + 4,
            ));
            longer.extend_from_slice(&text);
            connection_string::append(&mut longer, keyword, value);
            text = longer;
        }
        Self::read(&text, context)
    }

    fn read(text: &[u16], context: &ConnectContext<'_>) -> Result<Self, Error> {
        let request = ConnectRequest::read(text, context);
        let mode = match request.selection(&|| true)? {
            Selection::Mode(mode) => mode,
            Selection::None | Selection::Unspecified | Selection::Respelled(_) => {
                return Err(no_mode_error(&request));
            }
        };
        request
            .with_driver_keywords(|request| Self::select(request, mode, context))
            .map_err(|error| error.in_mode(mode.name))
    }

    fn select(
        request: &ConnectRequest<'_>,
        mode: &'static Mode,
        context: &ConnectContext<'_>,
    ) -> Result<Self, Error> {
        request.check_braces()?;
        let administrator = Administrator::read(&context.services.environment, context.installed);
        let mut channel = request.channel()?;
        if let Some(channel) = channel.as_mut().filter(|channel| channel.cloud().is_some()) {
            // No token goes there, but the server may be asked for its tenant.
            channel.trust_server_certificate = false;
        }
        let options = request.options(mode)?;
        let sign_in = Self {
            selected: SelectedMode::new(request, mode, options, channel.as_ref(), &administrator, context)?,
            sign_ins: SignInsByScope::default(),
        };
        sign_in.resolved(&sign_in.selected.scope, context)?;
        Ok(sign_in)
    }

    /// The Entra host that will be asked.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.selected.authority
    }

    /// The tenant whose tokens the server accepts, as the server reports it; `None` where no server is named, or one
    /// whose port is not known.
    ///
    /// Needs no login. Runs on any runtime that has timers and sockets.
    pub async fn tenant_of_server(&self, deadline: &Deadline) -> Option<Result<String, Error>> {
        let server = self.selected.server.as_ref()?;
        Some(TenantCache::new().get_or_discover(&**server, deadline).await)
    }

    /// The authentication mode.
    #[must_use]
    pub fn mode(&self) -> &'static str {
        self.selected.mode.name
    }

    /// The scope where none is asked for: `Scope=`, else Azure SQL's in the cloud of `Server=`, else in the
    /// public cloud.
    #[must_use]
    pub fn scope(&self) -> &str {
        &self.selected.scope
    }

    /// A living token for `scope` (or a resource), from the cache or its source.
    ///
    /// Waits until the time is up or the caller cancels, and no longer than `TokenTimeout=` says.
    pub fn token(
        &self,
        scope: Option<&str>,
        wait: Wait<'_>,
        context: &ConnectContext<'_>,
    ) -> Result<Issued, Error> {
        self.obtain(scope, wait, context).map(|(_, issued)| issued)
    }

    /// The same, and who signed in, for [`TokenService::subscribe`](entra_auth::TokenService::subscribe).
    pub fn obtain(
        &self,
        scope: Option<&str>,
        wait: Wait<'_>,
        context: &ConnectContext<'_>,
    ) -> Result<(Arc<SignIn>, Issued), Error> {
        let sign_in = self.sign_in(scope, context)?;
        let wait = match self.token_deadline() {
            Some(deadline) => wait.no_longer_than(deadline),
            None => wait,
        };
        let issued = context.services.tokens.token(&sign_in, wait)?;
        Ok((sign_in, issued))
    }

    /// Requests the same without waiting: `done` is called once, as [`TokenService::request`] says.
    ///
    /// [`TokenService::request`]: entra_auth::TokenService::request
    pub fn request(
        &self,
        scope: Option<&str>,
        until: Instant,
        cancellation: Option<Cancellation>,
        context: &ConnectContext<'static>,
        done: impl FnOnce(Result<Issued, Error>) + Send + 'static,
    ) -> Result<(), Error> {
        let sign_in = self.sign_in(scope, context)?;
        let until = self
            .token_deadline()
            .map_or(until, |deadline| deadline.min(until));
        context
            .services
            .tokens
            .request(sign_in, until, cancellation, done)
    }

    /// Who signs in for a scope; without one, for [`scope`](Self::scope).
    fn sign_in(&self, scope: Option<&str>, context: &ConnectContext<'_>) -> Result<Arc<SignIn>, Error> {
        let scope = match scope.map(str::trim).filter(|scope| !scope.is_empty()) {
            Some(scope) => Cow::Owned(scopes::normalize(scope)),
            None => Cow::Borrowed(self.scope()),
        };
        self.resolved(&scope, context)
            .map_err(|error| error.in_mode(self.mode()))
    }

    /// Until when a token is waited for that is asked for now, where `TokenTimeout=` says so.
    fn token_deadline(&self) -> Option<Instant> {
        self.selected
            .token_timeout
            .map(|timeout| Instant::now() + timeout)
    }

    /// Who signs in. What depends on a file, the environment or a tool's profile is looked at anew each time.
    fn resolved(&self, scope: &str, context: &ConnectContext<'_>) -> Result<Arc<SignIn>, Error> {
        self.sign_ins
            .resolve(scope, || self.selected.prepare(scope, context))
    }
}

/// A sign-in of ours was wanted, and the keywords ask for none.
fn no_mode_error(request: &ConnectRequest<'_>) -> Error {
    let value = request.value(Keyword::Authentication);
    match value.filter(|value| !credential::is_unspecified(value)) {
        None => missing(
            Keyword::Authentication,
            "who is to sign in, such as ActiveDirectoryMsi",
        ),
        Some(value) => Error::invalid(format!(
            "Authentication={} is the driver's own and gets no token",
            value.trim()
        ))
        .remedy("Use one of the modes of `entra-odbc explain keywords`, such as ActiveDirectoryMsi."),
    }
}

#[cfg(test)]
mod tests;
