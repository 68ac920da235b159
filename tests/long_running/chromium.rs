//! `Interactive` with a real browser: headless Chromium, in which the sign-in page's form is filled in.

use std::{
    fs,
    process::Command,
    thread::{self, JoinHandle},
};

use standins::playground::{OTHER_PASSWORD, OTHER_USER};
use test_support::{
    machine::Machine,
    process::finished,
    workspace::{host_source, root},
};

/// A machine on which `BROWSER` is Chromium with a person before it; and what that person will have seen.
fn with_chromium(action: &str) -> (Machine, JoinHandle<String>) {
    let machine = Machine::new();
    // Whoever reads it waits until the person is done.
    let answer = machine.path("answer").to_str().unwrap().to_owned();
    assert!(Command::new("mkfifo").arg(&answer).status().unwrap().success());
    let python = root().join(".venv-examples/bin/python");
    assert!(
        python.exists(),
        "scripts/setup-examples.sh installs {}",
        python.display()
    );
    let person = host_source("chromium.py");
    let browser = format!("{} {} {answer} {action} %s", python.display(), person.display());
    let seen = thread::spawn(move || fs::read_to_string(answer).unwrap());
    (machine.with("BROWSER", browser), seen)
}

fn authorizations(machine: &Machine) -> usize {
    let requests = machine.playground.entra.record().requests();
    let authorize = requests
        .iter()
        .filter(|request| request.path.ends_with("/authorize"));
    authorize.filter(|request| request.method == "POST").count()
}

/// Logins, without the one by which the server is asked for its tenant.
fn accepted(machine: &Machine) -> usize {
    let logins = machine.playground.sql_server.logins();
    logins.iter().filter(|login| login.identity().is_some()).count()
}

#[test]
fn a_person_signs_in_by_the_browser_once_and_is_who_the_server_says() {
    let (machine, seen) = with_chromium(OTHER_PASSWORD);
    let program = "
import pyodbc, sys
pyodbc.pooling = False
for _ in range(3):
    print(pyodbc.connect(sys.argv[1]).execute('SELECT SUSER_SNAME()').fetchval(), flush=True)
";
    let string = machine.string(&format!(
        "Authentication=ActiveDirectoryInteractive;UID={OTHER_USER}"
    ));
    let output = machine.python(program, &[&string]);
    assert_eq!(finished(&output, "pyodbc"), [OTHER_USER; 3].join("\n"));
    let seen = seen.join().unwrap();
    let lines: Vec<_> = seen.lines().collect();
    assert_eq!(lines[0], OTHER_USER, "the login hint stood in the form");
    assert_eq!(lines[1], "Signed in");
    assert!(lines[2].contains("You are signed in"), "{seen}");
    assert_eq!(authorizations(&machine), 1, "later connects need nobody");
    assert_eq!(accepted(&machine), 3);
}

#[test]
fn a_person_who_cancels_in_the_browser_is_not_signed_in() {
    let (machine, seen) = with_chromium("cancel");
    let error = machine.pyodbc_error(&machine.string("Authentication=ActiveDirectoryInteractive"));
    assert!(error.contains("28000"), "{error}");
    assert!(error.contains("declined"), "{error}");
    let seen = seen.join().unwrap();
    assert_eq!(seen.lines().nth(1).unwrap(), "Not signed in");
    assert_eq!(accepted(&machine), 0);
}
