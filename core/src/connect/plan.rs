//! What is to be done with a connect, from its string, its data source and the administrator's settings.
//!
//! The contract, first match: a token that the application set; nothing of ours; an authentication mode of Driver
//! 18's own, in another client's spelling; one of our modes; an error.

use crate::{
    connect::{
        Destination,
        context::ConnectContext,
        driver_string,
        login_refusal::Reached,
        login_retry::LoginRetries,
        request::{ConnectRequest, Selection, is_keyword},
        route,
        selected_mode::SelectedMode,
        target::DriverCompletion,
        trust::Administrator,
    },
    connection_string::{Attribute, ConnectionString, aliases, append},
    driver::MICROSOFT_SECTION,
    tds::Target,
};
use entra_auth::{
    Error, ErrorKind, Keyword, Token,
    credential::{Mode, SignIn},
    token::{Audience, Issued, TokenSubscriber},
};
use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};
use zeroize::Zeroizing;

/// The longest name of a driver that is passed on, in bytes: all that the driver makes of it is to look up the section's
/// `KeepAlive`, and nothing that a string says before the server may be of any length.
const MAX_DRIVER_NAME: usize = 255;

/// What is to be done with a connect.
pub enum Plan {
    /// Not ours: the host's bytes go on untouched.
    StepAside,
    /// Not our sign-in, but the string needs a change that Driver 18 would else refuse.
    Forward {
        /// The string for the driver.
        text: Zeroizing<Vec<u16>>,
        /// Whether the driver may prompt.
        completion: DriverCompletion,
    },
    /// One of our modes.
    SignIn(Box<SignInPlan>),
}

/// A connect with one of our modes.
pub struct SignInPlan {
    /// The string for the driver: first what it is told, then the rest as it was, without our keywords.
    pub text: Zeroizing<Vec<u16>>,
    /// What the host said in place of what the driver is told, for the output string.
    replaced: Vec<u16>,
    /// Our keywords, secrets excepted, for the output string.
    removed: Vec<u16>,
    /// Whether a token of which nobody can tell whom it is for may go to the server.
    opaque_tokens: bool,
    /// The server that must say first that it sends nobody on.
    may_redirect: Option<Target>,
    destination: Option<Destination>,
    /// When a refused login is tried again.
    pub(super) login_retries: LoginRetries,
    /// The server, for an attempt of our own to find out why no login came about.
    reached: Arc<Reached>,
    sign_in: SignIn,
    token_timeout: Option<Duration>,
    login_timeout: Option<Duration>,
    expiry_is_dead: bool,
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StepAside => f.write_str("StepAside"),
            Self::Forward { completion, .. } => f
                .debug_struct("Forward")
                .field("completion", completion)
                .finish_non_exhaustive(),
            Self::SignIn(plan) => plan.fmt(f),
        }
    }
}

impl fmt::Debug for SignInPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignInPlan")
            .field("sign_in", &self.sign_in)
            .finish_non_exhaustive()
    }
}

/// Reads the string, its data source, and what of both is ours.
pub fn read(text: &[u16], host_token: bool, context: &ConnectContext<'_>) -> Result<Plan, Error> {
    let request = ConnectRequest::read(text, context);
    if host_token {
        return Ok(beside_an_application_token(&request));
    }
    match request.selection(context.takes_tokens)? {
        Selection::None => Ok(Plan::StepAside),
        Selection::Respelled(value) => Ok(Plan::Forward {
            text: respelled(&request, Some(value)),
            completion: DriverCompletion::AsRequested,
        }),
        Selection::Unspecified => Ok(Plan::Forward {
            text: respelled(&request, None),
            completion: DriverCompletion::AsRequested,
        }),
        Selection::Mode(mode) => request
            .with_driver_keywords(|request| sign_in_plan(request, mode, context))
            .map(|plan| Plan::SignIn(Box::new(plan)))
            .map_err(|error| error.in_mode(mode.name)),
    }
}

