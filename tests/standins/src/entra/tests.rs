#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may fail by a panic"
)]

mod people;

use reqwest::blocking::{Client, Response as Answer};
use serde_json::Value;

use super::*;
use crate::certificates::CertificateAuthority;
use crate::testing::{CLIENT, DOMAIN, OBJECT, SECRET, TENANT, client, directory, issuer};

const SCOPE: &str = "https://database.windows.net/.default";

struct Bench {
    entra: Entra,
    client: Client,
    issuer: Arc<Issuer>,
}

fn bench() -> Bench {
    let ca = CertificateAuthority::new();
    let issuer = issuer();
    let tls = ca.server_config(&["localhost", "127.0.0.1"]);
    let entra = Entra::start(EntraOptions::new(tls, issuer.clone(), directory()));
    Bench {
        entra,
        client: client(ca.pem()),
        issuer,
    }
}

impl Bench {
    fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.client
            .post(format!("{}{path}", self.entra.authority()))
            .form(form)
            .send()
            .unwrap()
    }

    fn get(&self, path: &str) -> Answer {
        self.client
            .get(format!("{}{path}", self.entra.authority()))
            .send()
            .unwrap()
    }

    fn refused(&self, tenant: &str, form: &[(&str, &str)]) -> (u16, String, u64) {
        let answer = self.post(&format!("/{tenant}/oauth2/v2.0/token"), form);
        let status = answer.status().as_u16();
        let body = json(answer);
        (
            status,
            body["error"].as_str().unwrap().to_owned(),
            body["error_codes"][0].as_u64().unwrap(),
        )
    }
}

fn json(answer: Answer) -> Value {
    serde_json::from_slice(&answer.bytes().unwrap()).unwrap()
}

fn form<'a>(scope: &'a str, secret: &'a str) -> [(&'a str, &'a str); 4] {
    [
        ("grant_type", "client_credentials"),
        ("client_id", CLIENT),
        ("client_secret", secret),
        ("scope", scope),
    ]
}

#[test]
fn a_secret_earns_a_token_with_the_claims_of_azure_sql() {
    let bench = bench();
    let answer = bench.post(&format!("/{DOMAIN}/oauth2/v2.0/token"), &form(SCOPE, SECRET));
    assert_eq!(answer.status(), 200);
    assert_eq!(
        answer.headers()["content-type"],
        "application/json; charset=utf-8"
    );
    let body = json(answer);
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["expires_in"], 3599);
    assert_eq!(body["ext_expires_in"], 3599);
    let claims = bench
        .issuer
        .verify(body["access_token"].as_str().unwrap())
        .unwrap();
    assert_eq!(claims["aud"], "https://database.windows.net/");
    assert_eq!(claims["iss"], format!("https://sts.windows.net/{TENANT}/"));
    assert_eq!(claims["appid"], CLIENT);
    assert_eq!(claims["appidacr"], "1");
    assert_eq!(claims["oid"], OBJECT);
    assert_eq!(claims["sub"], OBJECT);
    assert_eq!(claims["tid"], TENANT);
    assert_eq!(claims["ver"], "1.0");
    let now = time::OffsetDateTime::now_utc().unix_timestamp();
    let times = claims["exp"].as_i64().unwrap() - now;
    assert!((3590..=3599).contains(&times), "{times}");
    assert!(claims["nbf"].as_i64().unwrap() < now);
}

#[test]
fn the_older_endpoint_takes_a_resource_and_answers_in_strings() {
    let bench = bench();
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", CLIENT),
        ("client_secret", SECRET),
        ("resource", "https://database.windows.net/"),
    ];
    let body = json(bench.post(&format!("/{TENANT}/oauth2/token"), &form));
    assert_eq!(body["expires_in"], "3599");
    assert!(body["expires_on"].as_str().unwrap().parse::<u64>().unwrap() > 0);
    assert_eq!(body["resource"], "https://database.windows.net/");
    assert!(
        bench
            .issuer
            .verify(body["access_token"].as_str().unwrap())
            .is_ok()
    );
}

