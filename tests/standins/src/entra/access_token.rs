//! The claims of access tokens, in the version that their resource wants (1.0 for Azure SQL), and of id tokens.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use super::directory::{Resource, Tenant, User};
use crate::jwt::Issuer;

/// Entra dates its tokens back by so much, for clocks that differ.
const BACKDATED: i64 = 300;

/// The client id of the Azure CLI, through which people get their tokens.
pub(crate) const AZURE_CLI: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";

/// By what an application showed that it is itself: `appidacr` in its tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proof {
    /// By nothing, as a public client.
    None,
    Secret,
    /// By a certificate's signature or someone's word.
    Assertion,
}

impl Proof {
    fn acr(self) -> &'static str {
        match self {
            Self::None => "0",
            Self::Secret => "1",
            Self::Assertion => "2",
        }
    }
}

/// Whom a token is about.
#[derive(Debug, Clone)]
pub(crate) enum Subject<'a> {
    /// An application that proved itself.
    App {
        client_id: &'a str,
        object_id: &'a str,
        proof: Proof,
    },
    /// A managed identity; Azure signs in for it with a certificate.
    ManagedIdentity {
        client_id: &'a str,
        object_id: &'a str,
        resource_id: &'a str,
    },
    /// A person.
    User {
        user: &'a User,
        client_id: &'a str,
        proof: Proof,
        permissions: String,
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
    resource: &Resource,
    subject: &Subject<'_>,
    lifetime: Duration,
) -> AccessToken {
    let audience = resource.audience.as_str();
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
        Subject::App {
            client_id,
            object_id,
            proof,
        } => json!({
            "appid": client_id, "appidacr": proof.acr(), "idtyp": "app", "oid": object_id, "sub": object_id,
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
            user,
            client_id,
            proof,
            permissions,
        } => json!({
            "appid": client_id, "appidacr": proof.acr(), "idtyp": "user", "amr": ["pwd"],
            "oid": user.object_id, "sub": pairwise(user, audience), "scp": permissions,
            "name": user.display_name, "upn": user.user_principal_name, "unique_name": user.user_principal_name,
        }),
    };
    if let (Value::Object(claims), Value::Object(about)) = (&mut claims, about) {
        claims.extend(about);
        if resource.version_2 {
            to_version_2(claims, tenant);
        }
    }
    AccessToken {
        jwt: issuer.sign(&claims),
        not_before,
        expires_on,
        expires_in: seconds,
    }
}

/// The same in the form of version 2.0.
fn to_version_2(claims: &mut Map<String, Value>, tenant: &str) {
    let renamed = [
        ("appid", "azp"),
        ("appidacr", "azpacr"),
        ("upn", "preferred_username"),
    ];
    for (old, new) in renamed {
        if let Some(value) = claims.remove(old) {
            claims.insert(new.to_owned(), value);
        }
    }
    claims.remove("idp");
    claims.remove("unique_name");
    claims.insert("iss".to_owned(), version_2_issuer(tenant).into());
    claims.insert("ver".to_owned(), "2.0".into());
}

/// Who signs tokens of version 2.0.
pub(crate) fn version_2_issuer(tenant: &str) -> String {
    format!("https://login.microsoftonline.com/{tenant}/v2.0")
}

/// What an id token says beside who signed in.
pub(crate) struct IdToken<'a> {
    /// The authority that the client asked; its configuration names the same issuer.
    pub(crate) authority: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) nonce: Option<&'a str>,
    pub(crate) profile: bool,
    pub(crate) email: bool,
}

/// Who signed in, for the client alone.
pub(crate) fn id_token(issuer: &Issuer, tenant: &Tenant, user: &User, about: &IdToken<'_>) -> String {
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let start = now - BACKDATED;
    let mut claims = json!({
        "aud": about.client_id, "iss": format!("{}/{}/v2.0", about.authority, tenant.id),
        "iat": start, "nbf": start, "exp": now + 3600, "ver": "2.0", "tid": tenant.id, "uti": unique(),
        "sub": pairwise(user, about.client_id),
    });
    let mut add = |name: &str, value: &str| {
        if let Value::Object(claims) = &mut claims {
            claims.insert(name.to_owned(), value.into());
        }
    };
    if let Some(nonce) = about.nonce {
        add("nonce", nonce);
    }
    if about.profile {
        add("oid", &user.object_id);
        add("name", &user.display_name);
        add("preferred_username", &user.user_principal_name);
    }
    if about.email {
        add("email", &user.user_principal_name);
    }
    issuer.sign(&claims)
}

/// `client_info`, by which MSAL knows the account: user and tenant.
pub(crate) fn client_info(tenant: &Tenant, user: &User) -> String {
    let info = json!({ "uid": user.object_id, "utid": tenant.id });
    BASE64_URL_SAFE_NO_PAD.encode(info.to_string())
}

/// A person's `sub` is another one for each application.
fn pairwise(user: &User, audience: &str) -> String {
    let both = format!("{} {audience}", user.object_id);
    BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, both.as_bytes()))
}

/// Sixteen random bytes, as `uti` has them: no two tokens are equal.
fn unique() -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Uuid::new_v4().as_bytes())
}
