//! What can go wrong with a token endpoint: each ends within the login timeout, with its SQLSTATE, and once the
//! fault is over the next connect succeeds.

use std::{
    net::TcpListener,
    sync::Arc,
    time::{Duration, Instant},
};

use standins::{
    certificates::CertificateAuthority,
    entra::{Directory, Entra, EntraOptions},
    http::{Fault, Gate, Response, Times},
    jwt::Issuer,
};
use test_support::{connection_string::payroll, machine::Machine};

use crate::script_host::ScriptHost as _;

/// The login timeout of these tests, in seconds.
const TIMEOUT: &str = "attr:103=2";
/// Far more than the login timeout, for machines under load; far less than a hang.
const BOUND: Duration = Duration::from_secs(20);

/// Connects, which must fail in time with one of these states and a message of ours; returns that message.
fn fails(machine: &Machine, rest: &str, states: &[&str]) -> String {
    let start = Instant::now();
    let output = machine.script(&[TIMEOUT, &format!("!connect:{}", machine.string(rest))]);
    let took = start.elapsed();
    assert!(took < BOUND, "{took:?}: {output}");
    let record = output.lines().find(|line| line.contains("[entra-odbc]"));
    let record = record.unwrap_or_else(|| panic!("no record of ours: {output}"));
    assert!(
        states.iter().any(|state| record.starts_with(state)),
        "{states:?}: {record}"
    );
    record.to_owned()
}

fn answer(body: &str) -> Fault {
    Fault::Answer(Response::new(200, "application/json", body))
}

