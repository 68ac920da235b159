//! The examples in C and C++: Microsoft's driver, unixODBC, and a token of ours.

use std::{path::PathBuf, process::Command, time::Duration};

use standins::playground::PAYROLL_CLIENT_ID;
use test_support::{
    connection_string::payroll,
    drivers::{built_library, real_driver},
    host_process::HostProcess,
    login_name::application,
    machine::Machine,
    process::{finished, printed},
    registration::{DRIVER, STOCK_DRIVER, section, section_of_library},
};

use crate::installed::{Installation, valgrind};

fn example(
    installation: &Installation,
    name: &str,
    source: &str,
    standard: &str,
    packages: &[&str],
) -> PathBuf {
    let flags = installation.flags(packages);
    installation.compile(name, &format!("examples/{source}"), standard, &flags)
}

fn payroll_name() -> String {
    application(PAYROLL_CLIENT_ID)
}

/// Connects by the stock driver's name.
fn run(machine: &Machine, program: PathBuf, sign_in: &str) -> Command {
    let mut command = machine.command(program);
    command.arg(machine.bare_string(sign_in));
    command
}

#[test]
fn the_c_example_signs_in_whatever_the_order_of_the_libraries() {
    let machine = Machine::new();
    let installation = Installation::new();
    for (name, packages) in [
        ("c-after", ["odbc", "entra-odbc"]),
        ("c-before", ["entra-odbc", "odbc"]),
    ] {
        let program = example(&installation, name, "c/connect.c", "c99", &packages);
        let mut command = run(&machine, program, &payroll());
        assert_eq!(finished(&command.output().unwrap(), name), payroll_name());
    }
}

#[test]
fn the_cpp_example_signs_in_and_tells_what_fails() {
    let machine = Machine::new();
    let installation = Installation::new();
    let program = example(
        &installation,
        "cpp",
        "cpp/connect.cpp",
        "c++17",
        &["entra-odbc", "odbc"],
    );
    let mut command = run(&machine, program.clone(), &payroll());
    let expected = format!("{PAYROLL_CLIENT_ID}\n{}", payroll_name());
    assert_eq!(finished(&command.output().unwrap(), "cpp"), expected);
    let answer = run(&machine, program.clone(), "Authentication=Msi;ObjectId=nobody")
        .output()
        .unwrap();
    let said = printed(&answer);
    assert!(
        answer.status.code() == Some(1) && said.contains("[entra-odbc][Msi]"),
        "{said}"
    );
}

#[test]
fn by_valgrind_nothing_is_left_behind_where_a_connect_fails_after_its_token_was_set() {
    let machine = Machine::new();
    let installation = Installation::new();
    let program = example(
        &installation,
        "cpp-fails",
        "cpp/connect.cpp",
        "c++17",
        &["entra-odbc", "odbc"],
    );
    let mut command = machine.command(program);
    command.arg(format!("DRIVER={{nothing}};SERVER=localhost,1;{}", payroll()));
    let answer = valgrind(&command).output().unwrap();
    assert_eq!(answer.status.code(), Some(1), "{}", printed(&answer));
}

#[test]
fn the_examples_pass_valgrind_with_the_real_driver() {
    let machine = Machine::new();
    let installation = Installation::new();
    for (name, source, standard) in [
        ("c-valgrind", "c/connect.c", "c99"),
        ("cpp-valgrind", "cpp/connect.cpp", "c++17"),
    ] {
        let program = example(&installation, name, source, standard, &["entra-odbc", "odbc"]);
        let command = run(&machine, program, &payroll());
        let answer = finished(&valgrind(&command).output().unwrap(), name);
        assert!(answer.ends_with(&payroll_name()), "{answer}");
    }
}

