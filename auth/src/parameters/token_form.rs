//! An access token as people paste it: in the quotes of an `.env` file, as a header has it, or as the JSON that a tool prints.

use super::spelling::unquoted;
use crate::Secret;
use serde_json::{Map, Value};
use zeroize::{Zeroize as _, Zeroizing};

/// What a header has before the token (RFC 6750).
const BEARER: &str = "bearer ";

/// The names of the token in the JSON of `az`, of token endpoints, and of `azd` and `Get-AzAccessToken`; in lower case and
/// without `_`.
const FIELDS: [&str; 2] = ["accesstoken", "token"];

/// The token alone; what is in none of these forms stays as it is, for whoever says what is wrong with it.
#[must_use]
pub fn bare(text: &str) -> Secret {
    let text = text.trim();
    match in_json(text) {
        Some(token) => Secret::new(without_decoration(&token).to_owned()),
        None => Secret::new(without_decoration(text).to_owned()),
    }
}

/// Without quotes around it and the word `Bearer` before it, whichever is within the other.
fn without_decoration(text: &str) -> &str {
    let text = unquoted(text.trim());
    let text = match text.split_at_checked(BEARER.len()) {
        Some((word, token)) if word.eq_ignore_ascii_case(BEARER) => token.trim(),
        _ => text,
    };
    unquoted(text)
}

/// The token of a JSON object; of one without its braces as well, which a connection string takes for its own.
fn in_json(text: &str) -> Option<Zeroizing<String>> {
    let object = if text.starts_with('{') {
        object(text)
    } else if text.starts_with('"') && text.contains(':') {
        object(&Zeroizing::new(format!("{{{text}}}")))
    } else {
        None
    };
    let mut token = None;
    for (name, value) in object? {
        // Beside it may be a refresh token.
        let Value::String(mut value) = value else { continue };
        let name = name.replace('_', "").to_ascii_lowercase();
        if token.is_none() && FIELDS.contains(&name.as_str()) {
            token = Some(Zeroizing::new(value));
        } else {
            value.zeroize();
        }
    }
    token
}

fn object(text: &str) -> Option<Map<String, Value>> {
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => Some(object),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_in_every_form() {
        for text in [
            "eyJ0.e30.x",
            " eyJ0.e30.x\n",
            "\"eyJ0.e30.x\"",
            "'eyJ0.e30.x'",
            "Bearer eyJ0.e30.x",
            "bearer  eyJ0.e30.x",
            "\"Bearer eyJ0.e30.x\"",
            "Bearer \"eyJ0.e30.x\"",
            r#"{"accessToken": "eyJ0.e30.x", "expiresOn": "2026-01-01", "expires_on": 1, "tokenType": "Bearer"}"#,
            "{\n  \"access_token\": \"eyJ0.e30.x\",\n  \"refresh_token\": \"r\"\n}\n",
            r#"{"token":"eyJ0.e30.x","expiresOn":"2026-01-01T00:00:00Z"}"#,
            r#"{"Token":"eyJ0.e30.x"}"#,
            r#""accessToken": "eyJ0.e30.x", "tenant": "t""#,
        ] {
            assert_eq!(bare(text).expose(), "eyJ0.e30.x", "{text}");
        }
    }

    #[test]
    fn what_is_in_none_of_them_stays_as_it_is() {
        for text in [
            "",
            "\"",
            "Bearer",
            "{",
            r#"{"a":"b"}"#,
            r#"{"accessToken":1}"#,
            "a b",
            "\"a\":",
        ] {
            assert_eq!(bare(text).expose(), text);
        }
    }
}
