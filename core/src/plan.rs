//! What a connection string, its data source and the machine's owner ask of us.
//!
//! The contract, first match: a token of the host's own; nothing of ours; a kind that Driver 18
//! knows, in another client's spelling; one of our modes; an error.

use crate::{
    Error, Keyword, Options, Token,
    connect::{Prompt, Surroundings},
    connection_string::{Attribute, ConnectionString, append},
    credential::{self, Mode, SignIn, Situation},
    options, scope,
    server::{Cloud, SERVER_KEYWORDS, Server},
    tds::{self, Target, Trust},
    token::{Carrier, Issued, Sharing},
    trust::{self, Channel, Owner},
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use zeroize::Zeroizing;

/// What is to be done with a connect.
#[derive(Debug)]
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
#[derive(Debug)]
pub struct SignInPlan {
    /// The string for the driver: ours out, the rest as it was.
    pub text: Zeroizing<Vec<u16>>,
    /// What was taken out, secrets excepted, for the output string.
    taken_out: Vec<u16>,
    sign_in: SignIn,
    token_timeout: Option<Duration>,
    expiry_is_dead: bool,
}

/// Reads the string, its data source, and what of both is ours.
pub fn read(text: &[u16], host_token: bool, around: &Surroundings<'_>) -> Result<Plan, Error> {
    let asked = Asked::read(text, around);
    if host_token {
        return Ok(asked.beside_a_host_token());
    }
    match asked.selection(around.microsoft)? {
        Selection::None => Ok(Plan::StepAside),
        Selection::Respelled(value) => Ok(asked.respelled(value)),
        Selection::Mode(mode) => asked
            .sign_in(mode, around)
            .map(|plan| Plan::SignIn(Box::new(plan)))
            .map_err(|error| error.in_mode(mode.name)),
    }
}

/// Who signs in, as `Authentication=` and its kin select it.
enum Selection {
    None,
    Respelled(&'static str),
    Mode(&'static Mode),
}

/// The values of `Authentication` that Driver 18 serves itself, as it spells them.
const FORWARDED: [&str; 3] = ["SqlPassword", "ActiveDirectoryIntegrated", "NotSpecified"];

/// The string and the section of its data source, if that is in force.
struct Asked<'a> {
    string: ConnectionString<'a>,
    section: Vec<(String, String)>,
}

impl<'a> Asked<'a> {
    fn read(text: &'a [u16], around: &Surroundings<'_>) -> Self {
        let string = ConnectionString::parse(text);
        // Driver 18 ignores the section where DRIVER= precedes DSN=.
        let name = string
            .attributes()
            .iter()
            .find(|attribute| attribute.is("DSN") || attribute.is("DRIVER"))
            .filter(|attribute| attribute.is("DSN"))
            .map(|attribute| string.value(attribute));
        let section = name.map_or_else(Vec::new, |name| (around.data_source)(name.trim()));
        Self { string, section }
    }

    /// The value of the first of `names` in the string, else in the section.
    fn get(&self, names: &[&str]) -> Option<Zeroizing<String>> {
        let is_one = |keyword: &str| names.iter().any(|name| name.eq_ignore_ascii_case(keyword));
        self.string
            .attributes()
            .iter()
            .find(|attribute| is_one(attribute.keyword()))
            .map(|attribute| self.string.value(attribute))
            .or_else(|| {
                self.section
                    .iter()
                    .find(|(keyword, _)| is_one(keyword))
                    .map(|(_, value)| Zeroizing::new(value.clone()))
            })
    }

    fn given(&self, keyword: Keyword) -> Option<Zeroizing<String>> {
        self.get(keyword.row().map_or(&[], |row| row.names))
            .filter(|value| !value.trim().is_empty())
    }

    fn selection(&self, microsoft: bool) -> Result<Selection, Error> {
        let authentication = self.given(Keyword::Authentication);
        let Some(value) = authentication.as_deref().map(|value| value.trim()) else {
            let token = [Keyword::AccessToken, Keyword::AccessTokenFile];
            let has_token = microsoft && token.iter().any(|keyword| self.given(*keyword).is_some());
            return Ok(match credential::find("AccessToken") {
                Some(mode) if has_token => Selection::Mode(mode),
                _ => Selection::None,
            });
        };
        if !microsoft {
            return Ok(credential::find_exact(value).map_or(Selection::None, Selection::Mode));
        }
        let by_driver = self.string.find("fedauth").is_none();
        if by_driver && FORWARDED.iter().any(|known| known.eq_ignore_ascii_case(value)) {
            return Ok(Selection::None);
        }
        let forwarded = FORWARDED.iter().find(|known| credential::same_mode(known, value));
        match (forwarded, credential::find(value)) {
            (Some(known), _) => Ok(Selection::Respelled(known)),
            (None, Some(mode)) => Ok(Selection::Mode(mode)),
            (None, None) => Err(credential::unknown(value)),
        }
    }

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

    /// Case 3 of the contract: Driver 18's own spelling, nothing else.
    fn respelled(&self, value: &str) -> Plan {
        let ours = |attribute: &Attribute| is_keyword(attribute, Keyword::Authentication);
        let mut text = self.string.only(|attribute| !ours(attribute));
        append(&mut text, "Authentication", value);
        Plan::Forward {
            text,
            prompt: Prompt::AsAsked,
        }
    }

    /// Case 4 of the contract.
    fn sign_in(&self, mode: &'static Mode, around: &Surroundings<'_>) -> Result<SignInPlan, Error> {
        if !self.string.is_terminated() {
            let keyword = self.string.attributes().last().map_or("?", Attribute::keyword);
            return Err(Error::invalid(format!(
                "the value of {keyword}= opens a brace that nothing closes"
            ))
            .remedy("End the value with }, and write } inside it as }}."));
        }
        let options = self.options();
        let token = [Keyword::AccessToken, Keyword::AccessTokenFile];
        if let Some(token) = token.iter().find(|keyword| options.get(**keyword).is_some())
            && mode.name != "AccessToken"
        {
            return Err(options::contradiction(token.name(), "Authentication"));
        }
        let servers = self.servers()?;
        let cloud = servers.first().and_then(Server::cloud).unwrap_or(Cloud::public());
        let scope = options
            .get(Keyword::Scope)
            .map_or_else(|| cloud.scope.to_owned(), scope::of);
        let owner = Owner::read(around.environment, around.installed);
        let authority = trust::authority(options.get(Keyword::Authority), &owner, cloud.authority)?;
        let validate = self.check_channel(&servers, &scope, &owner)?;
        let target = self.target(&servers, validate).map(Arc::new);
        let sharing = Sharing::asked_for(&options, around.environment)?;
        let mut sign_in = mode.prepare(&Situation {
            options: &options,
            environment: around.environment,
            scope: &scope,
            authority: &authority,
            transport: around.transport,
            prompts: around.prompts,
            providers: around.providers,
            server: target.as_ref(),
            tenants: around.tenants,
        })?;
        sign_in.shared = sharing;
        Ok(SignInPlan {
            text: self.without_ours(validate),
            taken_out: self.taken_out(mode),
            sign_in,
            token_timeout: token_timeout(&options)?,
            expiry_is_dead: options.flag_or(Keyword::TokenExpiryIsDead, true)?,
        })
    }

    fn options(&self) -> Options {
        let mut options = Options::default();
        for attribute in self.string.attributes() {
            if let Some(row) = Keyword::named(attribute.keyword()) {
                let value = self.string.value(attribute);
                let literal = row.secret || attribute.is_quoted();
                let value = if literal { value.as_str() } else { value.trim() };
                options.add(row.keyword, value.to_owned());
            }
        }
        for (keyword, value) in &self.section {
            if let Some(row) = Keyword::named(keyword) {
                options.add(row.keyword, value.trim().to_owned());
            }
        }
        options
    }

    /// Every server that the string names, and the section's where the string names none.
    ///
    /// All of them, not the first: a token may go to whichever of them the driver picks.
    fn servers(&self) -> Result<Vec<Server>, Error> {
        let mut servers = self.all(&SERVER_KEYWORDS);
        if servers.is_empty() {
            return Err(Error::invalid(
                "Server= is missing, so nobody can tell whether a token may go there",
            )
            .remedy("Add Server=… to the connection string or data source."));
        }
        servers.extend(self.all(&["Failover_Partner"]));
        Ok(servers)
    }

    fn all(&self, names: &[&str]) -> Vec<Server> {
        let is_one = |keyword: &str| names.iter().any(|name| name.eq_ignore_ascii_case(keyword));
        let in_string: Vec<_> = self
            .string
            .attributes()
            .iter()
            .filter(|attribute| is_one(attribute.keyword()))
            .filter_map(|attribute| Server::parse(&self.string.value(attribute)))
            .collect();
        if !in_string.is_empty() {
            return in_string;
        }
        self.section
            .iter()
            .filter(|(keyword, _)| is_one(keyword))
            .filter_map(|(_, value)| Server::parse(value))
            .collect()
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

    /// How the driver goes about the login, so that the server can be asked for its tenant likewise; `None`
    /// for a named instance, whose port is not known.
    fn target(&self, servers: &[Server], validate: bool) -> Option<Target> {
        let server = servers.first()?;
        let port = match (server.port, &server.instance) {
            (Some(port), _) => port,
            (None, None) => tds::PORT,
            (None, Some(_)) => return None,
        };
        let get = |name| {
            self.get(&[name])
                .map(|value| value.trim().to_owned())
                .filter(|value| !value.is_empty())
        };
        let strict = get("Encrypt").is_some_and(|value| value.eq_ignore_ascii_case("strict"));
        let any = get("TrustServerCertificate").is_some_and(|value| trust::is_yes(&value));
        let trust = match get("ServerCertificate") {
            Some(path) => Trust::File(path),
            None if any && !validate && !strict => Trust::Any,
            None => Trust::Authorities {
                name: get("HostnameInCertificate"),
            },
        };
        Some(Target {
            host: server.host.clone(),
            port,
            database: get("Database"),
            strict,
            trust,
        })
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

fn is_keyword(attribute: &Attribute, keyword: Keyword) -> bool {
    Keyword::named(attribute.keyword()).is_some_and(|row| row.keyword == keyword)
}

fn override_section(text: &mut Vec<u16>) {
    append(text, "Authentication", "");
    append(text, "Trusted_Connection", "no");
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
