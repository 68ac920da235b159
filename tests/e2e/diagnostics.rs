//! Our own failures, as records on the connection that failed, and for that call alone.

use standins::{
    http::Fault,
    playground::{PAYROLL_CLIENT_ID, PAYROLL_SECRET, TENANT_ID},
};
use test_support::{
    connection_string::{braced, payroll},
    machine::Machine,
};

use crate::script_host::ScriptHost as _;

fn refused(machine: &Machine) -> String {
    format!(
        "connect:{}",
        machine.string(&format!(
            "Authentication=ActiveDirectoryServicePrincipal;UID={PAYROLL_CLIENT_ID};PWD=wrong-secret;TenantId={TENANT_ID}"
        ))
    )
}

#[test]
fn a_refusal_has_entras_number_and_says_what_to_do() {
    let machine = Machine::new();
    let error = machine.pyodbc_error(&refused(&machine).replace("connect:", ""));
    assert!(error.contains("28000") && error.contains("7000215"), "{error}");
    assert!(error.contains("[entra-odbc][ServicePrincipal]"), "{error}");
    assert!(!error.contains("wrong-secret"), "{error}");
}

#[test]
fn records_belong_to_one_connection_and_one_call() {
    let machine = Machine::new();
    let good = format!("connect:{}", machine.string(&payroll()));
    let bad = refused(&machine);
    let shim = test_support::drivers::built_library();
    // Without the manager, which keeps records of its own.
    let output = machine.script(&[
        "--quiet",
        "--library",
        shim.to_str().unwrap(),
        "alloc",
        "use:2",
        "alloc",
        "use:1",
        &format!("!{bad}"),
        "diag",
        "diagfield:0:2",
        "diagfield:1:4",
        "use:2",
        "diag",
        "use:1",
        "attr:103=7",
        "diag",
        &format!("!{bad}"),
        &good,
        "query:SELECT 1",
        "diag",
    ]);
    let lines: Vec<&str> = output.lines().collect();
    let record = lines
        .iter()
        .position(|line| line.starts_with("28000 7000215 "))
        .expect(&output);
    assert_eq!(lines[record + 1].trim(), "1", "SQL_DIAG_NUMBER: {output}");
    assert_eq!(
        lines[record + 2].trim(),
        "28000 (10 bytes)",
        "SQL_DIAG_SQLSTATE: {output}"
    );
    assert_eq!(lines[record + 3], "no records", "the other connection: {output}");
    assert_eq!(lines[record + 4], "no records", "after the next call: {output}");
    assert!(
        !lines.last().unwrap().contains("28000"),
        "after a good connect: {output}"
    );
}

#[test]
fn the_host_goes_on_after_a_failure() {
    let machine = Machine::new();
    let output = machine.script(&[
        "--quiet",
        &format!("!{}", refused(&machine)),
        &format!("connect:{}", machine.string(&payroll())),
        "query:SELECT SUSER_SNAME()",
    ]);
    assert!(output.contains(PAYROLL_CLIENT_ID), "{output}");
}

#[test]
fn an_endpoint_that_hangs_costs_no_more_than_the_login_timeout() {
    let machine = Machine::new();
    let gate = standins::http::Gate::new();
    machine.playground.entra.inject(Fault::HangBefore(gate.clone()));
    let connect = format!("!connect:{}", machine.string(&payroll()));
    let start = std::time::Instant::now();
    let output = machine.script(&["attr:103=2", &connect]);
    let took = start.elapsed();
    gate.open();
    assert!(output.contains("HYT00"), "{output}");
    assert!(took.as_secs() < 10, "a login timeout of 2 s took {took:?}");
}

