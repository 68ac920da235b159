//! What people get wrong: each has its SQLSTATE, the keyword or path at fault, and what to do.

use test_support::{connection_string::payroll, machine::Machine};

use crate::script_host::ScriptHost as _;

/// Connects and fails; then the same host connects well.
fn fails(machine: &Machine, rest: &str, state: &str, parts: &[&str]) {
    let output = machine.script(&[
        &format!("!connect:{}", machine.string(rest)),
        &format!("connect:{}", machine.string(&payroll())),
    ]);
    let record = output
        .lines()
        .find(|line| line.contains("[entra-odbc]"))
        .unwrap_or_else(|| panic!("{output}"));
    assert!(record.starts_with(state), "{rest}: {output}");
    for part in parts {
        assert!(record.contains(part), "{part} in {record}");
    }
}

#[test]
fn unknown_modes_and_missing_or_contradicting_keywords_are_named() {
    let machine = Machine::new();
    let payroll = payroll();
    for (rest, state, parts) in [
        (
            "Authentication=ActiveDirectoryMsy",
            "08001",
            &["ActiveDirectoryMsy", "Did you mean ActiveDirectoryMsi"][..],
        ),
        (
            "Authentication=quantum",
            "08001",
            &[
                "quantum",
                "ActiveDirectory followed by Default",
                "ServicePrincipal",
            ],
        ),
        (
            "Authentication=ActiveDirectoryServicePrincipal;PWD=x;TenantId=t",
            "HY000",
            &["[ServicePrincipal]", "UID"],
        ),
        (
            "Authentication=ActiveDirectoryServicePrincipal;UID=x;TenantId=t",
            "HY000",
            &["PWD"],
        ),
        (
            "Authentication=ActiveDirectoryAccessToken",
            "HY000",
            &["AccessToken="],
        ),
        (
            &format!("{payroll};AccessToken=abc"),
            "HY000",
            &["AccessToken=", "Authentication="],
        ),
        (&format!("{payroll};PWDFile=/x"), "HY000", &["PWD=", "PWDFile="]),
        (&format!("{payroll};TokenTimeout=-1"), "HY000", &["TokenTimeout="]),
        (&format!("{payroll};APP={{never closed"), "HY000", &["APP="]),
        (
            &format!("APP={{closed}} too early;{payroll}"),
            "HY000",
            &["APP=", "}}"],
        ),
    ] {
        fails(&machine, rest, state, parts);
    }
}

#[test]
fn files_that_are_no_secret_files_are_refused_with_their_path() {
    let machine = Machine::new();
    let long = machine.file("long", &"x".repeat(1024 * 1024));
    let lines = machine.file("lines", "first\nsecond\n");
    let fifo = machine.path("fifo").to_str().unwrap().to_owned();
    assert!(machine.command("mkfifo").arg(&fifo).status().unwrap().success());
    let directory = machine.directory().to_str().unwrap().to_owned();
    for (path, why) in [
        (fifo.as_str(), "regular file"),
        (&directory, "regular file"),
        (&long, "longer than"),
        (&lines, "more than one line"),
        ("/nowhere/at/all", "No such file"),
    ] {
        fails(
            &machine,
            &format!("AccessTokenFile={path}"),
            "HY000",
            &["AccessTokenFile=", path, why],
        );
    }
}

#[test]
fn strings_of_any_shape_leave_the_host_alive() {
    let machine = Machine::new();
    let payroll = payroll();
    for rest in [
        String::new(),
        ";;;===;;;".to_owned(),
        "Authentication={ActiveDirectoryMsi".to_owned(),
        "Authentication=".to_owned() + &"x".repeat(100_000),
        format!("{payroll}APP={}", "y".repeat(100_000)),
        "AccessToken=é".to_owned(),
    ] {
        let output = machine.script_output(&[
            "--keep-going",
            "--quiet",
            &format!("connect:{}", machine.string(&rest)),
        ]);
        assert!(output.status.code().is_some(), "{rest:.60}: {:?}", output.status);
        assert!(output.status.code() != Some(4), "{rest:.60}");
    }
}

#[test]
fn an_azure_cli_that_is_missing_or_signed_out_is_told_apart() {
    let machine = Machine::new();
    let tools = machine.path("tools");
    std::fs::create_dir(&tools).unwrap();
    // Nothing but the shell, so that no az of this machine's is found.
    std::os::unix::fs::symlink("/bin/sh", tools.join("sh")).unwrap();
    let machine = machine.with("PATH", tools.to_str().unwrap());
    let script = &*crate::script_host::SCRIPT_HOST;
    let connect = format!(
        "!connect:{}",
        machine.string("Authentication=ActiveDirectoryAzCli")
    );
    let run = || {
        let output = machine.command(script).arg(&connect).output().unwrap();
        test_support::process::finished(&output, "az")
    };
    let missing = run();
    assert!(
        missing.contains("[AzCli]") && missing.to_lowercase().contains("install"),
        "{missing}"
    );

    machine.tool(
        "az",
        "echo \"ERROR: Please run 'az login' to setup account.\" >&2\nexit 1",
    );
    let signed_out = run();
    assert!(signed_out.contains("az login"), "{signed_out}");
}