/// The string for `SQLBrowseConnect`, which has no place for a token; `None` where it goes on untouched.
///
/// Incomplete strings are what that call is for, so nothing is looked at but who signs in.
pub fn browse(
    text: &[u16],
    host_token: bool,
    context: &ConnectContext<'_>,
) -> Result<Option<Zeroizing<Vec<u16>>>, Error> {
    if host_token {
        return Ok(None);
    }
    let request = ConnectRequest::read(text, context);
    match request.selection(context.takes_tokens)? {
        Selection::None => Ok(None),
        Selection::Respelled(value) => Ok(Some(respelled(&request, Some(value)))),
        Selection::Unspecified => Ok(Some(respelled(&request, None))),
        // The driver knows some of our modes, and would sign in by itself where we refuse to.
        Selection::Mode(mode) => Err(Error::new(
            ErrorKind::Unsupported,
            "SQLBrowseConnect cannot sign in with a token",
        )
        .remedy("Connect with SQLDriverConnect or SQLConnect.")
        .in_mode(mode.name)),
    }
}

/// Case 1 of the contract: out goes only what Driver 18 refuses beside a token.
fn beside_an_application_token(request: &ConnectRequest<'_>) -> Plan {
    let refused = |attribute: &Attribute| {
        let empty = || request.string.value(attribute).is_empty();
        attribute.is("Authentication")
            || attribute.is("Trusted_Connection")
            || (attribute.is("UID") || attribute.is("PWD")) && empty()
    };
    let in_section = |keyword: &&str| request.in_section(keyword).is_some();
    let overridden = ["Authentication", "Trusted_Connection"].iter().any(in_section);
    if !overridden && !request.string.attributes().iter().any(refused) {
        return Plan::StepAside;
    }
    let mut text = request.string.only(|attribute| !refused(attribute));
    if overridden {
        override_section(&mut text);
    }
    Plan::Forward {
        text,
        completion: DriverCompletion::NoPrompt,
    }
}

/// Case 3 of the contract: Driver 18's own words, nothing else. The one for who signs in comes first, so that the
/// driver reads it whatever follows; without a value only where it has to win over the data source.
fn respelled(request: &ConnectRequest<'_>, value: Option<&str>) -> Zeroizing<Vec<u16>> {
    let ours = |attribute: &Attribute| is_keyword(attribute, Keyword::Authentication);
    let mut first = Zeroizing::new(Vec::new());
    if value.is_some() || request.in_section("Authentication").is_some() {
        append(&mut first, "Authentication", value.unwrap_or_default());
    }
    let text = driver_string::concatenated(&first, &request.string.only(|attribute| !ours(attribute)));
    let string = ConnectionString::parse(&text);
    // A name beside an integrated login would be one too many for Driver 18, which passes over what it
    // does not know.
    let respelled = match value {
        Some("ActiveDirectoryIntegrated") => aliases::with_driver_keywords(&string),
        _ => aliases::with_login_keywords(&string),
    };
    respelled.unwrap_or(text)
}

/// Case 4 of the contract.
fn sign_in_plan(
    request: &ConnectRequest<'_>,
    mode: &'static Mode,
    context: &ConnectContext<'_>,
) -> Result<SignInPlan, Error> {
    let administrator = Administrator::read(&context.services.environment, context.installed);
    let options = request.options(mode)?;
    let (scope, mut decision) = route::decide_channel(request, Some(&options), &administrator)?;
    decision.channel.name_behind_private_endpoint();
    let channel = &decision.channel;
    let may_redirect = if decision.rules_out_redirect {
        Some(route::redirect_target(request, channel)?)
    } else {
        None
    };
    tracing::debug!(
        target: "entra_odbc", event = "channel_decided", server = %channel.server, encrypt = channel.encryption.name(),
        validated = channel.is_validated()
    );
    let selected = SelectedMode::new(request, mode, options, Some(channel), &administrator, context)?;
    let driver = request.driver().filter(|name| name.len() <= MAX_DRIVER_NAME);
    let driver = driver.as_deref().map_or(MICROSOFT_SECTION, |name| name.as_str());
    Ok(SignInPlan {
        text: driver_string::dictated(request, Some(driver), channel, |attribute| {
            Keyword::named(attribute.keyword()).is_none()
        }),
        replaced: driver_string::replaced(request),
        removed: driver_string::removed(request, mode),
        may_redirect,
        destination: channel.destination(),
        login_retries: LoginRetries::read(request),
        reached: Arc::new(Reached::new(request, channel)),
        sign_in: selected.prepare(&scope, context)?,
        token_timeout: selected.token_timeout,
        login_timeout: selected.options.login_timeout()?,
        expiry_is_dead: selected.options.flag_or(Keyword::TokenExpiryIsDead, true)?,
        opaque_tokens: decision.opaque_tokens,
    })
}

