//! The one error of a sign-in. What an ODBC host is told of it is made from its kind, elsewhere.

pub(crate) mod text;

use crate::plain_text::fit;
use std::{fmt, time::Duration};
use text::Origin;
pub use text::{Remedy, Text, ValueName};

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
/// The text has the form `[entra-odbc][<mode>] what failed: why. What to do. <Entra's own words>`; it is put together
/// at display, and nothing decides by it: what a caller may act on has a method of its own.
/// No part may hold a secret: whoever builds an error quotes names, paths and codes, never values
/// of secret keywords, contents of files or bodies of successful answers. What it quotes of others is made fit for a
/// message here, whoever it comes from: one line, nothing that steers a terminal, nothing invisible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(Box<Parts>);

/// Boxed, since every result would be as large as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Parts {
    kind: ErrorKind,
    mode: Option<&'static str>,
    member: Option<&'static str>,
    cause: Cause,
    remedy: Option<Remedy>,
    detail: String,
    retry_after: Option<Duration>,
    may_be_absent: bool,
}

/// What failed, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Cause {
    /// As whoever noticed it says.
    Said(Text),
    /// Entra refused the sign-in; why, if its number is known.
    EntraRefused(Option<&'static str>),
}

impl Error {
    /// An error that says what failed and why; a full stop is added when the text is put together.
    #[must_use]
    pub fn new(kind: ErrorKind, what: impl Into<Text>) -> Self {
        Self::of(kind, Cause::Said(what.into()))
    }

    /// A keyword or file that is missing, contradictory or malformed.
    #[must_use]
    pub fn invalid(what: impl Into<Text>) -> Self {
        Self::new(ErrorKind::Invalid, what)
    }

    /// A refusal by the number of Entra's message, and why, if that is known.
    #[must_use]
    pub(crate) fn entra_refused(code: u32, cause: Option<&'static str>) -> Self {
        Self::of(ErrorKind::Refused { code }, Cause::EntraRefused(cause))
    }

    fn of(kind: ErrorKind, cause: Cause) -> Self {
        Self(Box::new(Parts {
            kind,
            mode: None,
            member: None,
            cause,
            remedy: None,
            detail: String::new(),
            retry_after: None,
            may_be_absent: false,
        }))
    }

