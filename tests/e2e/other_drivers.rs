//! Drivers that are not Microsoft's C++ ones: what an attribute is, the driver decides, not its name.

use std::process::Output;

use test_support::{drivers::built_library, machine::Machine, process::finished, registration::DRIVER};

use crate::{
    recorder::{WITHOUT_BULK_COPY, arrived, recording_by},
    script_host::ScriptHost as _,
};

const STRING: &str = "DRIVER=x;SERVER=127.0.0.1;";
const WHO: &str = "query:SELECT SUSER_SNAME()";

/// As Microsoft's driver in Rust: it takes tokens and has no bulk copy functions.
fn takes_tokens() -> Machine {
    recording_by(&WITHOUT_BULK_COPY, "")
}

/// Runs the steps on the library itself, without a manager.
fn direct_output(machine: &Machine, steps: &[&str]) -> Output {
    let library = built_library();
    let mut arguments = vec!["--library", library.to_str().unwrap()];
    arguments.extend_from_slice(steps);
    machine.script_output(&arguments)
}

fn direct(machine: &Machine, steps: &[&str]) -> String {
    finished(&direct_output(machine, steps), &format!("{steps:?}"))
}

#[test]
fn a_token_of_the_applications_own_is_copied_for_any_driver_that_takes_tokens() {
    let machine = takes_tokens();
    let token = machine.file("token", "adas-token");
    let output = direct(
        &machine,
        &[
            &format!("token:{token}"),
            &format!("connect:{STRING}"),
            WHO,
            "get:1209",
        ],
    );
    assert!(output.ends_with("adas-token\n1"), "{output}");
}

#[test]
fn equal_strings_with_different_tokens_share_no_pooled_connection_of_any_driver() {
    let machine = takes_tokens();
    let inis = machine.read("odbcinst.ini");
    machine.register(&format!(
        "[ODBC]\nPooling=Yes\n\n{}",
        inis.replace(
            "\n[ODBC Driver 18 Alone",
            "\nCPTimeout=120\n[ODBC Driver 18 Alone"
        )
    ));
    let (ada, grace) = (
        machine.file("ada", "adas-token"),
        machine.file("grace", "graces-token"),
    );
    let connect = format!("connect:DRIVER={{{DRIVER}}};SERVER=127.0.0.1;");
    let output = machine.script(&[
        "pooling",
        &format!("token-kept:{ada}"),
        &connect,
        WHO,
        "disconnect",
        "free",
        "alloc",
        &format!("token-kept:{grace}"),
        &connect,
        WHO,
    ]);
    let rows: Vec<&str> = output.lines().filter(|line| line.ends_with("-token")).collect();
    assert_eq!(rows, ["adas-token", "graces-token"], "{output}");
}

#[test]
fn a_token_in_the_string_signs_in_through_any_driver_that_takes_tokens() {
    let machine = takes_tokens();
    let output = direct(
        &machine,
        &[&format!("connect:{STRING}AccessToken=adas-token"), WHO],
    );
    assert!(output.ends_with("adas-token"), "{output}");
    let asked = arrived(&machine);
    let connects: Vec<_> = asked
        .iter()
        .filter(|line| line.contains("DriverConnect"))
        .collect();
    assert!(
        connects.len() == 1 && !connects[0].contains("none"),
        "{connects:?}"
    );
}

#[test]
fn a_driver_that_keeps_a_token_serves_nobody_else_on_that_handle() {
    let machine = takes_tokens().with("RECORDER_KEEPS_TOKEN", "1");
    let output = direct(
        &machine,
        &[
            &format!("connect:{STRING}AccessToken=adas-token"),
            "disconnect",
            &format!("!connect:{STRING}UID=sa;PWD=x"),
            &format!("!connect:{STRING}AccessToken=graces-token"),
            "free",
            "alloc",
            &format!("connect:{STRING}AccessToken=graces-token"),
            WHO,
        ],
    );
    assert_eq!(
        output.matches("Free this connection handle").count(),
        2,
        "{output}"
    );
    assert!(output.ends_with("graces-token"), "{output}");
    let connects = arrived(&machine)
        .iter()
        .filter(|line| line.contains("DriverConnect"))
        .count();
    assert_eq!(connects, 2);
}

#[test]
fn an_integer_of_that_number_is_the_drivers_own() {
    let machine = takes_tokens().with("RECORDER_INTEGER", "1256");
    let output = direct(
        &machine,
        &[
            "attr:1256=1",
            &format!("connect:{STRING}AccessToken=not-ours;Authentication=anything"),
            "get:1256",
            "get:1209",
            "!attr:1256=2",
        ],
    );
    assert!(output.contains("\n1\n0\n"), "{output}");
    assert!(output.contains("HY024 0 [Recorder]"), "{output}");
    let asked = arrived(&machine);
    assert!(
        asked.iter().any(|line| line.contains("attribute=1256 value=1 ")),
        "{asked:#?}"
    );
}

#[test]
fn a_driver_that_does_not_know_tokens_says_so_itself() {
    let machine = takes_tokens().with("RECORDER_LACKS", "1256");
    let token = machine.file("token", "adas-token");
    let output = direct(
        &machine,
        &[
            &format!("!token-kept:{token}"),
            "diag",
            "!attr:1256=0",
            &format!("connect:{STRING}AccessToken=not-ours"),
        ],
    );
    assert!(output.contains("HY092 0 [Recorder]"), "{output}");
}

#[test]
fn a_driver_that_is_never_given_a_token_is_asked_nothing() {
    let machine = takes_tokens();
    direct(
        &machine,
        &[&format!("connect:{STRING}UID=sa;PWD=x"), "disconnect"],
    );
    let asked = arrived(&machine);
    assert!(
        asked
            .iter()
            .all(|line| line.ends_with("dbc=1") && !line.contains("1256")),
        "{asked:#?}"
    );
}
