//! `connect`: through unixODBC and the real driver, by a program of its own.

use crate::{
    machine::{self, ToolMachine as _, payroll, server},
    tool::Run,
};
use standins::playground::{PAYROLL_CLIENT_ID, PAYROLL_SECRET};
use std::{
    fs::{self, Permissions},
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    process::Stdio,
};
use test_support::registration::DRIVER;

const MSI: &str = "Authentication=ActiveDirectoryMsi";

#[test]
fn a_connect_tells_where_it_leads_as_whom_and_how_long_each_part_took() {
    let machine = machine::with_standins();
    let [mode, user, _] = payroll();
    machine.file("secret", PAYROLL_SECRET);
    let out = machine
        .run(&[
            "connect",
            &server(&machine),
            &mode,
            &user,
            "PWD=@secret",
            "Database=payroll",
        ])
        .done();
    for part in [
        "Connected",
        PAYROLL_CLIENT_ID,
        "Microsoft SQL Server",
        "payroll",
        "encrypted       yes",
        "driver load",
        "tenant probe",
        "token ",
        "TLS and login",
        "connect in all",
        "first query",
    ] {
        assert!(out.contains(part), "{part}: {out}");
    }
}

#[test]
fn repeated_connects_show_a_distribution_and_one_token_request() {
    let machine = machine::with_standins();
    let out = machine
        .run(&["connect", &server(&machine), MSI, "--repeat", "5"])
        .done();
    assert!(out.contains("median") && out.contains("5 connects"), "{out}");
    assert_eq!(machine.managed_identity_requests(), 1);
    let value = machine
        .run(&["connect", &server(&machine), MSI, "--repeat", "3", "--json"])
        .json();
    let runs = value["milliseconds"].as_array().unwrap();
    assert_eq!(runs.len(), 3);
    assert!(runs[0]["driver_load"].as_f64().unwrap() > 0.0, "{value}");
    assert!(runs[1].get("driver_load").is_none(), "{value}");
    let parts = ["driver_load", "token", "tls_and_login"].map(|part| runs[0][part].as_f64().unwrap());
    let total = runs[0]["connect_in_all"].as_f64().unwrap();
    assert!((parts.iter().sum::<f64>() - total).abs() < 1.0, "{value}");
    assert_eq!(value["connected"], true);
}

#[test]
fn rows_come_as_a_table_as_csv_or_as_json_alone_on_standard_output() {
    let machine = machine::with_standins();
    let query = "SELECT TOP 2 id, name FROM standin.pairs";
    let run = |format: &[&str]| {
        let server = server(&machine);
        let arguments = [&["connect", &server, MSI, "--query", query][..], format].concat();
        let run = machine.run(&arguments);
        assert!(run.err.contains("Connected"), "{run:#?}");
        run.done()
    };
    assert_eq!(run(&[]), "id  name\n--  -----\n 1  row 1\n 2  row 2\n");
    assert_eq!(run(&["--csv"]), "id,name\n1,row 1\n2,row 2\n");
    let value: serde_json::Value = serde_json::from_str(&run(&["--json"])).unwrap();
    assert_eq!(
        value,
        serde_json::json!([{ "id": 1, "name": "row 1" }, { "id": 2, "name": "row 2" }])
    );
}

#[test]
fn many_rows_stream_and_none_are_an_empty_array() {
    let machine = machine::with_standins();
    let server = server(&machine);
    let run = |query: &str, format: &str| {
        machine
            .run(&["connect", &server, MSI, "--query", query, format])
            .done()
    };
    assert_eq!(
        run("SELECT TOP 2500 n FROM standin.ints", "--csv")
            .lines()
            .count(),
        2501
    );
    let value: serde_json::Value =
        serde_json::from_str(&run("SELECT TOP 2500 n FROM standin.ints", "--json")).unwrap();
    assert_eq!(value.as_array().unwrap().len(), 2500);
    assert_eq!(run("SELECT name FROM sys.tables", "--json"), "[]\n");
    assert_eq!(run("SELECT name FROM sys.tables", "--csv"), "name\n");
}

#[test]
fn letters_beyond_ascii_come_whole_in_any_locale() {
    let machine = machine::with_standins();
    let server = server(&machine);
    for locale in ["C", "C.UTF-8"] {
        let mut command =
            machine.tool_command(&["connect", &server, MSI, "--csv", "--query", "SELECT N'Jürgen €'"]);
        command.env("LC_ALL", locale);
        let out = Run::of(&mut command).done();
        assert_eq!(out, "\"\"\nJürgen €\n");
        // The driver's own words, which are shortened by an ellipsis.
        let login = ["UID=jürgen", "PWD=grün", "--json"];
        let mut command = machine.tool_command(&[&["connect", &server][..], &login].concat());
        command.env("LC_ALL", locale);
        let run = Run::of(&mut command);
        assert_eq!(run.code, Some(1));
        assert!(run.out.contains("jürgen"), "{}", run.out);
    }
}