#[test]
fn a_server_that_hangs_costs_no_more_than_the_login_timeout() {
    let machine = Machine::new();
    machine
        .playground
        .sql_server
        .inject(standins::sql_server::Fault::HangLogin);
    let start = std::time::Instant::now();
    let connect = format!("!connect:{}", machine.string(&payroll()));
    let output = machine.script(&["attr:103=2", &connect, "get:103"]);
    assert!(output.contains("HYT00"), "{output}");
    assert!(
        output.ends_with("\n2"),
        "the host reads its own timeout back: {output}"
    );
    assert!(start.elapsed().as_secs() < 10);
}

#[test]
fn an_unreachable_token_endpoint_is_named() {
    let machine = Machine::new().with("AZURE_AUTHORITY_HOST", "https://127.0.0.1:1");
    let error = machine.pyodbc_error(&machine.string(&payroll()));
    assert!(error.contains("08001") && error.contains("127.0.0.1"), "{error}");
}

#[test]
fn an_untrusted_token_endpoint_is_reported_as_that() {
    let machine = Machine::new();
    let other = standins::certificates::CertificateAuthority::new();
    let path = machine.file("other.pem", other.pem());
    let machine = machine.with("SSL_CERT_FILE", path);
    let error = machine.pyodbc_error(&machine.string(&payroll()));
    assert!(
        error.contains("08001") && error.to_lowercase().contains("certificate"),
        "{error}"
    );
}

#[test]
fn a_login_that_the_server_refuses_keeps_the_servers_words_and_says_who_it_was() {
    let machine = Machine::new();
    machine
        .playground
        .sql_server
        .inject(standins::sql_server::Fault::RefuseLogin(
            standins::sql_server::SqlError::token_refused(""),
        ));
    let error = machine.pyodbc_error(&machine.string(&payroll()));
    assert!(error.contains("28000") && error.contains("18456"), "{error}");
    assert!(error.contains("token-identified principal"), "{error}");
    for part in [PAYROLL_CLIENT_ID, TENANT_ID, "object id", "entra-odbc sid"] {
        assert!(error.contains(part), "{part}: {error}");
    }
}

#[test]
fn the_completed_string_connects_again_and_is_cut_with_a_warning() {
    let machine = Machine::new();
    let string = machine.string("Authentication=ActiveDirectoryMsi;APP=books");
    let completed = |capacity: usize| machine.script(&[&format!("connect-out:{capacity}:{string}"), "diag"]);
    let whole = completed(2000);
    let (head, text) = whole
        .lines()
        .next()
        .unwrap()
        .split_once(" DRIVER=")
        .expect(&whole);
    let text = format!("DRIVER={text}");
    let length: usize = head.split_whitespace().last().unwrap().parse().unwrap();
    assert_eq!(length, text.encode_utf16().count(), "{whole}");
    assert!(text.contains("Authentication=ActiveDirectoryMsi"), "{text}");
    machine.pyodbc(&text);

    let cut = completed(30);
    assert!(cut.contains("SQL_SUCCESS_WITH_INFO"), "{cut}");
    assert!(
        cut.contains(&format!(" {length} ")) && cut.contains("01004"),
        "{cut}"
    );
}

#[test]
fn the_completed_string_of_a_secret_mode_needs_only_the_secret() {
    let machine = Machine::new();
    let string = machine.string(&payroll());
    let output = machine.script(&[&format!("connect-out:2000:{string}")]);
    let text = output
        .split_once(" DRIVER=")
        .map(|(_, text)| format!("DRIVER={text}"))
        .expect(&output);
    let text = text.lines().next().unwrap();
    assert!(!text.contains("PWD") && !text.contains("pay8Q"), "{text}");
    machine.pyodbc(&format!("{text};PWD={}", braced(PAYROLL_SECRET)));
}

#[test]
fn browsing_cannot_sign_in_and_says_so() {
    let machine = Machine::new();
    let output = machine.script(&[&format!(
        "!browse:{}",
        machine.string("Authentication=ActiveDirectoryMsi")
    )]);
    assert!(
        output.contains("HYC00") && output.contains("SQLDriverConnect"),
        "{output}"
    );
}
