//! A token is judged when it arrives, wherever it comes from: what no login can be done with is told at once, and never
//! takes the place of one that lives.

use std::time::Duration;

use standins::{
    http::{Fault, Times},
    playground::USER,
};
use test_support::{
    connection_string::MSI, drivers::built_library, host_process::HostProcess, machine::Machine,
    process::finished,
};

use crate::kinds::PROVIDER;

/// Longer than any token may be, and within what a token endpoint may answer.
const TOO_LONG: u64 = 40_000;

/// The error names these parts, holds nothing of the token, and the server has heard of nobody.
fn assert_refused(machine: &Machine, error: &str, parts: &[&str], token: &str) {
    for part in parts {
        assert!(error.contains(part), "{part} in {error}");
    }
    assert!(!error.contains("TokenExchange"), "{error}");
    for piece in token.split('.') {
        assert!(!error.contains(piece), "{error}");
    }
    assert!(machine.playground.sql_server.logins().is_empty());
}

#[test]
fn a_token_of_another_audience_goes_nowhere_whether_from_a_string_a_file_or_a_provider() {
    let machine = Machine::new();
    let portal = machine.playground.portal_token(USER, Duration::from_hours(1));
    let cluster = machine.playground.cluster_assertion(Duration::from_hours(1));
    let audience = "not for https://database.windows.net";
    for token in [portal, cluster] {
        let text = machine.string(&format!("AccessToken={token}"));
        let error = machine.pyodbc_error(&text);
        assert_refused(
            &machine,
            &error,
            &["[HY000] [entra-odbc][AccessToken]", audience],
            &token,
        );

        let file = machine.file("token", &token);
        let error = machine.pyodbc_error(&machine.string(&format!("AccessTokenFile={file}")));
        assert_refused(&machine, &error, &["[HY000]", audience], &token);

        let string = machine.string("Authentication=ActiveDirectoryTokenProvider;TokenProvider=vault");
        let library = built_library();
        let output = machine.python(PROVIDER, &[&string, library.to_str().unwrap(), &token]);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_refused(&machine, &error, &["HY000", "[TokenProvider]", audience], &token);
    }
}

#[test]
fn a_token_that_is_too_long_for_the_driver_is_told_where_it_comes_from_and_not_kept() {
    let machine = Machine::new();
    let file = machine.file("token", &"x".repeat(TOO_LONG.try_into().unwrap()));
    let error = machine.pyodbc_error(&machine.string(&format!("AccessTokenFile={file}")));
    assert!(
        error.contains("HY000") && error.contains("longer than 32768"),
        "{error}"
    );

    let msi = &machine.playground.managed_identity;
    msi.inject_on("", Times::UntilCleared, Fault::Huge(TOO_LONG));
    let mut host = HostProcess::start(
        &machine,
        "
try:
    pyodbc.connect(sys.argv[1])
except pyodbc.Error as error:
    say(error)
hear()
# A failure is answered from memory for a second.
while True:
    try:
        say(pyodbc.connect(sys.argv[1]).execute('SELECT 1').fetchval())
        break
    except pyodbc.Error:
        time.sleep(0.1)
",
        &[&machine.string(MSI)],
    );
    let error = host.read_line();
    assert!(
        error.contains("08001") && error.contains("longer than 32768") && error.contains("[Msi]"),
        "{error}"
    );
    msi.faults().clear();
    host.write_line("go on");
    assert_eq!(host.read_line(), "1");
}

#[test]
fn a_renewal_that_brings_a_token_nobody_can_use_leaves_the_living_one_in_use() {
    let machine = Machine::with_short_lived_tokens();
    machine.playground.set_token_lifetime(Duration::from_secs(15));
    let mut host = HostProcess::start(
        &machine,
        "
pyodbc.pooling = False
pyodbc.connect(sys.argv[1]).close()
say('connected')
hear()
pyodbc.connect(sys.argv[1]).close()
say('connected')
",
        &[&machine.string(MSI)],
    );
    host.read_line();
    let msi = &machine.playground.managed_identity;
    msi.inject_on("", Times::UntilCleared, Fault::Huge(TOO_LONG));
    // The third request is made when what came of the second, the first renewal, has been dealt with.
    msi.record().wait_for(3);
    host.write_line("go on");
    assert_eq!(host.read_line(), "connected");
}

#[test]
fn a_file_that_holds_another_secret_is_never_quoted() {
    let machine = Machine::new();
    for (name, content) in [("one", "first-line\nsecond-line\n"), ("two", "spaced secret")] {
        let file = machine.file(name, content);
        let error = machine.pyodbc_error(&machine.string(&format!("AccessTokenFile={file}")));
        assert!(
            error.contains("HY000") && error.contains("AccessTokenFile"),
            "{error}"
        );
        for word in content.split_whitespace() {
            assert!(!error.contains(word), "{error}");
        }
    }
    let output = machine.python(
        "import pyodbc, sys; pyodbc.connect(sys.argv[1])",
        &[&machine.string(&format!("AccessToken={}", machine.user_token(USER)))],
    );
    finished(&output, "a good token");
}
