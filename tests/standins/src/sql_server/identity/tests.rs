#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::certificates::CertificateAuthority;
use crate::jwt::Issuer;

fn options() -> SqlServerOptions {
    let tls = CertificateAuthority::new().server_config(&["localhost"]);
    SqlServerOptions::new(tls, Arc::new(Issuer::new())).with_user("sa", "correct horse")
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// Claims of a good token, with these on top.
fn outcome(options: &SqlServerOptions, changes: &Value) -> Result<String, String> {
    let mut claims = json!({
        "aud": "https://database.windows.net/",
        "exp": now() + 60,
        "nbf": now(),
        "upn": "ada@example.com",
    });
    for (claim, value) in changes.as_object().unwrap() {
        claims
            .as_object_mut()
            .unwrap()
            .insert(claim.clone(), value.clone());
    }
    let checked = of_token(&options.issuer.sign(&claims), options);
    checked
        .outcome
        .map(|identity| identity.login)
        .map_err(|error| error.message)
}

fn refused(reason: &str) -> Result<String, String> {
    Err(SqlError::token_refused(reason).message)
}

#[test]
fn people_go_by_name_and_applications_by_id_and_tenant() {
    let options = options();
    assert_eq!(outcome(&options, &json!({})), Ok("ada@example.com".into()));
    let guest = json!({"upn": null, "unique_name": "bob@example.com"});
    assert_eq!(outcome(&options, &guest), Ok("bob@example.com".into()));
    let app = json!({"upn": null, "appid": "app", "tid": "tenant"});
    assert_eq!(outcome(&options, &app), Ok("app@tenant".into()));
    assert_eq!(outcome(&options, &json!({"upn": null})), refused(INVALID));
}

#[test]
fn audience_and_times_are_checked() {
    let options = options();
    let no_slash = json!({"aud": "https://database.windows.net"});
    assert!(outcome(&options, &no_slash).is_ok());
    let graph = json!({"aud": "https://graph.microsoft.com"});
    assert_eq!(outcome(&options, &graph), refused(INVALID));
    assert_eq!(outcome(&options, &json!({"exp": now()})), refused(EXPIRED));
    assert_eq!(outcome(&options, &json!({"exp": null})), refused(INVALID));
    assert_eq!(outcome(&options, &json!({"nbf": now() + 60})), refused(INVALID));
}

#[test]
fn another_issuers_token_is_refused_and_its_claims_are_not_believed() {
    let token = Issuer::new().sign(&json!({"upn": "eve@example.com", "exp": now() + 60}));
    let checked = of_token(&token, &options());
    assert_eq!(checked.claims, None);
    assert_eq!(checked.outcome, Err(SqlError::token_refused(INVALID)));
}

#[test]
fn passwords_are_compared_as_they_are_and_names_without_case() {
    let options = options();
    assert_eq!(of_user("SA", "correct horse", &options).unwrap().user, "dbo");
    let error = of_user("sa", "Correct horse", &options).unwrap_err();
    assert_eq!((error.number, error.class), (18456, 14));
    assert!(!format!("{options:?}").contains("correct horse"));
}
