//! The claims of access tokens, in the version 1.0 form that Entra issues for Azure SQL.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use super::directory::{Tenant, User};
use crate::jwt::Issuer;

/// Entra dates its tokens back by so much, for clocks that differ.
const BACKDATED: i64 = 300;

/// The client id of the Azure CLI, through which people get their tokens.
pub(crate) const AZURE_CLI: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";

/// Whom a token is about.
#[derive(Debug, Clone)]
pub(crate) enum Subject<'a> {
    /// An application that proved itself with a secret.
    App { client_id: &'a str, object_id: &'a str },
    /// A managed identity; Azure signs in for it with a certificate.
    ManagedIdentity {
        client_id: &'a str,
        object_id: &'a str,
        resource_id: &'a str,
    },
    /// A person.
    User {
        name: &'a str,
        object_id: &'a str,
        client_id: &'a str,
        permission: String,
    },
}

/// A token and its times in seconds since 1970.
pub(crate) struct AccessToken {
    pub(crate) jwt: String,
    pub(crate) not_before: i64,
    pub(crate) expires_on: i64,
    pub(crate) expires_in: u64,
}

/// Issues a token.
pub(crate) fn issue(
    issuer: &Issuer,
    tenant: &str,
    audience: &str,
    subject: &Subject<'_>,
    lifetime: Duration,
) -> AccessToken {
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let seconds = lifetime.as_secs();
    let expires_on = now.saturating_add_unsigned(seconds);
    let not_before = now - BACKDATED;
    let authority = format!("https://sts.windows.net/{tenant}/");
    let mut claims = json!({
        "aud": audience, "iss": authority, "iat": not_before, "nbf": not_before, "exp": expires_on,
        "aio": unique(), "idp": authority, "tid": tenant, "uti": unique(), "ver": "1.0",
    });
    let about = match subject {
        Subject::App { client_id, object_id } => json!({
            "appid": client_id, "appidacr": "1", "idtyp": "app", "oid": object_id, "sub": object_id,
        }),
        Subject::ManagedIdentity {
            client_id,
            object_id,
            resource_id,
        } => json!({
            "appid": client_id, "appidacr": "2", "idtyp": "app", "oid": object_id, "sub": object_id,
            "xms_mirid": resource_id,
        }),
        Subject::User {
            name,
            object_id,
            client_id,
            permission,
        } => json!({
            "appid": client_id, "appidacr": "0", "idtyp": "user", "oid": object_id, "sub": object_id,
            "scp": permission, "upn": name, "unique_name": name,
        }),
    };
    if let (Value::Object(claims), Value::Object(about)) = (&mut claims, about) {
        claims.extend(about);
    }
    AccessToken {
        jwt: issuer.sign(&claims),
        not_before,
        expires_on,
        expires_in: seconds,
    }
}

/// Who signed in, for the client alone.
pub(crate) fn id_token(
    issuer: &Issuer,
    tenant: &Tenant,
    user: &User,
    client_id: &str,
    nonce: Option<&str>,
) -> String {
    let now = OffsetDateTime::now_utc().unix_timestamp();
    issuer.sign(&json!({
        "aud": client_id, "iss": format!("https://login.microsoftonline.com/{}/v2.0", tenant.id),
        "iat": now, "nbf": now, "exp": now + 3600, "ver": "2.0", "tid": tenant.id, "oid": user.object_id,
        "sub": user.object_id, "name": user.display_name, "preferred_username": user.user_principal_name,
        "nonce": nonce,
    }))
}

/// Sixteen random bytes, as `uti` has them: no two tokens are equal.
fn unique() -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Uuid::new_v4().as_bytes())
}
