//! `token`: by several kinds, for several resources, and nothing but the token on standard output.

use crate::{
    machine::{self, ToolMachine as _, payroll, server},
    tool::Run,
};
use standins::playground::{PAYROLL_CLIENT_ID, PAYROLL_SECRET, TENANT_ID, USER};
use std::{
    io::Write,
    process::Stdio,
    time::{Duration, SystemTime},
};
use test_support::machine::Machine;

/// Runs the tool with something on its standard input.
fn piped(machine: &Machine, arguments: &[&str], input: &str) -> Run {
    let mut child = machine
        .tool_command(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // What refuses its arguments does not read.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    Run::ended(&child.wait_with_output().unwrap())
}

#[test]
fn nothing_but_the_token_is_written_to_standard_output() {
    let machine = machine::with_standins();
    let run = machine.run(&["token", "Authentication=ActiveDirectoryMsi"]);
    assert_eq!(run.err, "");
    let out = run.done();
    assert_eq!(out.lines().count(), 1);
    assert_eq!(out.trim_end().split('.').count(), 3, "{out}");
}

#[test]
fn a_mode_with_blanks_around_its_sign_is_a_mode() {
    let machine = machine::with_standins();
    let run = machine.run(&["token", "--json", "Authentication = ActiveDirectoryMsi"]);
    assert_eq!(run.json()["sign_in"], "Msi");
}

#[test]
fn a_secret_comes_from_standard_input_a_file_or_an_argument() {
    let machine = machine::with_standins();
    let [mode, user, tenant] = payroll();
    machine.file("secret", &format!("{PAYROLL_SECRET}\n"));
    let quoted = format!("PWD={{{}}}", PAYROLL_SECRET.replace('}', "}}"));
    let piped = piped(
        &machine,
        &["token", "--json", &mode, &user, &tenant, "PWD=-"],
        PAYROLL_SECRET,
    );
    let from_file = machine.run(&["token", "--json", &mode, &user, &tenant, "PWD=@secret"]);
    let argument = machine.run(&["token", "--json", &mode, &user, &tenant, &quoted]);
    machine.file("string", &format!("{mode}\n{user};{tenant}\n{quoted}\n"));
    let whole = machine.run(&["token", "--json", "@string"]);
    for run in [piped, from_file, argument, whole] {
        let value = run.json();
        assert_eq!(value["principal"], PAYROLL_CLIENT_ID);
        assert_eq!(value["tenant"], TENANT_ID);
        assert_eq!(value["audience"], "https://database.windows.net/");
        assert_eq!(value["sign_in"], "ServicePrincipal");
        assert!(value["expires_in"].as_u64().unwrap() > 3000, "{value}");
        assert!(value["expires_at"].as_str().unwrap().ends_with('Z'), "{value}");
        // What is written for `az` reads it as well.
        assert_eq!(value["accessToken"], value["access_token"]);
        assert_eq!(value["tokenType"], "Bearer");
        let left = value["expires_on"].as_u64().unwrap()
            - SystemTime::now()
                .duration_since(SystemTime::UNIX_EPOCH)
                .unwrap()
                .as_secs();
        assert!(
            left.abs_diff(value["expires_in"].as_u64().unwrap()) < 60,
            "{value}"
        );
    }
}

#[test]
fn tenant_and_client_may_be_options() {
    let machine = machine::with_standins();
    let [mode, user, tenant] = payroll();
    machine.file("secret", PAYROLL_SECRET);
    let options = [
        "token",
        "--json",
        "--tenant",
        TENANT_ID,
        "--client-id",
        PAYROLL_CLIENT_ID,
    ];
    let value = machine
        .run(&[&options[..], &[&mode, "PWD=@secret"]].concat())
        .json();
    assert_eq!(
        (&value["principal"], &value["tenant"]),
        (&PAYROLL_CLIENT_ID.into(), &TENANT_ID.into())
    );
    for twice in [&user, &tenant] {
        let err = machine.run(&[&options[..], &[&mode, "PWD=@secret", twice]].concat());
        assert!(err.err.contains("twice"), "{err:#?}");
        assert_eq!(err.code, Some(2));
    }
    // A managed identity has its client id by another keyword.
    let unknown = "11111111-2222-3333-4444-555555555555";
    let arguments = [
        "token",
        "Authentication=ActiveDirectoryMsi",
        "--client-id",
        unknown,
    ];
    let err = machine.run(&arguments).refused(1);
    assert!(err.contains(unknown), "{err}");
}

#[test]
fn errors_are_json_where_json_was_asked_for() {
    let machine = machine::with_standins();
    let [mode, user, tenant] = payroll();
    for (arguments, code, kind, number) in [
        (
            &["token", "--json", &mode, &user, &tenant, "PWD=wr0ng-secret"][..],
            1,
            "refused",
            7_000_215,
        ),
        (
            &["token", "--json", "Authentication=Quantum"],
            2,
            "unknown_mode",
            0,
        ),
        (&["token", "--json", "--timeout", "0"], 2, "invalid", 0),
        (
            &["install", "--json", "--library", "/nowhere.so"],
            2,
            "invalid",
            0,
        ),
        (&["connect", "--json", "DSN=nowhere"], 2, "invalid", 0),
    ] {
        let run = machine.run(arguments);
        assert_eq!(run.code, Some(code), "{run:#?}");
        assert!(!run.err.is_empty() && !run.out.contains("wr0ng"), "{run:#?}");
        let value: serde_json::Value = serde_json::from_str(&run.out).unwrap();
        assert_eq!(
            (&value["error"]["kind"], &value["error"]["code"]),
            (&kind.into(), &number.into()),
            "{value}"
        );
        assert!(!value["error"]["message"].as_str().unwrap().is_empty());
    }
    // Not where nobody asked.
    machine
        .run(&["token", &mode, &user, &tenant, "PWD=wr0ng-secret"])
        .refused(1);
}

#[test]
fn claims_are_decoded_and_a_token_that_has_none_is_told() {
    let machine = machine::with_standins();
    let token = machine.playground.user_token(USER, Duration::from_hours(1));
    let given = format!("AccessToken={token}");
    let claims = machine.run(&["token", "--claims", &given]).json();
    assert_eq!(claims["upn"], USER);
    assert!(claims["exp"].is_u64(), "{claims}");
    let both = machine.run(&["token", "--claims", "--json", &given]).json();
    assert_eq!((&both["claims"], &both["access_token"]), (&claims, &token.into()));
    let err = machine
        .run(&["token", "--claims", "AccessToken=opaque"])
        .refused(1);
    assert!(err.contains("no JWT"), "{err}");
}

#[test]
fn a_resource_is_a_name_a_uri_or_a_scope() {
    let machine = machine::with_standins();
    let [mode, user, tenant] = payroll();
    machine.file("secret", PAYROLL_SECRET);
    for (resource, audience) in [
        ("sql", "https://database.windows.net/"),
        ("databricks", "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d"),
        ("postgres", "https://ossrdbms-aad.database.windows.net"),
        ("storage", "https://storage.azure.com"),
        ("graph", "https://graph.microsoft.com"),
        ("https://storage.azure.com/", "https://storage.azure.com"),
        ("https://vault.azure.net/.default", "https://vault.azure.net"),
    ] {
        let arguments = [
            "token",
            "--json",
            "--resource",
            resource,
            &mode,
            &user,
            &tenant,
            "PWD=@secret",
        ];
        assert_eq!(machine.run(&arguments).json()["audience"], audience);
    }
}

#[test]
fn without_keywords_the_default_chain_signs_in() {
    let machine = machine::with_standins();
    let value = machine.run(&["token", "--json"]).json();
    assert_eq!(value["sign_in"], "Default");
}

#[test]
fn bad_input_is_refused_before_anyone_is_asked() {
    let machine = machine::with_standins();
    for (arguments, reason) in [
        (&["token", "--resource", "vault"][..], "databricks"),
        (&["token", "Authentication=ActiveDirectoryQuantum"], "Quantum"),
        (&["token", "Authentication=SqlPassword"], "the driver's own"),
        (
            &["token", "Authentication=ActiveDirectoryServicePrincipal"],
            "UID= is missing",
        ),
        (&["token", "--timeout", "0"], "timeout"),
        (&["token", "@absent"], "no such file"),
        (&["token", "-", "PWD=-"], "twice"),
        (&["token", "PWD={open"], "nothing closes"),
    ] {
        let run = piped(&machine, arguments, "UID=x");
        let err = run.refused(2);
        assert!(err.contains(reason), "{arguments:?}: {err}");
    }
    assert!(machine.playground.entra.token_requests().is_empty());
}

#[test]
fn a_refusal_of_entras_ends_with_code_1_in_its_words_and_without_the_secret() {
    let machine = machine::with_standins();
    let [mode, user, tenant] = payroll();
    let err = machine
        .run(&["token", &mode, &user, &tenant, "PWD=wr0ng-secret"])
        .refused(1);
    assert!(err.contains("AADSTS7000215") && !err.contains("wr0ng"), "{err}");
}

#[test]
fn a_secret_with_a_semicolon_is_a_word_of_its_own_or_stands_in_braces() {
    let machine = machine::with_standins();
    let [mode, user, tenant] = payroll();
    // The secret of the stand-in has semicolons and braces in it, and is literal as a word.
    assert!(PAYROLL_SECRET.contains(';'), "{PAYROLL_SECRET}");
    let literal = format!("PWD={PAYROLL_SECRET}");
    machine.run(&["token", &mode, &user, &tenant, &literal]).done();
    // In a string it is cut: refused where that is certain, explained where it may be so.
    let string = format!("{mode};{user};{tenant};PWD=wr0ng;s3cret");
    let err = machine.run(&["token", &string]).refused(2);
    assert!(
        err.contains("PWD={") && !err.contains("wr0ng") && !err.contains("s3cret"),
        "{err}"
    );
    let string = format!("{mode};{user};{tenant};PWD=wr0ng;s3cret=x");
    for arguments in [&["token", &string][..], &["connect", &server(&machine), &string]] {
        let err = machine.run(arguments).refused(1);
        assert!(
            err.contains("AADSTS7000215") && err.contains("ends at its first semicolon"),
            "{err}"
        );
        assert!(!err.contains("wr0ng") && !err.contains("s3cret"), "{err}");
    }
}

#[test]
fn a_prompt_without_a_terminal_is_refused_with_what_to_do() {
    let machine = machine::with_standins();
    let [mode, user, tenant] = payroll();
    // A session of its own has no terminal.
    let mut command = machine.program(
        "setsid",
        &[
            "-w",
            env!("CARGO_BIN_EXE_entra-odbc"),
            "token",
            &mode,
            &user,
            &tenant,
            "PWD=?",
        ],
    );
    let err = Run::of(&mut command).refused(2);
    assert!(err.contains("terminal") && err.contains("@FILE"), "{err}");
}

#[test]
fn a_secret_is_typed_unseen_and_its_interruption_leaves_the_terminal_as_it_was() {
    let machine = machine::with_standins();
    let [mode, user, tenant] = payroll();
    machine.file("terminal.py", include_str!("terminal.py"));
    for (typed, ends) in [("secret", "0"), ("interrupt", "130"), ("terminate", "-15")] {
        let mut command = machine.program(
            "python3",
            &[
                "terminal.py",
                typed,
                env!("CARGO_BIN_EXE_entra-odbc"),
                "token",
                &mode,
                &user,
                &tenant,
                "PWD=?",
            ],
        );
        command.env("SECRET", PAYROLL_SECRET);
        let out = Run::of(&mut command).done();
        assert!(out.contains(&format!("ended with {ends}, echo True\n")), "{out}");
        assert!(out.contains("PWD: ") && !out.contains(PAYROLL_SECRET), "{out}");
        assert_eq!(out.contains("eyJ"), typed == "secret", "{out}");
    }
}
