//! The mode against the stand-ins of its endpoints.

mod platforms;

use super::*;
use crate::{Keyword, credential::tests::Fixture, token::TokenService};
use standins::{
    entra::Tenant,
    http::{Fault, Times},
    jwt::Issuer,
    managed_identity::{Identities, Identity, ManagedIdentity as StandIn, ManagedIdentityOptions},
};
use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

const RESOURCE: &str =
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/lent";

fn identity(name: &str, resource: &str) -> Identity {
    Identity {
        client_id: format!("{name}-client"),
        object_id: format!("{name}-object"),
        resource_id: resource.to_owned(),
    }
}

fn issuer() -> Arc<Issuer> {
    // Making the key is what takes time.
    static ISSUER: LazyLock<Arc<Issuer>> = LazyLock::new(Arc::default);
    ISSUER.clone()
}

fn tenant() -> Tenant {
    Tenant::new(
        "8b2c6f0e-3c44-4a52-9d0a-5f0e1f6d7a10",
        "Contoso",
        "contoso.example",
    )
}

fn identities() -> Identities {
    Identities {
        system_assigned: Some(identity("own", "/own")),
        user_assigned: vec![identity("lent", RESOURCE), identity("other", "/other")],
    }
}

fn stand_in() -> StandIn {
    StandIn::start(ManagedIdentityOptions::new(issuer(), tenant(), identities()))
}

fn vm(stand_in: &StandIn) -> Environment {
    Environment::fixed([("AZURE_POD_IDENTITY_AUTHORITY_HOST", stand_in.imds())])
}

fn app(stand_in: &StandIn) -> Environment {
    Environment::fixed([
        ("IDENTITY_ENDPOINT", stand_in.identity_endpoint()),
        ("IDENTITY_HEADER", stand_in.identity_header().to_owned()),
    ])
}

fn sign_in(environment: &Environment, pairs: &[(Keyword, &str)]) -> SignIn {
    prepare(&Fixture::with_environment(pairs, environment.clone()).context()).unwrap()
}

fn within(limit: Duration, sign_in: &SignIn) -> Result<Token, Error> {
    let issued = TokenService::new().token(sign_in, Instant::now() + limit)?;
    Ok(Token::clone(&issued.token))
}

fn token(environment: &Environment, pairs: &[(Keyword, &str)]) -> Result<Token, Error> {
    within(Duration::from_secs(10), &sign_in(environment, pairs))
}

fn who(environment: &Environment, pairs: &[(Keyword, &str)]) -> String {
    token(environment, pairs).unwrap().claims().oid.unwrap()
}

#[test]
fn every_id_finds_its_identity_on_a_vm_and_in_an_app() {
    let stand_in = stand_in();
    for environment in [vm(&stand_in), app(&stand_in)] {
        assert_eq!(who(&environment, &[]), "own-object");
        for (keyword, id) in [
            (Keyword::User, "lent-client"),
            (Keyword::User, "lent-object"),
            (Keyword::ClientId, "lent-client"),
            (Keyword::ObjectId, "lent-object"),
            (Keyword::ResourceId, RESOURCE),
        ] {
            assert_eq!(
                who(&environment, &[(keyword, id)]),
                "lent-object",
                "{keyword:?} {id}"
            );
        }
    }
}

#[test]
fn which_kind_of_id_a_bare_uid_was_is_remembered() {
    let stand_in = stand_in();
    let mut sign_in = sign_in(&vm(&stand_in), &[(Keyword::User, "lent-object")]);
    sign_in.cache = false;
    let tokens = TokenService::new();
    for requests in [2, 3, 4] {
        tokens
            .token(&sign_in, Instant::now() + Duration::from_secs(10))
            .unwrap();
        assert_eq!(stand_in.record().requests().len(), requests);
    }
}

#[test]
fn an_identity_that_is_not_there_is_named_by_all_that_was_tried() {
    let stand_in = stand_in();
    for environment in [vm(&stand_in), app(&stand_in)] {
        let error = token(&environment, &[(Keyword::User, "nobody")]).unwrap_err();
        assert_eq!(error.kind().name(), "refused");
        let text = error.to_string();
        assert!(text.contains("client id nobody or object id nobody"), "{text}");
    }
}

