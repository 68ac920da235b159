//! The tool in the Python package: its unixODBC, its library, its second program and Microsoft's driver lie beside it.

use crate::{
    machine::{self, ToolMachine as _, server},
    tool::{Run, tools},
};
use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};
use test_support::{
    drivers::{built_library, real_driver},
    machine::Machine,
    process::output,
    workspace::root,
};

const MSI: &str = "Authentication=ActiveDirectoryMsi";

/// Where the system has a library.
fn of_system(name: &str) -> PathBuf {
    let cache = output(Command::new("/sbin/ldconfig").arg("-p"));
    let mut lines = cache
        .lines()
        .filter(|line| line.trim().starts_with(&format!("{name} ")));
    lines.next().unwrap().split_once("=> ").unwrap().1.into()
}

/// The files as pip installs them; the tool's path.
fn install_package(machine: &Machine) -> PathBuf {
    let package = machine.path("site-packages/entra_odbc");
    fs::create_dir_all(package.join("system")).unwrap();
    let copy = |from: &Path, to: &str| {
        fs::copy(from, package.join(to)).unwrap();
    };
    fs::write(package.join("__init__.py"), "").unwrap();
    copy(&built_library(), "libentra_odbc.so");
    for program in ["entra-odbc", "entra-odbc-connect"] {
        copy(&tools().join(program), program);
    }
    for library in [
        "libodbc.so.2",
        "libodbcinst.so.2",
        "libkrb5.so.3",
        "libgssapi_krb5.so.2",
    ] {
        copy(&of_system(library), &format!("system/{library}"));
    }
    // What the system's unixODBC and Kerberos need further, unlike those of the package.
    fs::create_dir(machine.path("lib")).unwrap();
    for library in ["libltdl.so.7", "libkrb5support.so.0"] {
        fs::copy(of_system(library), machine.path("lib").join(library)).unwrap();
    }
    let driver = real_driver();
    let microsoft = driver.ancestors().nth(6).unwrap();
    assert!(
        microsoft.ends_with("mssql_python_odbc"),
        "{}",
        microsoft.display()
    );
    symlink(microsoft, machine.path("site-packages/mssql_python_odbc")).unwrap();
    package.join("entra-odbc")
}

/// Runs the tool on this system as it would be without unixODBC and Kerberos.
fn without_unixodbc(machine: &Machine, tool: &Path, arguments: &[&str]) -> Run {
    let script = root().join("python/tests/without_unixodbc.sh");
    let mut command = machine.program(
        script.to_str().unwrap(),
        &[&[tool.to_str().unwrap()], arguments].concat(),
    );
    command.env("LD_LIBRARY_PATH", machine.path("lib"));
    Run::of(&mut command)
}

#[test]
fn what_lies_beside_the_tool_is_enough_to_connect() {
    let machine = machine::with_standins();
    machine.register("");
    let tool = install_package(&machine);
    let run = |arguments: &[&str]| without_unixodbc(&machine, &tool, arguments);
    // Nothing is registered: the library is used by its path.
    let out = run(&["connect", &server(&machine), MSI]).done();
    assert!(out.contains("Connected"), "{out}");
    let found = run(&["doctor", "--json", &server(&machine), MSI]).json();
    assert_eq!(
        (&found["failures"], &found["warnings"]),
        (&0.into(), &0.into()),
        "{found:#}"
    );
    let text = found.to_string();
    for part in [
        "of the Python package",
        "Python package mssql-python-odbc",
        "install unixodbc",
    ] {
        assert!(text.contains(part), "{part}: {found:#}");
    }
    // One search for the driver serves all three.
    let status = run(&["status", "--json"]);
    let status: serde_json::Value = serde_json::from_str(&status.out).unwrap();
    assert_eq!(
        status["real_driver"]["origin"],
        "Python package mssql-python-odbc"
    );
    assert!(
        status["unixodbc"]["path"]
            .as_str()
            .unwrap()
            .ends_with("entra_odbc/system/libodbc.so.2"),
        "{status:#}"
    );
    let command = format!("sudo {} install", tool.display());
    assert!(status["problems"].to_string().contains(&command), "{status:#}");
    let out = run(&["install"]).done();
    assert!(out.contains("Python package mssql-python-odbc"), "{out}");
    let out = run(&["connect", &server(&machine), MSI]).done();
    assert!(out.contains("Connected"), "{out}");
}

#[test]
fn the_systems_own_are_preferred_and_what_pip_brings_is_named_as_such() {
    let machine = machine::with_standins();
    machine.register("");
    let tool = install_package(&machine);
    let run = |arguments: &[&str]| Run::of(&mut machine.program(tool.to_str().unwrap(), arguments));
    let status: serde_json::Value = serde_json::from_str(&run(&["status", "--json"]).out).unwrap();
    assert_eq!(
        status["unixodbc"]["path"],
        of_system("libodbc.so.2").to_str().unwrap()
    );
    fs::remove_file(machine.path("site-packages/mssql_python_odbc")).unwrap();
    let err = run(&["install"]).refused(2);
    assert!(err.contains("pip install mssql-python-odbc"), "{err}");
    fs::remove_file(tool.with_file_name("entra-odbc-connect")).unwrap();
    let err = run(&["connect", "SERVER=x"]).refused(2);
    assert!(
        err.contains("not beside it") && err.contains("pip install"),
        "{err}"
    );
}