#[test]
fn every_refusal_has_its_number_code_and_status() {
    let bench = bench();
    let good = form(SCOPE, SECRET);
    let unknown = "11111111-2222-3333-4444-555555555555";
    let bad = |code: &str| code.to_owned();
    let mut stranger = good;
    stranger[1].1 = unknown;
    let mut grant = good;
    grant[0].1 = "saml";
    assert_eq!(
        bench.refused(unknown, &good),
        (400, bad("invalid_request"), 90002)
    );
    assert_eq!(
        bench.refused("fabrikam.com", &good),
        (400, bad("invalid_request"), 90002)
    );
    assert_eq!(
        bench.refused("contoso", &good),
        (400, bad("invalid_request"), 900_023)
    );
    assert_eq!(
        bench.refused("common", &good),
        (400, bad("invalid_request"), 50059)
    );
    assert_eq!(bench.refused(TENANT, &[]), (400, bad("invalid_request"), 900_144));
    assert_eq!(
        bench.refused(TENANT, &good[..1]),
        (400, bad("invalid_request"), 900_144)
    );
    assert_eq!(
        bench.refused(TENANT, &grant),
        (400, bad("unsupported_grant_type"), 70003)
    );
    assert_eq!(
        bench.refused(TENANT, &stranger),
        (400, bad("unauthorized_client"), 700_016)
    );
    assert_eq!(
        bench.refused(TENANT, &form(SCOPE, "wrong")),
        (401, bad("invalid_client"), 7_000_215)
    );
    assert_eq!(
        bench.refused(TENANT, &form(SCOPE, "last year's")),
        (401, bad("invalid_client"), 7_000_222)
    );
    assert_eq!(
        bench.refused(TENANT, &form(SCOPE, "")),
        (401, bad("invalid_client"), 7_000_218)
    );
    assert_eq!(
        bench.refused(TENANT, &good[..3]),
        (400, bad("invalid_request"), 90014)
    );
    let scope = "https://database.windows.net/user_impersonation";
    assert_eq!(
        bench.refused(TENANT, &form(scope, SECRET)),
        (400, bad("invalid_scope"), 1_002_012)
    );
    let scopes = "openid https://database.windows.net/.default";
    assert_eq!(
        bench.refused(TENANT, &form(scopes, SECRET)),
        (400, bad("invalid_scope"), 70011)
    );
    let scope = "https://nobody.example/.default";
    assert_eq!(
        bench.refused(TENANT, &form(scope, SECRET)),
        (400, bad("invalid_resource"), 500_011)
    );
}

#[test]
fn a_refusal_is_worded_as_entra_words_it() {
    let bench = bench();
    let url = format!("{}/{TENANT}/oauth2/v2.0/token", bench.entra.authority());
    let request = bench
        .client
        .post(url)
        .header("client-request-id", "my-correlation");
    let body = json(request.form(&form(SCOPE, "wrong")).send().unwrap());
    let description = body["error_description"].as_str().unwrap();
    let lines: Vec<&str> = description.split("\r\n").collect();
    assert!(
        lines[0].starts_with("AADSTS7000215: Invalid client secret provided. Ensure the secret"),
        "{lines:?}"
    );
    assert!(lines[0].ends_with(&format!("for a secret added to app '{CLIENT}'.")));
    assert_eq!(
        lines[1],
        format!("Trace ID: {}", body["trace_id"].as_str().unwrap())
    );
    assert_eq!(lines[2], "Correlation ID: my-correlation");
    assert_eq!(
        lines[3],
        format!("Timestamp: {}", body["timestamp"].as_str().unwrap())
    );
    assert_eq!(body["correlation_id"], "my-correlation");
    assert!(
        body["error_uri"]
            .as_str()
            .unwrap()
            .ends_with("/error?code=7000215")
    );
    assert!(!description.contains("wrong"), "Entra does not repeat secrets");
}

