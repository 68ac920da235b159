//! What a connection string, its data source and the machine's owner ask of us.
//!
//! The contract, first match: a token of the host's own; nothing of ours; a kind that Driver 18
//! knows, in another client's spelling; one of our modes; an error.

use crate::{
    Error, Keyword, Token,
    asked::{Asked, Selection, is_keyword},
    connect::{Prompt, Surroundings},
    connection_string::{Attribute, ConnectionString, append},
    credential::{Mode, SignIn},
    respelling,
    server::Server,
    sign_in::{self, Chosen},
    token::{Carrier, Issued},
    trust::{Channel, Owner},
};
use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};
use zeroize::Zeroizing;

/// What is to be done with a connect.
pub enum Plan {
    /// Not ours: the host's bytes go on untouched.
    StepAside,
    /// Not our sign-in, but the string needs a change that Driver 18 would else refuse.
    Forward {
        /// The string for the driver.
        text: Zeroizing<Vec<u16>>,
        /// Whether the driver may prompt.
        prompt: Prompt,
    },
    /// One of our modes.
    SignIn(Box<SignInPlan>),
}

/// A connect with one of our modes.
pub struct SignInPlan {
    /// The string for the driver: ours out, the rest as it was.
    pub text: Zeroizing<Vec<u16>>,
    /// What was taken out, secrets excepted, for the output string.
    taken_out: Vec<u16>,
    sign_in: SignIn,
    token_timeout: Option<Duration>,
    expiry_is_dead: bool,
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StepAside => f.write_str("StepAside"),
            Self::Forward { prompt, .. } => f
                .debug_struct("Forward")
                .field("prompt", prompt)
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
pub fn read(text: &[u16], host_token: bool, around: &Surroundings<'_>) -> Result<Plan, Error> {
    let asked = Asked::read(text, around);
    if host_token {
        return Ok(asked.beside_a_host_token());
    }
    match asked.selection(around.microsoft)? {
        Selection::None => Ok(Plan::StepAside),
        Selection::Respelled(value) => Ok(Plan::Forward {
            text: asked.respelled(value),
            prompt: Prompt::AsAsked,
        }),
        Selection::Mode(mode) => asked
            .in_drivers_words(around, |asked| asked.sign_in(mode, around))
            .map(|plan| Plan::SignIn(Box::new(plan)))
            .map_err(|error| error.in_mode(mode.name)),
    }
}

/// The string for a host that keeps the stock driver and gives it a token itself: our keywords out.
///
/// The same rules as for a connect of ours say where a token may go. A string without one of our modes stays
/// as it is.
pub fn stock(text: &[u16], around: &Surroundings<'_>) -> Result<Zeroizing<Vec<u16>>, Error> {
    let asked = Asked::read(text, around);
    match asked.selection(true)? {
        Selection::None => Ok(Zeroizing::new(text.to_vec())),
        Selection::Respelled(value) => Ok(asked.respelled(value)),
        Selection::Mode(mode) => asked
            .in_drivers_words(around, |asked| asked.stock(mode, around))
            .map_err(|error| error.in_mode(mode.name)),
    }
}

impl Asked<'_> {
    /// Case 1 of the contract: out goes only what Driver 18 refuses beside a token.
    fn beside_a_host_token(&self) -> Plan {
        let refused = |attribute: &Attribute| {
            let empty = || self.string.value(attribute).is_empty();
            attribute.is("Authentication")
                || attribute.is("Trusted_Connection")
                || (attribute.is("UID") || attribute.is("PWD")) && empty()
        };
        let in_section = |(keyword, _): &(String, String)| {
            keyword.eq_ignore_ascii_case("Authentication")
                || keyword.eq_ignore_ascii_case("Trusted_Connection")
        };
        let overridden = self.section.iter().any(in_section);
        if !overridden && !self.string.attributes().iter().any(refused) {
            return Plan::StepAside;
        }
        let mut text = self.string.only(|attribute| !refused(attribute));
        if overridden {
            override_section(&mut text);
        }
        Plan::Forward {
            text,
            prompt: Prompt::Never,
        }
    }

    /// Case 3 of the contract: Driver 18's own words, nothing else.
    fn respelled(&self, value: &str) -> Zeroizing<Vec<u16>> {
        let ours = |attribute: &Attribute| is_keyword(attribute, Keyword::Authentication);
        let mut text = self.string.only(|attribute| !ours(attribute));
        append(&mut text, "Authentication", value);
        let string = ConnectionString::parse(&text);
        // A name beside an integrated login would be one too many for Driver 18, which passes over what it
        // does not know.
        let respelled = match value {
            "SqlPassword" => respelling::of_login(&string),
            _ => respelling::of(&string),
        };
        respelled.unwrap_or(text)
    }

    /// Case 4 of the contract.
    fn sign_in(&self, mode: &'static Mode, around: &Surroundings<'_>) -> Result<SignInPlan, Error> {
        let servers = self.known_servers()?;
        let owner = Owner::read(around.environment, around.installed);
        let chosen = Chosen::of(self, mode, &servers, &owner, around)?;
        let validate = self.check_channel(&servers, &chosen.scope, &owner)?;
        Ok(SignInPlan {
            text: self.without_ours(validate),
            taken_out: self.taken_out(mode),
            sign_in: chosen.prepare(&chosen.scope, around)?,
            token_timeout: chosen.token_timeout,
            expiry_is_dead: chosen.options.flag_or(Keyword::TokenExpiryIsDead, true)?,
        })
    }

