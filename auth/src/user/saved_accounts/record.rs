//! The file format of an account: one JSON object.

use super::Account;
use crate::Secret;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Map, Value};
use std::{
    io,
    time::{Duration, SystemTime},
};
use zeroize::Zeroizing;

/// The version of the format. A file with another version is ignored.
const FORMAT_VERSION: u64 = 1;

const PLAIN_TOKEN_FIELD: &str = "refresh_token";
const SEALED_TOKEN_FIELD: &str = "sealed_refresh_token";

/// An account with its refresh token.
pub struct Record {
    pub account: Account,
    pub kept: Kept,
}

/// How a refresh token is stored.
pub enum Kept {
    /// In plain text.
    Plain(Secret),
    /// Encrypted with the key from the keyring.
    Sealed(Vec<u8>),
}

pub fn written(account: &Account, kept: &Kept) -> io::Result<Zeroizing<Vec<u8>>> {
    let saved = account
        .saved
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let encoded;
    let (name, token) = match kept {
        Kept::Plain(token) => (PLAIN_TOKEN_FIELD, token.expose()),
        Kept::Sealed(sealed) => {
            encoded = BASE64_STANDARD.encode(sealed);
            (SEALED_TOKEN_FIELD, encoded.as_str())
        }
    };
    let mut bytes = Zeroizing::new(Vec::with_capacity(token.len() + 2048));
    // Written field by field: an intermediate JSON value would leave a copy of the token that is not zeroed.
    bytes.extend(format!("{{\"version\":{FORMAT_VERSION},\"saved\":{}", saved.as_micros()).as_bytes());
    for (name, text) in [
        ("authority", account.authority.as_str()),
        ("tenant", &account.tenant),
        ("client_id", &account.client),
        ("username", &account.username),
        ("object_id", &account.object_id),
        (name, token),
    ] {
        bytes.extend(format!(",\"{name}\":").as_bytes());
        serde_json::to_writer(&mut *bytes, text).map_err(io::Error::other)?;
    }
    bytes.extend(b"}\n");
    Ok(bytes)
}

pub fn read(bytes: &[u8]) -> Option<Record> {
    let mut object: Map<String, Value> = serde_json::from_slice(bytes).ok()?;
    if object.get("version")?.as_u64()? != FORMAT_VERSION {
        return None;
    }
    // In microseconds: two accounts may be saved within one millisecond, and the last saved one is selected.
    let saved = Duration::from_micros(object.get("saved")?.as_u64()?);
    let mut text = |name: &str| match object.remove(name) {
        Some(Value::String(text)) if !text.is_empty() => Some(text),
        _ => None,
    };
    let kept = match text(PLAIN_TOKEN_FIELD) {
        Some(token) => Kept::Plain(Secret::new(token)),
        None => Kept::Sealed(BASE64_STANDARD.decode(text(SEALED_TOKEN_FIELD)?).ok()?),
    };
    let account = Account {
        authority: text("authority")?,
        tenant: text("tenant")?,
        client: text("client_id")?,
        username: text("username")?,
        object_id: text("object_id")?,
        saved: SystemTime::UNIX_EPOCH.checked_add(saved)?,
    };
    Some(Record { account, kept })
}
