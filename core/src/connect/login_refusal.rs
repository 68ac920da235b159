//! Why SQL Server, Driver 18 or unixODBC refuses a login, or why no server was reached, and what to do about it.

mod known;
mod reached;

use crate::diagnostics::DriverRecord;
use entra_auth::{Error, ErrorKind, Token, cloud, token::Claims};
use known::{Known, TOKEN_PRINCIPAL};
pub(crate) use reached::Reached;
use std::time::SystemTime;

/// `Login failed for user …`.
pub const LOGIN_FAILED: i32 = 18456;

/// What stands between the server's words and ours in a record about a token.
const EXPLANATION: &str = " It was ";

/// The diagnostic record of a refused login.
#[derive(Debug, Clone, Copy)]
pub struct Refusal<'a> {
    /// The SQLSTATE; empty where it is not known.
    pub sqlstate: &'a str,
    /// The native error.
    pub native: i32,
    /// The message, as the driver passes it on.
    pub message: &'a str,
}

/// Why a login was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The token has ended, by the server's clock.
    TokenExpired,
    /// The server takes no tokens of the tenant.
    TenantNotAccepted,
    /// The token is for another audience.
    WrongAudience,
    /// What was given is no token.
    NoToken,
    /// The server does not accept the token, for a reason that it does not tell in full.
    TokenRefused,
    /// The server waited for a token in vain.
    TokenNotSent,
    /// The database has no user for the token's identity.
    NoDatabaseUser,
    /// The server's firewall.
    Firewall,
    /// The server takes connections from some virtual networks only.
    VirtualNetworkRule,
    /// The server is reached through private endpoints only.
    PublicAccessDenied,
    /// Azure's gateway does not know which server is meant.
    ServerNameUnknown,
    /// No such database, or not for this user.
    DatabaseNotOpened,
    /// The database is paused or moving.
    DatabaseUnavailable,
    /// The server has too much to do.
    ServerBusy,
    /// No TLS session with the server.
    Tls,
    /// No server was reached: a name, a port or a route.
    NotReached,
    /// unixODBC does not know the driver or data source.
    NameNotRegistered,
    /// unixODBC cannot load the registered library.
    LibraryNotLoaded,
    /// Our library cannot load the target driver.
    TargetDriverNotLoaded,
    /// No answer within the login timeout.
    TimedOut,
    /// A login as a user of Windows.
    WindowsLogin,
    /// A login with a name and a password that the server does not know.
    LoginUnknown,
}

/// The usual cause of a refusal, and what helps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The cause.
    pub cause: Cause,
    /// The cause in words: a clause, without a full stop.
    pub text: &'static str,
    /// What to do.
    pub remedy: String,
}

/// Why a login failed, as a record to be put before the driver's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginFailure {
    /// The cause.
    pub cause: Cause,
    /// The SQLSTATE of the driver's record: what programs decide by stays what it is.
    pub sqlstate: String,
    /// The native error of that record.
    pub native: i32,
    /// Cause and remedy in words.
    pub error: Error,
    /// The driver's records as the application is to have them, where that is not as they are.
    pub drivers: Option<Vec<DriverRecord>>,
}

impl<'a> From<&'a DriverRecord> for Refusal<'a> {
    fn from(record: &'a DriverRecord) -> Self {
        Self {
            sqlstate: &record.sqlstate,
            native: record.native,
            message: &record.message,
        }
    }
}

