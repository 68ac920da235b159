//! `login`, `accounts` and `logout`: a person signs in once, and programs connect as them.

use crate::{
    machine::OURS,
    standins::{CloudMachine, TENANT_ID, USER, USER_PASSWORD},
    tool::Run,
};
use ::standins::playground::OTHER_USER;
use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

/// Signs a person in with a code, as they would do it on their telephone.
pub fn login(machine: &CloudMachine, user: &str) -> Run {
    machine
        .playground
        .entra
        .set_device_interval(Duration::from_secs(1));
    let child = machine
        .command(&["login", "--device-code", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let start = Instant::now();
    let code = loop {
        if let Some(code) = machine.playground.entra.open_user_codes().pop() {
            break code;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "no code was asked for");
        thread::yield_now();
    };
    assert!(machine.playground.entra.approve_device(&code, user));
    let run = Run::ended(&child.wait_with_output().unwrap());
    // Shown although standard error is no terminal: it was asked for.
    assert!(run.err.contains(&code), "{run:#?}");
    run
}

/// What `isql` says who it is, with the default chain narrowed to what people do.
fn isql(machine: &CloudMachine) -> String {
    let string = format!(
        "DRIVER={{{OURS}}};{};Authentication=ActiveDirectoryDefault",
        machine.server()
    );
    let mut isql = machine
        .program("isql", &["-b", "-v", "-k", &string])
        .env("AZURE_TOKEN_CREDENTIALS", "SharedTokenCacheCredential")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // isql ends without reading when it cannot connect.
    let _ = std::io::Write::write_all(&mut isql.stdin.take().unwrap(), b"SELECT SUSER_SNAME()\n");
    let output = isql.wait_with_output().unwrap();
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

#[test]
fn after_a_sign_in_programs_connect_by_default_and_after_logout_no_more() {
    let machine = CloudMachine::new();
    let value = login(&machine, USER).json();
    assert_eq!(
        (&value["username"], &value["tenant"]),
        (&USER.into(), &TENANT_ID.into())
    );
    assert!(isql(&machine).contains(USER));
    let token = {
        let mut command = machine.command(&["token", "--json"]);
        command.env("AZURE_TOKEN_CREDENTIALS", "dev");
        Run::of(&mut command).json()
    };
    assert_eq!(token["principal"], USER);
    let out = machine.run(&["accounts"]).done();
    assert!(out.contains(USER) && out.contains(TENANT_ID), "{out}");
    assert_eq!(machine.run(&["logout"]).done(), format!("Forgotten: {USER}.\n"));
    assert_eq!(machine.run(&["accounts"]).done(), "Nobody is signed in.\n");
    let text = isql(&machine);
    assert!(text.contains("entra-odbc login"), "{text}");
}

#[test]
fn of_several_people_the_last_one_signs_in_and_one_is_logged_out_by_name() {
    let machine = CloudMachine::new();
    login(&machine, USER).done();
    login(&machine, OTHER_USER).done();
    let accounts = machine.run(&["accounts", "--json"]).json();
    assert_eq!(accounts.as_array().unwrap().len(), 2);
    assert!(!accounts.to_string().contains("refresh"), "{accounts}");
    let err = machine.run(&["logout"]).refused(2);
    assert!(err.contains(USER) && err.contains(OTHER_USER), "{err}");
    let err = machine.run(&["logout", "nobody@contoso.com"]).refused(2);
    assert!(err.contains("is not signed in"), "{err}");
    let forgotten = machine.run(&["logout", "--json", OTHER_USER]).json();
    assert_eq!(forgotten["forgotten"][0], OTHER_USER);
    assert!(isql(&machine).contains(USER));
    machine.run(&["logout", "--all"]).done();
}

#[test]
fn a_browser_signs_in_as_well() {
    let machine = CloudMachine::new();
    machine.write("browser.py", include_str!("../../../tests/hosts/browser.py"));
    let mut command = machine.command(&["login"]);
    command
        .env(
            "BROWSER",
            format!("python3 {}", machine.path("browser.py").display()),
        )
        .env("PERSON", USER)
        .env("PERSONS_PASSWORD", USER_PASSWORD);
    let out = Run::of(&mut command).done();
    assert!(out.contains(&format!("Signed in as {USER}")), "{out}");
    assert!(isql(&machine).contains(USER));
}

#[test]
fn a_person_who_does_not_come_is_not_waited_for_for_ever() {
    let machine = CloudMachine::new();
    let err = machine
        .run(&["login", "--device-code", "--timeout", "1"])
        .refused(1);
    assert!(err.contains("nobody signed in within 1 s"), "{err}");
}

#[test]
fn flags_that_contradict_each_other_and_bad_values_are_refused() {
    let machine = CloudMachine::new();
    for arguments in [
        &["login", "--device-code", "--browser"][..],
        &["login", "--cloud", "mars"],
        &["login", "--tenant", "a/b"],
        &["login", "--timeout", "never"],
        &["logout", "--all", USER],
        &["logout", "--tenant", TENANT_ID],
    ] {
        machine.run(arguments).refused(2);
    }
    assert!(machine.playground.entra.record().requests().is_empty());
}

#[test]
fn without_a_place_to_save_it_nobody_is_asked_to_sign_in() {
    let machine = CloudMachine::new();
    let mut command = machine.command(&["login", "--device-code"]);
    command.env_remove("HOME");
    let err = Run::of(&mut command).refused(1);
    assert!(err.contains("neither HOME nor XDG_STATE_HOME"), "{err}");
    // A home that cannot be written to, which root is not stopped by: a file in its place.
    machine.write("file", "");
    fs::set_permissions(machine.path("file"), Permissions::from_mode(0o400)).unwrap();
    let mut command = machine.command(&["login", "--device-code"]);
    command.env("XDG_STATE_HOME", machine.path("file"));
    let err = Run::of(&mut command).refused(1);
    assert!(err.contains("saved sign-ins"), "{err}");
    assert!(machine.playground.entra.open_user_codes().is_empty());
    // What needs no account works without a home.
    let mut command = machine.command(&["token", "Authentication=ActiveDirectoryMsi"]);
    command.env_remove("HOME").env_remove("ODBCINI");
    Run::of(&mut command).done();
}
