//! One connection handle, several identities: nobody logs in as the last user.
//!
//! unixODBC 2.3.11 gives the driver a new handle for each connect. Other managers, and hosts without one, do not:
//! here the hosts call the library directly.

use std::{path::Path, process::Output};

use standins::playground::{PAYROLL_CLIENT_ID, SQL_USER};
use test_support::{
    connection_string::{payroll, sql_login},
    drivers::{built_library, real_driver},
    login_name::application,
    machine::Machine,
    process::finished,
};

use crate::script_host::ScriptHost as _;

/// The lines of a script's output that are rows of `SELECT SUSER_SNAME()`.
fn names(output: &str) -> Vec<&str> {
    output
        .lines()
        .filter(|line| line.contains('@') || *line == SQL_USER)
        .collect()
}

/// Runs the steps on the library itself, without a manager.
fn direct(machine: &Machine, steps: &[&str]) -> String {
    let output = direct_output(machine, &built_library(), steps);
    finished(&output, &format!("{steps:?}"))
}

fn direct_output(machine: &Machine, driver: &Path, steps: &[&str]) -> Output {
    let mut arguments = vec!["--library", driver.to_str().unwrap()];
    arguments.extend_from_slice(steps);
    machine.script_output(&arguments)
}

const WHO: &str = "query:SELECT SUSER_SNAME()";

#[test]
fn one_handle_serves_different_identities_in_turn() {
    let machine = Machine::new();
    let token = machine.user_token("ada@contoso.com");
    let connect = |rest: &str| format!("connect:{}", machine.string(rest));
    let output = direct(
        &machine,
        &[
            &connect(&payroll()),
            WHO,
            "disconnect",
            &connect(&format!("AccessToken={token}")),
            WHO,
            "disconnect",
            &connect(&sql_login()),
            WHO,
            "disconnect",
            &connect(&payroll()),
            WHO,
            "disconnect",
        ],
    );
    let payroll = application(PAYROLL_CLIENT_ID);
    assert_eq!(names(&output), [&payroll, "ada@contoso.com", SQL_USER, &payroll]);
}