    /// The string for the stock driver, which a host gives a token of ours to.
    fn stock(&self, mode: &Mode, around: &Surroundings<'_>) -> Result<Zeroizing<Vec<u16>>, Error> {
        let servers = self.known_servers()?;
        let owner = Owner::read(around.environment, around.installed);
        let scope = sign_in::scope(&self.options(mode)?, &servers);
        let validate = self.check_channel(&servers, &scope, &owner)?;
        Ok(self.without_ours(validate))
    }

    fn known_servers(&self) -> Result<Vec<Server>, Error> {
        self.check_braces()?;
        let servers = self.servers();
        if servers.is_empty() {
            return Err(Error::invalid(
                "Server= is missing, so nobody can tell whether a token may go there",
            )
            .remedy("Add Server=… to the connection string or data source."));
        }
        Ok(servers)
    }

    fn check_channel(&self, servers: &[Server], scope: &str, owner: &Owner) -> Result<bool, Error> {
        let get = |name| self.get(&[name]);
        let encrypt = get("Encrypt");
        let trust = get("TrustServerCertificate");
        let name = get("HostnameInCertificate");
        let file = get("ServerCertificate");
        Channel {
            servers,
            encrypt: encrypt.as_deref().map(String::as_str),
            trust_server_certificate: trust.as_deref().map(String::as_str),
            hostname_in_certificate: name.as_deref().map(String::as_str),
            server_certificate: file.as_deref().map(String::as_str),
            scope,
        }
        .check(owner)
    }

    /// The string for the driver; where a section is in force, what it may say against a token is
    /// overridden, since keywords in the string win.
    fn without_ours(&self, validate: bool) -> Zeroizing<Vec<u16>> {
        let mut text = self.string.only(|attribute| {
            Keyword::named(attribute.keyword()).is_none()
                && !(validate && attribute.is("TrustServerCertificate"))
        });
        if validate {
            append(&mut text, "TrustServerCertificate", "no");
        }
        if !self.section.is_empty() {
            override_section(&mut text);
        }
        text
    }

    fn taken_out(&self, mode: &Mode) -> Vec<u16> {
        let mut text = self
            .string
            .only(|attribute| {
                Keyword::named(attribute.keyword())
                    .is_some_and(|row| !row.secret && row.keyword != Keyword::TrustedConnection)
            })
            .to_vec();
        let names = |attribute: &Attribute| is_keyword(attribute, Keyword::Authentication);
        // A token was given without a mode: without its secret the string must still ask for one.
        if mode.name == "AccessToken"
            && self.string.find(Keyword::AccessToken.name()).is_some()
            && !self.string.attributes().iter().any(names)
        {
            append(&mut text, "Authentication", "ActiveDirectoryAccessToken");
        }
        text
    }
}

impl SignInPlan {
    /// The sign-in kind.
    #[must_use]
    pub fn mode(&self) -> &'static str {
        self.sign_in.mode
    }

    /// Whether who signs in can be told from the connection string alone.
    #[must_use]
    pub fn in_string(&self) -> bool {
        self.sign_in.in_string
    }

    /// Whether a pool is to take the connection for dead once the token it was opened with has ended.
    #[must_use]
    pub fn expiry_is_dead(&self) -> bool {
        self.expiry_is_dead
    }

    /// A connection was opened with this token: renewed ones are put in its place from now on.
    pub fn carry(&self, token: &Arc<Token>, connection: &Arc<dyn Carrier>, around: &Surroundings<'_>) {
        around.tokens.carry(&self.sign_in, token, connection);
    }

    /// A living token, from the cache or its source, by `deadline` or `TokenTimeout`.
    pub fn token(&self, deadline: Instant, around: &Surroundings<'_>) -> Result<Issued, Error> {
        let bound = self.token_timeout.map(|timeout| Instant::now() + timeout);
        let deadline = bound.map_or(deadline, |bound| bound.min(deadline));
        around.tokens.token(&self.sign_in, deadline)
    }

    /// A fresh token in place of one that the server refused, where that may help.
    #[must_use]
    pub fn replace_refused(
        &self,
        refused: &Arc<Token>,
        deadline: Instant,
        around: &Surroundings<'_>,
    ) -> Option<Arc<Token>> {
        around.tokens.replace_refused(&self.sign_in, refused, deadline)
    }

    /// The driver's completed string with what we took out, and without what we put in.
    #[must_use]
    pub fn put_back(&self, completed: &[u16]) -> Zeroizing<Vec<u16>> {
        if completed.is_empty() {
            return Zeroizing::default();
        }
        let string = ConnectionString::parse(completed);
        let mut text = string.only(|attribute| Keyword::named(attribute.keyword()).is_none());
        text.extend_from_slice(&self.taken_out);
        text
    }
}

fn override_section(text: &mut Vec<u16>) {
    append(text, "Authentication", "");
    append(text, "Trusted_Connection", "no");
}
