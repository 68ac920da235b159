//! What it means when SQL Server refuses a login with a token that Entra issued.

use entra_auth::{Error, ErrorKind, Token, cloud, token::Claims};

/// `Login failed for user …`.
pub const LOGIN_FAILED: i32 = 18456;

/// How SQL Server speaks of everyone who comes with a token.
const SOMEONE: &str = "<token-identified principal>";

/// Says who it was and the usual cause; `None` where the server refused someone else.
///
/// `words` are those of the server, as the driver passes them on.
#[must_use]
pub fn explain(token: &Token, words: &str) -> Option<Error> {
    if !words.contains(SOMEONE) {
        return None;
    }
    let claims = token.claims();
    let (cause, remedy) = cause(&claims, words);
    let own = words.rsplit_once(']').map_or(words, |(_, own)| own);
    // First the words that hosts look for; many show one record only.
    let what = format!("{} It was {claims}; {cause}", own.trim());
    let refused = ErrorKind::Refused {
        code: LOGIN_FAILED.unsigned_abs(),
    };
    Some(Error::new(refused, what).remedy(remedy))
}

fn cause(claims: &Claims, words: &str) -> (&'static str, String) {
    if words.contains("expired") {
        let remedy = "Compare this machine's clock with the server's; a given token must be a new one.";
        return ("the server takes the token for expired", remedy.to_owned());
    }
    if words.contains("not currently configured to accept this token") {
        let remedy = "Set an Entra administrator for the server, and check Scope and TenantId.";
        return ("the server accepts no tokens of this tenant", remedy.to_owned());
    }
    if words.contains("Token is invalid") {
        if let Some(audience) = claims.aud.as_deref().filter(|aud| !cloud::is_audience(aud)) {
            let remedy =
                format!("It is for {audience}: get one for https://database.windows.net, or check Scope.");
            return ("the token is not one for SQL Server", remedy);
        }
        if *claims == Claims::default() {
            let remedy = "Check that it is a whole access token of Entra's, and nothing else.";
            return ("what was given is no token that can be read", remedy.to_owned());
        }
    }
    let cause =
        "the database has no user for it, or one made with the object id in place of the application id";
    let remedy = match claims.principal.as_deref() {
        Some(name) if name.contains('@') => format!(
            "Run in the database: CREATE USER [{}] FROM EXTERNAL PROVIDER.",
            name.replace(']', "]]")
        ),
        Some(application) => {
            format!("Run in the database what `entra-odbc sid {application}` prints, and check Database.")
        }
        None => "Create a database user for it, and check Database.".to_owned(),
    };
    (cause, remedy)
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
        let error = explain(&token, &words)?;
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
        assert_eq!(explain(&token, "Login failed for user 'sa'."), None);
    }
}
