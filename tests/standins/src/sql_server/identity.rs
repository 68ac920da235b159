//! Who somebody is: tokens and passwords checked as Azure SQL checks them.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::SqlServerOptions;
use super::tokens::SqlError;

const EXPIRED: &str = "Token is expired.";
const INVALID: &str = "Token is invalid.";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    /// What SUSER_SNAME() says.
    pub(super) login: String,
    /// What USER_NAME() says.
    pub(super) user: String,
}

/// The claims of a token, and what was decided.
pub(super) struct Checked {
    pub(super) claims: Option<Value>,
    pub(super) outcome: Result<Identity, SqlError>,
}

pub(super) fn of_token(token: &str, options: &SqlServerOptions) -> Checked {
    let Ok(claims) = options.issuer.verify(token) else {
        return Checked {
            claims: None,
            outcome: Err(SqlError::token_refused(INVALID)),
        };
    };
    let outcome = check(&claims, options);
    Checked {
        claims: Some(claims),
        outcome,
    }
}

fn check(claims: &Value, options: &SqlServerOptions) -> Result<Identity, SqlError> {
    let audience = claims.get("aud").and_then(Value::as_str).unwrap_or_default();
    let audience = audience.trim_end_matches('/');
    let accepted = options
        .audiences
        .iter()
        .any(|known| known.trim_end_matches('/') == audience);
    if !accepted {
        return Err(SqlError::token_refused(INVALID));
    }
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let time = |claim| claims.get(claim).and_then(Value::as_u64);
    match time("exp") {
        None => return Err(SqlError::token_refused(INVALID)),
        Some(expiry) if expiry <= now => return Err(SqlError::token_refused(EXPIRED)),
        Some(_) => {}
    }
    if time("nbf").is_some_and(|not_before| not_before > now) {
        return Err(SqlError::token_refused(INVALID));
    }
    let login = name(claims).ok_or_else(|| SqlError::token_refused(INVALID))?;
    Ok(Identity {
        user: login.clone(),
        login,
    })
}

/// People by name, applications as `appid@tenant`.
fn name(claims: &Value) -> Option<String> {
    let text = |claim: &str| claims.get(claim)?.as_str().filter(|text| !text.is_empty());
    for claim in ["upn", "preferred_username", "unique_name"] {
        if let Some(name) = text(claim) {
            return Some(name.to_owned());
        }
    }
    let app = text("appid").or_else(|| text("azp"))?;
    Some(format!("{app}@{}", text("tid")?))
}

pub(super) fn of_user(user: &str, password: &str, options: &SqlServerOptions) -> Result<Identity, SqlError> {
    let known = options
        .users
        .iter()
        .find(|known| known.name.eq_ignore_ascii_case(user) && known.password.reveal() == password);
    let Some(known) = known else {
        let text = format!("Login failed for user '{user}'.");
        return Err(SqlError::new(18456, text).with_class(14));
    };
    Ok(Identity {
        login: known.name.clone(),
        user: "dbo".into(),
    })
}

#[cfg(test)]
mod tests;