/// After a sign-in, what the same handle answers to `rest`, and what a fresh one of the bare driver's does.
fn like_the_bare_driver(machine: &Machine, rest: &str) {
    let attempt = |driver: &Path, string: String, before: &[&str]| {
        let mut steps = vec!["--keep-going"];
        steps.extend_from_slice(before);
        let attempt = format!("connect:{string}");
        steps.extend([attempt.as_str(), "diag", WHO]);
        let output = direct_output(machine, driver, &steps);
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let sign_in = format!("connect:{}", machine.string(&payroll()));
    let bare = attempt(&real_driver(), machine.bare_string(rest), &[]);
    let ours = attempt(
        &built_library(),
        machine.bare_string(rest),
        &[&sign_in, "disconnect"],
    );
    assert!(
        !bare.is_empty() && ours.ends_with(&bare),
        "{rest}\n{ours}\n--- bare:\n{bare}"
    );
}

#[test]
fn after_a_sign_in_the_same_handle_answers_like_the_bare_driver_to_others() {
    let machine = Machine::new();
    for rest in [
        sql_login(),
        format!("UID={SQL_USER};PWD=wrong"),
        String::new(),
        "Trusted_Connection=no".to_owned(),
    ] {
        like_the_bare_driver(&machine, &rest);
    }
}

#[test]
fn after_a_refused_sign_in_the_token_is_gone_as_well() {
    let machine = Machine::new();
    let expired = machine
        .playground
        .user_token("ada@contoso.com", std::time::Duration::ZERO);
    let refused = format!("token-kept:{}", machine.file("token", &expired));
    // A host's own token stays until the host takes it off, as with the bare driver.
    let output = direct(
        &machine,
        &[
            &refused,
            &format!("!connect:{}", machine.string("")),
            "token-null",
            &format!("connect:{}", machine.string(&sql_login())),
            WHO,
            "disconnect",
        ],
    );
    assert_eq!(names(&output).last(), Some(&SQL_USER), "{output}");

    machine
        .playground
        .sql_server
        .inject(standins::sql_server::Fault::RefuseLogin(
            standins::sql_server::SqlError::token_refused("Token is invalid."),
        ));
    let output = direct(
        &machine,
        &[
            &format!("!connect:{}", machine.string(&payroll())),
            &format!("connect:{}", machine.string(&sql_login())),
            WHO,
        ],
    );
    assert_eq!(names(&output).last(), Some(&SQL_USER), "{output}");
}

#[test]
fn a_hosts_token_may_be_freed_at_once_and_signs_in_again_on_the_same_handle() {
    let machine = Machine::new();
    let token = machine.file("token", &machine.user_token("ada@contoso.com"));
    let connect = format!("connect:{}", machine.string(""));
    let output = direct(
        &machine,
        &[
            &format!("token:{token}"),
            &connect,
            WHO,
            "disconnect",
            &connect,
            WHO,
            "disconnect",
        ],
    );
    assert_eq!(names(&output), ["ada@contoso.com"; 2]);
}

#[test]
fn the_longest_token_that_a_login_has_room_for_reaches_the_server_and_a_longer_one_is_refused() {
    let machine = Machine::new();
    // MS-TDS 2.2.6.4: a login is at most 128 KiB - 1, and has a few hundred bytes beside the token.
    let sent = "x".repeat(65_000);
    let token = machine.file("token", &sent);
    let connect = format!("!connect:{}", machine.string(""));
    let output = direct(&machine, &[&format!("token:{token}"), &connect]);
    assert!(output.contains("18456"), "{output}");
    let logins = machine.playground.sql_server.logins();
    let arrived: Vec<_> = logins.iter().filter_map(|login| login.token.as_ref()).collect();
    assert_eq!(arrived.len(), 1);
    assert_eq!(arrived[0].reveal(), sent);
    let token = machine.file("token", &"x".repeat(65_537));
    let output = direct(&machine, &[&format!("!token:{token}"), "diag"]);
    assert!(output.contains("HY024") && output.contains("131072"), "{output}");
}

#[test]
fn many_connections_at_once_keep_their_own_identities() {
    let machine = Machine::new();
    let token = machine.user_token("ada@contoso.com");
    let output = machine.script(&[
        &format!("connect:{}", machine.string(&payroll())),
        "use:2",
        &format!("connect:{}", machine.string(&format!("AccessToken={token}"))),
        "use:3",
        &format!("connect:{}", machine.string(&sql_login())),
        WHO,
        "use:1",
        WHO,
        "use:2",
        WHO,
    ]);
    let payroll = application(PAYROLL_CLIENT_ID);
    assert_eq!(names(&output), [SQL_USER, &payroll, "ada@contoso.com"]);
}

#[test]
fn a_connection_that_a_token_of_the_hosts_own_opened_is_dead_to_pools_and_others_are_not() {
    const DEAD: &str = "get:1209";
    let machine = Machine::new();
    let file = machine.file("token", &machine.user_token("ada@contoso.com"));
    for (steps, dead) in [
        (vec![format!("connect:{}", machine.string(&payroll()))], 0),
        (
            vec![format!(
                "connect:{}",
                machine.string("Authentication=ActiveDirectoryMsi")
            )],
            0,
        ),
        (
            vec![format!(
                "connect:{}",
                machine.string(&format!("AccessTokenFile={file}"))
            )],
            0,
        ),
        (
            vec![
                format!("token-kept:{file}"),
                format!("connect:{}", machine.string("")),
            ],
            1,
        ),
    ] {
        let mut steps: Vec<&str> = steps.iter().map(String::as_str).collect();
        steps.push(DEAD);
        let output = machine.script(&steps);
        let answer = output.lines().last().unwrap_or_default();
        assert!(answer.ends_with(&dead.to_string()), "{steps:?}: {output}");
    }
}
