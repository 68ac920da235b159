//! The two sign-ins behind one token, against the stand-ins.

use super::*;
use crate::{
    Environment, Token,
    credential::{IdentityOrigin, SignIn, find, tests::Fixture},
    identity_key::IdentityKey,
    token::TokenService,
};
use serde_json::json;
use standins::{
    http::{Fault, Response, Times},
    playground::{PAYROLL_CLIENT_ID, PORTAL_CLIENT_ID, Playground, PlaygroundOptions, TENANT_ID, USER},
};
use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

/// The user-assigned identity of the stand-in's machine.
const REPORTS: &str = "94c2a6f7-0d3e-4b18-97a5-5e8b3d1f0c62";
const REPORTS_OBJECT: &str = "2fa95d30-e7b4-4681-bc0e-a1d6c84f7953";

/// A machine with managed identities, two applications that trust one of them, and an Entra.
struct Bench {
    playground: Playground,
    roots: PathBuf,
}

impl Bench {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let playground = Playground::start(&PlaygroundOptions::default());
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let roots = std::env::temp_dir().join(format!(
            "entra-odbc-federated-{}-{number}.pem",
            std::process::id()
        ));
        fs::write(&roots, playground.ca.pem()).unwrap();
        Self { playground, roots }
    }

    fn fixture(&self, pairs: &[(Keyword, &str)]) -> Fixture {
        let environment = Environment::fixed([
            ("SSL_CERT_FILE", self.roots.to_str().unwrap()),
            (
                "AZURE_POD_IDENTITY_AUTHORITY_HOST",
                &self.playground.managed_identity.imds(),
            ),
        ]);
        let tenant = (Keyword::TenantId, TENANT_ID);
        Fixture::with_environment(&[&[tenant], pairs].concat(), environment)
            .at(&self.playground.entra.authority())
    }

    fn token(&self, mode: &str, pairs: &[(Keyword, &str)]) -> Result<Arc<Token>, Error> {
        let sign_in = find(mode).unwrap().prepare(&self.fixture(pairs).context())?;
        assert_eq!(sign_in.identity_origin, IdentityOrigin::Context);
        let until = Instant::now() + Duration::from_secs(10);
        Ok(TokenService::new().token(&sign_in, until)?.token)
    }

    fn payroll(&self, pairs: &[(Keyword, &str)]) -> Result<Arc<Token>, Error> {
        let application = (Keyword::User, PAYROLL_CLIENT_ID);
        self.token("ServicePrincipal", &[&[application], pairs].concat())
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.roots);
    }
}

#[test]
fn a_managed_identity_vouches_for_an_application_however_it_is_named() {
    let bench = Bench::new();
    let resource = "/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourcegroups/payroll/providers/\
                    Microsoft.ManagedIdentity/userAssignedIdentities/reports";
    let by_value = format!("msi:{REPORTS}");
    let other_client = format!("Managed Identity: {REPORTS}");
    for pairs in [
        &[(Keyword::FederatedIdentity, by_value.as_str())][..],
        &[(Keyword::FederatedIdentity, &other_client)],
        &[(Keyword::ManagedIdentityClientId, REPORTS)],
        &[
            (Keyword::FederatedIdentity, "SignedAssertionFromManagedIdentity"),
            (Keyword::ManagedIdentityClientId, REPORTS),
        ],
        &[
            (Keyword::FederatedIdentity, "msi"),
            (Keyword::ObjectId, REPORTS_OBJECT),
        ],
        &[
            (Keyword::FederatedIdentity, "msi"),
            (Keyword::ResourceId, resource),
        ],
    ] {
        let token = bench.payroll(pairs).unwrap();
        assert_eq!(
            token.claims().client_id.as_deref(),
            Some(PAYROLL_CLIENT_ID),
            "{pairs:?}"
        );
    }
    let asked = bench.playground.managed_identity.record().requests();
    let exchange = asked
        .iter()
        .all(|request| request.query.get("resource") == Some("api://AzureADTokenExchange"));
    assert!(exchange && asked.len() == 6, "{asked:#?}");
}

#[test]
fn a_service_may_prove_itself_so_when_it_acts_for_a_person() {
    let bench = Bench::new();
    let arrived = bench.playground.portal_token(USER, Duration::from_hours(1));
    let pairs = [
        (Keyword::User, PORTAL_CLIENT_ID),
        (Keyword::ManagedIdentityClientId, REPORTS),
        (Keyword::UserAssertion, &arrived),
    ];
    let token = bench.token("OnBehalfOf", &pairs).unwrap();
    assert_eq!(token.claims().principal.as_deref(), Some(USER));
}

#[test]
fn a_federated_credential_that_is_missing_is_spelled_out() {
    let bench = Bench::new();
    // The machine's own identity, which nobody trusts.
    let error = bench.payroll(&[(Keyword::FederatedIdentity, "msi")]).unwrap_err();
    let text = error.to_string();
    let remedy = format!(
        "Add a federated credential to the application: issuer https://login.microsoftonline.com/{TENANT_ID}/v2.0, \
         subject d04f8e6c-2b71-4c95-8a3d-6f5e1b9c7204, audience api://AzureADTokenExchange. "
    );
    assert_eq!(error.code(), 700_213, "{text}");
    assert!(text.contains(&remedy) && !text.contains("eyJ"), "{text}");
}

