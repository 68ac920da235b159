//! The platforms beside virtual machines and App Service, as strict as they are.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may fail by a panic"
)]

use std::fs;
use std::path::PathBuf;

use reqwest::blocking::RequestBuilder;

use super::tests::{RESOURCE, both, identity, sent, start, who};
use super::*;
use crate::testing::{issuer, plain_client, tenant};

/// A directory for the agent's keys, gone with its owner.
struct Keys(PathBuf);

impl Keys {
    fn of(endpoint: &ManagedIdentity) -> Self {
        let name = format!(
            "standins-arc-{}-{}",
            std::process::id(),
            endpoint.address().port()
        );
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        endpoint.set_arc_keys(&path, Path::new("/keys"));
        Self(path)
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn arc(endpoint: &ManagedIdentity) -> RequestBuilder {
    plain_client()
        .get(endpoint.arc_endpoint())
        .header("Metadata", "true")
        .query(&[("api-version", "2020-06-01"), ("resource", RESOURCE)])
}

/// The value of the header that answers a challenge.
fn proof(endpoint: &ManagedIdentity, keys: &Keys) -> String {
    let answer = arc(endpoint).send().unwrap();
    assert_eq!(answer.status(), 401);
    let challenge = answer.headers()["www-authenticate"].to_str().unwrap();
    let file = challenge.strip_prefix("Basic realm=/keys/").unwrap();
    format!("Basic {}", fs::read_to_string(keys.0.join(file)).unwrap())
}

#[test]
fn arc_wants_to_see_the_key_and_takes_each_once() {
    let endpoint = start(both());
    let keys = Keys::of(&endpoint);
    let proof = proof(&endpoint, &keys);
    let ask = |value: &str| arc(&endpoint).header("Authorization", value);
    assert_eq!(who(&endpoint, ask(&proof)).unwrap(), identity('a').client_id);
    assert!(who(&endpoint, ask(&proof)).unwrap_err().starts_with("401"));
    assert!(who(&endpoint, ask("Basic guess")).unwrap_err().starts_with("401"));
    assert_eq!(fs::read_dir(&keys.0).unwrap().count(), 0);
}

#[test]
fn arc_says_whose_token_it_is_unless_it_is_old() {
    let endpoint = start(both());
    let keys = Keys::of(&endpoint);
    let b = identity('b');
    let ask = || {
        let (_, body, _) = sent(
            arc(&endpoint)
                .header("Authorization", proof(&endpoint, &keys))
                .query(&[("msi_res_id", &b.resource_id)]),
        );
        body
    };
    let body = ask();
    assert_eq!(body["client_id"], b.client_id.as_str());
    assert_eq!(body["msi_res_id"], b.resource_id.as_str());
    endpoint.set_arc_old();
    let body = ask();
    assert_eq!(body["client_id"], identity('a').client_id.as_str());
    assert!(body.get("msi_res_id").is_none());
}

#[test]
fn cloud_shell_signs_in_whoever_opened_it() {
    let mut tenant = tenant();
    let options = |tenant: &Tenant| {
        ManagedIdentity::start(ManagedIdentityOptions::new(issuer(), tenant.clone(), both()))
    };
    let ask = |endpoint: &ManagedIdentity, resource: &str| {
        let request = plain_client().post(endpoint.cloud_shell_endpoint());
        sent(request.header("Metadata", "true").form(&[("resource", resource)]))
    };
    let (status, body, _) = ask(&options(&tenant), RESOURCE);
    assert_eq!(
        (status, body["error"]["code"].as_str()),
        (401, Some("NotSignedIn"))
    );
    tenant.users.push(crate::entra::User {
        user_principal_name: "ada@contoso.com".to_owned(),
        ..Default::default()
    });
    let endpoint = options(&tenant);
    let (status, body, _) = ask(&endpoint, RESOURCE);
    assert_eq!(status, 200, "{body}");
    let claims = endpoint
        .state
        .issuer
        .verify(body["access_token"].as_str().unwrap())
        .unwrap();
    assert_eq!(claims["upn"], "ada@contoso.com");
    let (status, body, _) = ask(&endpoint, "https://unknown");
    assert_eq!(status, 400);
    assert_eq!(body["error"]["code"], "AudienceNotSupported");
    let got = plain_client()
        .get(endpoint.cloud_shell_endpoint())
        .send()
        .unwrap();
    assert_eq!(got.status(), 405);
}

#[test]
fn machine_learning_wants_its_secret_and_its_own_name_for_client_ids() {
    let endpoint = start(both());
    let ask = |secret: &str, query: &[(&str, &str)]| {
        let request = plain_client()
            .get(endpoint.ml_endpoint())
            .header("secret", secret)
            .query(&[("api-version", "2017-09-01"), ("resource", RESOURCE)]);
        sent(request.query(query))
    };
    let secret = endpoint.ml_secret();
    let b = identity('b').client_id;
    let (status, body, _) = ask(secret, &[("clientid", &b)]);
    assert_eq!((status, body["client_id"].as_str()), (200, Some(b.as_str())));
    assert!(body["expires_on"].is_number());
    let (_, body, _) = ask(secret, &[("client_id", &b)]);
    assert_eq!(body["client_id"], identity('a').client_id.as_str());
    assert_eq!(ask(secret, &[("clientid", "x")]).0, 400);
    assert_eq!(ask("guess", &[]).0, 401);
}

#[test]
fn service_fabric_has_a_certificate_that_nobody_signed_and_tells_its_thumbprint() {
    let endpoint = start(both());
    let fabric = endpoint.service_fabric();
    assert_eq!(fabric.thumbprint().len(), 40);
    let refused = plain_client().get(fabric.endpoint()).send().unwrap_err();
    assert!(refused.is_connect(), "{refused}");
    let anyone = reqwest::blocking::Client::builder()
        .tls_backend_preconfigured(trusting_anyone())
        .build()
        .unwrap();
    let ask = |secret: &str| {
        let request = anyone.get(fabric.endpoint()).header("Secret", secret);
        sent(request.query(&[("api-version", "2019-07-01-preview"), ("resource", RESOURCE)]))
    };
    let (status, body, _) = ask("guess");
    assert_eq!(
        (status, body["error"]["code"].as_str()),
        (400, Some("SecretHeaderNotFound"))
    );
    let (status, body, _) = ask(endpoint.identity_header());
    assert_eq!(status, 200, "{body}");
    assert!(body["expires_on"].is_number());
    assert_eq!(fabric.record().requests().len(), 2);
}

fn trusting_anyone() -> rustls::ClientConfig {
    use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
    use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
    use rustls::{DigitallySignedStruct, Error, SignatureScheme};

    #[derive(Debug)]
    struct Anyone;

    impl ServerCertVerifier for Anyone {
        fn verify_server_cert(
            &self,
            _end_entity: &CertificateDer<'_>,
            _intermediates: &[CertificateDer<'_>],
            _server_name: &ServerName<'_>,
            _ocsp_response: &[u8],
            _now: UnixTime,
        ) -> Result<ServerCertVerified, Error> {
            Ok(ServerCertVerified::assertion())
        }

        fn verify_tls12_signature(
            &self,
            _message: &[u8],
            _certificate: &CertificateDer<'_>,
            _signature: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            Ok(HandshakeSignatureValid::assertion())
        }

        fn verify_tls13_signature(
            &self,
            _message: &[u8],
            _certificate: &CertificateDer<'_>,
            _signature: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            Ok(HandshakeSignatureValid::assertion())
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            vec![SignatureScheme::ECDSA_NISTP256_SHA256]
        }
    }

    rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anyone))
        .with_no_client_auth()
}
