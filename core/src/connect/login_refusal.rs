//! Why SQL Server, Driver 18 or unixODBC refuses a login, and what to do about it.

mod known;

use entra_auth::{Error, ErrorKind, Token, cloud, token::Claims};
use known::{Known, TOKEN_PRINCIPAL};

/// `Login failed for user …`.
pub const LOGIN_FAILED: i32 = 18456;

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
    /// The database has no user for the token's identity.
    NoDatabaseUser,
    /// The server's firewall.
    Firewall,
    /// The server is reached through private endpoints only.
    PublicAccessDenied,
    /// No such database, or not for this user.
    DatabaseNotOpened,
    /// The database is paused or moving.
    DatabaseUnavailable,
    /// No TLS session with the server.
    Tls,
    /// unixODBC does not know the driver or data source.
    NameNotRegistered,
    /// unixODBC cannot load the registered library.
    LibraryNotLoaded,
    /// Our library cannot load the target driver.
    TargetDriverNotLoaded,
    /// No answer within the login timeout.
    TimedOut,
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

impl Refusal<'_> {
    fn is_of_token(&self) -> bool {
        self.message.contains(TOKEN_PRINCIPAL)
    }

    /// The cause and the remedy; `None` for a refusal that is not in the table.
    ///
    /// `claims` are those of the token that the login was tried with.
    #[must_use]
    pub fn explain(&self, claims: Option<&Claims>) -> Option<Explanation> {
        let known = Known::find(self)?;
        let explanation = |cause, text, remedy| Explanation { cause, text, remedy };
        let (Cause::NoDatabaseUser, Some(claims)) = (known.cause, claims) else {
            return Some(explanation(known.cause, known.text, known.remedy.to_owned()));
        };
        let audience = claims.aud.as_deref().filter(|aud| !cloud::is_audience(aud));
        let is_invalid = self.message.contains("Token is invalid");
        Some(match (is_invalid, audience) {
            (true, Some(audience)) => explanation(
                Cause::WrongAudience,
                "the token is not one for SQL Server",
                format!("It is for {audience}: get one for https://database.windows.net, or check Scope."),
            ),
            (true, None) if *claims == Claims::default() => explanation(
                Cause::NoToken,
                "what was given is no token that can be read",
                "Check that it is a whole access token of Entra's, and nothing else.".to_owned(),
            ),
            _ => {
                let remedy = database_user(claims).unwrap_or_else(|| known.remedy.to_owned());
                explanation(known.cause, known.text, remedy)
            }
        })
    }
}

/// How to create the user of an identity.
fn database_user(claims: &Claims) -> Option<String> {
    let name = claims.principal.as_deref()?;
    Some(if name.contains('@') {
        let name = name.replace(']', "]]");
        format!("Run in the database: CREATE USER [{name}] FROM EXTERNAL PROVIDER.")
    } else {
        format!("Run in the database what `entra-odbc sid {name}` prints, and check Database.")
    })
}

