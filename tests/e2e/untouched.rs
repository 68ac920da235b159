//! Not ours, not touched: the same bytes in the same call, seen by a driver that writes down what arrives.

use test_support::{machine::Machine, registration::DRIVER};

use crate::{
    recorder::{ALONE, arrived, hex, recording},
    script_host::ScriptHost as _,
};

fn connects(machine: &Machine) -> Vec<String> {
    let lines = arrived(machine);
    lines
        .into_iter()
        .filter(|line| line.contains("ConnectW "))
        .collect()
}

#[test]
fn strings_without_a_mode_of_ours_arrive_as_they_were_sent() {
    let machine = recording("");
    for rest in [
        "SERVER=x;UID=sa;PWD={s;ecret}};}",
        "SERVER=x;UID=sa;PWD={top;secret};APP=ä€😀",
        "SERVER=x;Authentication=SqlPassword;UID=a;PWD=b",
        "SERVER=x;Authentication=ActiveDirectoryIntegrated",
        "SERVER=x;Trusted_Connection=yes;ClientId=not-a-mode",
        ";; SERVER = x;;unfinished={brace",
    ] {
        let connect = |driver: &str| {
            machine.script(&[
                "--keep-going",
                "--quiet",
                &format!("connect:DRIVER={{{driver}}};{rest}"),
            ]);
            connects(&machine)
        };
        let ours = connect(DRIVER);
        assert_eq!(ours.len(), 1, "{rest}");
        let same_name = ours
            .iter()
            .map(|line| hex_without_driver(line))
            .collect::<Vec<_>>();
        let bare = connect(ALONE)
            .iter()
            .map(|line| hex_without_driver(line))
            .collect::<Vec<_>>();
        assert_eq!(same_name, bare, "{rest}");
    }
}

/// A line without the driver's name in it, which differs by what the test does.
fn hex_without_driver(line: &str) -> String {
    line.to_ascii_lowercase()
        .replace(&hex(DRIVER), "")
        .replace(&hex(ALONE), "")
}

#[test]
fn a_data_source_call_without_a_mode_of_ours_stays_that_call() {
    let machine = recording("");
    machine.write_ini("odbc.ini", &format!("[plain]\nDriver={DRIVER}\nServer=x\n"));
    machine.script(&[
        "--quiet",
        "sqlconnect:plain||",
        "disconnect",
        "sqlconnect:plain|sa|s3cret",
        "disconnect",
    ]);
    let lines = connects(&machine);
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(
        lines.iter().all(|line| line.starts_with("SQLConnectW ")),
        "{lines:?}"
    );
}

/// SqlClient's default, which Driver 18 refuses.
#[test]
fn a_browse_without_a_mode_goes_on_without_the_word_for_none() {
    let machine = recording("");
    machine.script(&[
        "--quiet",
        "--keep-going",
        "--library",
        test_support::drivers::built_library().to_str().unwrap(),
        "browse:DRIVER=x;Server=a;Authentication=NotSpecified;UID = b",
    ]);
    let lines = arrived(&machine);
    let browse = lines
        .iter()
        .find(|line| line.starts_with("SQLBrowseConnectW"))
        .unwrap();
    assert!(
        browse.contains(&format!("hex={}", hex("DRIVER=x;Server=a;UID=b;"))),
        "{browse}"
    );
}

#[test]
fn with_a_mode_of_ours_the_driver_gets_the_rest_no_prompt_and_the_token() {
    let machine = recording("");
    machine.script(&[
        "--quiet",
        "--library",
        test_support::drivers::built_library().to_str().unwrap(),
        "connect:DRIVER=x;SERVER=localhost;UID=;APP=a;Authentication=ActiveDirectoryAccessToken;AccessToken=abc",
        "disconnect",
    ]);
    let lines = arrived(&machine);
    let connect = lines
        .iter()
        .find(|line| line.starts_with("SQLDriverConnectW"))
        .unwrap();
    assert!(connect.contains("completion=0"), "{connect}");
    assert!(connect.contains("token=abc"), "{connect}");
    let text = hex(
        "DRIVER={x};SERVER=127.0.0.1;ADDRESS=127.0.0.1;Encrypt=yes;TrustServerCertificate=no;\
         HostnameInCertificate={localhost};ServerCertificate={};Trusted_Connection=no;APP=a;",
    );
    assert!(connect.contains(&format!("hex={text}")), "{connect}");
    let after = lines.iter().skip_while(|line| !line.starts_with("SQLDisconnect"));
    assert!(
        after
            .into_iter()
            .any(|line| line.contains("attribute=1256") && line.contains("null")),
        "the token comes off after the disconnect: {lines:?}"
    );
}

#[test]
fn a_driver_that_still_executes_is_polled_with_the_same_string_and_token() {
    let machine = recording("executing,executing,info");
    let output = machine.script(&[
        "--library",
        test_support::drivers::built_library().to_str().unwrap(),
        "--keep-going",
        "connect-out:1024:DRIVER=x;SERVER=localhost;AccessToken=abc;ClientId=c",
        "poll:10",
    ]);
    let lines = connects(&machine);
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines.iter().all(|line| line.contains("token=abc")), "{lines:?}");
    assert_eq!(
        lines
            .iter()
            .map(|line| line.split("hex=").nth(1))
            .collect::<std::collections::BTreeSet<_>>()
            .len(),
        1
    );
    assert!(
        output.contains("ClientId=c"),
        "the final answer decides the output: {output}"
    );
    assert!(!output.contains("AccessToken=abc"), "{output}");
}

#[test]
fn a_refused_login_with_a_young_token_is_not_repeated() {
    let machine = recording("refused:18456");
    let output = machine.script(&[
        "--library",
        test_support::drivers::built_library().to_str().unwrap(),
        "!connect:DRIVER=x;SERVER=localhost;Authentication=ActiveDirectoryMsi",
        "connect:DRIVER=x;SERVER=localhost;UID=sa;PWD=p",
    ]);
    let lines = connects(&machine);
    assert_eq!(lines.len(), 2, "{lines:?}\n{output}");
    assert!(lines[1].contains("token=none"), "{lines:?}");
    assert!(
        output.contains("18456"),
        "the driver's record reaches the host: {output}"
    );
}

#[test]
fn a_driver_that_takes_no_token_is_named() {
    let machine = recording("").with("RECORDER_LACKS", "1256");
    let output = machine.script(&[
        "--library",
        test_support::drivers::built_library().to_str().unwrap(),
        "!connect:DRIVER=x;SERVER=localhost;AccessToken=abc",
    ]);
    assert!(
        output.contains("HYC00") && output.contains("access token"),
        "{output}"
    );
}
