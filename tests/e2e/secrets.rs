//! Secrets reach the token endpoint and the server, and nothing else.

use std::fs;

use standins::playground::PAYROLL_SECRET;
use test_support::{connection_string::payroll, machine::Machine};

#[test]
fn the_log_tells_decisions_and_no_secret() {
    let machine = Machine::new();
    let log = machine.path("log");
    let machine = machine
        .with("ENTRA_ODBC_LOG", "trace")
        .with("ENTRA_ODBC_LOG_FILE", log.to_str().unwrap());
    let token = machine.user_token("ada@contoso.com");
    machine.pyodbc(&machine.string(&payroll()));
    machine.pyodbc(&machine.string(&format!("AccessToken={token}")));
    machine.pyodbc_error(&machine.string(&payroll().replace("8Q", "9Z")));
    let text = fs::read_to_string(&log).unwrap();
    for expected in [
        "ServicePrincipal",
        "AccessToken",
        " ms=",
        "expires",
        "ada@contoso.com",
    ] {
        assert!(text.contains(expected), "{expected} in {text}");
    }
    let logins = machine.playground.sql_server.logins();
    let tokens = logins
        .iter()
        .filter_map(|login| login.token.as_ref())
        .map(standins::sql_server::Hidden::reveal);
    for secret in tokens.chain([PAYROLL_SECRET, "pay9Z"]) {
        let middle = &secret[secret.len() / 3..];
        assert!(!text.contains(middle), "a secret in the log");
    }
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&log).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn without_the_variable_nothing_is_logged() {
    let machine = Machine::new();
    let output = machine.python(
        "import pyodbc, sys; pyodbc.connect(sys.argv[1])",
        &[&machine.string(&payroll())],
    );
    assert!(output.stdout.is_empty() && output.stderr.is_empty(), "{output:?}");
}

#[test]
fn the_real_driver_never_sees_the_client_secret() {
    let machine = Machine::new();
    machine.pyodbc(&machine.string(&payroll()));
    let logins = machine.playground.sql_server.take_logins();
    assert_eq!(logins.len(), 1);
    assert_eq!(logins[0].user, "");
    assert_eq!(logins[0].kind, standins::sql_server::LoginKind::InlineToken);
}
