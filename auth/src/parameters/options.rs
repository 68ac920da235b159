//! What a connection string and its data source say to us, keyword by keyword.

use crate::{
    Error, Keyword, Secret,
    parameters::secret_file::{self, Shape},
};
use std::{num::ParseIntError, time::Duration};

/// The values of our keywords for one connect; the string's win over the data source's.
#[derive(Debug, Default, Clone)]
pub struct Options {
    values: Vec<(Keyword, Secret)>,
}

/// The keywords whose values are paths of files that take part in who signs in.
const FILE_KEYWORDS: [Keyword; 9] = [
    Keyword::PasswordFile,
    Keyword::AccessTokenFile,
    Keyword::ClientCertificate,
    Keyword::ClientCertificatePasswordFile,
    Keyword::ClientKey,
    Keyword::ClientAssertionFile,
    Keyword::SystemTokenFile,
    Keyword::RefreshTokenFile,
    Keyword::UserAssertionFile,
];

impl Options {
    /// Adds a value unless the keyword already has one: the first of equal keywords wins.
    pub fn add(&mut self, keyword: Keyword, value: String) {
        let value = Secret::new(value);
        if !self.has(keyword) {
            self.values.push((keyword, value));
        }
    }

    /// Whether the keyword was given, be it empty.
    #[must_use]
    pub fn has(&self, keyword: Keyword) -> bool {
        self.values.iter().any(|(known, _)| *known == keyword)
    }

    /// The value; `None` where it is absent or empty.
    #[must_use]
    pub fn get(&self, keyword: Keyword) -> Option<&str> {
        self.values
            .iter()
            .find(|(known, _)| *known == keyword)
            .map(|(_, value)| value.expose())
            .filter(|value| !value.is_empty())
    }

    /// Whether any of them names a file that takes part in who signs in.
    #[must_use]
    pub fn name_a_file(&self) -> bool {
        FILE_KEYWORDS.iter().any(|keyword| self.get(*keyword).is_some())
    }

    /// The value, or an error that names the keyword.
    pub fn require(&self, keyword: Keyword, meaning: &str) -> Result<&str, Error> {
        self.get(keyword).ok_or_else(|| missing(keyword, meaning))
    }

    /// A secret from its keyword or from the file that its `…File` keyword names.
    ///
    /// Returns the secret and whether it came from a file. Both keywords at once are an error.
    pub fn secret(&self, keyword: Keyword, file: Keyword) -> Result<Option<(Secret, bool)>, Error> {
        match (self.get(keyword), self.get(file)) {
            (Some(_), Some(_)) => Err(contradiction(keyword.name(), file.name())),
            (Some(value), None) => Ok(Some((Secret::new(value.to_owned()), false))),
            (None, Some(path)) => Ok(Some((
                secret_file::read(path, file, Shape::for_keyword(file))?,
                true,
            ))),
            (None, None) => Ok(None),
        }
    }

    /// `TokenTimeout=`: the longest that a token is waited for.
    pub fn token_timeout(&self) -> Result<Option<Duration>, Error> {
        match self.seconds(Keyword::TokenTimeout) {
            Some(Ok(timeout)) if !timeout.is_zero() => Ok(Some(timeout)),
            None => Ok(None),
            _ => Err(
                Error::invalid("TokenTimeout= must be a number of seconds, at least 1")
                    .remedy("Correct or remove it."),
            ),
        }
    }

    /// `LoginTimeout=`: the login timeout where the program sets none; 0 is no limit.
    pub fn login_timeout(&self) -> Result<Option<Duration>, Error> {
        match self.seconds(Keyword::LoginTimeout) {
            Some(Ok(timeout)) => Ok(Some(timeout)),
            None => Ok(None),
            Some(Err(_)) => Err(Error::invalid(
                "LoginTimeout= (Connect Timeout=) must be a number of seconds, or 0 for no limit",
            )
            .remedy("Correct or remove it.")),
        }
    }

    fn seconds(&self, keyword: Keyword) -> Option<Result<Duration, ParseIntError>> {
        let seconds = self.get(keyword)?.parse::<u32>();
        Some(seconds.map(|seconds| Duration::from_secs(seconds.into())))
    }

    /// `yes`, `true`, `1`, `on` or their opposites, `absent` where there is no value; an error for
    /// anything else.
    pub fn flag_or(&self, keyword: Keyword, absent: bool) -> Result<bool, Error> {
        let Some(value) = self.get(keyword) else {
            return Ok(absent);
        };
        match value.to_ascii_lowercase().as_str() {
            "yes" | "true" | "1" | "on" => Ok(true),
            "no" | "false" | "0" | "off" => Ok(false),
            _ => Err(Error::invalid(format!("{}= must be yes or no", keyword.name()))
                .remedy("Correct the connection string.")),
        }
    }
}

/// A keyword that the mode cannot do without.
#[must_use]
pub fn missing(keyword: Keyword, meaning: &str) -> Error {
    Error::invalid(format!("{}= is missing: {meaning}", keyword.name()))
        .remedy(format!("Add {}=... to the connection string.", keyword.name()))
}

/// Two selections that exclude each other.
#[must_use]
pub fn contradiction(one: &str, other: &str) -> Error {
    // `UID=client@tenant` says itself where the value begins.
    let [one, other] = [one, other].map(|name| {
        let sign = if name.contains('=') { "" } else { "=" };
        format!("{name}{sign}")
    });
    Error::invalid(format!("{one} and {other} contradict each other")).remedy("Keep one of them.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_equal_keywords_wins_and_empty_counts_as_absent() {
        let mut options = Options::default();
        options.add(Keyword::User, "first".into());
        options.add(Keyword::User, "second".into());
        options.add(Keyword::TenantId, String::new());
        assert_eq!(options.get(Keyword::User), Some("first"));
        assert_eq!(options.get(Keyword::TenantId), None);
        assert!(options.has(Keyword::TenantId));
    }

    #[test]
    fn a_secret_given_twice_names_both_keywords() {
        let mut options = Options::default();
        options.add(Keyword::Password, "s3cret".into());
        options.add(Keyword::PasswordFile, "/nowhere".into());
        let error = options
            .secret(Keyword::Password, Keyword::PasswordFile)
            .unwrap_err()
            .to_string();
        assert!(error.contains("PWD=") && error.contains("PWDFile="), "{error}");
        assert!(!error.contains("s3cret"));
    }

    #[test]
    fn timeouts_are_whole_seconds() {
        for (value, token, login) in [
            ("", Some(None), Some(None)),
            ("30", Some(Some(30)), Some(Some(30))),
            ("0", None, Some(Some(0))),
            ("-1", None, None),
            ("30s", None, None),
            ("1.5", None, None),
            ("99999999999", None, None),
        ] {
            let mut options = Options::default();
            options.add(Keyword::TokenTimeout, value.into());
            options.add(Keyword::LoginTimeout, value.into());
            let seconds = |timeout: Result<Option<Duration>, Error>| {
                timeout
                    .ok()
                    .map(|timeout| timeout.map(|timeout| timeout.as_secs()))
            };
            assert_eq!(seconds(options.token_timeout()), token, "{value}");
            assert_eq!(seconds(options.login_timeout()), login, "{value}");
        }
    }

    #[test]
    fn debug_shows_no_value() {
        let mut options = Options::default();
        options.add(Keyword::Password, "s3cret".into());
        assert!(!format!("{options:?}").contains("s3cret"));
    }
}