#[test]
fn rows_that_nobody_reads_end_it_without_a_word() {
    let machine = machine::with_standins();
    let query = "SELECT TOP 500000 n FROM standin.ints";
    let mut command = machine.tool_command(&["connect", &server(&machine), MSI, "--csv", "--query", query]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut first)
        .unwrap();
    assert_eq!(first, "n\n");
    // Nothing is said by the program that connects either, which has it from the tool.
    let run = Run::ended(&child.wait_with_output().unwrap());
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""));
}

#[test]
fn a_data_source_is_enough_and_the_string_may_come_from_a_file() {
    let machine = machine::with_standins();
    machine.file(
        "home/.odbc.ini",
        &format!("[payroll]\nDriver={DRIVER}\n{}\n{MSI}\n", server(&machine)),
    );
    machine.file("string", "DSN=payroll\n");
    assert!(machine.run(&["connect", "@string"]).done().contains("Connected"));
}

#[test]
fn a_refusal_ends_with_code_1_and_the_drivers_words_without_the_secret() {
    let machine = machine::with_standins();
    let [mode, user, tenant] = payroll();
    let server = server(&machine);
    let arguments = ["connect", &server, &mode, &user, &tenant, "PWD=wr0ng-secret"];
    let err = machine.run(&arguments).refused(1);
    assert!(err.contains("28000") && err.contains("AADSTS7000215"), "{err}");
    assert!(!err.contains("wr0ng"), "{err}");
    let run = machine.run(&[&arguments[..], &["--json"]].concat());
    assert_eq!(run.code, Some(1));
    let value: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(
        (&value["connected"], &value["error"]["native"]),
        (&false.into(), &7_000_215.into())
    );
    let err = machine
        .run(&["connect", &server, MSI, "--query", "SELECT * FROM nowhere"])
        .refused(1);
    assert!(err.contains("Invalid object name"), "{err}");
}

#[test]
fn the_log_that_was_asked_for_is_written_and_nothing_is_left_behind() {
    let machine = machine::with_standins();
    fs::create_dir(machine.path("tmp")).unwrap();
    let mut command = machine.tool_command(&["connect", &server(&machine), MSI]);
    command
        .env("TMPDIR", machine.path("tmp"))
        .env("ENTRA_ODBC_LOG", "debug")
        .env("ENTRA_ODBC_LOG_FILE", machine.path("log"));
    Run::of(&mut command).done();
    assert!(machine.read("log").contains("event=connected mode=Msi ms="));
    assert_eq!(fs::read_dir(machine.path("tmp")).unwrap().count(), 0);
    // Where there is no place for the log, there are no times of parts, and all else works.
    let mut command = machine.tool_command(&["connect", &server(&machine), MSI]);
    command.env("TMPDIR", "/nowhere");
    let out = Run::of(&mut command).done();
    assert!(out.contains("connect in all") && !out.contains("token "), "{out}");
}

#[test]
fn the_tool_starts_and_says_so_where_unixodbc_is_missing() {
    let machine = machine::with_standins();
    let tool = machine.path("entra-odbc");
    fs::copy(env!("CARGO_BIN_EXE_entra-odbc"), &tool).unwrap();
    let run = || Run::of(&mut machine.program(tool.to_str().unwrap(), &["connect", "SERVER=x"]));
    let err = run().refused(2);
    assert!(
        err.contains("entra-odbc-connect") && err.contains("not beside it") && err.contains("make install"),
        "{err}"
    );
    // As the dynamic loader ends a program whose libodbc is missing.
    machine.file("entra-odbc-connect", "#!/bin/sh\nexit 127\n");
    fs::set_permissions(machine.path("entra-odbc-connect"), Permissions::from_mode(0o755)).unwrap();
    let err = run().refused(2);
    assert!(err.contains("unixODBC") && err.contains("install"), "{err}");
    let needed = std::process::Command::new("readelf")
        .args(["-d"])
        .arg(&tool)
        .output()
        .unwrap();
    let needed = String::from_utf8_lossy(&needed.stdout).into_owned();
    assert!(
        needed.contains("libc.so") && !needed.contains("libodbc"),
        "{needed}"
    );
}

#[test]
fn bad_input_is_refused() {
    let machine = machine::with_standins();
    for arguments in [
        &["connect"][..],
        &["connect", "DSN=x", "--repeat", "0"],
        &["connect", "DSN=x", "--csv"],
        &[
            "connect", "DSN=x", "--query", "SELECT 1", "--csv", "--repeat", "x",
        ],
        &["connect", "@absent"],
    ] {
        machine.run(arguments).refused(2);
    }
}
