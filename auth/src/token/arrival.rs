//! What a token must be like to be used, judged once: when it arrives, wherever it comes from.
//!
//! Before it is cached, shared, or put in the place of one that still lives: a token that no login can be done with
//! would otherwise fail every connect until its end.

use super::Token;
use super::text;
use crate::{Error, ErrorKind, parameters::scope};
use serde_json::Value;
use std::time::SystemTime;

/// What is known of the audience of a token, and with it of the servers that may see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Its issuer was asked for a token of this scope, and answered with this one.
    ///
    /// What `aud` says is not compared: Entra answers with the resource as it was asked for (version 1), or with the
    /// application id of the resource (version 2), which cannot be told from the scope.
    Requested,
    /// The token, a JWT, says itself that it is for the scope that the connection asks for.
    Stated,
    /// It is no JWT, and came from a string, a file or the host's own code: it may be any secret, for anyone.
    Unknown,
}

/// The token, if a login for `scope` can be done with it; its audience is known from then on as far as it can be.
pub fn judge(mut token: Token, scope: &str) -> Result<Token, Error> {
    let requested = token.audience == Audience::Requested;
    let judged = fit(&token).and_then(|()| {
        if requested {
            Ok(Audience::Requested)
        } else {
            audience(token.text.expose(), scope)
        }
    });
    match judged {
        Ok(audience) => {
            token.audience = audience;
            Ok(token)
        }
        // What a token endpoint answers is not for the string to put right.
        Err(error) if requested => Err(error
            .of_kind(ErrorKind::Unreachable)
            .remedy_or("Check what answers as the token endpoint.")),
        Err(error) => Err(error),
    }
}

/// Its characters, its length and its end.
fn fit(token: &Token) -> Result<(), Error> {
    text::checked(&token.text)?;
    match SystemTime::now().duration_since(token.expires_on) {
        Ok(past) => Err(Error::invalid(format!(
            "the access token expired {} s ago by this machine's clock",
            past.as_secs()
        ))
        .remedy("Get a new one; if this one is new, set the clock (sudo timedatectl set-ntp true).")),
        Err(_) => Ok(()),
    }
}

/// What a token from outside says of its audience, which must be that of `scope` alone.
fn audience(text: &str, scope: &str) -> Result<Audience, Error> {
    let Some(claims) = super::claims::payload(text) else {
        return Ok(Audience::Unknown);
    };
    // RFC 7519 (4.1.3): one text, or a list of them.
    let stated = match claims.get("aud") {
        Some(Value::Array(several)) => several.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    let fits = |aud: &Value| aud.as_str().is_some_and(|aud| scope::has_audience(scope, aud));
    // All of them: the server could use the token with the others.
    if !stated.is_empty() && stated.iter().all(fits) {
        return Ok(Audience::Stated);
    }
    let resource = scope::resource(scope);
    // Not quoted: from a file, `aud` is content that nobody asked to see.
    let remedy = if stated.iter().any(|aud| aud.as_str() == Some(EXCHANGE)) {
        "It is a federated token, which Entra exchanges for an access token: name its file in ClientAssertionFile= \
         beside Authentication=ActiveDirectoryWorkloadIdentity."
            .to_owned()
    } else {
        format!(
            "Get it for that audience (az account get-access-token --resource {resource}); for a server that takes \
             another one, name that in Scope=."
        )
    };
    Err(Error::invalid(format!(
        "the access token is not for {resource}: its audience (aud) is another"
    ))
    .remedy(remedy))
}

/// The audience of tokens that Entra exchanges for its own (workload identity federation).
const EXCHANGE: &str = "api://AzureADTokenExchange";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Secret, token::jwt};
    use serde_json::json;
    use std::time::Duration;

    const SQL: &str = "https://database.windows.net/.default";

    fn in_an_hour() -> SystemTime {
        SystemTime::now() + Duration::from_hours(1)
    }

    fn given(text: &str) -> Result<Token, Error> {
        judge(Token::supplied(Secret::new(text.to_owned())), SQL)
    }

    fn received(text: &str, end: SystemTime) -> Result<Token, Error> {
        judge(Token::received(Secret::new(text.to_owned()), end), SQL)
    }

    #[test]
    fn a_given_jwt_must_be_for_what_the_connection_asks_for() {
        for aud in [
            json!("https://database.windows.net/"),
            json!("022907d3-0f1b-48f7-badc-1ba6abab6d66"),
            json!(["https://database.windows.net"]),
        ] {
            let token = given(&jwt(&json!({ "aud": aud, "exp": 4_102_444_800_u64 }))).unwrap();
            assert_eq!(token.audience, Audience::Stated, "{aud}");
        }
        for aud in [
            json!("api://AzureADTokenExchange"),
            json!("https://vault.example"),
            json!("https://database.windows.net\u{0}"),
            json!("https://database.usgovcloudapi.net/"),
            json!(["https://database.windows.net", "https://vault.example"]),
            json!([]),
            json!(null),
            json!(5),
        ] {
            let error = given(&jwt(&json!({ "aud": aud }))).unwrap_err();
            assert_eq!(error.kind().name(), "invalid");
            let text = error.to_string();
            assert!(text.contains("not for https://database.windows.net"), "{text}");
            assert!(
                !text.contains("vault") && !text.contains("TokenExchange"),
                "{text}"
            );
        }
        assert!(given(&jwt(&json!({ "sub": "x" }))).is_err());
    }

    #[test]
    fn what_is_no_jwt_is_of_unknown_audience() {
        for text in [
            "0123456789abcdef0123456789abcdef",
            "a.b.c",
            "hvs.CAESI",
            "e30.e30.e30.e30.e30",
        ] {
            assert_eq!(given(text).unwrap().audience, Audience::Unknown, "{text}");
        }
    }

    #[test]
    fn what_an_issuer_was_asked_for_is_not_second_guessed() {
        let text = jwt(&json!({ "aud": "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d" }));
        assert_eq!(
            received(&text, in_an_hour()).unwrap().audience,
            Audience::Requested
        );
        assert_eq!(
            received("opaque", in_an_hour()).unwrap().audience,
            Audience::Requested
        );
    }

    #[test]
    fn a_token_that_no_login_can_be_done_with_is_refused_whoever_sends_it() {
        let long = "x".repeat(32 * 1024 + 1);
        for bad in ["", "hidden hidden", "hidd\u{e9}n", &long] {
            for error in [given(bad).unwrap_err(), received(bad, in_an_hour()).unwrap_err()] {
                assert!(!error.to_string().contains("hidd"), "{error}");
            }
        }
        let past = SystemTime::now() - Duration::from_secs(7);
        let ended = received("t", past).unwrap_err();
        assert_eq!(ended.kind().name(), "unreachable");
        assert!(ended.to_string().contains("expired 7 s ago"), "{ended}");
        let ended = given(&jwt(&json!({ "aud": "https://database.windows.net/", "exp": 1 }))).unwrap_err();
        assert_eq!(ended.kind().name(), "invalid");
    }
}