    /// Adds what the person at the host should do: a whole sentence with its full stop.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<Remedy>) -> Self {
        self.0.remedy = Some(remedy.into()).filter(|remedy: &Remedy| !remedy.text().is_empty());
        self
    }

    /// The same where nothing is said yet of what to do.
    #[must_use]
    pub(crate) fn remedy_or(self, remedy: impl Into<Remedy>) -> Self {
        if self.0.remedy.is_none() {
            self.remedy(remedy)
        } else {
            self
        }
    }

    /// Advises what the other error advises.
    #[must_use]
    pub(crate) fn remedy_of(mut self, other: &Self) -> Self {
        self.0.remedy.clone_from(&other.0.remedy);
        self
    }

    /// Adds the endpoint's own words (error description, correlation id), which come last.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = fit(&detail.into());
        self
    }

    /// Names the authentication mode, unless a deeper layer already did.
    #[must_use]
    pub fn in_mode(mut self, mode: &'static str) -> Self {
        self.0.mode.get_or_insert(mode);
        self
    }

    /// Says which member of a chain failed: the chain is the mode that the application asked for.
    #[must_use]
    pub(crate) fn in_member(mut self, member: &'static str) -> Self {
        self.0.member = Some(member);
        self
    }

    /// Names values by where they came from, which is where they can be corrected.
    #[must_use]
    pub(crate) fn naming(mut self, origins: &[Origin]) -> Self {
        if let Cause::Said(what) = &mut self.0.cause {
            what.name_origins(origins);
        }
        if let Some(remedy) = &mut self.0.remedy {
            remedy.text_mut().name_origins(origins);
        }
        self
    }

    /// The same failure as one of another kind.
    #[must_use]
    pub(crate) fn of_kind(mut self, kind: ErrorKind) -> Self {
        self.0.kind = kind;
        self
    }

    /// Adds how long the endpoint asks to be left alone.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Option<Duration>) -> Self {
        self.0.retry_after = wait;
        self
    }

    /// Adds that the endpoint may be one that this machine does not have at all.
    #[must_use]
    pub fn perhaps_absent(mut self) -> Self {
        self.0.may_be_absent = true;
        self
    }

    /// How long the endpoint asks to be left alone.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Whether nobody answered at an address that machines without such an endpoint have no answer from either.
    #[must_use]
    pub fn may_be_absent(&self) -> bool {
        self.0.may_be_absent
    }

    /// Whether the person has to sign in anew.
    #[must_use]
    pub fn asks_for_sign_in(&self) -> bool {
        matches!(self.0.remedy, Some(Remedy::SignIn(_)))
    }

    /// Its parts, for display: what failed and why, what to do, the endpoint's own words.
    #[must_use]
    pub fn words(&self) -> [String; 3] {
        let what = self
            .0
            .member
            .map_or_else(|| self.what(), |member| format!("{member}: {}", self.what()));
        let remedy = self.0.remedy.as_ref().map(ToString::to_string);
        [what, remedy.unwrap_or_default(), self.0.detail.clone()]
    }

    /// What failed and why, for display; not which member of a chain it was.
    #[must_use]
    pub fn what(&self) -> String {
        match (&self.0.cause, self.code()) {
            (Cause::Said(what), _) => what.to_string(),
            (Cause::EntraRefused(Some(why)), _) => format!("Entra refused the sign-in: {why}"),
            (Cause::EntraRefused(None), 0) => "Entra refused the sign-in".to_owned(),
            (Cause::EntraRefused(None), code) => format!("Entra refused the sign-in (AADSTS{code})"),
        }
    }

    /// The same where there is no room to say that it was Entra that refused.
    #[must_use]
    pub(crate) fn short_what(&self) -> String {
        match self.0.cause {
            Cause::EntraRefused(Some(why)) => why.to_owned(),
            _ => self.what(),
        }
    }

    /// The endpoint's own words, for display.
    #[must_use]
    pub fn own_words(&self) -> &str {
        &self.0.detail
    }

    /// All that it says, without the mode and the name of the driver.
    #[must_use]
    pub fn sentences(&self) -> String {
        let [mut text, remedy, detail] = self.words();
        if !text.ends_with(['.', '!', '?']) {
            text.push('.');
        }
        for part in [remedy, detail] {
            if !part.is_empty() {
                text.push(' ');
                text.push_str(&part);
            }
        }
        text
    }

    /// What kind of failure it was.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The AADSTS number of a refusal, or 0.
    #[must_use]
    pub fn code(&self) -> u32 {
        match self.0.kind {
            ErrorKind::Refused { code } => code,
            _ => 0,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[entra-odbc]")?;
        if let Some(mode) = self.0.mode {
            write!(f, "[{mode}]")?;
        }
        write!(f, " {}", self.sentences())
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::{text::text, *};
    use crate::{
        Keyword,
        plain_text::{is_harmful, tests::hostile},
    };

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
        let said = Text::from("the file of ")
            .value(Keyword::PasswordFile)
            .words("= is empty, see UID");
        let error = Error::invalid(said)
            .remedy(text!("Check {} (a GUID) and {}.", TenantId, User))
            .detail("UID")
            .naming(&[
                (Keyword::User, ValueName::Other("AZURE_CLIENT_ID")),
                (Keyword::Password, ValueName::Other("x")),
                (Keyword::TenantId, ValueName::Other("AZURE_TENANT_ID")),
            ]);
        assert_eq!(
            error.to_string(),
            "[entra-odbc] the file of PWDFile= is empty, see UID. Check AZURE_TENANT_ID (a GUID) and AZURE_CLIENT_ID. \
             UID"
        );
    }

    #[test]
    fn what_a_caller_acts_on_is_told_apart_from_the_text() {
        let error = Error::entra_refused(50126, Some("wrong password"))
            .remedy(Remedy::SignIn("again.".into()))
            .in_member("Saved");
        assert!(error.asks_for_sign_in() && !error.may_be_absent());
        assert_eq!(
            error.to_string(),
            "[entra-odbc] Saved: Entra refused the sign-in: wrong password. Sign in again."
        );
        assert_eq!(error.what(), "Entra refused the sign-in: wrong password");
        assert_eq!(error.short_what(), "wrong password");
        assert!(!Error::invalid("x").remedy("Sign in again.").asks_for_sign_in());
    }

    #[test]
    fn nothing_that_breaks_steers_or_hides_text_is_in_a_message_whichever_part_it_came_by() {
        for text in hostile() {
            let error = Error::invalid(text.clone())
                .remedy(text.clone())
                .detail(text.clone());
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
