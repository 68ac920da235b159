//! Servers that say where they want their tokens from, and servers that do not.

use super::*;
use crate::tds::{
    LoginOptions, Trust, may_redirect_to,
    scripted::{ScriptedServer, TENANT, run},
};
use entra_auth::{ErrorKind, identity_key::IdentityKey, tenant::TenantCache, token::Deadline};
use standins::sql_server::{Login, Outcome};
use std::{
    io,
    net::TcpListener,
    time::{Duration, Instant},
};

fn tenant_within(environment: &Environment, target: &Target, timeout: Duration) -> Result<String, Error> {
    let server = ServerTenant::new(target.clone(), environment);
    let deadline = Deadline::at(Instant::now() + timeout);
    run(TenantCache::new().get_or_discover(&server, &deadline))
}

fn ask_with(environment: &Environment, target: &Target) -> Result<String, Error> {
    tenant_within(environment, target, Duration::from_secs(10))
}

fn ask_once(tenants: &TenantCache, bench: &ScriptedServer, target: &Target) -> Result<String, Error> {
    let server = ServerTenant::new(target.clone(), &bench.environment());
    let deadline = Deadline::at(Instant::now() + Duration::from_secs(10));
    run(tenants.get_or_discover(&server, &deadline))
}

#[test]
fn a_server_is_asked_for_the_tenant_in_its_address_and_nobody_logs_in() {
    let bench = ScriptedServer::new(&format!("https://login.example/{TENANT}/"));
    let tenants = TenantCache::new();
    for _ in 0..3 {
        let tenant = ask_once(&tenants, &bench, &bench.target()).unwrap();
        assert_eq!(tenant, TENANT);
    }
    // The server sees the end of it a little later than the one who leaves.
    let abandoned = |login: &Login| matches!(login.outcome, Outcome::Abandoned);
    let login = bench.server.wait_for_login(Duration::from_secs(30), abandoned);
    assert!(login.is_some());
    let logins = bench.server.logins();
    assert_eq!(logins.len(), 1, "{logins:?}");
}

#[test]
fn a_server_that_names_no_tenant_is_told_with_the_keyword_that_helps() {
    for url in [
        "https://login.example/common",
        "https://login.example/Organizations/",
        "https://login.example/",
        "https://login.example/a b",
        "no url",
    ] {
        let bench = ScriptedServer::new(url);
        let error = ask_with(&bench.environment(), &bench.target()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains("TenantId="), "{error}");
    }
}

#[test]
fn the_certificate_is_checked_as_the_driver_checks_it() {
    let bench = ScriptedServer::new(&format!("https://login.example/{TENANT}"));
    let stranger = Environment::fixed([("SSL_CERT_FILE", "/nowhere")]);
    let error = tenant_within(&stranger, &bench.target(), Duration::from_secs(10)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    let with = |trust| Target {
        trust,
        ..bench.target()
    };
    let named = |names: &[&str]| {
        with(Trust::Authorities {
            names: names.iter().map(ToString::to_string).collect(),
        })
    };
    assert!(tenant_within(&stranger, &with(Trust::Any), Duration::from_secs(10)).is_ok());
    // Either name will do, as it does for Driver 18.
    assert!(ask_with(&bench.environment(), &named(&["other.example", "localhost"])).is_ok());
    assert!(ask_with(&bench.environment(), &named(&["other.example"])).is_err());
    assert!(ask_with(&bench.environment(), &named(&[])).is_err());
    let authority = bench.roots.to_str().unwrap().to_owned();
    assert!(
        ask_with(&bench.environment(), &with(Trust::File(authority))).is_err(),
        "the authority's is not the server's own"
    );
}

#[test]
fn a_server_that_hangs_or_speaks_something_else_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let bench = ScriptedServer::new("https://login.example/t");
    let target = Target {
        port,
        ..bench.target()
    };
    let error = tenant_within(&bench.environment(), &target, Duration::from_millis(200)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);

    let noise = std::thread::spawn(move || {
        // The connection of the first part waits in line before.
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = io::Write::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let error = tenant_within(&bench.environment(), &target, Duration::from_secs(10)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    assert!(error.to_string().contains("does not speak TDS"), "{error}");
    noise.join().unwrap();
}

#[test]
fn a_server_may_send_on_within_its_cloud_only() {
    for (from, to, may) in [
        ("a.database.windows.net", "b.tr1.database.windows.net", true),
        ("a.database.windows.net", "evil.example", false),
        ("a.database.windows.net", "x.database.chinacloudapi.cn", false),
        ("localhost", "127.0.0.1", true),
        ("localhost", "db.example", false),
        ("db.example", "db.example", true),
        ("db.example", "other.example", false),
    ] {
        assert_eq!(may_redirect_to(from, to), may, "{from} {to}");
    }
}

#[test]
fn what_nothing_vouched_for_is_no_answer_for_a_validated_sign_in() {
    let bench = ScriptedServer::new(&format!("https://login.example/{TENANT}"));
    let unvalidated = Target {
        trust: Trust::Any,
        ..bench.target()
    };
    let key = |target: &Target| {
        ServerTenant::new(target.clone(), &bench.environment())
            .identify(IdentityKey::builder("test").unwrap())
            .finish()
    };
    assert_ne!(key(&unvalidated), key(&bench.target()));
    let other_database = Target {
        options: LoginOptions::default(),
        ..bench.target()
    };
    assert_eq!(key(&other_database), key(&bench.target()));
    let other_language = Target {
        options: LoginOptions {
            language: Some("any@AadAuthority:contoso.com".to_owned()),
            ..LoginOptions::default()
        },
        ..bench.target()
    };
    assert_ne!(key(&other_language), key(&bench.target()));
}
