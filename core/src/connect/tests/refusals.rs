//! Odd strings: refused before the driver, or passed as they are.

use super::*;

#[test]
fn debug_texts_have_no_value_of_a_string_or_a_variable_in_them() {
    let text = "Server=localhost;Authentication=Sql Password;UID=me;PWD=hidden";
    let mut real = Scripted::answering([(ConnectOutcome::Connected(0), "PWD=hidden")]);
    let answer = Machine::new().connect(text, &mut real).unwrap();
    let text: Vec<u16> = text.encode_utf16().collect();
    let string = ConnectionString::parse(&text);
    let environment = Environment::fixed([("AZURE_CLIENT_SECRET", "hidden")]);
    for shown in [
        format!("{answer:?}"),
        format!("{string:?}"),
        format!("{environment:?}"),
    ] {
        // As text, and as its units.
        assert!(
            !shown.contains("hidden") && !shown.contains("104, 105, 100"),
            "{shown}"
        );
    }
}

#[test]
fn bad_strings_are_refused_before_the_driver_with_the_keyword_and_the_remedy() {
    let machine = Machine::new();
    for (text, state, parts) in [
        (
            "Server=x;Authentication=ActiveDirectoryMsy",
            "08001",
            &["ActiveDirectoryMsy", "ActiveDirectoryMsi", "SqlPassword"][..],
        ),
        (
            "Authentication=ActiveDirectoryAccessToken;AccessToken=abc",
            "HY000",
            &["[AccessToken]", "Server="],
        ),
        (
            "Server=localhost;Authentication=ActiveDirectoryMsi;AccessToken=s3cret",
            "HY000",
            &["AccessToken=", "Authentication="],
        ),
        ("Server=localhost;AccessToken=abc;APP={open", "HY000", &["APP="]),
        (
            "Server=localhost;AccessToken=abc;TokenTimeout=soon",
            "HY000",
            &["TokenTimeout="],
        ),
        (
            "Server=db.example;AccessToken=abc;TrustServerCertificate=yes",
            "HY000",
            &[
                "db.example",
                "TrustServerCertificate=",
                "ENTRA_ODBC_TRUSTED_SERVERS",
                "trust add db.example",
                "entra-odbc explain trust",
            ],
        ),
        (
            "Server=localhost;AccessToken=abc;Authority=https://evil.example",
            "HY000",
            &["Authority="],
        ),
        (
            "Server=localhost;Authentication=ActiveDirectoryAccessToken",
            "HY000",
            &["AccessToken="],
        ),
    ] {
        let error = machine.refusal(text);
        let message = error.to_string();
        assert_eq!(error.sqlstate(), state, "{message}");
        for part in parts {
            assert!(message.contains(part), "{part} in {message}");
        }
        assert!(!message.contains("s3cret"), "{message}");
        assert!(
            message.encode_utf16().count() <= crate::diagnostics::MESSAGE_LIMIT,
            "{message}"
        );
    }
}

#[test]
fn near_misses_are_ours_or_told_with_the_right_spelling() {
    let machine = Machine::new();
    for text in [
        "Server = localhost; Authentication = ActiveDirectoryAccessToken ; AccessToken = abcdef ;APP=a",
        "Server=localhost;Access_Token=abcdef;APP=a",
        "Server=localhost;access token=abcdef;Client-Id =x;APP=a",
        "Server=\"localhost\";Authentication='Access Token';AccessToken=\"abcdef\";APP=a",
    ] {
        let mut real = Scripted::connecting();
        machine.connect(text, &mut real).unwrap();
        assert_eq!(real.strings(), [driver_string(STOCK, "APP=a;")], "{text}");
        assert!(real.did.contains(&Did::Place(16)), "{text}: {:?}", real.did);
    }
    for (text, expected) in [
        ("Server=localhost;AccessToken=abc;Tennant=x", "Tenant="),
        (
            "Server=localhost;Authentification=ActiveDirectoryMsi",
            "Authentication=",
        ),
        ("Server=localhost;Acces_Token=eyJ0", "AccessToken="),
        ("Server=localhost;Authentication = nonsense", "nonsense"),
        ("Server=localhost;AccessToken=abc;UID = {a;b}", "UID="),
    ] {
        let error = machine.refusal(text).to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
    let error = machine.refusal("Server=localhost;Authentication=Msi;PWD= {s3cret;x}");
    assert!(
        error.to_string().contains("PWD=") && !error.to_string().contains("s3cret"),
        "{error}"
    );
    // As Driver 18 has it comes first.
    let mut real = Scripted::connecting();
    machine
        .connect(
            "Server=localhost;Access_Token=abcdefg;AccessToken=abcdef",
            &mut real,
        )
        .unwrap();
    assert_eq!(real.did[1], Did::Place(16));
    // Driver 18 would pass this over, and log in as somebody else.
    let mut real = Scripted::connecting();
    machine
        .connect(
            "Server = x;Authentication = SqlPassword;UID = a;PWD = b",
            &mut real,
        )
        .unwrap();
    assert_eq!(
        real.strings(),
        ["Authentication=SqlPassword;Server=x;UID=a;PWD=b;"]
    );
}

#[test]
fn braces_are_looked_at_before_anything_is_rewritten() {
    let machine = Machine::new();
    for text in [
        "Server=localhost;AccessToken=abc;Initial Catalog={a;PWD=s3cret",
        "Data Source={localhost}x;AccessToken=abc;PWD=s3cret",
    ] {
        let error = machine.refusal(text).to_string();
        assert!(!error.contains("s3cret"), "{error}");
    }
}

#[test]
fn a_hundred_thousand_characters_are_just_long() {
    let text = format!("Server=localhost;AccessToken=abc;APP={}", "x".repeat(100_000));
    let mut real = Scripted::connecting();
    Machine::new().connect(&text, &mut real).unwrap();
    assert_eq!(
        real.strings()[0].len(),
        driver_string(STOCK, "APP=;").len() + 100_000
    );
}

#[test]
fn a_token_that_fits_no_struct_never_reaches_the_driver() {
    let machine = Machine::new();
    let error = machine.refusal("Server=localhost;AccessToken={a b}");
    assert_eq!(error.sqlstate(), "HY000");
    assert!(
        error.to_string().starts_with("[entra-odbc][AccessToken]"),
        "{error}"
    );
    // The guard for tokens that come from elsewhere.
    assert!(
        AccessTokenStruct::new(&Token::received(Secret::new("é".into()), std::time::SystemTime::now()).text)
            .is_err()
    );
}

#[test]
fn a_string_with_lone_surrogates_passes() {
    let mut text: Vec<u16> = "Server=localhost;AccessToken=abc;APP=".encode_utf16().collect();
    text.push(0xd800);
    assert_eq!(ConnectionString::parse(&text).attributes().len(), 3);
}
