//! Several names for the library, with several target drivers: a login never reaches the driver of another name.

use standins::{playground::SQL_USER, sql_server::LoginKind};
use test_support::{
    connection_string::sql_login,
    drivers::{built_library, real_driver},
    machine::Machine,
    registration::{DRIVER, STOCK_DRIVER, section},
};

use crate::{recorder::RECORDER, script_host::ScriptHost as _};

/// The name with the other target driver.
const OTHER: &str = "My PostgreSQL";

/// A machine with these sections of odbcinst.ini, whose recorder writes what reaches it.
fn machine(sections: &[String]) -> Machine {
    let machine = Machine::new();
    let log = machine.path("log").to_str().unwrap().to_owned();
    let machine = machine.with("RECORDER_LOG", log);
    machine.register(&sections.concat());
    machine.write_ini(
        "odbc.ini",
        &format!(
            "[ours]\nDriver={DRIVER}\nServer=localhost,{port}\nTrustServerCertificate=yes\n\n\
             [other]\nDriver={OTHER}\nServer=localhost,{port}\n",
            port = machine.playground.sql_server.port()
        ),
    );
    machine
}

/// A section with the library, and this target driver.
fn names(name: &str, target: &str) -> String {
    format!("{}RealDriver={target}\n\n", section(name, &built_library()))
}

/// Everything that arrived at the recorder.
fn recorded(machine: &Machine) -> String {
    std::fs::read_to_string(machine.path("log")).unwrap_or_default()
}

/// Every way to connect by the other name.
fn attempts(machine: &Machine) -> Vec<String> {
    let server = machine.server();
    let login = format!("UID={SQL_USER};PWD=Zx9Q-tail");
    vec![
        format!("!connect:DRIVER={{{OTHER}}};{server}{login}"),
        format!("!connect:{server}driver={OTHER};{login}"),
        format!("!connect:DSN=other;{login}"),
        format!("!connect:DSN=other;DRIVER={{{DRIVER}}};{server}{login}"),
        format!("!connect:DRIVER={{{DRIVER}}};DRIVER={{{OTHER}}};{server}{login}"),
        format!("!connect:DRIVER={{{OTHER}}};{server}Authentication=ActiveDirectoryMsi"),
        format!("!sqlconnect:other|{SQL_USER}|Zx9Q-tail"),
        format!("!browse:DRIVER={{{OTHER}}};{server}{login}"),
    ]
}

#[test]
fn a_login_by_another_name_reaches_neither_driver_and_the_error_names_both() {
    // With and without a driver that our own section names.
    let real = real_driver().canonicalize().unwrap();
    let real = real.to_str().unwrap();
    let plain = section(DRIVER, &built_library());
    for ours in [
        names(DRIVER, real),
        format!("{plain}\n{}", section(STOCK_DRIVER, &real_driver())),
    ] {
        let machine = machine(&[names(OTHER, RECORDER.to_str().unwrap()), ours]);
        let good = format!("connect:DRIVER={{{DRIVER}}};{}{}", machine.server(), sql_login());
        for attempt in attempts(&machine) {
            let output = machine.script(&[&good, "disconnect", &attempt]);
            for word in [
                "HY000",
                OTHER,
                RECORDER.to_str().unwrap(),
                real,
                "ENTRA_ODBC_DRIVER",
            ] {
                assert!(output.contains(word), "{word} in {attempt}: {output}");
            }
            assert!(!output.contains("Zx9Q"), "{output}");
            assert_eq!(recorded(&machine), "", "{attempt}");
            let logins = machine.playground.sql_server.take_logins();
            assert_eq!(logins.len(), 1, "{attempt}: {logins:?}");
            assert_eq!(logins[0].kind, LoginKind::Sql);
        }
        // The other name first: it loads our section's driver, not its own.
        let output = machine.script(&[&attempts(&machine)[0], &good]);
        assert!(output.contains("HY000"), "{output}");
        assert_eq!(recorded(&machine), "");
        // A name without a section, or with the same driver, is none of our business.
        machine.script(&[&format!("connect:DSN=ours;{}", sql_login())]);
    }
}

#[test]
fn without_our_own_name_sections_that_disagree_are_an_error_of_every_connect() {
    let real = real_driver();
    let (real, recorder) = (real.to_str().unwrap(), RECORDER.to_str().unwrap());
    let machine = machine(&[names("A", real), names("B", recorder)]);
    for name in ["A", "B"] {
        let said = machine.pyodbc_error(&format!("DRIVER={{{name}}};{}{}", machine.server(), sql_login()));
        for word in ["IM003", "[A] and [B]", real, recorder] {
            assert!(said.contains(word), "{word} in {said}");
        }
    }
    assert_eq!(recorded(&machine), "");
    // Where the program says which one, both names lead there.
    let machine = machine.with("ENTRA_ODBC_DRIVER", real);
    for name in ["A", "B"] {
        machine.pyodbc(&format!("DRIVER={{{name}}};{}{}", machine.server(), sql_login()));
    }
    // One target driver under two names, one of them by the name of its section.
    let mut machine = machine;
    machine.variables.remove("ENTRA_ODBC_DRIVER");
    machine.register(
        &[
            names("A", real),
            names("B", STOCK_DRIVER),
            section(STOCK_DRIVER, &real_driver()),
        ]
        .concat(),
    );
    for name in ["A", "B"] {
        machine.pyodbc(&format!("DRIVER={{{name}}};{}{}", machine.server(), sql_login()));
    }
}