/// Every way an endpoint can answer badly, and the states that may come of it.
fn faults(gate: &Gate) -> Vec<(&'static str, Fault, &'static [&'static str])> {
    // Retries go on until the deadline where it comes first.
    const BUSY: &[&str] = &["08001", "HYT00"];
    const WRONG: &[&str] = &["08001"];
    const LATE: &[&str] = &["HYT00"];
    vec![
        ("500", Fault::status(500), BUSY),
        ("503", Fault::status(503), BUSY),
        ("410", Fault::status(410), BUSY),
        ("429, after a second", Fault::throttled(1), BUSY),
        ("429, after a day", Fault::throttled(86_400), WRONG),
        ("a hang before the answer", Fault::HangBefore(gate.clone()), LATE),
        (
            "a hang in the middle of it",
            Fault::HangMidway(gate.clone()),
            LATE,
        ),
        ("a drip", Fault::Drip(Duration::from_millis(50)), LATE),
        ("a hundred megabytes", Fault::Huge(100 << 20), WRONG),
        ("a page", Fault::html(200), WRONG),
        ("half of the JSON", Fault::MalformedJson, WRONG),
        ("half of the body", Fault::Truncated, BUSY),
        (
            "no token in it",
            Fault::WithoutField("access_token".into()),
            WRONG,
        ),
        (
            "a token with a NUL",
            answer(
                r#"{"access_token":"a\u0000b","expires_in":3600,"expires_on":"4102444800","token_type":"Bearer"}"#,
            ),
            &["08001", "HY000"],
        ),
        (
            "a token with an umlaut",
            answer(
                r#"{"access_token":"tökén","expires_in":3600,"expires_on":"4102444800","token_type":"Bearer"}"#,
            ),
            &["08001", "HY000"],
        ),
        ("not even JSON", answer("[]"), WRONG),
        ("JSON without a bottom", answer(&"[".repeat(500_000)), WRONG),
        (
            "no text",
            Fault::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n{\"\xff\"".to_vec()),
            WRONG,
        ),
        (
            "headers without end",
            Fault::Raw([&b"HTTP/1.1 200 OK\r\nX: "[..], &vec![b'x'; 4 << 20]].concat()),
            BUSY,
        ),
        (
            "a redirect",
            Fault::redirect("https://login.evil.example/token"),
            WRONG,
        ),
        ("a reset", Fault::Reset, BUSY),
        ("a reset in the middle", Fault::ResetMidway, BUSY),
        ("a close", Fault::Close, BUSY),
        (
            "no HTTP",
            Fault::Raw(b"220 mail.example ESMTP\r\n".to_vec()),
            BUSY,
        ),
    ]
}

#[test]
fn entra_answering_badly_is_survived() {
    let machine = Machine::new();
    let gate = Gate::new();
    for (name, fault, states) in faults(&gate) {
        eprintln!("{name}");
        machine
            .playground
            .entra
            .inject_on("/token", Times::UntilCleared, fault);
        let record = fails(&machine, &payroll(), states);
        assert!(!record.contains("tökén") && !record.contains("pay8Q"), "{record}");
        machine.playground.entra.faults().clear();
        machine.pyodbc(&machine.string(&payroll()));
    }
    gate.open();
}

#[test]
fn a_managed_identity_endpoint_answering_badly_is_survived() {
    let machine = Machine::new();
    let gate = Gate::new();
    let msi = "Authentication=ActiveDirectoryMsi";
    for (name, fault, states) in faults(&gate) {
        eprintln!("{name}");
        machine
            .playground
            .managed_identity
            .inject_on("/token", Times::UntilCleared, fault);
        fails(&machine, msi, states);
        machine.playground.managed_identity.faults().clear();
        machine.pyodbc(&machine.string(msi));
    }
    gate.open();
}

#[test]
fn a_fault_that_passes_is_retried_within_the_timeout() {
    let machine = Machine::new();
    for fault in [Fault::status(503), Fault::Reset, Fault::throttled(1)] {
        machine.playground.entra.inject(fault.clone());
        machine.pyodbc(&machine.string(&payroll()));
        let requests = machine.playground.entra.record().take_requests();
        assert_eq!(requests.len(), 2, "{fault:?}: {requests:?}");
    }
}

#[test]
fn names_and_ports_where_nobody_answers_are_told() {
    // A port that was free a moment ago.
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (authority, expected) in [
        (format!("https://{closed}"), closed.to_string()),
        ("https://entra.invalid".to_owned(), "entra.invalid".to_owned()),
    ] {
        let machine = Machine::new().with("AZURE_AUTHORITY_HOST", authority);
        let record = fails(&machine, &payroll(), &["08001", "HYT00"]);
        assert!(record.contains(&expected), "{record}");
    }
}

#[test]
fn certificates_that_prove_nothing_are_told_at_once() {
    let machine = Machine::new();
    let ca = CertificateAuthority::new();
    let names = ["localhost", "127.0.0.1"];
    let trusted = machine.file("trusted.pem", ca.pem());
    for (what, tls, words) in [
        (
            "another host's",
            ca.server_config(&["elsewhere.example"]),
            "for another host",
        ),
        ("expired", ca.expired_server_config(&names), "expired"),
        (
            "self-signed",
            CertificateAuthority::self_signed_server_config(&names),
            "certificate",
        ),
    ] {
        let directory = Directory { tenants: Vec::new() };
        let entra = Entra::start(EntraOptions::new(tls, Arc::new(Issuer::new()), directory));
        let mut variables = machine.variables.clone();
        variables.insert("AZURE_AUTHORITY_HOST".into(), entra.authority());
        variables.insert("SSL_CERT_FILE".into(), trusted.clone());
        let start = Instant::now();
        let output = machine
            .command(&*crate::script_host::SCRIPT_HOST)
            .envs(&variables)
            .arg(format!("!connect:{}", machine.string(&payroll())))
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).to_lowercase();
        assert!(text.contains("08001") && text.contains(words), "{what}: {text}");
        // The default timeout is 15 s, and trying again would not change a certificate.
        assert!(
            start.elapsed() < Duration::from_secs(10),
            "{what} took {:?}",
            start.elapsed()
        );
    }
}

#[test]
fn a_machine_without_certificates_says_so() {
    let machine = Machine::new();
    let empty = machine.file("empty.pem", "");
    let machine = machine.with("SSL_CERT_FILE", empty.clone());
    let record = fails(&machine, &payroll(), &["08001", "HY000"]);
    assert!(
        record.contains(&empty) || record.contains("SSL_CERT_FILE"),
        "{record}"
    );
}
