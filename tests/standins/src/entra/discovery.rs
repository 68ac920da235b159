//! What clients read about an authority before they trust it: OpenID configuration, keys, known instances.

use serde_json::{Value, json};

use super::grant::Version;
use super::refusal::Refusal;
use crate::http::Request;

/// The public cloud's own names: real clients ask about them even of another authority.
const KNOWN_HOSTS: [&str; 7] = [
    "login.microsoftonline.com",
    "login.windows.net",
    "login.microsoft.com",
    "sts.windows.net",
    "login.microsoftonline.us",
    "login.chinacloudapi.cn",
    "login.partner.microsoftonline.cn",
];

/// The `openid-configuration` document of a tenant, or of whichever tenant a person belongs to.
pub(super) fn openid_configuration(authority: &str, tenant: &str, version: Version) -> Value {
    let base = format!("{authority}/{tenant}");
    let shared = ["common", "organizations"].contains(&tenant);
    let issuing = if shared { "{tenantid}" } else { tenant };
    let (issuer, endpoints, keys) = match version {
        Version::V1 => (
            format!("https://sts.windows.net/{issuing}/"),
            format!("{base}/oauth2"),
            format!("{base}/discovery/keys"),
        ),
        Version::V2 => (
            format!("{authority}/{issuing}/v2.0"),
            format!("{base}/oauth2/v2.0"),
            format!("{base}/discovery/v2.0/keys"),
        ),
    };
    json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
        "device_authorization_endpoint": format!("{base}/oauth2/v2.0/devicecode"),
        "token_endpoint": format!("{endpoints}/token"),
        "jwks_uri": keys,
        "end_session_endpoint": format!("{base}/oauth2/v2.0/logout"),
        "userinfo_endpoint": "https://graph.microsoft.com/oidc/userinfo",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "tenant_region_scope": if shared { Value::Null } else { "EU".into() },
        "cloud_instance_name": "microsoftonline.com",
    })
}

/// The answer to "is this authority one that you know?".
pub(super) fn instance(authority: &str, request: &Request) -> Result<Value, Refusal> {
    let asked = request
        .query
        .get("authorization_endpoint")
        .ok_or_else(Refusal::unknown_instance)?;
    let (host, path) = asked
        .strip_prefix("https://")
        .and_then(|rest| rest.split_once('/'))
        .ok_or_else(Refusal::unknown_instance)?;
    let own = authority.trim_start_matches("https://");
    if host != own && !KNOWN_HOSTS.contains(&host) {
        return Err(Refusal::unknown_instance());
    }
    let tenant = path.split('/').next().unwrap_or("common");
    Ok(json!({
        "tenant_discovery_endpoint": format!("https://{host}/{tenant}/v2.0/.well-known/openid-configuration"),
        "api-version": "1.1",
        "metadata": [
            { "preferred_network": own, "preferred_cache": own, "aliases": [own] },
            {
                "preferred_network": "login.microsoftonline.com",
                "preferred_cache": "login.windows.net",
                "aliases": ["login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"],
            },
            {
                "preferred_network": "login.partner.microsoftonline.cn",
                "preferred_cache": "login.partner.microsoftonline.cn",
                "aliases": ["login.partner.microsoftonline.cn", "login.chinacloudapi.cn"],
            },
            {
                "preferred_network": "login.microsoftonline.us",
                "preferred_cache": "login.microsoftonline.us",
                "aliases": ["login.microsoftonline.us", "login.usgovcloudapi.net"],
            },
        ],
    }))
}