#[test]
fn an_endpoint_that_is_being_updated_is_asked_again() {
    let stand_in = stand_in();
    for status in [404, 410, 500] {
        stand_in.inject(Fault::status(status));
        assert_eq!(who(&vm(&stand_in), &[]), "own-object", "{status}");
    }
    stand_in.inject(Fault::throttled(1));
    let start = Instant::now();
    assert_eq!(who(&app(&stand_in), &[]), "own-object");
    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[test]
fn an_endpoint_that_stays_busy_is_given_up_at_once_where_it_asks_for_too_long_a_wait() {
    let stand_in = stand_in();
    stand_in.inject_on("", Times::UntilCleared, Fault::throttled(86_400));
    let start = Instant::now();
    let error = token(&vm(&stand_in), &[]).unwrap_err();
    assert_eq!(error.kind().name(), "unreachable");
    assert!(error.to_string().contains("86400"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(8));
}

#[test]
fn odd_answers_are_told_without_what_was_in_them() {
    let stand_in = stand_in();
    for fault in [
        Fault::html(200),
        Fault::MalformedJson,
        Fault::WithoutField("access_token".into()),
        Fault::Huge(100_000_000),
        Fault::redirect("http://127.0.0.1:1/"),
        Fault::Raw(b"SSH-2.0-OpenSSH_9.6\r\n".to_vec()),
    ] {
        stand_in.faults().clear();
        stand_in.inject_on("", Times::UntilCleared, fault.clone());
        let error = token(&vm(&stand_in), &[]).unwrap_err();
        assert!(
            ["unreachable", "unavailable", "refused"].contains(&error.kind().name()),
            "{fault:?}: {error}"
        );
        assert!(!error.to_string().contains("eyJ"), "{fault:?}: {error}");
    }
}

#[test]
fn something_else_at_the_address_of_imds_is_told_unless_it_was_imds_before() {
    let strange = || Fault::html(404);
    let stand_in = stand_in();
    let asked = sign_in(&vm(&stand_in), &[]);
    stand_in.inject_on("/token", Times::UntilCleared, strange());
    let within_a_second = || within(Duration::from_secs(1), &asked).unwrap_err();
    let error = within_a_second();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(
        error.to_string().contains("something else (status 404 text/html"),
        "{error}"
    );

    stand_in.faults().clear();
    within(Duration::from_secs(10), &asked).unwrap();
    stand_in.inject_on("/token", Times::UntilCleared, strange());
    assert_eq!(within_a_second().kind(), ErrorKind::Unreachable);
}

#[test]
fn a_broken_connection_is_tried_again() {
    let stand_in = stand_in();
    for fault in [Fault::Reset, Fault::ResetMidway, Fault::Close, Fault::Truncated] {
        stand_in.inject(fault.clone());
        assert_eq!(who(&vm(&stand_in), &[]), "own-object", "{fault:?}");
    }
}

#[test]
fn a_machine_that_is_no_vm_is_told_so_within_a_second_or_two() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let environment = Environment::fixed([("AZURE_POD_IDENTITY_AUTHORITY_HOST", format!("http://{closed}"))]);
    let start = Instant::now();
    let error = token(&environment, &[]).unwrap_err();
    assert_eq!(
        (error.kind(), error.kind().name()),
        (ErrorKind::Unavailable, "unavailable")
    );
    assert!(error.to_string().contains("no Azure VM"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(8));
}

#[test]
fn where_no_endpoint_answers_the_mode_that_the_environment_is_made_for_is_named() {
    for (variable, mode) in [
        ("AZURE_CLIENT_SECRET", "Authentication=ActiveDirectoryEnvironment"),
        (
            "AZURE_CLIENT_CERTIFICATE_PATH",
            "Authentication=ActiveDirectoryEnvironment",
        ),
        (
            "AZURE_FEDERATED_TOKEN_FILE",
            "Authentication=ActiveDirectoryWorkloadIdentity",
        ),
        ("AZURE_TENANT_ID", "Elsewhere than on Azure"),
    ] {
        let environment = Environment::fixed([
            ("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:1"),
            (variable, "hidden"),
        ]);
        let error = token(&environment, &[]).unwrap_err().to_string();
        assert!(error.contains(mode) && !error.contains("hidden"), "{error}");
    }
}

#[test]
fn an_endpoint_that_never_answers_is_given_up_at_the_deadline() {
    let stand_in = stand_in();
    stand_in.inject(Fault::HangBefore(standins::http::Gate::new()));
    let start = Instant::now();
    let error = within(Duration::from_millis(400), &sign_in(&vm(&stand_in), &[])).unwrap_err();
    assert_eq!(error.kind().name(), "timed_out");
    assert!(error.to_string().contains("did not answer"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(8));
}

#[test]
fn endpoint_header_and_id_are_part_of_the_identity() {
    let one = Environment::fixed([("IDENTITY_ENDPOINT", "http://a/"), ("IDENTITY_HEADER", "h")]);
    let keys = [
        sign_in(&Environment::empty(), &[]).key,
        sign_in(
            &Environment::fixed([("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://a")]),
            &[],
        )
        .key,
        sign_in(&one, &[]).key,
        sign_in(
            &Environment::fixed([("IDENTITY_ENDPOINT", "http://a/"), ("IDENTITY_HEADER", "i")]),
            &[],
        )
        .key,
        sign_in(&one, &[(Keyword::ClientId, "x")]).key,
        sign_in(&one, &[(Keyword::ObjectId, "x")]).key,
        sign_in(&one, &[(Keyword::User, "x")]).key,
    ];
    for (i, one) in keys.iter().enumerate() {
        assert!(keys[i + 1..].iter().all(|other| other != one), "{i}");
    }
}

#[test]
fn no_proxy_stands_between_us_and_the_endpoint() {
    let stand_in = stand_in();
    let environment = Environment::fixed([
        ("AZURE_POD_IDENTITY_AUTHORITY_HOST", stand_in.imds()),
        ("HTTP_PROXY", "http://127.0.0.1:1".to_owned()),
        ("ALL_PROXY", "http://127.0.0.1:1".to_owned()),
    ]);
    assert_eq!(who(&environment, &[]), "own-object");
}