impl SignInPlan {
    /// The authentication mode.
    #[must_use]
    pub fn mode(&self) -> &'static str {
        self.sign_in.mode
    }

    /// Who signs in.
    #[must_use]
    pub fn sign_in(&self) -> &SignIn {
        &self.sign_in
    }

    /// The login timeout that string or data source name, for a program that sets none; zero is no limit.
    #[must_use]
    pub fn login_timeout(&self) -> Option<Duration> {
        self.login_timeout
    }

    /// Whether a pool is to take the connection for dead once the token it was opened with has ended.
    #[must_use]
    pub fn expiry_is_dead(&self) -> bool {
        self.expiry_is_dead
    }

    /// A connection was opened with this token: renewed ones are put in its place from now on.
    pub fn subscribe(
        &self,
        token: &Arc<Token>,
        connection: &Arc<dyn TokenSubscriber>,
        context: &ConnectContext<'_>,
    ) {
        context
            .services
            .tokens
            .subscribe(&self.sign_in, token, connection);
    }

    /// Refuses a token of which nobody can tell whom it is for, unless the server is one that may have any.
    pub fn check_token(&self, token: &Token) -> Result<(), Error> {
        if self.opaque_tokens || token.audience != Audience::Unknown {
            return Ok(());
        }
        Err(Error::invalid(
            "the token is not a JWT, so nobody can tell that it is for this server, and it does not go there (entra-odbc explain trust)",
        )
        .remedy("Check where it comes from; tokens of other kinds go to servers that the administrator trusts: `entra-odbc trust add`."))
    }

    /// A living token, from the cache or its source, by `deadline` or `TokenTimeout`.
    pub fn token(&self, deadline: Instant, context: &ConnectContext<'_>) -> Result<Issued, Error> {
        let bound = self.token_timeout.map(|timeout| Instant::now() + timeout);
        let deadline = bound.map_or(deadline, |bound| bound.min(deadline));
        context.services.tokens.token(&self.sign_in, deadline)
    }

    /// A fresh token in place of one that the server refused, where that may help.
    #[must_use]
    pub fn replace_refused(
        &self,
        refused: &Arc<Token>,
        deadline: Instant,
        context: &ConnectContext<'_>,
    ) -> Option<Arc<Token>> {
        context
            .services
            .tokens
            .replace_refused(&self.sign_in, refused, deadline)
    }

    /// The server, for an attempt of our own to find out why no login came about.
    pub(super) fn reached(&self) -> &Arc<Reached> {
        &self.reached
    }

    /// The driver's completed string with what we took out, and without what we put in.
    #[must_use]
    pub fn restore_output(&self, completed: &[u16]) -> Zeroizing<Vec<u16>> {
        driver_string::completed(completed, &self.replaced, &self.removed)
    }

    /// Where the connection is made to, if not to the server's own address.
    #[must_use]
    pub fn destination(&self) -> Option<Destination> {
        self.destination.clone()
    }

    /// Whether the server's certificate will be validated.
    #[must_use]
    pub fn validates_server(&self) -> bool {
        self.may_redirect.is_none()
    }

    /// Makes sure that the server sends nobody on, where nothing else would keep the token from going along.
    pub fn rule_out_redirect(&self, deadline: Instant, context: &ConnectContext<'_>) -> Result<(), Error> {
        let Some(target) = &self.may_redirect else {
            return Ok(());
        };
        context
            .redirects
            .rule_out_redirect(target, deadline, context.services)
            .map_err(|error| error.in_mode(self.mode()))
    }
}

fn override_section(text: &mut Vec<u16>) {
    append(text, "Authentication", "");
    append(text, "Trusted_Connection", "no");
}
