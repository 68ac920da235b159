//! Programs that check what the header promises, as they are and under valgrind.

use std::process::Command;

use standins::playground::{PAYROLL_CLIENT_ID, PAYROLL_SECRET, TENANT_ID};
use test_support::{
    machine::Machine,
    process::{finished, output, printed},
};

use crate::installed::{Installation, valgrind};

/// A test program with the machine's environment.
fn program(machine: &Machine, installation: &Installation, source: &str, standard: &str) -> Command {
    let mut flags = installation.flags(&["entra-odbc"]);
    flags.push("-ldl".to_owned());
    let name = source.replace('.', "-");
    let program = installation.compile(&name, &format!("tests/capi/{source}"), standard, &flags);
    machine.command(program)
}

/// Runs it twice, the second time under valgrind.
fn run_twice(mut program: Command, what: &str) {
    assert_eq!(finished(&program.output().unwrap(), what), "all fine");
    let answer = valgrind(&program).output().unwrap();
    assert_eq!(finished(&answer, &format!("{what} under valgrind")), "all fine");
}

fn checks(machine: &Machine, installation: &Installation) -> Command {
    let mut program = program(machine, installation, "checks.c", "c99");
    program.args([
        TENANT_ID,
        PAYROLL_CLIENT_ID,
        PAYROLL_SECRET,
        &machine.user_token("ada@contoso.com"),
    ]);
    program
}

#[test]
fn a_c_program_finds_what_the_header_promises() {
    let machine = Machine::new();
    let installation = Installation::new();
    run_twice(checks(&machine, &installation), "checks");
}

#[test]
fn a_planted_fault_does_not_escape_valgrind() {
    let machine = Machine::new();
    let installation = Installation::new();
    let mut program = checks(&machine, &installation);
    program.arg("planted");
    let answer = valgrind(&program).output().unwrap();
    let said = printed(&answer);
    assert_eq!(answer.status.code(), Some(99), "{said}");
    assert!(
        said.contains("Invalid read") && said.contains("planted"),
        "{said}"
    );
}

#[test]
fn the_cpp_wrapper_turns_what_a_provider_throws_into_the_error_of_the_call() {
    let machine = Machine::new();
    let installation = Installation::new();
    run_twice(program(&machine, &installation, "throws.cpp", "c++17"), "throws");
}

#[test]
fn threads_may_use_and_free_the_same_objects() {
    let machine = Machine::new();
    let installation = Installation::new();
    let mut program = program(&machine, &installation, "threads.c", "c99");
    program.args([TENANT_ID, PAYROLL_CLIENT_ID, PAYROLL_SECRET]);
    run_twice(program, "threads");
}

#[test]
fn a_program_with_an_event_loop_gets_tokens_without_waiting() {
    let machine = Machine::new();
    let installation = Installation::new();
    let mut program = program(&machine, &installation, "requests.c", "c99");
    program.args([TENANT_ID, PAYROLL_CLIENT_ID, PAYROLL_SECRET]);
    run_twice(program, "requests");
}

#[test]
fn the_one_driver_manager_that_is_loaded_is_found_and_none_is_loaded_for_it() {
    let machine = Machine::new();
    let installation = Installation::new();
    let found =
        output(Command::new("sh").args(["-c", "ldconfig -p | sed -n 's,.*libodbc\\.so\\.2 .*=> ,,p'"]));
    let copy = installation.path("libodbc-copy.so.2");
    std::fs::copy(found.lines().next().unwrap(), &copy).unwrap();
    let mut program = program(&machine, &installation, "managers.c", "c99");
    program.arg(&copy);
    assert_eq!(finished(&program.output().unwrap(), "managers"), "all fine");
}

#[test]
fn what_is_linked_with_the_api_gets_none_of_the_drivers_names() {
    let installation = Installation::new();
    let names = test_support::drivers::exports(&installation.path("lib/libentra_odbc_api.so.0"));
    assert!(names.len() > 30, "{names:?}");
    assert!(names.iter().all(|name| name.starts_with("entra_")), "{names:?}");
    let own: Vec<_> = test_support::drivers::exports(&installation.path("lib/libentra_odbc.so"))
        .into_iter()
        .filter(|name| name.starts_with("entra_"))
        .collect();
    assert_eq!(names, own);
}