#[test]
fn basic_authorization_is_as_good_as_a_form() {
    let bench = bench();
    let url = format!("{}/{TENANT}/oauth2/v2.0/token", bench.entra.authority());
    let encoded: String = form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    let request = bench.client.post(url).basic_auth(CLIENT, Some(encoded));
    let form = [("grant_type", "client_credentials"), ("scope", SCOPE)];
    assert_eq!(request.form(&form).send().unwrap().status(), 200);
}

#[test]
fn discovery_names_the_endpoints_and_keys() {
    let bench = bench();
    let authority = bench.entra.authority();
    let document = json(bench.get(&format!("/{DOMAIN}/v2.0/.well-known/openid-configuration")));
    assert_eq!(
        document["token_endpoint"],
        format!("{authority}/{TENANT}/oauth2/v2.0/token")
    );
    let keys = json(bench.get(&format!("/{TENANT}/discovery/v2.0/keys")));
    assert_eq!(keys, bench.issuer.jwks());
    let missing = bench.get("/fabrikam.com/v2.0/.well-known/openid-configuration");
    assert_eq!(missing.status(), 400);
    let asked = format!("{authority}/{TENANT}/oauth2/v2.0/authorize");
    let instance = bench.get(&format!(
        "/common/discovery/instance?api-version=1.1&authorization_endpoint={asked}"
    ));
    let document = json(instance);
    assert_eq!(
        document["tenant_discovery_endpoint"],
        format!("{authority}/{TENANT}/v2.0/.well-known/openid-configuration")
    );
    let asked = "https://evil.example/common/oauth2/v2.0/authorize";
    let instance = bench.get(&format!(
        "/common/discovery/instance?authorization_endpoint={asked}"
    ));
    assert_eq!(json(instance)["error"], "invalid_instance");
}

#[test]
fn lifetimes_and_the_directory_change_while_it_runs() {
    let bench = bench();
    bench
        .entra
        .set_lifetimes(Duration::from_secs(5), Some(Duration::from_secs(2)));
    bench
        .entra
        .change(|directory| directory.tenants[0].apps[0].secrets = vec!["fresh".to_owned()]);
    assert_eq!(bench.refused(TENANT, &form(SCOPE, SECRET)).2, 7_000_215);
    let body = json(bench.post(&format!("/{TENANT}/oauth2/v2.0/token"), &form(SCOPE, "fresh")));
    assert_eq!((&body["expires_in"], &body["refresh_in"]), (&5.into(), &2.into()));
}

#[test]
fn the_record_tells_what_came_and_what_was_answered() {
    let bench = bench();
    let path = format!("/{TENANT}/oauth2/v2.0/token");
    bench.post(&path, &form(SCOPE, SECRET));
    bench.post(&path, &form(SCOPE, "wrong"));
    let requests = bench.entra.record().wait_for(2);
    assert_eq!(requests[0].path, path);
    assert_eq!(requests[0].form.get("client_secret"), Some(SECRET));
    assert_eq!((requests[0].status, requests[1].status), (Some(200), Some(401)));
    assert_eq!(
        (requests[0].connection, requests[1].connection),
        (1, 1),
        "kept alive"
    );
    assert!(
        !format!("{requests:?}").contains("s3cret"),
        "secrets are there for who asks, and not printed"
    );
    assert_eq!(bench.entra.record().take_requests().len(), 2);
    assert_eq!(bench.entra.token_requests(), []);
}

#[test]
fn a_client_that_does_not_know_the_authority_gets_no_further() {
    let bench = bench();
    let stranger = client(CertificateAuthority::new().pem());
    assert!(stranger.get(bench.entra.authority()).send().is_err());
    assert_eq!(bench.entra.record().connections(), 1);
    assert_eq!(bench.entra.record().requests(), []);
}

#[test]
fn expired_and_self_signed_certificates_are_refused_by_a_client() {
    let ca = CertificateAuthority::new();
    let names = ["localhost"];
    let issuer = issuer();
    for tls in [
        ca.expired_server_config(&names),
        CertificateAuthority::self_signed_server_config(&names),
    ] {
        let entra = Entra::start(EntraOptions::new(tls, issuer.clone(), directory()));
        assert!(client(ca.pem()).get(entra.authority()).send().is_err());
    }
}
