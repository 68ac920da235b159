//! What a connection string and its data source say, to a connect and to a request for a token alone.

use crate::{
    connect::{context::ConnectContext, trust::Channel},
    connection_string::{
        Attribute, ConnectionString, aliases,
        data_source::DataSource,
        known_keyword,
        misspelling::{Place, misspelled, misspelled_mode},
    },
    tds::LoginOptions,
};
use entra_auth::{
    Error, KEYWORDS, Keyword, Options,
    credential::{self, FORWARDED, Mode},
    parameters::{keyword::Row, options::contradiction, spelling::unquoted},
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
            .map(|attribute| {
                let name = string.units(attribute);
                DataSource::new(name, context.data_source, context.data_source_keywords)
            });
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
        body: impl FnOnce(&ConnectRequest<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        // Before anything is rewritten, which would close a brace that the string leaves open.
        self.check_braces()?;
        let section = match &self.section {
            Some(section) => {
                section.check_name()?;
                Some(section.in_driver_keywords(aliases::port_alone(&self.string))?)
            }
            None => None,
        };
        let text = aliases::with_driver_keywords(&self.string);
        let string = match &text {
            Some(text) => ConnectionString::parse(text),
            None => self.string.clone(),
        };
        let mut words = string.attributes().iter().map(Attribute::keyword);
        match words.find_map(|word| misspelled(word, Place::String)) {
            Some(error) => Err(error),
            None => body(&ConnectRequest { string, section }),
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
        match self.attribute(keyword) {
            Some(attribute) => Some(self.string.value(attribute)),
            None => self.section.as_ref().and_then(|section| section.value(keyword)),
        }
        .filter(|value| !value.trim().is_empty())
    }

    /// The first attribute of the string that is this keyword of ours; one that is spelled exactly so before others.
    fn attribute(&self, keyword: Keyword) -> Option<&Attribute> {
        let names = keyword.row().map_or(&[][..], |row| row.names);
        let is_one = |attribute: &&Attribute| is_keyword(attribute, keyword);
        self.string
            .find_first(names)
            .or_else(|| self.string.attributes().iter().find(is_one))
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
            return match credential::find("AccessToken") {
                Some(mode) if is_ours && has_token => Ok(Selection::Mode(mode)),
                _ => match self.misspelled_mode().filter(|_| takes_tokens()) {
                    Some(error) => Err(error),
                    None if is_ours => Ok(Selection::Unspecified),
                    None => Ok(Selection::None),
                },
            };
        };
        if !takes_tokens() {
            return Ok(credential::find_exact(value).map_or(Selection::None, Selection::Mode));
        }
        // The driver reads no other spelling of the keyword.
        let by_driver = if let Some(attribute) = self.attribute(Keyword::Authentication) {
            attribute.is("Authentication")
        } else {
            let in_section = self.in_section("Authentication");
            in_section.is_some_and(|raw| raw.eq_ignore_ascii_case(value))
        };
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

    /// A keyword that would have asked for one of our modes, were it spelled rightly.
    fn misspelled_mode(&self) -> Option<Error> {
        let in_string = self.string.attributes().iter().find_map(|attribute| {
            let value = self.string.value(attribute);
            misspelled_mode(attribute.keyword(), &value, Place::String)
        });
        let in_section = || {
            let section = self.section.as_ref()?;
            section.keywords().find_map(|keyword| {
                // Its value only where that may decide.
                misspelled(keyword, Place::DataSource)?;
                misspelled_mode(keyword, &section.get(keyword)?, Place::DataSource)
            })
        };
        in_string.or_else(in_section)
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
        // To Driver 18.6 such a brace is a part of the value, which ends at the next semicolon.
        let mut ours = self.string.attributes().iter();
        let ours = ours.find(|attribute| {
            let is_late = || self.string.value(attribute).trim_start().starts_with('{');
            Keyword::named(attribute.keyword()).is_some() && !attribute.is_quoted() && is_late()
        });
        if let Some(attribute) = ours {
            return Err(Error::invalid(format!(
                "{} has a blank before the brace that opens it",
                value_of(attribute)
            ))
            .remedy("Remove the blanks around the =."));
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
        // What is spelled exactly as we have it counts before what is nearly so.
        for exactly in [true, false] {
            for attribute in self.string.attributes() {
                let name = attribute.keyword();
                if let Some(row) = Keyword::named(name).filter(|row| row.keyword.is_named(name) == exactly) {
                    let value = self.string.value(attribute);
                    options.add(row.keyword, plain(row, attribute, &value).to_owned());
                }
            }
        }
        if let Some(section) = &self.section {
            for row in KEYWORDS {
                if let Some(value) = section.value(row.keyword) {
                    let value = value.trim();
                    let value = if row.secret { value } else { unquoted(value) };
                    options.add(row.keyword, value.to_owned());
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
            self.value(Keyword::ConnectTo),
        )
    }

    /// What the login asks for.
    pub(crate) fn login_options(&self) -> LoginOptions {
        let filled = |keyword| {
            let value = self.get(&[keyword])?;
            let value = value.trim();
            (!value.is_empty()).then(|| value.to_owned())
        };
        LoginOptions {
            database: filled("Database"),
            language: filled("Language"),
        }
    }
}

/// The value of a keyword of ours: without blanks around it, and without the quotes of ADO.NET, except where they may be a
/// part of a secret.
fn plain<'v>(row: &Row, attribute: &Attribute, value: &'v str) -> &'v str {
    let is_spaced = attribute.keyword().ends_with(char::is_whitespace);
    if attribute.is_quoted() || row.secret && !is_spaced {
        value
    } else if row.secret {
        value.trim()
    } else {
        unquoted(value.trim())
    }
}

const VALUE_SUBJECT: &str = "a value";

const BRACES_REMEDY: &str = "A value with ; in it needs braces context it; inside them } is written as }}, and nothing stands \
                      between the closing brace and the semicolon.";

/// How a message speaks of a value: by its keyword, unless that may be a part of a password that has a semicolon in it.
fn value_of(attribute: &Attribute) -> Cow<'static, str> {
    let word = attribute.keyword();
    let known = known_keyword(word).or_else(|| Keyword::named(word).map(|row| row.keyword.name()));
    known.map_or(VALUE_SUBJECT.into(), |keyword| {
        format!("the value of {keyword}=").into()
    })
}

pub(crate) fn is_keyword(attribute: &Attribute, keyword: Keyword) -> bool {
    Keyword::named(attribute.keyword()).is_some_and(|row| row.keyword == keyword)
}