/// The error of a login that was refused with this token; `None` where the server refused someone else.
///
/// `message` is the server's, as the driver passes it on.
#[must_use]
pub fn error(token: &Token, message: &str) -> Option<Error> {
    let refusal = Refusal {
        sqlstate: "28000",
        native: LOGIN_FAILED,
        message,
    };
    if !refusal.is_of_token() {
        return None;
    }
    let claims = token.claims();
    let Explanation { text, remedy, .. } = refusal.explain(Some(&claims))?;
    let without_origin = message.rsplit_once(']').map_or(message, |(_, own)| own);
    // The server's words first, which hosts look for; many hosts show one record only.
    let what = format!("{} It was {claims}; {text}", without_origin.trim());
    let kind = ErrorKind::Refused {
        code: LOGIN_FAILED.unsigned_abs(),
    };
    Some(Error::new(kind, what).remedy(remedy))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::Diagnostic as _;
    use entra_auth::Secret;
    use serde_json::json;
    use standins::jwt::unsigned as jwt;
    use std::time::SystemTime;

    fn explained(claims: &serde_json::Value, reason: &str) -> Option<String> {
        let token = Token::received(Secret::new(jwt(claims)), SystemTime::now());
        let words = format!("[Microsoft]Login failed for user '<token-identified principal>'.{reason}");
        let error = error(&token, &words)?;
        assert_eq!((error.sqlstate(), error.native()), ("28000", 18456));
        let start =
            format!("[entra-odbc] Login failed for user '<token-identified principal>'.{reason} It was ");
        assert!(error.to_string().starts_with(&start), "{error}");
        Some(error.to_string())
    }

    #[test]
    fn an_application_is_named_by_its_ids_with_the_usual_cause() {
        let claims = json!({ "appid": "app-1", "oid": "object-1", "tid": "tenant-1" });
        let text = explained(&claims, "").unwrap();
        for part in [
            "app-1",
            "object-1",
            "tenant-1",
            "object id in place",
            "entra-odbc sid app-1",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn a_person_is_told_the_statement_that_helps() {
        let text = explained(&json!({ "upn": "a]b@contoso.com" }), "").unwrap();
        assert!(
            text.contains("CREATE USER [a]]b@contoso.com] FROM EXTERNAL PROVIDER"),
            "{text}"
        );
    }

    #[test]
    fn a_token_that_the_server_takes_for_expired_is_no_missing_user() {
        let text = explained(&json!({ "appid": "a" }), " Token is expired.").unwrap();
        assert!(text.contains("clock") && !text.contains("CREATE USER"), "{text}");
    }

    #[test]
    fn a_token_that_was_meant_for_someone_else_is_no_missing_user() {
        let text = explained(
            &json!({ "upn": "ada@contoso.com", "aud": "https://graph.microsoft.com" }),
            " Token is invalid.",
        )
        .unwrap();
        assert!(
            text.contains("It is for https://graph.microsoft.com: get one for https://database.windows.net"),
            "{text}"
        );
        let text = explained(&json!({}), " Token is invalid.").unwrap();
        assert!(text.contains("whole access token"), "{text}");
        for aud in [
            "https://database.windows.net/",
            "https://database.usgovcloudapi.net",
            "022907d3-0f1b-48f7-badc-1ba6abab6d66",
        ] {
            let claims = json!({ "upn": "ada@contoso.com", "aud": aud });
            let text = explained(&claims, " Token is invalid.").unwrap();
            assert!(text.contains("CREATE USER"), "{text}");
        }
    }

    #[test]
    fn the_refusal_of_a_password_is_none_of_our_business() {
        let token = Token::received(Secret::new("opaque".into()), SystemTime::now());
        assert_eq!(error(&token, "Login failed for user 'sa'."), None);
    }

    fn cause(sqlstate: &str, native: i32, message: &str) -> Option<Cause> {
        let refusal = Refusal {
            sqlstate,
            native,
            message,
        };
        refusal.explain(None).map(|explanation| explanation.cause)
    }

    #[test]
    fn a_refusal_is_known_by_its_number_its_state_or_its_words() {
        for (sqlstate, native, message, expected) in [
            ("42000", 40_615, "in another language", Cause::Firewall),
            (
                "",
                0,
                "Client with IP address '1.2.3.4' is not allowed to access the server.",
                Cause::Firewall,
            ),
            (
                "42000",
                4060,
                "Cannot open database \"x\" requested by the login.",
                Cause::DatabaseNotOpened,
            ),
            (
                "01000",
                0,
                "Can't open lib '/x.so' : file not found",
                Cause::LibraryNotLoaded,
            ),
            ("IM002", 0, "", Cause::NameNotRegistered),
            ("28000", 18456, "Login failed for user 'sa'.", Cause::LoginUnknown),
            (
                "28000",
                18456,
                "Login failed for user '<token-identified principal>'.",
                Cause::NoDatabaseUser,
            ),
            (
                "28000",
                18456,
                "Login failed for user '<token-identified principal>'. Token is expired.",
                Cause::TokenExpired,
            ),
        ] {
            assert_eq!(cause(sqlstate, native, message), Some(expected), "{message}");
        }
        assert_eq!(cause("HY000", 0, "something else"), None);
    }
}
