//! Wrapping a driver that is not Microsoft's: psqlodbcw on a PostgreSQL of our own, forwarding only.
//!
//! Every test does the same through the bare driver and through the library, and compares all answers.
//! Needs Debian's postgresql, odbc-postgresql, unixodbc and unixodbc-dev.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail by panicking"
)]
#![allow(missing_docs, reason = "a test's name says it")]

mod server;

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;

use test_support::{
    drivers::built_library,
    machine::Machine,
    process::{output, printed},
    registration::section,
};

use server::Server;

/// Debian's Unicode driver for PostgreSQL.
fn psqlodbcw() -> PathBuf {
    std::fs::read_dir("/usr/lib")
        .unwrap()
        .flatten()
        .map(|entry| entry.path().join("odbc/psqlodbcw.so"))
        .find(|path| path.exists())
        .expect("psqlodbcw.so is in Debian's package odbc-postgresql")
}

/// A machine with a registration of its own: `Bare` is psqlodbcw, `Shim` is our library around it.
fn machine() -> Machine<()> {
    let driver = psqlodbcw();
    let machine = Machine::empty().with("ENTRA_ODBC_DRIVER", driver.to_str().unwrap());
    machine.register(&[section("Bare", &driver), section("Shim", &built_library())].concat());
    machine
}

/// A host program on it. One that hangs must fail the test, not stop it.
fn host(machine: &Machine<()>, program: impl AsRef<OsStr>) -> Command {
    let mut command = machine.command("timeout");
    command.arg("60").arg(program);
    command
}

fn connection_string(server: &Server, driver: &str) -> String {
    format!(
        "DRIVER={driver};Server={};Port=5432;Database=postgres;UID=postgres",
        server.directory().display()
    )
}

/// Compiles `calls.c`.
fn calls(server: &Server) -> PathBuf {
    let program = server
        .directory()
        .join(format!("calls-{:?}", std::thread::current().id()));
    output(
        Command::new("cc")
            .args(["-std=gnu99", "-w"])
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/postgres/calls.c"))
            .arg("-o")
            .arg(&program)
            .args(["-lodbc", "-ldl"]),
    );
    program
}

/// Leaves out what a driver that exports only W names cannot give, be it ours or Microsoft's.
fn comparable(answers: &str, how: &str) -> String {
    /// unixODBC derives these from the presence of ANSI names, whichever way the calls themselves go:
    /// SQLError, SQLGetStmtOption, SQLSetStmtOption, SQLParamOptions and SQLSetScrollOptions (all of which it
    /// maps), and what psqlodbcw exports but denies (SQLBrowseConnect, SQLColumnPrivileges, SQLGetDescRec).
    const FROM_ANSI_NAMES: [&str; 8] = ["10", "46", "51", "64", "69", "55", "56", "1009"];
    let mut kept = String::new();
    for line in answers.lines() {
        if line
            .strip_prefix("function ")
            .is_some_and(|number| FROM_ANSI_NAMES.contains(&number))
        {
            continue;
        }
        // To an ANSI program, bare psqlodbcw shows its ANSI face: other text types, and lengths counted by
        // itself where it cuts a text.
        if how == "ansi" && (line.starts_with("info ") || line.starts_with("column ")) {
            continue;
        }
        kept.push_str(line);
        kept.push('\n');
    }
    kept
}

fn compare(how: &str) {
    let server = Server::shared();
    let program = calls(&server);
    let machine = machine();
    let run = |driver: &str| {
        output(
            host(&machine, &program)
                .arg(how)
                .arg(connection_string(&server, driver)),
        )
        // The only difference there may be: what was asked for.
        .replace(&format!("DRIVER={driver};"), "DRIVER=?;")
    };
    let (bare, shim) = (run("Bare"), run("Shim"));
    assert!(bare.contains("SQLFreeHandle(SQL_HANDLE_ENV, env): 0"), "{bare}");
    let (bare, shim) = (comparable(&bare, how), comparable(&shim, how));
    let differences: Vec<String> = bare
        .lines()
        .zip(shim.lines())
        .filter(|(bare, shim)| bare != shim)
        .map(|(bare, shim)| format!("bare: {bare}\nshim: {shim}"))
        .collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert_eq!(bare.lines().count(), shim.lines().count());
}

#[test]
fn an_ansi_program_gets_the_same_answers_and_diagnostics() {
    compare("ansi");
}

#[test]
fn a_unicode_program_gets_the_same_answers_and_diagnostics() {
    compare("wide");
}

#[test]
fn isql_prints_the_same() {
    let server = Server::shared();
    let script = "select version();\nselekt;\nselect 1 as a, 'zwei' as b;\n";
    let file = server.directory().join("script.sql");
    std::fs::write(&file, script).unwrap();
    let machine = machine();
    let run = |driver: &str| {
        let result = host(&machine, "isql")
            .args(["-v", "-k", &connection_string(&server, driver)])
            .stdin(std::fs::File::open(&file).unwrap())
            .output()
            .unwrap();
        printed(&result)
    };
    let (bare, shim) = (run("Bare"), run("Shim"));
    assert!(
        bare.contains("PostgreSQL 1") && bare.contains("selekt") && bare.contains("zwei"),
        "{bare}"
    );
    assert_eq!(bare, shim);
}

#[test]
fn functions_that_the_driver_lacks_answer_im001() {
    let server = Server::shared();
    let program = calls(&server);
    let answer = output(
        host(&machine(), &program)
            .arg("lacking")
            .arg(built_library())
            .arg(connection_string(&server, "Shim")),
    );
    let missing = "SQLParamOptions -1\nrecord 0\nstate: IM001\n";
    assert_eq!(answer.matches(missing).count(), 2, "{answer}");
    assert_eq!(
        answer.matches("field 0 1\nsecond record 100\n").count(),
        2,
        "{answer}"
    );
    assert!(
        answer.contains("gone 100\nSQLCancelHandle -1\nrecord 0\nstate: IM001\n"),
        "{answer}"
    );
    assert!(
        answer.contains("bcp_sendrow 0, bcp_done -1\nSQLGetConnectOptionW 0 1\n"),
        "{answer}"
    );
}
