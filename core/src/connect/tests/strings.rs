//! What comes of a connection string: whose call it is, and what the driver gets.

use super::*;

#[test]
fn without_one_of_our_modes_the_call_is_forwarded_unchanged() {
    for text in [
        "",
        "Driver=x;Server=localhost;UID=sa;PWD=s",
        "Server=x;Authentication=SqlPassword;UID=a;PWD=b;ClientId=c",
        "Server=x;authentication=activedirectoryintegrated",
        "Server=x;Authentication=;Trusted_Connection=yes",
        "Server=x;UID={open",
        "Server=x;Tennant=a;Authenticated=ActiveDirectoryMsi",
    ] {
        let mut real = Scripted::answering([]);
        let answer = Machine::new().connect(text, &mut real);
        assert!(matches!(answer, Ok(Answer::StepAside)), "{text}: {answer:?}");
        assert_eq!(real.did, [Did::TakeOff]);
    }
}

#[test]
fn our_keywords_leave_the_string_and_the_rest_stays_as_it_was() {
    let mut real = Scripted::connecting();
    let text = "DRIVER={x};Server= localhost,1 ;APP=a{b;Authentication=ActiveDirectoryAccessToken;\
                AccessToken=abc;Trusted_Connection=Yes;UID=;PWD={};Tenant=t;Encrypt=strict;Language= a ";
    Machine::new().connect(text, &mut real).unwrap();
    assert_eq!(
        real.did,
        [
            Did::TakeOff,
            Did::Place(16),
            Did::Connect(
                "DRIVER={x};SERVER=127.0.0.1,1;ADDRESS=127.0.0.1,1;Encrypt=strict;TrustServerCertificate=no;\
                 HostnameInCertificate={localhost};ServerCertificate={};Trusted_Connection=no;APP=a{b;Language= a ;"
                    .into(),
                DriverCompletion::NoPrompt
            ),
        ]
    );
}

#[test]
fn a_token_alone_selects_its_mode() {
    let mut real = Scripted::connecting();
    let answer = Machine::new().connect("Server=localhost;AccessToken=abc", &mut real);
    assert!(matches!(answer, Ok(Answer::SignedIn { opened: Some(_), .. })));
    assert_eq!(real.strings(), [driver_string(STOCK, "")]);
}

#[test]
fn a_clouds_certificate_is_validated_whatever_the_string_says() {
    let mut real = Scripted::connecting();
    let token = jwt(&serde_json::json!({ "aud": "https://database.windows.net/" }));
    let string = "Server=x.database.windows.net;TrustServerCertificate=yes;AccessToken=";
    Machine::new()
        .connect(&format!("{string}{token}"), &mut real)
        .unwrap();
    // Of what is no JWT nobody can tell whom it is for.
    let error = Machine::new().refusal(&format!("{string}0pa9ue")).to_string();
    assert!(
        error.contains("entra-odbc explain trust") && !error.contains("0pa9ue"),
        "{error}"
    );
    assert_eq!(
        real.strings(),
        [format!(
            "DRIVER={{{STOCK}}};SERVER=x.database.windows.net;ADDRESS=x.database.windows.net;Encrypt=yes;\
             TrustServerCertificate=no;HostnameInCertificate={{}};ServerCertificate={{}};Trusted_Connection=no;"
        )]
    );
}

#[test]
fn a_second_server_in_the_string_cannot_hide_behind_a_trusted_first() {
    let machine = Machine::new();
    for text in [
        "Server=localhost;Addr=evil.example;TrustServerCertificate=yes;AccessToken=abc",
        "Server=localhost;Failover_Partner=evil.example;TrustServerCertificate=yes;AccessToken=abc",
    ] {
        let error = machine.refusal(text).to_string();
        assert!(
            error.contains("Addr=") || error.contains("Failover_Partner="),
            "{error}"
        );
    }
    let mut real = Scripted::connecting();
    machine
        .connect("Server=localhost;Server=evil.example;AccessToken=abc", &mut real)
        .unwrap();
    assert_eq!(real.strings(), [driver_string(STOCK, "")]);
}

#[test]
fn the_completed_string_has_ours_back_except_for_secrets() {
    let mut real = Scripted::answering([(
        ConnectOutcome::Connected(1),
        "DRIVER=x;SERVER=127.0.0.1;UID=;APP=a;Trusted_Connection=no;HostNameInCertificate=localhost;",
    )]);
    let text = "DRIVER={x};Server=localhost;Authentication=ActiveDirectoryAccessToken;AccessToken=s3cret;\
                PWD=hidden;ClientId={a;b};Trusted_Connection=yes";
    let answer = Machine::new().connect(text, &mut real).unwrap();
    assert_eq!(
        completed(answer),
        "DRIVER={x};Server=localhost;APP=a;Authentication=ActiveDirectoryAccessToken;ClientId={a;b};"
    );
}

