//! Parses the JSON responses that all token endpoints have in common.

use crate::{Error, ErrorKind, Secret, Token, http::Reply, plain_text::one_line};
use serde_json::{Map, Value};
use std::time::{Duration, SystemTime};

/// The maximum length of an endpoint's error text in a message, in characters.
const MAX_DESCRIPTION_LENGTH: usize = 400;

/// The JSON object in the response, or an error that describes the response without quoting it.
pub fn object(reply: &Reply, endpoint: &str) -> Result<Map<String, Value>, Error> {
    if let Ok(Value::Object(object)) = serde_json::from_slice(&reply.body) {
        return Ok(object);
    }
    let kind = match description(&reply.content_type) {
        kind if kind.is_empty() => "no content type".to_owned(),
        kind => kind,
    };
    Err(Error::new(
        ErrorKind::Unreachable,
        format!(
            "{endpoint} answered with something other than a JSON object (status {}, {kind})",
            reply.status
        ),
    )
    .remedy("Check for a proxy or sign-in page in between."))
}

/// The token in a successful response: `access_token` with `expires_in` or `expires_on`.
///
/// Entra sends numbers, managed identities send strings; both are accepted.
pub fn token(object: &mut Map<String, Value>, endpoint: &str) -> Result<Token, Error> {
    let malformed = |what: &str| {
        Error::new(
            ErrorKind::Unreachable,
            format!("{endpoint} answered without a usable token: {what}"),
        )
        .remedy("Check that a token endpoint is there.")
    };
    let Some(Value::String(text)) = object.remove("access_token") else {
        return Err(malformed("access_token is missing"));
    };
    let text = Secret::new(text);
    if text.expose().is_empty() || !text.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(malformed(
            "access_token is empty or has characters that no token has",
        ));
    }
    let now = SystemTime::now();
    let seconds = |name: &str| object.get(name).and_then(number).map(Duration::from_secs);
    let end = match (seconds("expires_in"), seconds("expires_on")) {
        // A duration is right even if this machine's clock is wrong.
        (Some(span), _) => now.checked_add(span),
        (None, Some(time)) => SystemTime::UNIX_EPOCH.checked_add(time),
        (None, None) => return Err(malformed("it says neither expires_in nor expires_on")),
    };
    let mut token = Token::received(text, end.ok_or_else(|| malformed("its end is out of range"))?);
    token.refresh_on = seconds("refresh_in").and_then(|span| now.checked_add(span));
    Ok(token)
}

/// A whole number, also in a string.
pub fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// An endpoint's error text for a message: one line of bounded length.
pub fn description(text: &str) -> String {
    let spaced: String = one_line(text).chars().take(MAX_DESCRIPTION_LENGTH).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parsed(value: Value) -> Result<Token, Error> {
        let Value::Object(mut object) = value else {
            panic!()
        };
        token(&mut object, "endpoint")
    }

    fn seconds(time: SystemTime) -> u64 {
        time.duration_since(SystemTime::now()).unwrap().as_secs()
    }

    /// 4102444800 s after 1970.
    fn in_2100() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_hours(1_139_568)
    }

    #[test]
    fn times_are_taken_as_numbers_and_as_strings() {
        let entra = parsed(json!({ "access_token": "t", "expires_in": 3600, "refresh_in": "1800" })).unwrap();
        assert!((3598..=3600).contains(&seconds(entra.expires_on)));
        assert!((1798..=1800).contains(&seconds(entra.refresh_on.unwrap())));
        let imds = parsed(json!({ "access_token": "t", "expires_on": "4102444800" })).unwrap();
        assert_eq!(imds.expires_on, in_2100());
        assert!(imds.refresh_on.is_none());
    }

    #[test]
    fn what_is_no_token_is_told_without_being_quoted() {
        for bad in [
            json!({ "expires_in": 1 }),
            json!({ "access_token": "", "expires_in": 1 }),
            json!({ "access_token": "hid\u{0}den", "expires_in": 1 }),
            json!({ "access_token": "hiddén", "expires_in": 1 }),
            json!({ "access_token": "hidden" }),
            json!({ "access_token": "hidden", "expires_in": "soon" }),
            json!({ "access_token": "hidden", "expires_in": u64::MAX }),
            json!({ "access_token": 5, "expires_in": 1 }),
        ] {
            let error = parsed(bad).unwrap_err();
            assert_eq!(error.kind().name(), "unreachable");
            assert!(!error.to_string().contains("hid"), "{error}");
        }
    }

    #[test]
    fn a_page_in_place_of_an_answer_is_named_by_its_type() {
        let reply = Reply {
            status: 200,
            content_type: "text/html".into(),
            retry_after: None,
            challenge: String::new(),
            date: String::new(),
            body: zeroize::Zeroizing::new(b"<html>hidden".to_vec()),
        };
        let text = object(&reply, "https://host").unwrap_err().to_string();
        assert!(text.contains("text/html") && !text.contains("hidden"), "{text}");
    }
}
