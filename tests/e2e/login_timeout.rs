//! The login timeout, for programs that set one and for programs that cannot.

use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use test_support::{machine::Machine, registration::DRIVER};

use crate::{
    recorder::{arrived, recording},
    script_host::ScriptHost as _,
};

/// The login timeouts that the driver was given, in their order.
fn given(machine: &Machine, steps: &[&str]) -> Vec<String> {
    machine.script(&[&["--quiet"], steps].concat());
    arrived(machine)
        .iter()
        .filter(|line| line.starts_with("SQLSetConnectAttr") && line.contains("attribute=103"))
        .map(|line| {
            let value = line.split("value=").nth(1).unwrap();
            value.split_whitespace().next().unwrap().to_owned()
        })
        .collect()
}

#[test]
fn the_strings_and_the_data_sources_count_where_the_program_sets_none() {
    let machine = recording("");
    machine.write_ini(
        "odbc.ini",
        &format!("[slow]\nDriver={DRIVER}\nServer=localhost\nConnect Timeout=40\n"),
    );
    let string = format!("connect:DRIVER={{{DRIVER}}};SERVER=localhost;AccessToken=abc");
    for keyword in [
        "Connect Timeout",
        "ConnectTimeout",
        "Connection Timeout",
        "LoginTimeout",
    ] {
        let connect = format!("{string};{keyword}=40");
        let given = given(&machine, &[&connect]);
        assert_eq!(
            given.first().map(String::as_str),
            Some("40"),
            "{keyword}: {given:?}"
        );
    }
    let section = "connect:DSN=slow;AccessToken=abc";
    assert_eq!(given(&machine, &[section])[0], "40");
    // The program's own wins, and stays.
    assert_eq!(
        given(&machine, &["attr:103=7", &format!("{string};Connect Timeout=40")]),
        ["7"]
    );
    assert_eq!(given(&machine, &["attr:103=7", section]), ["7"]);
    // Not ours, not touched.
    assert!(
        given(
            &machine,
            &[&format!(
                "connect:DRIVER={{{DRIVER}}};SERVER=x;UID=a;PWD=b;Connect Timeout=40"
            )]
        )
        .is_empty()
    );
}

#[test]
fn a_server_that_never_answers_is_given_up_as_the_string_says() {
    let machine = Machine::new();
    let silent = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = silent.local_addr().unwrap().port();
    let token = machine.user_token("ada@contoso.com");
    let string = format!(
        "DRIVER={{{DRIVER}}};SERVER=127.0.0.1,{port};HostnameInCertificate=localhost;AccessToken={token};Connect Timeout=2"
    );
    let start = Instant::now();
    let error = machine.pyodbc_error(&string);
    assert!(error.contains("HYT00"), "{error}");
    // Driver 18's own timeout is 15 s.
    assert!(start.elapsed() < Duration::from_secs(12), "{:?}", start.elapsed());
}
