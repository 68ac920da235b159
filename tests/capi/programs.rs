//! Programs that check what the header promises, as they are and under valgrind.

use std::process::Command;

use standins::playground::{PAYROLL_CLIENT_ID, PAYROLL_SECRET, TENANT_ID};

use crate::{
    installed::{PREFIX, compile, directory, flags, said, valgrind},
    library::output,
    machine::{Machine, finished},
};

/// A test program with the machine's environment.
fn program(machine: &Machine, source: &str, standard: &str) -> Command {
    let mut flags = flags(&["entra-odbc"]);
    flags.push("-ldl".to_owned());
    let name = source.replace('.', "-");
    let program = compile(&name, &format!("tests/capi/{source}"), standard, &flags);
    machine.command(program)
}

/// Runs it twice, the second time under valgrind.
fn run_twice(mut program: Command, what: &str) {
    assert_eq!(finished(&program.output().unwrap(), what), "all fine");
    let answer = valgrind(&program).output().unwrap();
    assert_eq!(finished(&answer, &format!("{what} under valgrind")), "all fine");
}

fn checks(machine: &Machine) -> Command {
    let mut program = program(machine, "checks.c", "c99");
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
    run_twice(checks(&machine), "checks");
}

#[test]
fn a_planted_fault_does_not_escape_valgrind() {
    let machine = Machine::new();
    let mut program = checks(&machine);
    program.arg("planted");
    let answer = valgrind(&program).output().unwrap();
    let said = said(&answer);
    assert_eq!(answer.status.code(), Some(99), "{said}");
    assert!(
        said.contains("Invalid read") && said.contains("planted"),
        "{said}"
    );
}

#[test]
fn the_cpp_wrapper_turns_what_a_provider_throws_into_the_error_of_the_call() {
    let machine = Machine::new();
    run_twice(program(&machine, "throws.cpp", "c++17"), "throws");
}

#[test]
fn threads_may_use_and_free_the_same_objects() {
    let machine = Machine::new();
    let mut program = program(&machine, "threads.c", "c99");
    program.args([TENANT_ID, PAYROLL_CLIENT_ID, PAYROLL_SECRET]);
    run_twice(program, "threads");
}

#[test]
fn the_one_driver_manager_that_is_loaded_is_found_and_none_is_loaded_for_it() {
    let machine = Machine::new();
    let found =
        output(Command::new("sh").args(["-c", "ldconfig -p | sed -n 's,.*libodbc\\.so\\.2 .*=> ,,p'"]));
    let copy = directory("copy").join("libodbc-copy.so.2");
    std::fs::copy(found.lines().next().unwrap(), &copy).unwrap();
    let mut program = program(&machine, "managers.c", "c99");
    program.arg(&copy);
    assert_eq!(finished(&program.output().unwrap(), "managers"), "all fine");
}

#[test]
fn what_is_linked_with_the_api_gets_none_of_the_drivers_names() {
    let names = crate::library::exports(&PREFIX.join("lib/libentra_odbc_api.so.0"));
    assert!(names.len() > 30, "{names:?}");
    assert!(names.iter().all(|name| name.starts_with("entra_")), "{names:?}");
    let own: Vec<_> = crate::library::exports(&PREFIX.join("lib/libentra_odbc.so"))
        .into_iter()
        .filter(|name| name.starts_with("entra_"))
        .collect();
    assert_eq!(names, own);
}