#[test]
fn the_completed_string_of_a_token_alone_still_asks_for_one() {
    let mut real = Scripted::answering([(ConnectOutcome::Connected(0), "SERVER=localhost;")]);
    let answer = Machine::new()
        .connect("Server=localhost;AccessToken=s3cret", &mut real)
        .unwrap();
    assert_eq!(
        completed(answer),
        "Server=localhost;Authentication=ActiveDirectoryAccessToken;"
    );
}

#[test]
fn the_first_of_equal_keywords_wins() {
    let mut real = Scripted::connecting();
    let text = "Server=localhost;AccessToken=abcde;Authentication=ActiveDirectoryAccessToken;\
                Authentication=Nonsense;AccessToken=a";
    Machine::new().connect(text, &mut real).unwrap();
    assert_eq!(real.did[1], Did::Place(16));
}

#[test]
fn another_clients_spelling_of_a_forwarded_mode_is_rewritten() {
    for (text, expected) in [
        (
            "Server=x;Authentication=Active Directory Integrated;APP=a",
            "Authentication=ActiveDirectoryIntegrated;Server=x;APP=a;",
        ),
        (
            "Server=x;Authentication=Sql Password;UID=u;PWD=p",
            "Authentication=SqlPassword;Server=x;UID=u;PWD=p;",
        ),
        (
            "Server=x;fedauth=ActiveDirectoryIntegrated",
            "Authentication=ActiveDirectoryIntegrated;Server=x;",
        ),
        // Says nothing, and is refused by Driver 18.
        (
            "Server=x;Authentication=NotSpecified;UID=u;PWD=p",
            "Server=x;UID=u;PWD=p;",
        ),
        (
            "Data Source=x;Authentication=\"Not Specified\";User ID=u;Password=p",
            "Server=x;UID=u;PWD=p;",
        ),
    ] {
        let mut real = Scripted::connecting();
        let answer = Machine::new().connect(text, &mut real);
        assert!(matches!(answer, Ok(Answer::Replied(_))), "{answer:?}");
        assert_eq!(
            real.did[1..],
            [Did::Connect(expected.to_owned(), DriverCompletion::AsRequested)]
        );
    }
}

#[test]
fn beside_a_token_of_the_hosts_own_only_what_the_driver_refuses_goes() {
    for (text, expected) in [
        (
            "Server=x;Trusted_Connection=Yes;UID=;PWD={};ClientId=a",
            Some("Server=x;ClientId=a;"),
        ),
        ("Server=x;Authentication=ActiveDirectoryMsi", Some("Server=x;")),
        ("Server=x;UID=a;PWD=b", None),
        (
            "DSN=payroll",
            Some("DSN=payroll;Authentication=;Trusted_Connection=no;"),
        ),
    ] {
        let mut real = Scripted::connecting();
        real.host_token = true;
        let machine = Machine::with_section(&[("Authentication", "ActiveDirectoryMsi")]);
        machine.connect(text, &mut real).unwrap();
        assert_eq!(real.strings(), Vec::from_iter(expected), "{text}");
        assert!(!real.did.iter().any(|did| matches!(did, Did::Place(_))));
    }
}

#[test]
fn over_another_driver_only_our_exact_names_are_ours() {
    let machine = Machine {
        takes_tokens: false,
        ..Machine::new()
    };
    for text in [
        "Server=x;Authentication=msi",
        "Server=x;Authentication=Nonsense",
        "Server=x;AccessToken=abc",
    ] {
        let mut real = Scripted::answering([]);
        assert!(
            matches!(machine.connect(text, &mut real), Ok(Answer::StepAside)),
            "{text}"
        );
    }
    let mut real = Scripted::connecting();
    let text = "Server=localhost;Authentication=ActiveDirectoryAccessToken;AccessToken=abc";
    machine.connect(text, &mut real).unwrap();
    assert_eq!(real.strings(), [driver_string(STOCK, "")]);
}

#[test]
fn a_token_beside_not_specified_signs_in_and_is_still_asked_for_by_the_completed_string() {
    let mut real = Scripted::answering([(ConnectOutcome::Connected(0), "SERVER=localhost;")]);
    let answer = Machine::new()
        .connect(
            "Server=localhost;Authentication=NotSpecified;AccessToken=s3cret",
            &mut real,
        )
        .unwrap();
    assert_eq!(
        completed(answer),
        "Server=localhost;Authentication=ActiveDirectoryAccessToken;"
    );
}
