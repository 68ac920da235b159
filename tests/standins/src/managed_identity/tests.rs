#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may fail by a panic"
)]

use reqwest::blocking::RequestBuilder;
use serde_json::Value;

use super::*;
use crate::testing::{TENANT, issuer, plain_client, tenant};

pub(super) const RESOURCE: &str = "https://database.windows.net/";

pub(super) fn identity(letter: char) -> Identity {
    let guid = |digit: char| {
        format!(
            "{}-0000-4000-8000-{}",
            letter.to_string().repeat(8),
            digit.to_string().repeat(12)
        )
    };
    Identity {
        client_id: guid('1'),
        object_id: guid('2'),
        resource_id: format!(
            "/subscriptions/s/resourcegroups/g/providers/Microsoft.ManagedIdentity/{letter}"
        ),
    }
}

pub(super) fn start(identities: Identities) -> ManagedIdentity {
    ManagedIdentity::start(ManagedIdentityOptions::new(issuer(), tenant(), identities))
}

pub(super) fn both() -> Identities {
    Identities {
        system_assigned: Some(identity('a')),
        user_assigned: vec![identity('b'), identity('c')],
    }
}

fn imds(endpoint: &ManagedIdentity) -> RequestBuilder {
    let url = format!("{}/metadata/identity/oauth2/token", endpoint.imds());
    let client = plain_client();
    client
        .get(url)
        .header("Metadata", "true")
        .query(&[("api-version", "2018-02-01"), ("resource", RESOURCE)])
}

fn app_service(endpoint: &ManagedIdentity) -> RequestBuilder {
    let client = plain_client();
    client
        .get(endpoint.identity_endpoint())
        .header("X-IDENTITY-HEADER", endpoint.identity_header())
        .query(&[("api-version", "2019-08-01"), ("resource", RESOURCE)])
}

pub(super) fn sent(request: RequestBuilder) -> (u16, Value, String) {
    let answer = request.send().unwrap();
    let status = answer.status().as_u16();
    let text = answer.text().unwrap();
    (status, serde_json::from_str(&text).unwrap(), text)
}

pub(super) fn who(endpoint: &ManagedIdentity, request: RequestBuilder) -> Result<String, String> {
    let (status, body, _) = sent(request);
    if status != 200 {
        let words = body["error_description"].as_str().or(body["message"].as_str());
        return Err(format!("{status} {}", words.unwrap()));
    }
    let claims = endpoint
        .state
        .issuer
        .verify(body["access_token"].as_str().unwrap())
        .unwrap();
    Ok(claims["appid"].as_str().unwrap().to_owned())
}

