//! What a connection string and its data source say, to a connect and to a request for a token alone.

use crate::{
    Error, Keyword, Options,
    connect::Surroundings,
    connection_string::{Attribute, ConnectionString},
    credential::{self, FORWARDED, Mode},
    options::contradiction,
    respelling,
    server::{SERVER_KEYWORDS, Server},
    tds::{self, Target, Trust},
    trust,
};
use zeroize::Zeroizing;

/// Who signs in, as `Authentication=` and its kin select it.
#[derive(Debug)]
pub(crate) enum Selection {
    None,
    Respelled(&'static str),
    Mode(&'static Mode),
}

/// The string and the section of its data source, if that is in force.
pub(crate) struct Asked<'a> {
    pub(crate) string: ConnectionString<'a>,
    pub(crate) section: Vec<(String, String)>,
}

impl<'a> Asked<'a> {
    pub(crate) fn read(text: &'a [u16], around: &Surroundings<'_>) -> Self {
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

    /// Calls `body` with the same in Driver 18's own words.
    pub(crate) fn in_drivers_words<T>(
        &self,
        around: &Surroundings<'_>,
        body: impl FnOnce(&Asked<'_>) -> T,
    ) -> T {
        match respelling::of(&self.string) {
            Some(text) => body(&Asked::read(&text, around)),
            None => body(self),
        }
    }

    /// The value of the first of `names` in the string, else in the section.
    pub(crate) fn get(&self, names: &[&str]) -> Option<Zeroizing<String>> {
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

    pub(crate) fn given(&self, keyword: Keyword) -> Option<Zeroizing<String>> {
        self.get(keyword.row().map_or(&[], |row| row.names))
            .filter(|value| !value.trim().is_empty())
    }

    /// Who signs in.
    pub(crate) fn selection(&self, microsoft: bool) -> Result<Selection, Error> {
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

    /// Refuses a string that ends within braces, since what they swallow may be anything, and one that goes on behind
    /// them: Driver 18.6 reads no further, so that what follows, or is put there by us, would be for us alone.
    pub(crate) fn check_braces(&self) -> Result<(), Error> {
        if let Some(attribute) = self.string.going_on() {
            return Err(Error::invalid(format!(
                "the value of {}= goes on after the brace that closes it",
                attribute.keyword()
            ))
            .remedy("Write } inside the braces as }}, and nothing between them and the semicolon."));
        }
        if self.string.is_terminated() {
            return Ok(());
        }
        let keyword = self.string.attributes().last().map_or("?", Attribute::keyword);
        Err(Error::invalid(format!(
            "the value of {keyword}= opens a brace that nothing closes"
        ))
        .remedy("End the value with }, and write } inside it as }}."))
    }

    /// Our keywords; an error where they name two ways to sign in.
    pub(crate) fn options(&self, mode: &Mode) -> Result<Options, Error> {
        let options = self.all_options();
        let token = [Keyword::AccessToken, Keyword::AccessTokenFile];
        match token.iter().find(|keyword| options.get(**keyword).is_some()) {
            Some(token) if mode.name != "AccessToken" => Err(contradiction(token.name(), "Authentication")),
            _ => Ok(options),
        }
    }

    fn all_options(&self) -> Options {
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
    pub(crate) fn servers(&self) -> Vec<Server> {
        let mut servers = self.all(&SERVER_KEYWORDS);
        if !servers.is_empty() {
            servers.extend(self.all(&["Failover_Partner"]));
        }
        servers
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

    /// How the driver goes about the login, so that the server can be asked for its tenant likewise; `None`
    /// for a named instance, whose port is not known.
    pub(crate) fn target(&self, servers: &[Server], validate: bool) -> Option<Target> {
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
}

pub(crate) fn is_keyword(attribute: &Attribute, keyword: Keyword) -> bool {
    Keyword::named(attribute.keyword()).is_some_and(|row| row.keyword == keyword)
}
