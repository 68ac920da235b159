//! Errors for Entra's refusals and failures, with the remedy for an AADSTS code.

mod refusal;

use super::reply;
use crate::{Error, ErrorKind, http::Reply};
use serde_json::{Map, Value};

pub use refusal::refusal;

/// The reason for a missing token: the OAuth error code of a permanent refusal, and the error to report.
pub fn refused(answer: &Reply, endpoint: &str) -> (Option<String>, Error) {
    let passing = matches!(answer.status, 408 | 429 | 500..);
    let object = match reply::object(answer, endpoint) {
        Ok(object) => object,
        Err(_) if passing => Map::new(),
        Err(error) => return (None, error),
    };
    let text = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default();
    let description = reply::description(text("error_description"));
    if passing || text("error") == "temporarily_unavailable" {
        return (None, unavailable(answer, endpoint).detail(description));
    }
    let code = object
        .get("error_codes")
        .and_then(|codes| codes.get(0))
        .and_then(reply::number)
        .and_then(|code| u32::try_from(code).ok())
        .or_else(|| number_in(&description))
        .unwrap_or(0);
    if code == 0 && text("error").is_empty() {
        let error = Error::new(
            ErrorKind::Unreachable,
            format!("{endpoint} answered with status {} and no reason", answer.status),
        );
        return (None, error.remedy("Check the Authority, and proxies in between."));
    }
    let detail = if description.is_empty() {
        reply::description(text("error"))
    } else {
        description
    };
    (Some(text("error").to_owned()), refusal(code).detail(detail))
}

/// The error for an endpoint that still fails after all retries.
pub fn unavailable(answer: &Reply, endpoint: &str) -> Error {
    let (status, retry_after) = (answer.status, answer.retry_after);
    let retry_after = retry_after.map_or_else(String::new, |retry_after| {
        format!(", and asks to wait {} s", retry_after.as_secs())
    });
    Error::new(
        ErrorKind::Unreachable,
        format!("{endpoint} keeps failing (status {status}{retry_after})"),
    )
    .remedy("Try again later.")
    .with_retry_after(answer.retry_after)
}

/// The number in `AADSTS7000215: …`.
pub fn number_in(words: &str) -> Option<u32> {
    let (_, rest) = words.split_once("AADSTS")?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest.get(..digits)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(status: u16, body: &str) -> Error {
        let reply = Reply {
            status,
            content_type: "application/json".into(),
            retry_after: None,
            challenge: String::new(),
            date: String::new(),
            body: zeroize::Zeroizing::new(body.as_bytes().to_vec()),
        };
        refused(&reply, "https://login.example").1
    }

    #[test]
    fn a_refusal_says_the_cause_what_to_do_and_then_entras_own_words() {
        let error = error(
            401,
            r#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret.\r\nTrace ID: a\r\nCorrelation ID: b","error_codes":[7000215]}"#,
        );
        assert_eq!((error.kind().name(), error.code()), ("refused", 7_000_215));
        assert_eq!(
            error.to_string(),
            "[entra-odbc] Entra refused the sign-in: the client secret is wrong. Check PWD: it must be the secret's \
             value, not its id, and belong to UID. AADSTS7000215: Invalid client secret. Trace ID: a Correlation ID: b"
        );
    }

    #[test]
    fn a_number_is_found_in_the_words_where_it_stands_nowhere_else() {
        let error = error(400, r#"{"error":"x","error_description":"AADSTS999: new."}"#);
        assert_eq!(error.code(), 999);
        assert!(error.to_string().contains("(AADSTS999)"));
    }

    #[test]
    fn an_endpoint_in_trouble_is_not_a_refusal() {
        for (status, body) in [
            (500, "oh"),
            (503, "{}"),
            (429, ""),
            (400, "{}"),
            (400, "<html>"),
            (302, ""),
        ] {
            assert_eq!(
                error(status, body).kind().name(),
                "unreachable",
                "{status} {body}"
            );
        }
    }
}
