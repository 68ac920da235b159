//! The one error of a sign-in. What an ODBC host is told of it is made from its kind, elsewhere.

use crate::plain_text::fit;
use std::{fmt, time::Duration};

/// What kind of failure it was; decides whether trying again may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// Entra, or another token endpoint, refused the sign-in for good.
    ///
    /// `code` is the number of Entra's AADSTS message, 0 where the endpoint gave none.
    Refused {
        /// The AADSTS number, for instance 7000215.
        code: u32,
    },
    /// The token endpoint cannot be reached, or keeps failing (5xx, 429, malformed answers).
    Unreachable,
    /// No token within the login or token timeout.
    TimedOut,
    /// The caller took its wish for a token back.
    Cancelled,
    /// A keyword is missing, contradictory or malformed, or a file cannot be read.
    Invalid,
    /// `Authentication` has a value that neither we nor Driver 18 know.
    UnknownMode,
    /// The mode or function cannot work on this platform or in this call.
    Unsupported,
    /// The target driver cannot be found or loaded.
    DriverMissing,
    /// A person would have to be asked, and cannot be: by nobody's fault in a renewal, else because the
    /// program can show no prompt.
    PromptNeeded,
    /// A member of a chain does not apply here (not configured, not installed); others may.
    Unavailable,
}

impl ErrorKind {
    /// Its name, for the log.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Refused { .. } => "refused",
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed_out",
            Self::Cancelled => "cancelled",
            Self::Invalid => "invalid",
            Self::UnknownMode => "unknown_mode",
            Self::Unsupported => "unsupported",
            Self::DriverMissing => "driver_missing",
            Self::PromptNeeded => "prompt_needed",
            Self::Unavailable => "unavailable",
        }
    }
}

/// A failure of ours, told to the host as one diagnostic record.
///
/// The text has the form `[entra-odbc][<mode>] what failed: why. What to do. <Entra's own words>`.
/// No part may hold a secret: whoever builds an error quotes names, paths and codes, never values
/// of secret keywords, contents of files or bodies of successful answers. What it quotes of others is made fit for a
/// message here, whoever it comes from: one line, nothing that steers a terminal, nothing invisible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    mode: Option<&'static str>,
    what: String,
    remedy: String,
    detail: String,
    retry_after: Option<Duration>,
}

impl Error {
    /// An error that says what failed and why; a full stop is added when the text is put together.
    #[must_use]
    pub fn new(kind: ErrorKind, what: impl Into<String>) -> Self {
        Self {
            kind,
            mode: None,
            what: fit(&what.into()),
            remedy: String::new(),
            detail: String::new(),
            retry_after: None,
        }
    }

    /// A keyword or file that is missing, contradictory or malformed.
    #[must_use]
    pub fn invalid(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, what)
    }

    /// Adds what the person at the host should do: a whole sentence with its full stop.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = fit(&remedy.into());
        self
    }

    /// The same where nothing is said yet of what to do.
    #[must_use]
    pub fn remedy_or(self, remedy: &str) -> Self {
        if self.remedy.is_empty() {
            self.remedy(remedy)
        } else {
            self
        }
    }

    /// Adds the endpoint's own words (error description, correlation id), which come last.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = fit(&detail.into());
        self
    }

    /// Names the sign-in kind, unless a deeper layer already did.
    #[must_use]
    pub fn in_mode(mut self, mode: &'static str) -> Self {
        self.mode.get_or_insert(mode);
        self
    }

    /// Says which member of a chain failed: the chain is the kind that the host asked for.
    #[must_use]
    pub(crate) fn through(mut self, member: &str) -> Self {
        self.what = format!("{}: {}", fit(member), self.what);
        self
    }

    /// Speaks of these in place of the keywords beside them: what is to be corrected came from there.
    #[must_use]
    pub(crate) fn naming(mut self, names: &[(&str, &str)]) -> Self {
        self.what = fit(&renamed(&self.what, names));
        self.remedy = fit(&renamed(&self.remedy, names));
        self
    }

    /// Adds how long the endpoint asks to be left alone.
    #[must_use]
    pub fn asking_for(mut self, wait: Option<Duration>) -> Self {
        self.retry_after = wait;
        self
    }

    /// How long the endpoint asks to be left alone.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Its parts: what failed and why, what to do, the endpoint's own words.
    #[must_use]
    pub fn words(&self) -> [&str; 3] {
        [&self.what, &self.remedy, &self.detail]
    }

    /// What kind of failure it was.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The AADSTS number of a refusal, or 0.
    #[must_use]
    pub fn code(&self) -> u32 {
        match self.kind {
            ErrorKind::Refused { code } => code,
            _ => 0,
        }
    }
}

