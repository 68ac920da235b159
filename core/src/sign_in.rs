//! A sign-in by keywords alone, for programs that want the token and not a connection.
//!
//! The C API's credentials and the command line tool's tokens are [`KeywordSignIn`]s. The keywords are those of a
//! connection string, and mean what they mean in a connect.

mod inquiry;

use crate::{
    Error, Keyword, Options,
    asked::{Asked, Selection},
    connect::Surroundings,
    connection_string,
    credential::{Mode, SignIn, SignInSource, Situation, ToldBy},
    fork::Lock,
    options::missing,
    scope as scopes,
    server::{Cloud, PUBLIC},
    tds::Target,
    token::{Issued, Sharing, Wait},
    trust::{self, Administrator, Channel},
};
use std::{
    borrow::Cow,
    sync::Arc,
    time::{Duration, Instant},
};
use zeroize::Zeroizing;

/// For how many scopes a sign-in is kept as resolved.
const KEPT: usize = 16;

/// Who signs in, by keywords: a token for any scope can be had from it, from any thread.
#[derive(Debug)]
pub struct KeywordSignIn {
    chosen: Chosen,
    /// By scope, where the keywords alone decide who signs in: then nothing can change it any more.
    kept: Lock<Vec<(String, Arc<SignIn>)>>,
}

impl KeywordSignIn {
    /// Reads a connection string, with the data source that it names, if it does.
    ///
    /// An error where the keywords cannot work; nobody is asked for a token yet. `Server=` is optional: it tells
    /// the cloud, and the tenant where no keyword names it. What is not ours is ignored.
    pub fn from_string(text: &str, around: &Surroundings<'_>) -> Result<Self, Error> {
        let text: Zeroizing<Vec<u16>> = Zeroizing::new(text.encode_utf16().collect());
        Self::read(&text, around)
    }

    /// The same from keywords and their values, in which nothing is quoted or trimmed.
    pub fn from_pairs<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
        around: &Surroundings<'_>,
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
        Self::read(&text, around)
    }

    fn read(text: &[u16], around: &Surroundings<'_>) -> Result<Self, Error> {
        let asked = Asked::read(text, around);
        let mode = match asked.selection(&|| true)? {
            Selection::Mode(mode) => mode,
            Selection::None | Selection::Respelled(_) => return Err(asked.names_nobody()),
        };
        asked
            .in_drivers_words(around, |asked| Self::of(asked, mode, around))
            .map_err(|error| error.in_mode(mode.name))
    }

    fn of(asked: &Asked<'_>, mode: &'static Mode, around: &Surroundings<'_>) -> Result<Self, Error> {
        asked.check_braces()?;
        let administrator = Administrator::read(around.environment, around.installed);
        let mut channel = asked.channel()?;
        if let Some(channel) = channel.as_mut().filter(|channel| channel.cloud().is_some()) {
            // No token goes there, but the server may be asked for its tenant.
            channel.trust_server_certificate = false;
        }
        let options = asked.options(mode)?;
        let sign_in = Self {
            chosen: Chosen::of(asked, mode, options, channel.as_ref(), &administrator, around)?,
            kept: Lock::default(),
        };
        sign_in.resolved(&sign_in.chosen.scope, around)?;
        Ok(sign_in)
    }

    /// The sign-in kind.
    #[must_use]
    pub fn mode(&self) -> &'static str {
        self.chosen.mode.name
    }

    /// The scope where none is asked for: `Scope=`, else Azure SQL's in the cloud of `Server=`, else in the
    /// public cloud.
    #[must_use]
    pub fn scope(&self) -> &str {
        &self.chosen.scope
    }

    /// A living token for `scope` (or a resource), from the cache or its source.
    ///
    /// Waits until the time is up or the caller cancels, and no longer than `TokenTimeout=` says.
    pub fn token(
        &self,
        scope: Option<&str>,
        wait: Wait<'_>,
        around: &Surroundings<'_>,
    ) -> Result<Issued, Error> {
        self.obtain(scope, wait, around).map(|(_, issued)| issued)
    }

    /// The same, and who signed in, for [`TokenService::carry`](crate::TokenService::carry).
    pub fn obtain(
        &self,
        scope: Option<&str>,
        wait: Wait<'_>,
        around: &Surroundings<'_>,
    ) -> Result<(Arc<SignIn>, Issued), Error> {
        let scope = match scope.map(str::trim).filter(|scope| !scope.is_empty()) {
            Some(scope) => Cow::Owned(scopes::of(scope)),
            None => Cow::Borrowed(self.scope()),
        };
        let sign_in = self
            .resolved(&scope, around)
            .map_err(|error| error.in_mode(self.mode()))?;
        let wait = match self.chosen.token_timeout {
            Some(timeout) => wait.no_longer_than(Instant::now() + timeout),
            None => wait,
        };
        let issued = around.tokens.token(&sign_in, wait)?;
        Ok((sign_in, issued))
    }

    /// Who signs in. What depends on a file, the environment or a tool's profile is looked at anew each time.
    fn resolved(&self, scope: &str, around: &Surroundings<'_>) -> Result<Arc<SignIn>, Error> {
        let kept = self
            .kept
            .lock()
            .iter()
            .find(|(known, _)| known == scope)
            .map(|(_, sign_in)| Arc::clone(sign_in));
        if let Some(sign_in) = kept {
            return Ok(sign_in);
        }
        let sign_in = Arc::new(self.chosen.prepare(scope, around)?);
        let lasts = matches!(sign_in.source(), SignInSource::Credential(_));
        if lasts && sign_in.told_by == ToldBy::String && sign_in.cache {
            let mut kept = self.kept.lock();
            if kept.len() < KEPT && !kept.iter().any(|(known, _)| known == scope) {
                kept.push((scope.to_owned(), Arc::clone(&sign_in)));
            }
        }
        Ok(sign_in)
    }
}

