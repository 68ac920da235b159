//! What a data source adds to a string.

use super::*;

#[test]
fn a_data_source_selects_the_mode_and_all_of_it_comes_to_the_driver_in_the_string() {
    let machine = Machine::with_section(&[
        ("Driver", "Entra"),
        ("Server", "localhost"),
        ("Authentication", "ActiveDirectoryAccessToken"),
        ("AccessToken", "abc"),
        ("RegPrecedence", "Yes"),
        ("Database", "a;b"),
        ("Language", "us_english"),
    ]);
    let mut real = Scripted::answering([(
        ConnectOutcome::Connected(0),
        "DRIVER=Entra;SERVER=127.0.0.1;APP=x;",
    )]);
    let answer = machine
        .connect("DSN=payroll;APP=x;Language=y", &mut real)
        .unwrap();
    assert_eq!(
        real.strings(),
        [driver_string("Entra", "APP=x;Language=y;Database={a;b};")]
    );
    // What the host stores names the data source again.
    assert_eq!(completed(answer), "DSN=payroll;APP=x;");
}

#[test]
fn nothing_of_a_data_source_can_lead_the_token_elsewhere() {
    let given = [
        ("Authentication", "ActiveDirectoryAccessToken"),
        ("AccessToken", "abc"),
    ];
    for (more, expected) in [
        (("Failover_Partner", "evil.example"), "Failover_Partner="),
        (("Server", "evil.example"), "evil.example"),
        (
            ("HostnameInCertificate", "evil.example"),
            "HostnameInCertificate=",
        ),
        (("Encrypt", "no"), "Encrypt="),
    ] {
        let machine =
            Machine::with_section(&[given[0], given[1], more, ("Server", "x.database.windows.net")]);
        let error = machine.refusal("DSN=payroll").to_string();
        assert!(error.contains(expected), "{error}");
    }
    let machine = Machine::with_section(&given);
    for name in ["", "\u{100}", "pay\u{16f}roll"] {
        let error = machine
            .refusal(&format!("DSN={name};Server=localhost;AccessToken=abc"))
            .to_string();
        assert!(error.contains("DSN="), "{error}");
    }
}

#[test]
fn the_string_wins_over_the_data_source_and_a_driver_before_it_ignores_it() {
    let machine = Machine::with_section(&[
        ("Server", "localhost"),
        ("Authentication", "ActiveDirectoryAccessToken"),
        ("AccessToken", "abc"),
    ]);
    for text in [
        "DSN=payroll;Authentication=SqlPassword;UID=a",
        "DRIVER=x;DSN=payroll;UID=a",
        "DSN=other",
    ] {
        let mut real = Scripted::answering([]);
        assert!(
            matches!(machine.connect(text, &mut real), Ok(Answer::StepAside)),
            "{text}"
        );
    }
}

#[test]
fn a_section_has_the_same_spellings_as_a_string() {
    let machine = Machine::with_section(&[
        ("Driver", "Entra"),
        ("Data Source", "localhost"),
        ("Port", "1"),
        ("Initial Catalog", "{b}"),
        ("Authentication", "{Active Directory Access Token}"),
        ("Access_Token", "\"abcdef\""),
        ("Trust Server Certificate", "False"),
    ]);
    let mut real = Scripted::connecting();
    machine.connect("DSN=payroll", &mut real).unwrap();
    let expected = driver_string("Entra", "Database=b;").replace("=127.0.0.1", "=127.0.0.1,1");
    assert_eq!(real.strings(), [expected]);
    assert!(real.did.contains(&Did::Place(16)), "{:?}", real.did);
    for (entry, expected) in [
        (("Authentification", "ActiveDirectoryMsi"), "Authentication="),
        (("AccesToken", "eyJ0"), "AccessToken="),
    ] {
        let error = Machine::with_section(&[("Server", "localhost"), entry]).refusal("DSN=payroll");
        assert!(error.to_string().contains(expected), "{error}");
    }
    let plain = Machine::with_section(&[("Server", "x"), ("Authentification", "none"), ("Tennant", "x")]);
    let answer = plain.connect("DSN=payroll;UID=a", &mut Scripted::answering([]));
    assert!(matches!(answer, Ok(Answer::StepAside)), "{answer:?}");
}

#[test]
fn a_port_beside_a_data_source_is_that_of_its_server() {
    for (section, rest, expected) in [
        (
            &[("Server", "127.0.0.2")][..],
            "Port=1434",
            "SERVER=127.0.0.2,1434;",
        ),
        (
            &[("Server", "127.0.0.2"), ("Port", "1500")],
            "Port=1434",
            "SERVER=127.0.0.2,1434;",
        ),
        (
            &[("Server", "127.0.0.2"), ("Port", "1500")],
            "",
            "SERVER=127.0.0.2,1500;",
        ),
        (
            &[("Server", "127.0.0.2,1500")],
            "Port=1434",
            "SERVER=127.0.0.2,1500;",
        ),
        (
            &[("Server", "127.0.0.2")],
            "Port=1434;Server=localhost",
            "SERVER=127.0.0.1,1434;",
        ),
    ] {
        let machine = Machine::with_section(section);
        let mut real = Scripted::answering([(ConnectOutcome::Connected(0), "DRIVER=x;SERVER=y;UID=;")]);
        let answer = machine
            .connect(&format!("DSN=payroll;AccessToken=abc;{rest}"), &mut real)
            .unwrap();
        assert!(real.strings()[0].contains(expected), "{:?}", real.did);
        // Whoever connects again with the completed string reaches the same server.
        let completed = completed(answer);
        assert_eq!(
            completed.contains("Port=1434"),
            rest.contains("Port=1434"),
            "{completed}"
        );
    }
}
