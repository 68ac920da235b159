//! Data sources: whatever they say, the driver does what was decided.

use std::{collections::BTreeSet, fs, process::Command, sync::LazyLock};

use entra_odbc_core::{connect::trust::DICTATED, connection_string::data_source::FORWARDED};

use test_support::{
    drivers::{built_library, real_driver},
    machine::Machine,
    registration::{DRIVER, STOCK_DRIVER},
};

use crate::{
    network::inside,
    script_host::compile,
    world::{World, units},
};

const SECTIONS: &str = "
[weak]
Driver=x
TrustServerCertificate=yes
[plain]
Encrypt=no
[precedence]
RegPrecedence=Yes
Server=10.9.9.9
TrustServerCertificate=yes
Encrypt=no
[partner]
Server=10.9.9.9,1
Failover_Partner=127.0.0.1
Database=payroll
[name]
HostnameInCertificate=evil.example
[pinned]
Encrypt=strict
ServerCertificate=/nonexistent.pem
";

const MSI: &str = "Authentication=ActiveDirectoryMsi";

#[test]
fn no_section_leads_a_token_to_another_server_than_the_one_that_was_checked() {
    inside(
        "trust::sections::no_section_leads_a_token_to_another_server_than_the_one_that_was_checked",
        || {
            let world = World::new();
            world.machine.write_ini("odbc.ini", SECTIONS);
            let mut host = world.host(&built_library());
            let stranger = "Server=10.9.9.9";
            for string in [
                // A name that libodbcinst cuts to an empty one, which then fits any section.
                format!("DSN=\u{100};DRIVER={{{DRIVER}}};{stranger}"),
                format!("DSN=;{stranger}"),
                // One that it cuts to another name.
                format!("DSN=we\u{161}ak;{stranger}"),
                format!("DSN=weak;{stranger}"),
                format!("DSN=plain;{stranger},1444"),
                format!("DSN=name;{stranger}"),
                "DSN=name;Server=x.database.windows.net".to_owned(),
                "DSN=pinned;Server=x.database.windows.net".to_owned(),
                "DSN=plain;Server=x.database.windows.net".to_owned(),
                "DSN=partner".to_owned(),
            ] {
                let connected = host.connect(&units(&format!("{string};{MSI}")), None);
                assert!(
                    connected.text().starts_with("HY000 0 [entra-odbc]"),
                    "{string}: {connected:?}"
                );
            }
            let mut surrogate = units(&format!("DSN=we?ak;{stranger};{MSI}"));
            surrogate[6] = 0xd876;
            assert!(host.connect(&surrogate, None).text().contains("DSN="));
            assert!(
                world
                    .machine
                    .playground
                    .managed_identity
                    .record()
                    .requests()
                    .is_empty()
            );
            assert!(world.take_logins().is_empty());
            // The string wins, whatever the section says of that.
            let string =
                format!("DSN=precedence;Server=localhost;TrustServerCertificate=no;Encrypt=yes;{MSI}");
            let connected = host.connect(&units(&string), None);
            assert!(connected.succeeded(), "{connected:?}");
            let [login] = <[_; 1]>::try_from(world.take_logins()).unwrap();
            assert!(
                login.destination.ip().is_loopback() && login.encryption == 1,
                "{login:?}"
            );
        },
    );
}

/// Writes down what a program asks libodbcinst for.
static PROFILE_STRINGS: LazyLock<std::path::PathBuf> =
    LazyLock::new(|| compile("profile_strings.c", &["-shared", "-fPIC", "-ldl"]));

/// The keywords that were asked for in this section of odbc.ini.
fn asked_for(machine: &Machine, library: &std::path::Path, string: &str) -> BTreeSet<String> {
    let log = machine.path("profile");
    let _ = fs::remove_file(&log);
    let mut script: Command = machine.command(&*crate::script_host::SCRIPT_HOST);
    script
        .env("LD_PRELOAD", &*PROFILE_STRINGS)
        .env("PROFILE_LOG", &log)
        .args(["--library", library.to_str().unwrap(), "--keep-going"])
        .arg(format!("connect:{string}"));
    script.output().unwrap();
    let log = fs::read_to_string(log).unwrap_or_default();
    log.lines()
        .filter_map(|line| line.strip_prefix("books\t"))
        .map(str::to_lowercase)
        .collect()
}

#[test]
fn all_that_the_driver_would_read_of_a_section_comes_in_the_string() {
    let machine = Machine::new();
    machine.write_ini(
        "odbc.ini",
        &format!("[books]\nDriver={STOCK_DRIVER}\nServer=127.0.0.1,1\n"),
    );
    let asked = asked_for(&machine, &real_driver(), "DSN=books");
    let apart = [
        // Ours, or not for a connection with a token.
        "authentication",
        "trusted_connection",
        "trusted_connectionuseaad",
        "clientcertificate",
        // Has the section win over the string.
        "regprecedence",
        // Refused, and what goes with it.
        "failover_partner",
        "failoverpartnerspn",
        // Set-up.
        "driver",
        "lastuser",
    ];
    let known: BTreeSet<String> = FORWARDED
        .iter()
        .chain(&DICTATED)
        .chain(&apart)
        .map(|keyword| keyword.to_lowercase())
        .collect();
    let unknown: Vec<_> = asked.difference(&known).collect();
    assert!(unknown.is_empty(), "this driver reads more: {unknown:?}");
    let of_the_past: Vec<_> = FORWARDED
        .iter()
        .filter(|keyword| !asked.contains(&keyword.to_lowercase()))
        .collect();
    assert!(of_the_past.is_empty(), "this driver reads less: {of_the_past:?}");
}

#[test]
fn the_driver_reads_no_section_where_a_mode_of_ours_signs_in() {
    let machine = Machine::new();
    machine.write_ini(
        "odbc.ini",
        &format!(
            "[books]\nDriver={DRIVER}\nServer={}\nDatabase=testdb\n",
            server(&machine)
        ),
    );
    let log = |string: &str| asked_for(&machine, &built_library(), string);
    let asked = log(&format!(
        "DSN=books;AccessToken={}",
        machine.user_token("ada@contoso.com")
    ));
    // The library asks by the driver's own libodbcinst, which is not listened to.
    assert!(asked.is_empty(), "{asked:?}");
    let logins = machine.playground.sql_server.take_logins();
    assert_eq!(logins.last().map(|login| login.database.as_str()), Some("testdb"));
    // Without one the driver reads it as ever.
    assert!(log("DSN=books;UID=a;PWD=b").contains("regprecedence"));
}

fn server(machine: &Machine) -> String {
    format!("localhost,{}", machine.playground.sql_server.port())
}
