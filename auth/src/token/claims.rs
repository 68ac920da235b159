//! The claims of a token, read without verifying it: who it names, for logs and messages only.

use crate::plain_text::is_harmful;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use std::{
    borrow::Cow,
    fmt,
    time::{Duration, SystemTime},
};

/// The longest claim that is shown; names are shorter, and a message has 512 characters in all.
const MAX_CLAIM_LENGTH: usize = 128;

/// What a token says of itself; all absent where it is opaque.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claims {
    /// The user's name (`upn`, `preferred_username`, `unique_name`) or the application id
    /// (`appid`, `azp`).
    pub principal: Option<String>,
    /// The application that it was issued to (`appid`, `azp`).
    pub client_id: Option<String>,
    /// The object id of who signed in.
    pub oid: Option<String>,
    /// The tenant.
    pub tid: Option<String>,
    /// Who issued the token.
    pub iss: Option<String>,
    /// Whom it is about, as the issuer names them.
    pub sub: Option<String>,
    /// For whom the token is.
    pub aud: Option<String>,
    /// When it ends.
    pub exp: Option<SystemTime>,
    /// What an id token repeats of the request that it answers.
    pub nonce: Option<String>,
}

impl Claims {
    /// Reads the middle part of a JWT.
    #[must_use]
    pub fn parse(token: &str) -> Self {
        payload(token)
            .map(|payload| Self::from_json(&payload))
            .unwrap_or_default()
    }

    /// Whether a text is a JWT, whose claims can be read.
    #[must_use]
    pub fn are_in(text: &str) -> bool {
        payload(text).is_some()
    }

    fn from_json(payload: &Value) -> Self {
        let text = |names: &[&str]| names.iter().find_map(|name| printable(payload.get(name)?));
        Self {
            principal: text(&["upn", "preferred_username", "unique_name", "appid", "azp"]),
            client_id: text(&["appid", "azp"]),
            oid: text(&["oid"]),
            tid: text(&["tid"]),
            iss: text(&["iss"]),
            sub: text(&["sub"]),
            aud: text(&["aud"]),
            nonce: text(&["nonce"]),
            exp: payload
                .get("exp")
                .and_then(seconds)
                .and_then(|seconds| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))),
        }
    }
}

impl Claims {
    /// The name by which a database knows the principal: that of a guest is their own address, which the names of their
    /// account in this tenant contain.
    #[must_use]
    pub fn database_user_name(&self) -> Option<Cow<'_, str>> {
        let name = self.principal.as_deref()?;
        // `ada_outlook.com#EXT#@contoso.onmicrosoft.com`: a domain has no underscore, a mailbox may.
        let lower = name.to_ascii_lowercase();
        if let Some((mailbox, domain)) = lower
            .find("#ext#@")
            .and_then(|end| name.get(..end))
            .and_then(|guest| guest.rsplit_once('_'))
        {
            return Some(format!("{mailbox}@{domain}").into());
        }
        // `live.com#ada@outlook.com`: who vouches for the guest comes first.
        Some(match name.split_once('#') {
            Some((_, address)) if address.contains('@') => address.into(),
            _ => name.into(),
        })
    }

    /// Whether two tokens are certainly those of two identities; unsaid is no difference.
    #[must_use]
    pub fn is_other_identity(&self, other: &Self) -> bool {
        let differ = |one: &Option<String>, two: &Option<String>| {
            one.as_ref()
                .zip(two.as_ref())
                .is_some_and(|(one, two)| one != two)
        };
        differ(&self.oid, &other.oid) || differ(&self.tid, &other.tid)
    }

    /// Whether two tokens are certainly those of one identity; unsaid is not enough.
    #[must_use]
    pub fn is_same_identity(&self, other: &Self) -> bool {
        let equal = |one: &Option<String>, two: &Option<String>| one.is_some() && one == two;
        equal(&self.oid, &other.oid) && equal(&self.tid, &other.tid)
    }
}

