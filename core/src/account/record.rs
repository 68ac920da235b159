//! An account as it is written: one JSON object.

use super::Account;
use crate::Secret;
use serde_json::{Map, Value};
use std::{
    io,
    time::{Duration, SystemTime},
};
use zeroize::Zeroizing;

/// Another form gets another number; what has it is not read by older versions.
const VERSION: u64 = 1;

const TEXTS: [&str; 6] = [
    "authority",
    "tenant",
    "client_id",
    "username",
    "object_id",
    "refresh_token",
];

pub fn written(account: &Account) -> io::Result<Zeroizing<Vec<u8>>> {
    let saved = account
        .saved
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let mut bytes = Zeroizing::new(Vec::with_capacity(account.refresh_token.expose().len() + 2048));
    // Written piece by piece: a value made of it all would leave the token behind.
    let texts = [
        &account.authority,
        &account.tenant,
        &account.client,
        &account.username,
        &account.object_id,
        account.refresh_token.expose(),
    ];
    bytes.extend(format!("{{\"version\":{VERSION},\"saved\":{}", saved.as_secs()).as_bytes());
    for (name, text) in TEXTS.iter().zip(texts) {
        bytes.extend(format!(",\"{name}\":").as_bytes());
        serde_json::to_writer(&mut *bytes, text).map_err(io::Error::other)?;
    }
    bytes.extend(b"}\n");
    Ok(bytes)
}

pub fn read(bytes: &[u8]) -> Option<Account> {
    let mut object: Map<String, Value> = serde_json::from_slice(bytes).ok()?;
    if object.get("version")?.as_u64()? != VERSION {
        return None;
    }
    let seconds = object.get("saved")?.as_u64()?;
    let mut text = |name: &str| match object.remove(name) {
        Some(Value::String(text)) if !text.is_empty() => Some(text),
        _ => None,
    };
    let refresh_token = Secret::new(text("refresh_token")?);
    Some(Account {
        authority: text("authority")?,
        tenant: text("tenant")?,
        client: text("client_id")?,
        username: text("username")?,
        object_id: text("object_id")?,
        saved: SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))?,
        refresh_token,
    })
}
