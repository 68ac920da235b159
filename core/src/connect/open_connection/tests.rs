//! Whose a connection still is, without a driver.

use super::*;
use crate::{RedirectCache, connect::LoginWatch};
use entra_auth::{Environment, Secret, Services, user::prompt::Prompts};
use serde_json::json;
use standins::jwt::unsigned as jwt;
use std::time::{Duration, SystemTime};

/// Calls `body` in a process with this environment and a token provider "mine" that is never asked.
fn context<T>(environment: &Environment, body: impl FnOnce(&ConnectContext<'_>) -> T) -> T {
    let services = Services::new(environment.clone(), Prompts::unseen());
    services
        .providers
        .register("mine", Some(Arc::new(|_| Err("never asked".to_owned()))));
    body(&ConnectContext {
        services: &services,
        redirects: &RedirectCache::new(),
        logins: &LoginWatch::new(),
        installed: &|_| None,
        takes_tokens: &|| true,
        data_source: &|_, _| None,
        data_source_keywords: &|_| Vec::new(),
    })
}

fn token(text: &str, life: Duration) -> Arc<Token> {
    let text = Secret::new(text.to_owned());
    Arc::new(Token::received(text, SystemTime::now() + life))
}

/// A connection that was opened with this string in this environment, and whether it is dead in another one.
fn is_dead(rest: &str, then: &Environment, now: &Environment, life: Duration) -> bool {
    let text = Zeroizing::new(
        format!("Server=127.0.0.1;{rest}")
            .encode_utf16()
            .collect::<Vec<_>>(),
    );
    let opened = context(then, |context| {
        let Ok(Plan::SignIn(plan)) = plan::read(&text, false, context) else {
            panic!("{rest} signs nobody in");
        };
        OpenConnection::new(text.clone(), &plan, token("opaque", life))
    });
    context(now, |context| opened.is_dead(context))
}

const HOUR: Duration = Duration::from_hours(1);

#[test]
fn what_the_string_alone_tells_stays_and_what_nothing_tells_is_dead_from_the_start() {
    let none = Environment::empty();
    let application = "Authentication=ActiveDirectoryServicePrincipal;UID=a;PWD=b;TenantId=t.example";
    assert!(!is_dead(application, &none, &none, HOUR));
    assert!(!is_dead("AccessToken=opaque", &none, &none, HOUR));
    let provider = "Authentication=TokenProvider;TokenProvider=mine";
    assert!(is_dead(provider, &none, &none, HOUR));
}

#[test]
fn another_endpoint_another_authority_or_none_any_more_is_somebody_else() {
    let none = Environment::empty();
    let with = |pairs: &[(&str, &str)]| {
        Environment::fixed(
            pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        )
    };
    let msi = "Authentication=ActiveDirectoryMsi";
    let app = with(&[
        ("IDENTITY_ENDPOINT", "http://127.0.0.1/a"),
        ("IDENTITY_HEADER", "h"),
    ]);
    let other = with(&[
        ("IDENTITY_ENDPOINT", "http://127.0.0.1/a"),
        ("IDENTITY_HEADER", "i"),
    ]);
    assert!(!is_dead(msi, &app, &app, HOUR));
    for now in [&none, &other] {
        assert!(is_dead(msi, &app, now, HOUR));
    }
    let thumbprint = |digit: &str| {
        with(&[
            ("IDENTITY_ENDPOINT", "https://127.0.0.1/a"),
            ("IDENTITY_HEADER", "h"),
            ("IDENTITY_SERVER_THUMBPRINT", &digit.repeat(40)),
        ])
    };
    assert!(!is_dead(msi, &thumbprint("a"), &thumbprint("a"), HOUR));
    assert!(is_dead(msi, &thumbprint("a"), &thumbprint("b"), HOUR));
    let cloud = with(&[("AZURE_AUTHORITY_HOST", "https://login.microsoftonline.us")]);
    let application = "Authentication=ActiveDirectoryServicePrincipal;UID=a;PWD=b;TenantId=t.example";
    assert!(is_dead(application, &none, &cloud, HOUR));
    let secret = |text| {
        with(&[
            ("AZURE_CLIENT_ID", "a"),
            ("AZURE_TENANT_ID", "t.example"),
            ("AZURE_CLIENT_SECRET", text),
        ])
    };
    let environment = "Authentication=ActiveDirectoryEnvironment";
    assert!(!is_dead(environment, &secret("b"), &secret("b"), HOUR));
    for now in [&secret("c"), &none] {
        assert!(is_dead(environment, &secret("b"), now, HOUR));
    }
}

#[test]
fn the_end_of_the_token_is_the_end_unless_the_string_says_otherwise() {
    let none = Environment::empty();
    assert!(is_dead("AccessToken=opaque", &none, &none, Duration::ZERO));
    let ended = jwt(&json!({ "exp": 1 }));
    // A string that would connect nobody any more, as the token in it has ended: who it names is as clear as before.
    let text: Zeroizing<Vec<u16>> = Zeroizing::new(
        format!("Server=127.0.0.1;AccessToken={ended}")
            .encode_utf16()
            .collect(),
    );
    let opened = OpenConnection {
        text,
        key: IdentityKey::builder("test").unwrap().finish(),
        identity_origin: IdentityOrigin::String,
        is_fixed: true,
        token: token(&ended, Duration::ZERO),
        expiry_is_dead: false,
    };
    assert!(!context(&none, |context| opened.is_dead(context)));
}

#[test]
fn a_person_who_would_have_to_sign_in_again_may_be_somebody_else() {
    let none = Environment::empty();
    for kind in ["Interactive", "DeviceCode", "Default"] {
        let rest = format!("Authentication=ActiveDirectory{kind}");
        assert!(is_dead(&rest, &none, &none, HOUR), "{kind}");
    }
}
