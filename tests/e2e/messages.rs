//! What stands in messages and in the log: no secret, and nothing by which a reader or a terminal is led astray.

use std::fs;

use standins::playground::{PAYROLL_CLIENT_ID, TENANT_ID};
use test_support::machine::Machine;

use crate::script_host::ScriptHost as _;

/// Escape sequences, line breaks of all kinds, marks of direction, and characters that nobody sees.
const HOSTILE: &str = "a\u{1b}[2J\r\nHY000 0 forged\u{85}\u{9b}1m\u{202e}\u{2066}\u{200b}\u{200f}\u{61c}\u{2028}\u{2029}\u{feff}z";

/// Whether a line of output is free of them.
fn is_plain(line: &str) -> bool {
    let marks = ['\u{61c}', '\u{feff}'];
    !line.chars().any(|c| {
        c.is_control()
            || marks.contains(&c)
            || ('\u{200b}'..='\u{200f}').contains(&c)
            || ('\u{2028}'..='\u{206f}').contains(&c)
    })
}

/// The one record of a connect that fails.
fn record(machine: &Machine, string: &str) -> String {
    let output = machine.script(&[&format!("!connect:{string}")]);
    let lines: Vec<_> = output.split('\n').collect();
    assert_eq!(lines[0], "connect: SQL_ERROR", "{output}");
    assert_eq!(lines.len(), 2, "{string:?}: {output}");
    assert!(
        is_plain(lines[1]) && lines[1].contains("[entra-odbc]"),
        "{string:?}: {:?}",
        lines[1]
    );
    lines[1].to_owned()
}

#[test]
fn a_secret_that_lost_its_braces_or_its_semicolon_is_in_no_message() {
    let machine = Machine::new();
    let application = format!("UID={PAYROLL_CLIENT_ID};TenantId={TENANT_ID}");
    let kind = "Authentication=ActiveDirectoryServicePrincipal";
    for rest in [
        format!("{kind};{application};PWD=abc;Zx9Q~tail={{d}}e"),
        format!("{kind};{application};PWD=abc;Zx9Q~tail={{d"),
        format!("{kind};{application};PWD={{abc}};Zx9Q~tail={{d}}Zx9Q;x=y"),
    ] {
        let record = record(&machine, &machine.string(&rest));
        assert!(
            record.starts_with("HY000") && record.contains("needs braces"),
            "{record}"
        );
        assert!(!record.contains("Zx9Q"), "{record}");
    }
    for rest in [
        format!("{kind} PWD=Zx9Q;{application}"),
        format!("{kind};{application} PWD=Zx9Q-tail"),
        format!("{kind};UID=x;TenantId={TENANT_ID};PWDFile=/nowhere PWD=Zx9Q"),
        format!("{kind};{application};PWD=x;Authority=login.example PWD=Zx9Q"),
        "Authentication=ActiveDirectoryTokenProvider;TokenProvider=mine PWD=Zx9Q".to_owned(),
    ] {
        let record = record(&machine, &machine.string(&rest));
        assert!(!record.contains("Zx9Q"), "{record}");
    }
}

