//! What a connection string and its data source say, to a connect and to a request for a token alone.

use crate::{
    connect::{context::ConnectContext, trust::Channel},
    connection_string::{Attribute, ConnectionString, aliases, data_source::DataSource, known_keyword},
};
use entra_auth::{
    Error, KEYWORDS, Keyword, Options,
    credential::{self, FORWARDED, Mode},
    parameters::options::contradiction,
};
use std::borrow::Cow;
use zeroize::Zeroizing;

/// Who signs in, as `Authentication=` and its kin select it.
#[derive(Debug)]
pub(crate) enum Selection {
    /// Nothing of ours.
    None,
    /// `Authentication=NotSpecified`, which Driver 18 refuses.
    Unspecified,
    /// A mode of Driver 18's own, in another client's spelling.
    Respelled(&'static str),
    Mode(&'static Mode),
}

/// The string and the section of its data source, if that is in force.
pub(crate) struct ConnectRequest<'a> {
    pub(crate) string: ConnectionString<'a>,
    pub(crate) section: Option<DataSource<'a>>,
}

impl<'a> ConnectRequest<'a> {
    pub(crate) fn read(text: &'a [u16], context: &ConnectContext<'a>) -> Self {
        let string = ConnectionString::parse(text);
        let section = string
            .find_first(&["DSN", "DRIVER"])
            // Driver 18 ignores the section where DRIVER= precedes DSN=.
            .filter(|attribute| attribute.is("DSN"))
            .map(|attribute| DataSource::new(string.units(attribute), context.data_source));
        Self { string, section }
    }

    /// The name of the driver that string or data source asks for.
    pub(crate) fn driver(&self) -> Option<Zeroizing<String>> {
        match &self.section {
            Some(section) => section.get("Driver"),
            None => self.string.get("DRIVER"),
        }
        .filter(|name| !name.trim().is_empty())
    }

    /// Calls `body` with the same in Driver 18's own words.
    pub(crate) fn with_driver_keywords<T>(
        &self,
        context: &ConnectContext<'_>,
        body: impl FnOnce(&ConnectRequest<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        // Before anything is rewritten, which would close a brace that the string leaves open.
        self.check_braces()?;
        match aliases::with_driver_keywords(&self.string) {
            Some(text) => body(&ConnectRequest::read(&text, context)),
            None => body(self),
        }
    }

    /// The value of the first of `names` in the string, else in the section.
    pub(crate) fn get(&self, names: &[&str]) -> Option<Zeroizing<String>> {
        match self.string.find_first(names) {
            Some(attribute) => Some(self.string.value(attribute)),
            None => names.iter().find_map(|name| self.in_section(name)),
        }
    }

    pub(crate) fn in_section(&self, keyword: &str) -> Option<Zeroizing<String>> {
        self.section.as_ref()?.get(keyword)
    }

    pub(crate) fn value(&self, keyword: Keyword) -> Option<Zeroizing<String>> {
        self.get(keyword.row().map_or(&[], |row| row.names))
            .filter(|value| !value.trim().is_empty())
    }

    /// Who signs in.
    ///
    /// `takes_tokens` says whether the target driver takes access tokens.
    pub(crate) fn selection(&self, takes_tokens: &dyn Fn() -> bool) -> Result<Selection, Error> {
        let authentication = self.value(Keyword::Authentication);
        let value = authentication.as_deref().map(|value| value.trim());
        let unspecified = value.filter(|value| credential::is_unspecified(value));
        let Some(value) = value.filter(|_| unspecified.is_none()) else {
            let token = [Keyword::AccessToken, Keyword::AccessTokenFile];
            let has_token = token.iter().any(|keyword| self.value(*keyword).is_some());
            let is_ours = (has_token || unspecified.is_some()) && takes_tokens();
            return Ok(match credential::find("AccessToken") {
                Some(mode) if is_ours && has_token => Selection::Mode(mode),
                _ if is_ours => Selection::Unspecified,
                _ => Selection::None,
            });
        };
        if !takes_tokens() {
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
        if let Some(attribute) = self.string.unterminated_value() {
            return Err(Error::invalid(format!(
                "{} goes on after the brace that closes it",
                value_of(attribute)
            ))
            .remedy(BRACES_REMEDY));
        }
        if self.string.is_terminated() {
            return Ok(());
        }
        let value = self
            .string
            .attributes()
            .last()
            .map_or(VALUE_SUBJECT.into(), value_of);
        Err(Error::invalid(format!("{value} opens a brace that nothing closes")).remedy(BRACES_REMEDY))
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
        if let Some(section) = &self.section {
            for (keyword, name) in KEYWORDS
                .iter()
                .flat_map(|row| row.names.iter().map(|name| (row.keyword, name)))
            {
                if let Some(value) = section.get(name) {
                    options.add(keyword, value.trim().to_owned());
                }
            }
        }
        options
    }

    /// The connection as string and data source ask for it; `None` where they name no server.
    pub(crate) fn channel(&self) -> Result<Option<Channel>, Error> {
        if let Some(section) = &self.section {
            section.check_name()?;
        }
        Channel::read(
            |keyword| self.string.get(keyword),
            |keyword| self.in_section(keyword),
        )
    }

    /// The database, by which some servers choose where to send a connection on.
    pub(crate) fn database(&self) -> Option<String> {
        let database = self.get(&["Database"])?;
        let database = database.trim();
        (!database.is_empty()).then(|| database.to_owned())
    }
}

const VALUE_SUBJECT: &str = "a value";

const BRACES_REMEDY: &str = "A value with ; in it needs braces context it; inside them } is written as }}, and nothing stands \
                      between the closing brace and the semicolon.";

/// How a message speaks of a value: by its keyword, unless that may be a part of a password that has a semicolon in it.
fn value_of(attribute: &Attribute) -> Cow<'static, str> {
    known_keyword(attribute.keyword()).map_or(VALUE_SUBJECT.into(), |keyword| {
        format!("the value of {keyword}=").into()
    })
}

pub(crate) fn is_keyword(attribute: &Attribute, keyword: Keyword) -> bool {
    Keyword::named(attribute.keyword()).is_some_and(|row| row.keyword == keyword)
}