#[test]
fn imds_answers_in_strings_without_blanks() {
    let endpoint = start(both());
    let (status, body, text) = sent(imds(&endpoint));
    assert_eq!(status, 200);
    // Driver 18's reader refuses a blank after a colon.
    assert!(
        text.contains(r#""access_token":"ey"#) && text.contains(r#""expires_on":""#),
        "{text}"
    );
    for field in [
        "access_token",
        "client_id",
        "expires_in",
        "expires_on",
        "ext_expires_in",
        "not_before",
    ] {
        assert!(body[field].is_string(), "{field}");
    }
    assert_eq!(body["resource"], RESOURCE);
    let claims = endpoint
        .state
        .issuer
        .verify(body["access_token"].as_str().unwrap())
        .unwrap();
    assert_eq!(claims["aud"], RESOURCE);
    assert_eq!(claims["tid"], TENANT);
    assert_eq!(claims["oid"], identity('a').object_id);
    assert_eq!(claims["appidacr"], "2");
    assert_eq!(claims["xms_mirid"], identity('a').resource_id);
}

#[test]
fn imds_knows_an_identity_by_each_of_its_ids() {
    let endpoint = start(both());
    let c = identity('c');
    assert_eq!(who(&endpoint, imds(&endpoint)), Ok(identity('a').client_id));
    for (name, id) in [
        ("client_id", &c.client_id),
        ("object_id", &c.object_id),
        ("msi_res_id", &c.resource_id),
    ] {
        assert_eq!(
            who(&endpoint, imds(&endpoint).query(&[(name, id)])),
            Ok(c.client_id.clone()),
            "{name}"
        );
    }
    let stranger = imds(&endpoint).query(&[("client_id", identity('d').client_id)]);
    assert_eq!(who(&endpoint, stranger), Err("400 Identity not found".to_owned()));
    let object_as_client = imds(&endpoint).query(&[("client_id", &c.object_id)]);
    assert_eq!(
        who(&endpoint, object_as_client),
        Err("400 Identity not found".to_owned())
    );
}

#[test]
fn imds_takes_the_only_identity_and_asks_among_several() {
    let one = start(Identities {
        system_assigned: None,
        user_assigned: vec![identity('b')],
    });
    assert_eq!(who(&one, imds(&one)), Ok(identity('b').client_id));
    let several = start(Identities {
        system_assigned: None,
        user_assigned: vec![identity('b'), identity('c')],
    });
    assert!(
        who(&several, imds(&several))
            .unwrap_err()
            .starts_with("400 Multiple user assigned identities exist")
    );
    let none = start(Identities::default());
    assert_eq!(who(&none, imds(&none)), Err("400 Identity not found".to_owned()));
}

#[test]
fn imds_refuses_what_did_not_start_on_this_machine() {
    let endpoint = start(both());
    let url = format!(
        "{}/metadata/identity/oauth2/token?api-version=2018-02-01&resource=x",
        endpoint.imds()
    );
    let bare = plain_client().get(url);
    assert_eq!(
        who(&endpoint, bare),
        Err("400 Required metadata header not specified".to_owned())
    );
    let forwarded = imds(&endpoint).header("X-Forwarded-For", "10.0.0.1");
    assert!(who(&endpoint, forwarded).unwrap_err().starts_with("400 "));
}

#[test]
fn imds_names_an_unknown_resource_as_entra_does() {
    let endpoint = start(both());
    let url = format!("{}/metadata/identity/oauth2/token", endpoint.imds());
    let request = plain_client().get(url).header("Metadata", "true");
    let asked = [
        ("api-version", "2018-02-01"),
        ("resource", "https://nobody.example"),
    ];
    let (status, body, _) = sent(request.query(&asked));
    assert_eq!((status, body["error"].as_str()), (400, Some("invalid_resource")));
    assert!(
        body["error_description"]
            .as_str()
            .unwrap()
            .starts_with("AADSTS500011: The resource principal named")
    );
}

#[test]
fn app_service_knows_an_identity_by_each_of_its_ids() {
    let endpoint = start(both());
    let c = identity('c');
    assert_eq!(
        who(&endpoint, app_service(&endpoint)),
        Ok(identity('a').client_id)
    );
    let ids = [
        ("client_id", &c.client_id),
        ("principal_id", &c.object_id),
        ("object_id", &c.object_id),
        ("mi_res_id", &c.resource_id),
    ];
    for (name, id) in ids {
        assert_eq!(
            who(&endpoint, app_service(&endpoint).query(&[(name, id)])),
            Ok(c.client_id.clone()),
            "{name}"
        );
    }
    let stranger = app_service(&endpoint).query(&[("client_id", identity('d').client_id)]);
    assert!(
        who(&endpoint, stranger)
            .unwrap_err()
            .starts_with("400 No User Assigned or Delegated")
    );
}

#[test]
fn app_service_wants_its_secret_header() {
    let endpoint = start(both());
    let client = plain_client();
    let bare = client
        .get(endpoint.identity_endpoint())
        .query(&[("api-version", "2019-08-01")]);
    assert!(
        who(&endpoint, bare.try_clone().unwrap())
            .unwrap_err()
            .starts_with("401 ")
    );
    assert!(
        who(&endpoint, bare.header("X-IDENTITY-HEADER", "guessed"))
            .unwrap_err()
            .starts_with("401 ")
    );
}

#[test]
fn faults_hit_the_kind_of_host_they_are_meant_for() {
    let endpoint = start(both());
    endpoint.inject_on("/msi/", Times::UntilCleared, Fault::throttled(7));
    assert!(who(&endpoint, imds(&endpoint)).is_ok());
    let answer = app_service(&endpoint).send().unwrap();
    assert_eq!(
        (
            answer.status().as_u16(),
            answer.headers()["retry-after"].to_str().unwrap()
        ),
        (429, "7")
    );
    endpoint.faults().clear();
    assert!(who(&endpoint, app_service(&endpoint)).is_ok());
}