impl Refusal<'_> {
    fn is_of_token(&self) -> bool {
        self.message.contains(TOKEN_PRINCIPAL)
    }

    /// Whether the server says nothing beyond that the login failed: it does so where it has no such user.
    fn is_bare(&self) -> bool {
        // The tool reads a record of ours, in which an explanation follows the server's words.
        let servers = self.message.split(EXPLANATION).next().unwrap_or_default();
        let rest = servers.split_once(TOKEN_PRINCIPAL).map(|(_, rest)| rest);
        rest.is_some_and(|rest| rest.trim_matches(['\'', '.', ' ']).is_empty())
    }

    /// The message without the names of those that passed it on.
    fn own_words(&self) -> &str {
        let mut words = self.message;
        while let Some((_, rest)) = words.strip_prefix('[').and_then(|origin| origin.split_once(']')) {
            words = rest;
        }
        words.trim()
    }

    /// The cause and the remedy; `None` for a refusal that is not in the table.
    ///
    /// `claims` are those of the token that the login was tried with.
    #[must_use]
    pub fn explain(&self, claims: Option<&Claims>) -> Option<Explanation> {
        let known = Known::find(self)?;
        let explanation = |cause, text, remedy| Explanation { cause, text, remedy };
        let as_known = || explanation(known.cause, known.text, known.remedy.to_owned());
        let Some(claims) = claims else {
            return Some(as_known());
        };
        Some(match known.cause {
            Cause::NoDatabaseUser => {
                let remedy = database_user(claims).unwrap_or_else(|| known.remedy.to_owned());
                explanation(known.cause, known.text, remedy)
            }
            Cause::TokenRefused if *claims == Claims::default() => explanation(
                Cause::NoToken,
                "what was given is no token that can be read",
                "Check that it is a whole access token of Entra's, and nothing else.".to_owned(),
            ),
            Cause::TokenRefused => match claims.aud.as_deref() {
                Some(audience) if !cloud::is_audience(audience) => explanation(
                    Cause::WrongAudience,
                    "the token is not one for SQL Server",
                    format!(
                        "It is for {audience}: get one for https://database.windows.net, or check Scope."
                    ),
                ),
                Some(audience) => explanation(
                    known.cause,
                    known.text,
                    format!("It is for {audience}. {}", known.remedy),
                ),
                None => as_known(),
            },
            Cause::TokenExpired => match claims.exp.map(|end| end.duration_since(SystemTime::now())) {
                Some(Ok(left)) => explanation(
                    known.cause,
                    known.text,
                    format!(
                        "By this machine's clock it has {} s left, so that clock is behind the server's: set it \
                         (sudo timedatectl set-ntp true).",
                        left.as_secs()
                    ),
                ),
                _ => as_known(),
            },
            _ => as_known(),
        })
    }
}

impl Cause {
    /// Its name, for the log.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::TokenExpired => "token_expired",
            Self::TenantNotAccepted => "tenant_not_accepted",
            Self::WrongAudience => "wrong_audience",
            Self::NoToken => "no_token",
            Self::TokenRefused => "token_refused",
            Self::TokenNotSent => "token_not_sent",
            Self::NoDatabaseUser => "no_database_user",
            Self::Firewall => "firewall",
            Self::VirtualNetworkRule => "virtual_network_rule",
            Self::PublicAccessDenied => "public_access_denied",
            Self::ServerNameUnknown => "server_name_unknown",
            Self::DatabaseNotOpened => "database_not_opened",
            Self::DatabaseUnavailable => "database_unavailable",
            Self::ServerBusy => "server_busy",
            Self::Tls => "tls",
            Self::NotReached => "not_reached",
            Self::NameNotRegistered => "name_not_registered",
            Self::LibraryNotLoaded => "library_not_loaded",
            Self::TargetDriverNotLoaded => "target_driver_not_loaded",
            Self::TimedOut => "timed_out",
            Self::WindowsLogin => "windows_login",
            Self::LoginUnknown => "login_unknown",
        }
    }
}

/// How to create the user of an identity.
fn database_user(claims: &Claims) -> Option<String> {
    let name = claims.database_user_name()?;
    Some(if name.contains('@') {
        let name = name.replace(']', "]]");
        format!("Run in the database: CREATE USER [{name}] FROM EXTERNAL PROVIDER.")
    } else {
        format!("Run in the database what `entra-odbc sid {name}` prints, and check Database.")
    })
}

/// Why the server refused the login, by the driver's records; `None` where it did not, or for an unknown reason.
///
/// `logins` is how often the login was tried.
#[must_use]
pub fn of_server(records: &[DriverRecord], token: &Token, logins: u32) -> Option<LoginFailure> {
    // Azure SQL adds "Login failed" to more precise errors, in front of them or behind.
    let refusals = || {
        records
            .iter()
            .filter(|record| record.native > 0)
            .map(Refusal::from)
    };
    let precise = refusals().find(|refusal| refusal.native != LOGIN_FAILED && Known::is_of_server(refusal));
    let refusal = precise.or_else(|| refusals().find(Refusal::is_of_token))?;
    let claims = token.claims();
    let Explanation { cause, text, remedy } = refusal.explain(Some(&claims))?;
    let tries = if logins > 1 {
        format!(" (tried {logins} times)")
    } else {
        String::new()
    };
    let words = refusal.own_words();
    let kind = ErrorKind::Refused {
        code: refusal.native.unsigned_abs(),
    };
    let error = if refusal.native == LOGIN_FAILED {
        // The server's words first, which hosts look for; many hosts show one record only.
        Error::new(kind, format!("{words}{EXPLANATION}{claims}; {text}{tries}")).remedy(remedy)
    } else {
        Error::new(kind, format!("{text}{tries}"))
            .remedy(remedy)
            .detail(words)
    };
    Some(LoginFailure {
        cause,
        sqlstate: refusal.sqlstate.to_owned(),
        native: refusal.native,
        error,
        drivers: None,
    })
}

#[cfg(test)]
mod tests;