/// The text with whole words exchanged: there is a `UID` in `GUID`.
fn renamed(text: &str, names: &[(&str, &str)]) -> String {
    let is_end = |c: char| !c.is_ascii_alphanumeric();
    text.split_inclusive(is_end)
        .map(|piece| {
            let known = |(word, name): &(&str, &str)| {
                let rest = piece.strip_prefix(*word)?;
                rest.chars().all(is_end).then(|| format!("{name}{rest}"))
            };
            names.iter().find_map(known).unwrap_or_else(|| piece.to_owned())
        })
        .collect()
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[entra-odbc]")?;
        if let Some(mode) = self.mode {
            write!(f, "[{mode}]")?;
        }
        write!(f, " {}", self.what)?;
        if !self.what.ends_with(['.', '!', '?']) {
            f.write_str(".")?;
        }
        for part in [&self.remedy, &self.detail] {
            if !part.is_empty() {
                write!(f, " {part}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plain_text::{is_harmful, tests::hostile};

    #[test]
    fn the_text_goes_from_cause_to_remedy_to_the_endpoints_own_words() {
        let error = Error::new(
            ErrorKind::Refused { code: 7_000_215 },
            "Entra refused the sign-in: wrong secret",
        )
        .remedy("Check PWD.")
        .detail("AADSTS7000215: Invalid client secret provided.")
        .in_mode("ServicePrincipal");
        assert_eq!(
            error.to_string(),
            "[entra-odbc][ServicePrincipal] Entra refused the sign-in: wrong secret. Check PWD. \
             AADSTS7000215: Invalid client secret provided."
        );
    }

    #[test]
    fn what_came_from_a_variable_is_corrected_there() {
        let error = Error::invalid("the file of PWDFile= is empty")
            .remedy("Check TenantId (a GUID) and UID.")
            .detail("UID")
            .naming(&[
                ("UID", "AZURE_CLIENT_ID"),
                ("PWD", "x"),
                ("TenantId", "AZURE_TENANT_ID"),
            ]);
        assert_eq!(
            error.to_string(),
            "[entra-odbc] the file of PWDFile= is empty. Check AZURE_TENANT_ID (a GUID) and AZURE_CLIENT_ID. UID"
        );
    }

    #[test]
    fn nothing_that_breaks_steers_or_hides_text_is_in_a_message_whichever_part_it_came_by() {
        for text in hostile() {
            let error = Error::invalid(text.clone())
                .remedy(text.clone())
                .detail(text.clone())
                .through(&text)
                .naming(&[("a", &text)]);
            let said = error.to_string();
            assert!(!said.contains(is_harmful), "{said:?}");
            assert!(!error.words().concat().contains(is_harmful), "{error:?}");
            assert!(!format!("{error:?}").contains(is_harmful), "{error:?}");
        }
    }

    #[test]
    fn a_secret_that_a_missing_semicolon_put_into_another_value_is_in_no_message() {
        let error = Error::invalid("the host contoso PWD=s3cret is unknown").detail("x;AccessToken=eyJ.a.b");
        assert_eq!(
            error.to_string(),
            "[entra-odbc] the host contoso PWD=***. x;AccessToken=***"
        );
    }

    #[test]
    fn the_innermost_mode_is_kept() {
        let error = Error::invalid("x").in_mode("Msi").in_mode("Default");
        assert_eq!(error.to_string(), "[entra-odbc][Msi] x.");
    }
}