#[test]
fn a_program_that_is_linked_with_the_driver_itself_is_told_so() {
    let machine = Machine::new();
    let installation = Installation::new();
    let mut with_driver = installation.flags(&["entra-odbc", "odbc"]);
    let directory = installation.path("by-soname");
    std::fs::create_dir(&directory).unwrap();
    let soname = directory.join("libentra_odbc.so.0");
    std::os::unix::fs::symlink(built_library(), &soname).unwrap();
    let api = with_driver
        .iter()
        .position(|flag| flag == "-lentra_odbc_api")
        .unwrap();
    with_driver[api] = soname.display().to_string();
    with_driver.push(format!("-Wl,-rpath,{}", directory.display()));
    let program = installation.compile("c-driver", "examples/c/connect.c", "c99", &with_driver);
    let answer = run(&machine, program, &payroll()).output().unwrap();
    let said = printed(&answer);
    assert!(said.contains("-lentra_odbc_api"), "{said}");
}

#[test]
fn the_odbc_driver_and_the_c_api_are_one_library_in_a_program_that_uses_both() {
    let machine = Machine::new();
    let installation = Installation::new();
    let driver = installation.path("lib/libentra_odbc.so");
    machine.register(&section_of_library(DRIVER, &driver));
    let flags = installation.flags(&["entra-odbc", "odbc"]);
    let mut command =
        machine.command(installation.compile("both_faces", "tests/capi/both_faces.c", "c99", &flags));
    command.args([
        machine.string("Authentication=TokenProvider;TokenProvider=mine"),
        machine.user_token("ada@contoso.com"),
    ]);
    assert_eq!(
        finished(&command.output().unwrap(), "both_faces"),
        "ada@contoso.com"
    );
}

/// A pooled connection of ada's, after its handle's address has served so many others: what comes of it when it is lost
/// and `who` connects with an equal string.
fn recovered_for(who: &str, others: u32) -> String {
    let machine = Machine::new();
    let installation = Installation::new();
    let stock = section(STOCK_DRIVER, &real_driver());
    machine.register(&format!("[ODBC]\nPooling=Yes\n\n{stock}CPTimeout=120\n"));
    let program = installation.compile(
        "pooled",
        "tests/capi/pooled.c",
        "c99",
        &installation.flags(&["entra-odbc", "odbc"]),
    );
    let mut command = machine.command(program);
    command.arg(machine.bare_string(""));
    for name in ["ada@contoso.com", "grace@contoso.com"] {
        command.arg(machine.user_token(name));
    }
    command.args([who, &others.to_string()]);
    let mut host = HostProcess::spawn(command);
    assert_eq!(host.read_line(), "ada@contoso.com");
    assert_eq!(host.read_line(), "given up");
    machine.playground.sql_server.drop_connections();
    host.write_line("go on");
    let heard = host.read_line();
    let (status, _) = host.wait(Duration::from_mins(1));
    assert!(status.success());
    heard
}

#[test]
fn a_pooled_connection_never_becomes_anybody_elses_by_the_memory_of_a_token() {
    // unixODBC hands out the one connection that it has for that string: lost, it finds no token any more.
    for others in [0, 100, 1000, 1200] {
        assert_eq!(recovered_for("grace", others), "08S01", "{others}");
    }
    // Whom it was for may go on with it.
    assert_eq!(recovered_for("ada", 100), "ada@contoso.com");
}

#[test]
fn an_idle_connection_of_the_stock_driver_reconnects_with_a_renewed_token() {
    let machine = Machine::new();
    let installation = Installation::new();
    machine.playground.set_token_lifetime(Duration::from_secs(5));
    let flags = installation.flags(&["entra-odbc", "odbc"]);
    let program = installation.compile("idle", "tests/capi/idle.c", "c99", &flags);
    let mut host = HostProcess::spawn(run(&machine, program, "Authentication=ActiveDirectoryMsi"));
    let who = host.read_line();
    let server = &machine.playground.sql_server;
    // The third request is made 3.3 s after the second token came: the first one has ended by then.
    machine.playground.managed_identity.record().wait_for(3);
    server.drop_connections();
    host.write_line("go on");
    assert_eq!(host.read_line(), who);
    let (status, _) = host.wait(Duration::from_mins(1));
    assert!(status.success());
    let logins = server.logins();
    assert_eq!(logins.len(), 2, "{logins:#?}");
    assert!(logins[1].reconnect, "restored, not opened anew");
    let digests: Vec<_> = logins
        .iter()
        .map(|login| login.token.as_ref().unwrap().digest())
        .collect();
    assert_ne!(digests[0], digests[1], "the renewed token");
}
