//! Saved sign-ins in a real keyring: GNOME's, in a D-Bus session of the test's own.

use std::fs;

use standins::playground::{USER, USER_PASSWORD};
use test_support::{browser::with_browser, hosts::python, machine::Machine, process::finished};

/// Signs in by a browser and saves the sign-in, then, as another process, uses what is saved; then once more after the
/// keyring was locked.
const SESSION: &str = r#"
echo 'of the login' | gnome-keyring-daemon --unlock --components=secrets >keyring.log 2>&1
who() {
    "$ENTRA_ODBC_TEST_PYTHON" -c '
import pyodbc, sys
try:
    print(pyodbc.connect(sys.argv[1]).execute("SELECT SUSER_SNAME()").fetchval())
except pyodbc.Error as error:
    print(error)
' "$1"
}
who "$1"
who "$2"
dbus-send --session --print-reply --dest=org.freedesktop.secrets /org/freedesktop/secrets \
    org.freedesktop.Secret.Service.Lock array:objpath:/org/freedesktop/secrets/collection/login >lock.log 2>&1
who "$2"
"#;

#[test]
fn a_saved_sign_in_is_sealed_with_a_key_in_the_keyring() {
    let machine = with_browser(Machine::new(), USER, USER_PASSWORD)
        .with("ENTRA_ODBC_TEST_PYTHON", python())
        .with("AZURE_TOKEN_CREDENTIALS", "SharedTokenCacheCredential");
    let runtime = machine.directory().to_str().unwrap().to_owned();
    let machine = machine.with("XDG_RUNTIME_DIR", runtime);
    let output = machine
        .command("dbus-run-session")
        .args(["--", "sh", "-c", SESSION, "sh"])
        .arg(machine.string("Authentication=ActiveDirectoryInteractive;SaveAccount=yes"))
        .arg(machine.string("Authentication=ActiveDirectoryDefault"))
        .output()
        .expect("dbus-run-session: scripts/setup-hosts.sh installs it");
    let said = finished(&output, "the session");
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines[..2], [USER, USER], "{said}");
    assert!(
        lines[2].contains("is sealed") && lines[2].contains("keyring"),
        "{said}"
    );

    let accounts = machine.path(".local/state/entra-odbc/accounts");
    let files: Vec<_> = fs::read_dir(accounts)
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "account"))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    assert_eq!(files.len(), 1);
    assert!(files[0].contains("\"sealed_refresh_token\":"), "{}", files[0]);
}
