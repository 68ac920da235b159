//! The kinds that are Driver 18's own: everything that reaches it is what reaches it without us, call by call.
//!
//! Neither Kerberos nor ADFS runs here, so the driver is the recorder, which writes down what arrives; only logins
//! with a password go to the server as well.

use standins::{playground::SQL_USER, sql_server::LoginKind};
use test_support::{connection_string::sql_login, machine::Machine, registration::DRIVER};

use crate::{
    recorder::{ALONE, arrived, hex, recording},
    script_host::ScriptHost as _,
};

/// All that the driver was asked, while the host went these steps through one of the two drivers.
fn calls(machine: &Machine, driver: &str, section: &str, steps: &[&str]) -> Vec<String> {
    machine.write_ini(
        "odbc.ini",
        &format!("[source]\nDriver={driver}\nServer=db.example\n{section}\n"),
    );
    let steps: Vec<_> = steps
        .iter()
        .map(|step| step.replace("<driver>", &format!("{{{driver}}}")))
        .collect();
    let steps: Vec<_> = ["--keep-going", "--quiet"]
        .into_iter()
        .chain(steps.iter().map(String::as_str))
        .collect();
    machine.script_output(&steps);
    let lines: Vec<_> = arrived(machine)
        .iter()
        .map(|line| line.replace(&hex(driver), "<driver>"))
        .collect();
    assert!(lines.iter().any(|line| line.contains("ConnectW ")), "{lines:?}");
    lines
}

/// What the driver gets through us is what it gets alone, and nobody was asked for a token.
fn assert_untouched(section: &str, steps: &[&str]) {
    let machine = recording("");
    let ours = calls(&machine, DRIVER, section, steps);
    let alone = calls(&machine, ALONE, section, steps);
    assert_eq!(ours, alone, "{section} {steps:?}");
    assert!(machine.playground.entra.record().requests().is_empty());
    assert!(machine.playground.managed_identity.record().requests().is_empty());
}

#[test]
fn a_string_with_a_kind_of_driver_18s_own() {
    for rest in [
        "Authentication=SqlPassword;UID=sa;PWD={p;w}}d}",
        "authentication=sqlpassword;UID=sa;PWD=",
        "UID=sa;PWD=secret",
        "Trusted_Connection=Yes",
        "Trusted_Connection=Yes;UID=;PWD=",
        "Authentication=ActiveDirectoryIntegrated",
        "Authentication=ActiveDirectoryIntegrated;UID=ada@contoso.com;Encrypt=strict",
        "Authentication=;Trusted_Connection=no",
    ] {
        let string = format!("DRIVER=<driver>;SERVER=db.example;{rest}");
        assert_untouched(
            "",
            &[
                &format!("connect:{string}"),
                "disconnect",
                &format!("connect-out:1024:complete:{string}"),
                "get:103",
                "disconnect",
            ],
        );
    }
}

#[test]
fn a_data_source_with_a_kind_of_driver_18s_own() {
    for section in [
        "Authentication=SqlPassword",
        "Authentication=ActiveDirectoryIntegrated",
        "Trusted_Connection=Yes",
        "",
    ] {
        assert_untouched(
            section,
            &[
                "sqlconnect:source||",
                "disconnect",
                "sqlconnect:source|sa|p;w}d",
                "disconnect",
                "connect:DSN=source",
                "disconnect",
                "connect:DSN=source;UID=sa;PWD={p;w}}d}",
                "disconnect",
            ],
        );
    }
}

#[test]
fn attributes_that_a_host_sets_before_an_integrated_login() {
    assert_untouched(
        "",
        &[
            // SQL_COPT_SS_INTEGRATED_SECURITY, SQL_ATTR_LOGIN_TIMEOUT, SQL_COPT_SS_ENCRYPT.
            "attr:1203=1",
            "attr:103=7",
            "attr:1223=1",
            "connect:DRIVER=<driver>;SERVER=db.example",
            "get:1203",
            "disconnect",
        ],
    );
}

#[test]
fn failures_of_a_kind_of_driver_18s_own_are_its_own() {
    for script in ["refused:18456", "error:HY000:851968", "error:08001:-1"] {
        let records = [DRIVER, ALONE].map(|driver| {
            let machine = recording(script);
            let connect = format!(
                "connect:DRIVER={{{driver}}};SERVER=db.example;Authentication=ActiveDirectoryIntegrated"
            );
            let output = machine.script_output(&[&connect, "diag"]);
            String::from_utf8(output.stdout)
                .unwrap()
                .replace(driver, "<driver>")
        });
        assert_eq!(records[0], records[1], "{script}");
        assert!(
            records[0].contains("by the script") || records[0].contains("18456"),
            "{records:?}"
        );
    }
}

/// In another client's spelling it is Driver 18's kind still: told in its words, and else left alone.
#[test]
fn another_clients_spelling_of_them_is_all_that_is_rewritten() {
    let machine = recording("");
    for (rest, (kind, rewritten)) in [
        (
            "Authentication=Active Directory Integrated;APP=a",
            ("ActiveDirectoryIntegrated", "APP=a;"),
        ),
        // As SqlClient's documents have it; Driver 18 passes over a keyword that it does not know.
        (
            " Authentication=Active Directory Integrated; Encrypt=True; Database=testdb; User Id=user@domain.com",
            (
                "ActiveDirectoryIntegrated",
                "Encrypt=yes;Database=testdb;User Id=user@domain.com;",
            ),
        ),
        (
            "UID=a;fedauth=SqlPassword;PWD={b;c}",
            ("SqlPassword", "UID=a;PWD={b;c};"),
        ),
        (
            "Authentication=Sql Password;UID=a;PWD=b",
            ("SqlPassword", "UID=a;PWD=b;"),
        ),
    ] {
        let lines = calls(
            &machine,
            DRIVER,
            "",
            &[&format!("connect:DRIVER=<driver>;SERVER=x;{rest}")],
        );
        let connect = lines
            .iter()
            .find(|line| line.starts_with("SQLDriverConnectW"))
            .unwrap();
        let expected = hex(&format!(
            "Authentication={kind};DRIVER={{{DRIVER}}};SERVER=x;{rewritten}"
        ))
        .replace(&hex(DRIVER), "<driver>");
        assert!(connect.contains(&format!("hex={expected} ")), "{rest}: {connect}");
        assert!(connect.contains("token=none"), "{connect}");
    }
}

#[test]
fn a_login_with_a_password_arrives_at_the_server_as_one() {
    let machine = Machine::new();
    for kind in ["", "Authentication=SqlPassword;", "Authentication=Sql Password;"] {
        let string = machine.string(&format!("{kind}{}", sql_login()));
        assert_eq!(machine.pyodbc(&string), SQL_USER, "{kind}");
    }
    let logins = machine.playground.sql_server.logins();
    assert_eq!(logins.len(), 3);
    assert!(
        logins.iter().all(|login| login.kind == LoginKind::Sql),
        "{logins:?}"
    );
}