impl Asked<'_> {
    /// A sign-in of ours was wanted, and the keywords ask for none.
    fn names_nobody(&self) -> Error {
        match self.given(Keyword::Authentication) {
            None => missing(
                Keyword::Authentication,
                "who is to sign in, such as ActiveDirectoryMsi",
            ),
            Some(value) => Error::invalid(format!(
                "Authentication={} is the driver's own and gets no token",
                value.trim()
            ))
            .remedy("Use one of the kinds of docs/keywords.md, such as ActiveDirectoryMsi."),
        }
    }
}

/// A sign-in kind that was chosen, with all it needs but the scope.
#[derive(Debug)]
pub(crate) struct Chosen {
    pub(crate) options: Options,
    /// The scope that the keywords and the server tell.
    pub(crate) scope: String,
    /// `TokenTimeout=`.
    pub(crate) token_timeout: Option<Duration>,
    mode: &'static Mode,
    authority: String,
    target: Option<Arc<Target>>,
    sharing: Option<Sharing>,
}

impl Chosen {
    pub(crate) fn of(
        asked: &Asked<'_>,
        mode: &'static Mode,
        options: Options,
        channel: Option<&Channel>,
        administrator: &Administrator,
        around: &Surroundings<'_>,
    ) -> Result<Self, Error> {
        let cloud = channel.and_then(Channel::cloud);
        let of_cloud = cloud.unwrap_or(&PUBLIC).authority;
        let authority = trust::authority(options.get(Keyword::Authority), administrator, of_cloud)?;
        let target = channel.and_then(|channel| channel.target(asked.database()));
        Ok(Self {
            scope: scope(Some(&options), cloud),
            token_timeout: token_timeout(&options)?,
            mode,
            authority,
            target: target.map(Arc::new),
            sharing: Sharing::asked_for(&options, around.environment)?,
            options,
        })
    }

    /// Resolves who signs in.
    pub(crate) fn prepare(&self, scope: &str, around: &Surroundings<'_>) -> Result<SignIn, Error> {
        let mut sign_in = self.mode.prepare(&Situation {
            options: &self.options,
            environment: around.environment,
            scope,
            authority: &self.authority,
            transport: around.transport,
            prompts: around.prompts,
            providers: around.providers,
            server: self.target.as_ref(),
            tenants: around.tenants,
        })?;
        sign_in.shared.clone_from(&self.sharing);
        Ok(sign_in)
    }
}

/// The scope of a token for the servers of this cloud, unless `Scope=` names another.
pub(crate) fn scope(options: Option<&Options>, cloud: Option<&Cloud>) -> String {
    let of_cloud = || cloud.unwrap_or(&PUBLIC).scope.to_owned();
    let named = options.and_then(|options| options.get(Keyword::Scope));
    named.map_or_else(of_cloud, scopes::of)
}

fn token_timeout(options: &Options) -> Result<Option<Duration>, Error> {
    let Some(value) = options.get(Keyword::TokenTimeout) else {
        return Ok(None);
    };
    match value.parse::<u32>() {
        Ok(seconds) if seconds > 0 => Ok(Some(Duration::from_secs(seconds.into()))),
        _ => Err(
            Error::invalid("TokenTimeout= must be a number of seconds, at least 1")
                .remedy("Correct or remove it."),
        ),
    }
}

#[cfg(test)]
mod tests;
