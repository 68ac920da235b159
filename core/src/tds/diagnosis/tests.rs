//! What is found of servers in various states of disrepair.

use super::*;
use crate::tds::Trust;
use crate::tds::scripted::{ScriptedServer, TENANT, run};
use standins::sql_server::{Fault, SqlError};
use std::net::TcpListener;

/// Far more than any step takes here.
const LIMIT: Duration = Duration::from_secs(20);

fn found(bench: &ScriptedServer, target: Target, limit: Duration) -> Diagnosis {
    run(diagnose(target, None, bench.environment(), limit))
}

fn server() -> ScriptedServer {
    ScriptedServer::new(&format!("https://login.example/{TENANT}"))
}

/// A port that was free a moment ago.
fn closed() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

#[test]
fn a_server_that_is_well_answers_and_one_that_is_not_is_quoted() {
    let bench = server();
    let diagnosis = found(&bench, bench.target(), LIMIT);
    assert_eq!(diagnosis.finding, Finding::Answers);
    assert_eq!(diagnosis.at, ("localhost".to_owned(), bench.server.port()));
    bench.server.inject(Fault::RefuseLogin(SqlError::new(
        40613,
        "Not currently available.",
    )));
    assert_eq!(
        found(&bench, bench.target(), LIMIT).finding,
        Finding::Refuses("Not currently available.".to_owned())
    );
}

#[test]
fn names_ports_and_certificates_are_told_apart() {
    let bench = server();
    let with = |change: &dyn Fn(&mut Target)| {
        let mut target = bench.target();
        change(&mut target);
        found(&bench, target, LIMIT).finding
    };
    assert!(matches!(
        with(&|target| "unknown.invalid".clone_into(&mut target.host)),
        Finding::NameUnknown(_)
    ));
    assert_eq!(with(&|target| target.port = closed()), Finding::NobodyListens);
    let wrong = with(&|target| {
        target.trust = Trust::Authorities {
            names: vec!["x.database.windows.net".to_owned()],
        };
    });
    let names = vec!["localhost".to_owned()];
    assert_eq!(wrong, Finding::WrongName(WrongName { names }));
    let strange = found(&server(), bench.target(), LIMIT).finding;
    assert!(
        matches!(strange, Finding::Tls(TlsFailure::UnknownIssuer(_))),
        "{strange:?}"
    );
}

#[test]
fn what_is_no_sql_server_or_says_nothing_is_told_within_the_limit() {
    let bench = server();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mute = Target {
        port: listener.local_addr().unwrap().port(),
        ..bench.target()
    };
    let finding = found(&bench, mute.clone(), Duration::from_millis(300)).finding;
    assert_eq!(finding, Finding::Mute);
    let closing = std::thread::spawn(move || {
        // The attempt before, and this one.
        let clients = [listener.accept().unwrap(), listener.accept().unwrap()];
        drop(clients);
    });
    let finding = found(&bench, mute, LIMIT).finding;
    closing.join().unwrap();
    assert!(matches!(finding, Finding::NotUnderstood(_)), "{finding:?}");
}

#[test]
fn a_redirect_is_followed_to_the_port_that_is_closed() {
    let bench = server();
    let port = closed();
    bench.server.inject(Fault::RouteLogin {
        host: "localhost".to_owned(),
        port,
    });
    let diagnosis = found(&bench, bench.target(), LIMIT);
    assert_eq!(diagnosis.finding, Finding::NobodyListens);
    assert_eq!(diagnosis.at, ("localhost".to_owned(), port));
    assert_eq!(
        diagnosis.redirected_by,
        Some(("localhost".to_owned(), bench.server.port()))
    );
}

#[test]
fn a_redirect_without_end_ends() {
    let bench = server();
    for _ in 0..=MAX_REDIRECTS {
        bench.server.inject(Fault::RouteLogin {
            host: "localhost".to_owned(),
            port: bench.server.port(),
        });
    }
    let finding = found(&bench, bench.target(), LIMIT).finding;
    assert!(matches!(finding, Finding::NotUnderstood(_)), "{finding:?}");
}

#[test]
fn a_redirected_login_is_checked_by_the_name_of_the_new_host() {
    let bench = server();
    let mut target = bench.target();
    target.trust = Trust::Authorities {
        names: vec!["localhost".to_owned(), "contoso.example".to_owned()],
    };
    let next = target.redirected("worker.example".to_owned(), 11_000).unwrap();
    let names = vec!["contoso.example".to_owned(), "worker.example".to_owned()];
    assert_eq!(next.trust, Trust::Authorities { names });
}