#[test]
fn a_managed_identity_that_is_not_there_is_told_by_the_keyword_that_named_it() {
    let bench = Bench::new();
    let nobody = "11111111-2222-3333-4444-555555555555";
    let error = bench
        .payroll(&[(Keyword::ManagedIdentityClientId, nobody)])
        .unwrap_err();
    let text = error.to_string();
    let begin = "[entra-odbc][ServicePrincipal] FederatedIdentity: the VM's identity endpoint (IMDS) has no managed \
                 identity with client id";
    assert!(text.starts_with(begin) && text.contains(nobody), "{text}");

    let absent = json!({ "error": "invalid_request", "error_description": "Identity not found" });
    let absent = Fault::Answer(Response::json(400, &absent));
    bench
        .playground
        .managed_identity
        .inject_on("", Times::UntilCleared, absent);
    let text = bench
        .payroll(&[(Keyword::FederatedIdentity, "msi")])
        .unwrap_err()
        .to_string();
    assert!(
        text.contains("no system-assigned managed identity")
            && text.contains("user-assigned one in FederatedIdentity."),
        "{text}"
    );
}

fn prepare(pairs: &[(Keyword, &str)], authority: &str, variables: &[(&str, &str)]) -> Result<SignIn, Error> {
    let environment = Environment::fixed(variables.iter().copied());
    let application = [(Keyword::User, "app"), (Keyword::TenantId, "tenant.example")];
    let fixture = Fixture::with_environment(&[&application, pairs].concat(), environment).at(authority);
    find("ServicePrincipal").unwrap().prepare(&fixture.context())
}

const PUBLIC: &str = "https://login.microsoftonline.com";

#[test]
fn both_identities_and_where_their_tokens_come_from_are_in_the_key() {
    let msi = [(Keyword::FederatedIdentity, "msi")];
    let keys: Vec<IdentityKey> = [
        prepare(&msi, PUBLIC, &[]),
        prepare(&[(Keyword::FederatedIdentity, "msi:one")], PUBLIC, &[]),
        prepare(&[(Keyword::FederatedIdentity, "msi:two")], PUBLIC, &[]),
        prepare(&[msi[0], (Keyword::ObjectId, "one")], PUBLIC, &[]),
        prepare(&msi, "https://login.microsoftonline.us", &[]),
        prepare(
            &msi,
            PUBLIC,
            &[("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://localhost:1")],
        ),
        prepare(&[(Keyword::Password, "msi")], PUBLIC, &[]),
    ]
    .into_iter()
    .map(|sign_in| sign_in.unwrap().key)
    .collect();
    for (at, one) in keys.iter().enumerate() {
        assert!(!keys[..at].contains(one), "{at}");
    }
    // Two ways to say the same.
    let one = prepare(&[(Keyword::ManagedIdentityClientId, "one")], PUBLIC, &[]);
    assert_eq!(one.unwrap().key, keys[1]);
}

#[test]
fn what_is_malformed_or_contradictory_is_named() {
    let fabric = [
        ("IDENTITY_ENDPOINT", "https://localhost:1/"),
        ("IDENTITY_HEADER", "x"),
        (
            "IDENTITY_SERVER_THUMBPRINT",
            "a9993e364706816aba3e25717850c26c9cd0d89d",
        ),
    ];
    let federated = (Keyword::FederatedIdentity, "msi:one");
    let text = |pairs: &[_], variables: &[_]| {
        let error = prepare(pairs, PUBLIC, variables).unwrap_err();
        assert_eq!(error.kind().name(), "invalid");
        error.to_string()
    };
    for (pairs, words) in [
        (&[(Keyword::FederatedIdentity, "github")][..], "must be msi"),
        (&[(Keyword::FederatedIdentity, "msi:")], "must be msi"),
        (
            &[federated, (Keyword::Password, "hidden")],
            "FederatedIdentity= and PWD= contradict each other",
        ),
        (
            &[
                (Keyword::ManagedIdentityClientId, "one"),
                (Keyword::ClientAssertion, "hidden"),
            ],
            "ManagedIdentityClientId= and ClientAssertion= contradict each other",
        ),
        (
            &[federated, (Keyword::ManagedIdentityClientId, "two")],
            "FederatedIdentity= and ManagedIdentityClientId= contradict each other",
        ),
        (
            &[federated, (Keyword::ResourceId, "/subscriptions/x")],
            "FederatedIdentity= and ResourceId= contradict each other",
        ),
    ] {
        let text = text(pairs, &[]);
        assert!(text.contains(words) && !text.contains("hidden"), "{text}");
    }
    let text = text(&[federated], &fabric);
    assert!(
        text.contains("Service Fabric") && text.contains("Write FederatedIdentity=msi"),
        "{text}"
    );
}