/// `someone@example.com (object id …, tenant …)`, or a word for a token that does not say.
impl fmt::Display for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.principal.as_deref().unwrap_or("unnamed principal"))?;
        match (&self.oid, &self.tid) {
            (Some(oid), Some(tid)) => write!(f, " (object id {oid}, tenant {tid})"),
            (Some(oid), None) => write!(f, " (object id {oid})"),
            (None, Some(tid)) => write!(f, " (tenant {tid})"),
            (None, None) => Ok(()),
        }
    }
}

/// The claims of a JWT as they are; `None` for anything else.
pub(super) fn payload(token: &str) -> Option<Value> {
    let mut parts = token.split('.');
    let (_, payload, _, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else {
        return None;
    };
    let bytes = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&bytes).ok().filter(Value::is_object)
}

/// A claim as text that may stand in a message: printable, of bounded length.
fn printable(value: &Value) -> Option<String> {
    let text: String = value
        .as_str()?
        .chars()
        .filter(|character| !is_harmful(*character))
        .take(MAX_CLAIM_LENGTH)
        .collect();
    (!text.is_empty()).then_some(text)
}

/// Seconds since 1970, which some issuers write as a fraction.
fn seconds(value: &Value) -> Option<u64> {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "as saturates, and a time that far out is as good as any"
    )]
    value.as_u64().or_else(|| {
        value
            .as_f64()
            .filter(|seconds| *seconds >= 0.0)
            .map(|seconds| seconds as u64)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use standins::jwt::unsigned as jwt;

    #[test]
    fn a_user_is_known_by_name_and_an_application_by_its_id() {
        let user = Claims::parse(&jwt(&serde_json::json!({
            "upn": "ada@example.com", "appid": "tool", "oid": "o", "tid": "t", "aud": "a", "exp": 7
        })));
        assert_eq!(user.to_string(), "ada@example.com (object id o, tenant t)");
        assert_eq!(user.exp, Some(SystemTime::UNIX_EPOCH + Duration::from_secs(7)));
        let application = Claims::parse(&jwt(&serde_json::json!({ "appid": "app", "exp": 7.9 })));
        assert_eq!(application.principal.as_deref(), Some("app"));
        assert_eq!(application.exp, user.exp);
    }

    #[test]
    fn a_guest_has_their_own_address_as_database_user() {
        for (principal, expected) in [
            (
                "ada_b_outlook.com#EXT#@contoso.onmicrosoft.com",
                "ada_b@outlook.com",
            ),
            ("ada_outlook.com#ext#@contoso.onmicrosoft.com", "ada@outlook.com"),
            ("live.com#ada@outlook.com", "ada@outlook.com"),
            ("ada@contoso.com", "ada@contoso.com"),
            ("odd#name", "odd#name"),
            (
                "619a4449-b4aa-4383-a2a9-7c365106c5e7",
                "619a4449-b4aa-4383-a2a9-7c365106c5e7",
            ),
        ] {
            let claims = Claims {
                principal: Some(principal.to_owned()),
                ..Claims::default()
            };
            assert_eq!(claims.database_user_name().as_deref(), Some(expected));
        }
        assert_eq!(Claims::default().database_user_name(), None);
    }

    #[test]
    fn an_opaque_or_broken_token_says_nothing() {
        for token in [
            "",
            "opaque",
            "a.b.c",
            "..",
            "a.b",
            "e30.e30.e30.e30",
            "x.bnVsbA.x",
        ] {
            assert_eq!(Claims::parse(token), Claims::default(), "{token}");
        }
        let odd = jwt(&serde_json::json!({ "upn": 5, "exp": -1, "aud": ["a"] }));
        assert_eq!(Claims::parse(&odd).to_string(), "unnamed principal");
    }

    #[test]
    fn a_claim_cannot_break_a_message_in_two() {
        let name = format!("a\n\u{0}{}", "b".repeat(1000));
        let shown = Claims::parse(&jwt(&serde_json::json!({ "upn": name })))
            .principal
            .unwrap();
        assert!(shown.starts_with("ab") && shown.len() == MAX_CLAIM_LENGTH);
    }
}