#[test]
fn nothing_from_a_value_a_variable_or_a_path_breaks_steers_or_hides_a_message_or_a_line_of_the_log() {
    let machine = Machine::new();
    let log = machine.path("log").to_str().unwrap().to_owned();
    let machine = machine
        .with("ENTRA_ODBC_LOG", "trace")
        .with("ENTRA_ODBC_LOG_FILE", &log);
    let application = format!("UID={PAYROLL_CLIENT_ID};TenantId={TENANT_ID}");
    let kind = "Authentication=ActiveDirectoryServicePrincipal";
    let value = format!("{{{HOSTILE}}}");
    for rest in [
        format!("Authentication={value}"),
        format!("{kind};UID={PAYROLL_CLIENT_ID};PWD=x;TenantId={value}"),
        format!("{kind};{application};PWD=x;Authority={value}"),
        format!("{kind};{application};PWD=x;TokenTimeout={value}"),
        format!("{kind};{application};PWD=x;TokenCache={value}"),
        format!("{kind};{application};PWDFile={value}"),
        format!("{kind};{application};PWDFile=/{value}"),
        format!("{kind};{application};ClientCertificate={value}"),
        format!("{kind};{application};PWD=x;{HOSTILE}={{a}}b"),
        format!("Authentication=ActiveDirectoryAccessToken;AccessTokenFile={value}"),
        format!("Authentication=ActiveDirectoryRefreshToken;RefreshTokenFile={value}"),
        format!("Authentication=ActiveDirectoryTokenProvider;TokenProvider={value}"),
        format!("Authentication=ActiveDirectoryInteractive;RedirectUri={value}"),
        format!("{kind};{application};PWD={value}"),
    ] {
        record(&machine, &machine.string(&rest));
    }
    let text = fs::read_to_string(&log).unwrap();
    assert!(text.lines().count() > 14, "{text}");
    for line in text.split('\n').filter(|line| !line.is_empty()) {
        let is_stamped = line.starts_with("20") && line.contains(" entra_odbc: ");
        assert!(is_stamped && is_plain(line), "{line:?}");
    }

    // Without a driver the record comes from another place.
    let machine = machine.with("ENTRA_ODBC_DRIVER", format!("/nowhere/{HOSTILE}"));
    let said = record(&machine, &machine.string(kind));
    assert!(said.starts_with("IM003"), "{said}");
    for (variable, rest) in [
        ("AZURE_AUTHORITY_HOST", format!("{kind};{application};PWD=x")),
        (
            "AZURE_TOKEN_CREDENTIALS",
            "Authentication=ActiveDirectoryDefault".to_owned(),
        ),
        (
            "AZURE_POD_IDENTITY_AUTHORITY_HOST",
            "Authentication=ActiveDirectoryMsi".to_owned(),
        ),
    ] {
        let machine = Machine::new().with(variable, HOSTILE);
        record(&machine, &machine.string(&rest));
    }
}

/// Without a locale, as in containers and under cron, unixODBC keeps the lower byte of each character: U+2026 was `&`,
/// and of U+010A a line break would stay.
#[test]
fn an_ansi_host_without_a_locale_reads_every_word_that_is_ours() {
    let machine = Machine::new().with("LC_ALL", "C");
    let application = format!("UID={PAYROLL_CLIENT_ID};TenantId={TENANT_ID}");
    let kind = "Authentication=ActiveDirectoryServicePrincipal";
    let file = "/nowhere/J\u{fc}rgen/\u{4e2d}\u{2026}/\u{10a}z";
    for (rest, parts) in [
        (
            format!("{kind};{application}"),
            &["PWD= is missing", "Add PWD=... to the connection string."][..],
        ),
        (
            format!("{kind};{application};PWDFile={file}"),
            &["PWDFile= cannot be used", "/nowhere/J"],
        ),
        (
            format!("{kind};{application};ClientCertificate={file}"),
            &["ClientCertificate= cannot be used", "/nowhere/J"],
        ),
        (
            "Authentication=ActiveDirectoryM\u{fc}i".to_owned(),
            &[
                "\"ActiveDirectoryM",
                "Known values: ActiveDirectory followed by Default",
            ],
        ),
    ] {
        let string = machine.string(&rest);
        let script = machine.script(&["--ansi", &format!("!connect:{string}")]);
        for said in [script, machine.isql_failure(&string)] {
            let record = said.split('\n').find(|line| line.contains("[entra-odbc]"));
            let record = record.unwrap_or_else(|| panic!("{said:?}"));
            assert!(
                !record.contains('&') && !record.chars().any(char::is_control),
                "{record:?}"
            );
            for part in parts {
                assert!(record.contains(part), "{part}: {record:?}");
            }
        }
    }
}
