//! `doctor`: each finding, on a machine on which that very thing is wrong.

use crate::{
    machine::{self, ToolMachine as _, payroll, server},
    tool::Run,
};
use serde_json::Value;
use standins::{
    http::{Fault, Response, Times},
    playground::{PAYROLL_CLIENT_ID, PAYROLL_SECRET, TENANT_ID, USER},
    sql_server::{self, SqlError},
};
use std::time::{Duration, SystemTime};
use test_support::{
    drivers::{built_library, real_driver},
    machine::Machine,
    registration::{DRIVER, STOCK_DRIVER, section},
};
use time::{OffsetDateTime, format_description::well_known::Rfc2822};

const MSI: &str = "Authentication=ActiveDirectoryMsi";

/// What was found.
struct Found(Value, Option<i32>);

impl Found {
    fn by(run: &Run) -> Self {
        Self(
            serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("{error}: {run:#?}")),
            run.code,
        )
    }

    /// The first finding of a check.
    #[track_caller]
    fn finding(&self, check: &str) -> &Value {
        let all = self.0["findings"].as_array().unwrap();
        let found = all.iter().find(|finding| finding["check"] == check);
        found.unwrap_or_else(|| panic!("{check} in {}", self.0))
    }

    /// Expects such a finding among those of a check that finds several things.
    #[track_caller]
    fn has_among(&self, check: &str, level: &str, words: &str) {
        let all = self.0["findings"].as_array().unwrap();
        let is_meant = |finding: &&Value| {
            let what = finding["what"].as_str().unwrap();
            finding["check"] == check && finding["level"] == level && what.contains(words)
        };
        assert!(all.iter().any(|finding| is_meant(&finding)), "{words}: {all:#?}");
    }

    /// Expects that these checks were not even begun.
    #[track_caller]
    fn has_none_of(&self, checks: &[&str]) {
        let all = self.0["findings"].as_array().unwrap();
        let found = all
            .iter()
            .find(|finding| checks.iter().any(|check| finding["check"] == *check));
        assert!(found.is_none(), "{found:#?}");
    }

    /// Expects a finding of this level, with these words in it.
    #[track_caller]
    fn is(&self, check: &str, level: &str, words: &[&str]) {
        let finding = self.finding(check);
        assert_eq!(finding["level"], level, "{finding:#}");
        let text = [&finding["what"], &finding["cause"], &finding["next"]]
            .map(|part| part.as_str().unwrap())
            .join("\n");
        for word in words {
            assert!(text.contains(word), "{word} in {finding:#}");
        }
        if level == "failure" {
            assert_eq!(self.1, Some(1));
        }
    }
}

fn doctor(machine: &Machine, arguments: &[&str]) -> Found {
    Found::by(&machine.run(&[&["doctor", "--json"], arguments].concat()))
}

/// The same with other variables.
fn doctor_with(machine: &Machine, variables: &[(&str, &str)], arguments: &[&str]) -> Found {
    let mut command = machine.tool_command(&[&["doctor", "--json"], arguments].concat());
    command.envs(variables.iter().copied());
    Found::by(&Run::of(&mut command))
}

#[test]
fn on_a_healthy_machine_all_is_well_down_to_the_login() {
    let machine = machine::with_standins();
    let found = doctor(&machine, &[&server(&machine), MSI]);
    assert_eq!(
        (&found.0["failures"], &found.0["warnings"], found.1),
        (&0.into(), &0.into(), Some(0)),
        "{:#}",
        found.0
    );
    for check in [
        "library",
        "unixodbc",
        "ini-files",
        "registration",
        "real-driver",
        "driver-libraries",
        "openssl",
        "ca-certificates",
        "certificates",
        "proxy",
        "authority",
        "server",
        "sign-in",
        "token",
        "tenant",
        "login",
    ] {
        found.is(check, "ok", &[]);
    }
    found.is("token", "ok", &["https://database.windows.net"]);
    found.is("tenant", "ok", &[TENANT_ID]);
}

#[test]
fn who_keeps_connections_from_sharing_their_ca_certificates_is_told_once() {
    let machine = machine::with_standins().with("ENTRA_ODBC_CA_CACHE", "no");
    let found = doctor(
        &machine,
        &[&server(&machine), "Authentication=ActiveDirectoryMsi"],
    );
    found.is("ca-certificates", "ok", &["ENTRA_ODBC_CA_CACHE=no"]);
    found.is("login", "ok", &[]);
    let told = found.0["findings"].as_array().unwrap().iter();
    assert_eq!(
        told.filter(|finding| finding["check"] == "ca-certificates")
            .count(),
        1
    );
}

#[test]
fn people_read_each_finding_as_it_comes_and_a_count_at_the_end() {
    let machine = machine::with_standins();
    let [mode, user, tenant] = payroll();
    machine.file("secret", PAYROLL_SECRET);
    let run = machine.run(&["doctor", &server(&machine), &mode, &user, &tenant, "PWD=@secret"]);
    assert!(
        !run.out.contains(PAYROLL_SECRET) && !run.out.contains("eyJ"),
        "{}",
        run.out
    );
    let out = run.done();
    assert!(out.ends_with("0 failures, 0 warnings.\n"), "{out}");
    assert!(out.contains(PAYROLL_CLIENT_ID), "{out}");
}

#[test]
fn a_driver_that_is_not_registered_and_a_real_driver_that_is_missing_are_told() {
    let machine = machine::with_standins();
    machine.register("");
    let found = doctor(&machine, &[]);
    found.is("registration", "failure", &["entra-odbc install"]);
    found.is("real-driver", "failure", &["not registered", "Driver 18"]);
    machine.register(&format!("[{DRIVER}]\nDriver=/nowhere/libentra_odbc.so\n"));
    doctor(&machine, &[]).is("library", "failure", &["/nowhere/libentra_odbc.so", "not found"]);
}

#[test]
fn a_name_with_another_target_driver_is_told_by_the_doctor_and_by_status() {
    let machine = machine::with_standins();
    let registered = machine.read("odbcinst.ini");
    let library = built_library();
    let other = format!(
        "\n[My PostgreSQL]\nDriver={}\nRealDriver=/usr/lib/psqlodbcw.so\n",
        library.display()
    );
    machine.register(&(registered + &other));
    let words = "[My PostgreSQL] names the target driver /usr/lib/psqlodbcw.so";
    let found = doctor(&machine, &[]);
    found.has_among("real-driver", "ok", "libmsodbcsql");
    found.has_among("real-driver", "warning", words);
    let status = machine.run(&["status"]);
    assert_eq!(status.code, Some(1), "{status:#?}");
    assert!(status.out.contains(words), "{status:#?}");
    // Programs for which the environment names the target driver have one.
    let target = real_driver();
    let found = doctor_with(&machine, &[("ENTRA_ODBC_DRIVER", target.to_str().unwrap())], &[]);
    found.is("real-driver", "ok", &[]);
    assert_eq!(found.0["warnings"], 0, "{:#}", found.0);
}

#[test]
fn an_ini_file_that_makes_no_sense_is_named_with_its_line() {
    let machine = machine::with_standins();
    machine.write_ini("odbc.ini", "[open\n");
    doctor(&machine, &[]).is("ini-files", "failure", &["odbc.ini", "line 1"]);
    assert_eq!(machine.read("odbc.ini"), "[open\n");
}

#[test]
fn a_driver_whose_libraries_are_missing_is_told_with_the_package() {
    let machine = machine::with_standins();
    // A library that needs one which does not exist.
    let source = machine.path("needy.c");
    std::fs::write(
        &source,
        "int krb5(void); int SQLDriverConnectW(void) { return krb5(); }",
    )
    .unwrap();
    std::fs::write(machine.path("krb5.c"), "int krb5(void) { return 0; }").unwrap();
    let cc = |arguments: &[&str]| {
        let status = std::process::Command::new("cc")
            .args(arguments)
            .current_dir(machine.directory())
            .status()
            .unwrap();
        assert!(status.success());
    };
    cc(&[
        "-shared",
        "-fPIC",
        "-o",
        "libkrb5.so.99",
        "krb5.c",
        "-Wl,-soname,libkrb5.so.99",
    ]);
    cc(&[
        "-shared",
        "-fPIC",
        "-o",
        "needy.so",
        "needy.c",
        "./libkrb5.so.99",
        "-Wl,--no-as-needed",
    ]);
    std::fs::remove_file(machine.path("libkrb5.so.99")).unwrap();
    let needy = machine.path("needy.so");
    let found = doctor_with(&machine, &[("ENTRA_ODBC_DRIVER", needy.to_str().unwrap())], &[]);
    found.is("real-driver", "ok", &["ENTRA_ODBC_DRIVER"]);
    found.is("driver-libraries", "failure", &["libkrb5.so.99", "krb5"]);
}

#[test]
fn certificates_that_are_missing_or_do_not_fit_are_told() {
    let machine = machine::with_standins();
    machine.file("empty.pem", "");
    let empty = machine.path("empty.pem");
    let found = doctor_with(&machine, &[("SSL_CERT_FILE", empty.to_str().unwrap())], &[]);
    found.is("certificates", "failure", &["empty.pem", "SSL_CERT_FILE"]);
    found.is("authority", "skipped", &["because of certificates"]);
    assert_eq!(found.0["failures"], 1, "{:#}", found.0);
    let other = standins::certificates::CertificateAuthority::new();
    machine.file("other.pem", other.pem());
    let other = machine.path("other.pem");
    let found = doctor_with(&machine, &[("SSL_CERT_FILE", other.to_str().unwrap())], &[]);
    found.is("certificates", "ok", &["1 authority"]);
    found.is("authority", "failure", &["is not trusted", "SSL_CERT_FILE"]);
}

#[test]
fn a_proxy_is_shown_without_its_password() {
    let machine = machine::with_standins();
    let proxy = [
        ("HTTPS_PROXY", "http://ada:s3cret@localhost:1"),
        ("NO_PROXY", "example.com"),
    ];
    let found = doctor_with(&machine, &proxy, &[]);
    found.is(
        "proxy",
        "ok",
        &["http://localhost:1", "HTTPS_PROXY", "example.com"],
    );
    found.is("authority", "failure", &["HTTPS_PROXY"]);
    assert!(!found.0.to_string().contains("s3cret"));
    doctor_with(&machine, &[("ALL_PROXY", "socks5://localhost:1")], &[]).is("proxy", "failure", &["SOCKS"]);
}

#[test]
fn an_authority_that_cannot_be_reached_is_told() {
    let machine = machine::with_standins();
    doctor_with(
        &machine,
        &[("AZURE_AUTHORITY_HOST", "https://nowhere.invalid")],
        &[],
    )
    .is("authority", "failure", &["nowhere.invalid"]);
    machine
        .playground
        .entra
        .inject_on("/organizations", Times::UntilCleared, Fault::status(503));
    doctor(&machine, &["--timeout", "1"]).is("authority", "warning", &["503"]);
}

#[test]
fn a_clock_that_is_off_is_told_by_how_much() {
    let machine = machine::with_standins();
    for (seconds, level, words) in [
        (10, "ok", "agrees"),
        (200, "warning", "3 min behind"),
        (4000, "failure", "1 h 6 min behind"),
        (-4000, "failure", "ahead of"),
    ] {
        let now = OffsetDateTime::from(SystemTime::now()) + time::Duration::seconds(seconds);
        let date = now.format(&Rfc2822).unwrap().replace("+0000", "GMT");
        let answer = Response::new(200, "application/json", "{}").with_header("Date", &date);
        let entra = &machine.playground.entra;
        entra.inject_on("/organizations", Times::Next(1), Fault::Answer(answer));
        doctor(&machine, &[]).is("clock", level, &[words]);
    }
}

#[test]
fn each_member_of_the_default_chain_is_told_with_whom_it_signs_in() {
    let machine = machine::with_standins();
    let found = doctor(&machine, &[]);
    let members: Vec<_> = found.0["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["check"] == "default-chain")
        .map(|finding| {
            (
                finding["level"].as_str().unwrap(),
                finding["what"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(members.len(), 7, "{members:#?}");
    let starts = [
        (
            "skipped",
            "Environment is not available: AZURE_CLIENT_ID is not set",
        ),
        ("skipped", "WorkloadIdentity is not available"),
        ("ok", "Msi signs in as 7e0d5b1a-c3f8-4926-b5d4-e8a19c0f6b37"),
        ("skipped", "AzCli is not available"),
        ("skipped", "AzureDeveloperCli is not available"),
        ("skipped", "AzurePowerShell is not available"),
        ("skipped", "Saved is not available: nobody has signed in"),
    ];
    for ((level, what), (expected, start)) in members.iter().zip(starts) {
        assert!(*level == expected && what.starts_with(start), "{level} {what}");
    }
    assert!(members[2].1.ends_with("is the one that is used"));
}

#[test]
fn a_member_that_is_configured_and_fails_is_a_warning_without_its_secret() {
    let machine = machine::with_standins();
    let variables = [
        ("AZURE_CLIENT_ID", PAYROLL_CLIENT_ID),
        ("AZURE_TENANT_ID", TENANT_ID),
        ("AZURE_CLIENT_SECRET", "wr0ng-secret"),
    ];
    let found = doctor_with(&machine, &variables, &[]);
    found.is("default-chain", "warning", &["Environment", "AADSTS7000215"]);
    assert!(!found.0.to_string().contains("wr0ng"));
    // What comes after it is not used: a program's chain ends there.
    found.has_among("default-chain", "warning", "the chain ends at Environment");
    assert!(!found.0.to_string().contains("the one that is used"));
}

#[test]
fn a_member_that_the_environment_leaves_out_is_not_told_to_be_used() {
    let machine = machine::with_standins();
    let found = doctor_with(&machine, &[("AZURE_TOKEN_CREDENTIALS", "dev")], &[]);
    found.has_among(
        "default-chain",
        "skipped",
        "Msi is left out, as AZURE_TOKEN_CREDENTIALS says",
    );
    found.has_among("default-chain", "warning", "nobody is signed in");
    let found = doctor_with(&machine, &[("AZURE_TOKEN_CREDENTIALS", "nobody")], &[]);
    found.is("default-chain", "failure", &["AZURE_TOKEN_CREDENTIALS"]);
}

#[test]
fn a_server_that_is_not_there_is_told() {
    let machine = machine::with_standins();
    let found = doctor(&machine, &["Server=nowhere.invalid", MSI, "--timeout", "2"]);
    found.is("server", "failure", &["nowhere.invalid", "no address"]);
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let found = doctor(
        &machine,
        &[&format!("Server=127.0.0.1,{port}"), MSI, "--timeout", "2"],
    );
    found.is("server", "failure", &["takes no connection", "refused"]);
    found.is("sign-in", "ok", &[]);
    found.is("login", "skipped", &["because of server"]);
    doctor(&machine, &[MSI, "--timeout", "2"]).is("server", "failure", &["names no server"]);
}

#[test]
fn a_server_that_no_token_may_go_to_is_told_with_the_ways_out_and_nobody_signs_in() {
    let machine = machine::with_standins();
    let asked = || machine.managed_identity_requests();
    let before = asked();
    let found = doctor(
        &machine,
        &["Server=127.0.0.2.example", MSI, "TrustServerCertificate=yes"],
    );
    found.is(
        "trust",
        "failure",
        &["127.0.0.2.example", "trust add 127.0.0.2.example"],
    );
    assert!(
        !found.0.to_string().contains("sign-in") && asked() == before,
        "{:?}",
        found.0
    );
    let trusted = doctor_with(
        &machine,
        &[("ENTRA_ODBC_TRUSTED_SERVERS", "*.example")],
        &["Server=127.0.0.2.example", MSI],
    );
    trusted.is("trust", "ok", &["certificate validated"]);
}

#[test]
fn a_sign_in_that_entra_refuses_is_told_in_its_words() {
    let machine = machine::with_standins();
    let [mode, user, tenant] = payroll();
    let found = doctor(
        &machine,
        &[&server(&machine), &mode, &user, &tenant, "PWD=wr0ng-secret"],
    );
    found.is("sign-in", "failure", &["AADSTS7000215"]);
    assert!(!found.0.to_string().contains("wr0ng"));
    let found = doctor(&machine, &[&server(&machine), &mode, &tenant]);
    found.is("connection-string", "failure", &["UID= is missing"]);
    let found = doctor(
        &machine,
        &[&server(&machine), "UID=reporting", "PWD={R3port;ing}}day}"],
    );
    found.is("sign-in", "skipped", &["Driver 18"]);
    found.is("login", "ok", &["reporting"]);
    // A password that was cut, which is an unknown keyword to the driver.
    let cut = format!("{};UID=reporting;PWD=R3port;ing=x", server(&machine));
    let refused = doctor(&machine, &[&cut]);
    refused.is("login", "failure", &["ends at its first semicolon"]);
    assert!(!refused.0.to_string().contains("R3port"));
    // Entra has no part in it, nor has the default chain.
    assert_eq!(
        (&found.0["failures"], &found.0["warnings"]),
        (&0.into(), &0.into()),
        "{:#}",
        found.0
    );
    found.has_none_of(&["authority", "clock", "default-chain", "token", "tenant"]);
}

#[test]
fn a_string_that_makes_no_sense_is_the_one_finding_and_nothing_is_tried_with_it() {
    let machine = machine::with_standins();
    machine.file(
        "home/.odbc.ini",
        &format!("[payroll]\nDriver={DRIVER}\n{}\n", server(&machine)),
    );
    let server = server(&machine);
    for (arguments, words) in [
        (
            &[&server, "Authentication=ActiveDirectoryDefualt"][..],
            &["Did you mean ActiveDirectoryDefault?"][..],
        ),
        (
            &["DSN=payrol", MSI],
            &[
                "no data source [payrol]",
                ".odbc.ini",
                "Did you mean DSN=payroll?",
            ],
        ),
        (
            &["DSN=ledger", MSI],
            &["no data source [ledger]", "install --dsn ledger"],
        ),
        (
            &[&server, MSI, "DRIVER={ODBC Driver 18 Entra for SQL Servers}"],
            &[
                "no driver is registered",
                "DRIVER={ODBC Driver 18 Entra for SQL Server}",
            ],
        ),
        (
            &[&server, "Authentication=AzCli", "AccessToken=x"],
            &["AccessToken="],
        ),
    ] {
        let found = doctor(&machine, arguments);
        found.is("connection-string", "failure", words);
        assert_eq!(
            (&found.0["failures"], &found.0["warnings"]),
            (&1.into(), &0.into()),
            "{:#}",
            found.0
        );
        found.has_none_of(&["authority", "default-chain", "server", "sign-in", "login"]);
    }
    assert!(machine.playground.entra.token_requests().is_empty());
    assert_eq!(machine.managed_identity_requests(), 0);
    doctor(&machine, &["DSN=payroll", MSI]).is("login", "ok", &[]);
}

#[test]
fn a_string_that_leads_to_another_driver_is_told_whose_that_is() {
    let machine = machine::with_standins();
    let registered = machine.read("odbcinst.ini");
    machine.register(&(registered + &section(STOCK_DRIVER, &real_driver())));
    let server = server(&machine);
    let string = format!("{server};DRIVER={{{STOCK_DRIVER}}};TrustServerCertificate=yes;UID=reporting");
    let found = doctor(&machine, &[&string, "PWD={R3port;ing}}day}"]);
    found.is(
        "connection-string",
        "warning",
        &["Microsoft's ODBC Driver 18", "install --replace", DRIVER],
    );
    found.is("sign-in", "skipped", &["Microsoft's ODBC Driver 18"]);
    found.is("login", "ok", &["reporting"]);
    found.has_none_of(&["trust", "default-chain"]);
    // A mode of ours that reaches that driver: it is that one which answers.
    let found = doctor(
        &machine,
        &[&string.replace("UID=reporting", "Authentication=ActiveDirectoryAzCli")],
    );
    found.is("connection-string", "warning", &["Microsoft's ODBC Driver 18"]);
    found.is("login", "failure", &["Authentication"]);
    let err = machine
        .run(&["connect", &string, "Authentication=ActiveDirectoryAzCli"])
        .refused(1);
    assert!(err.contains("is Microsoft's ODBC Driver 18"), "{err}");
}

#[test]
fn a_given_token_that_has_expired_is_the_one_failure() {
    let machine = machine::with_standins();
    let token = machine.playground.user_token(USER, Duration::ZERO);
    let found = doctor(&machine, &[&server(&machine), &format!("AccessToken={token}")]);
    found.is("connection-string", "failure", &["expired"]);
    assert_eq!(
        (&found.0["failures"], &found.0["warnings"]),
        (&1.into(), &0.into()),
        "{:#}",
        found.0
    );
    found.has_none_of(&["default-chain", "sign-in", "login"]);
}

#[test]
fn a_setting_that_names_a_bad_driver_is_to_be_corrected_not_a_package_to_be_installed() {
    let machine = machine::with_standins();
    let says = |text: &str, setting: &str, reason: &str| {
        assert!(text.contains(setting) && text.contains(reason), "{text}");
        assert!(text.contains("Correct or"), "{text}");
        assert!(
            !text.contains("msodbcsql18") && !text.contains("Driver 18, which does"),
            "{text}"
        );
    };
    machine.file("readme.txt", "no library");
    let library = built_library();
    for (path, reason) in [
        ("/nowhere/driver.so", "not found"),
        (
            &machine.path("readme.txt").display().to_string(),
            "not a shared library",
        ),
        ("/bin/true", "no SQLDriverConnectW"),
    ] {
        let variable = [("ENTRA_ODBC_DRIVER", path)];
        let found = doctor_with(&machine, &variable, &[&server(&machine), MSI]);
        let finding = found.finding("real-driver");
        assert_eq!(finding["level"], "failure");
        says(&finding.to_string(), "ENTRA_ODBC_DRIVER", reason);
        found.is("login", "skipped", &["because of real-driver"]);
        for arguments in [
            &["status"][..],
            &["install", "--library", library.to_str().unwrap()],
        ] {
            let mut command = machine.tool_command(arguments);
            let run = Run::of(command.envs(variable));
            says(&(run.out + &run.err), "ENTRA_ODBC_DRIVER", reason);
        }
    }
    machine.register(&format!(
        "[{DRIVER}]\nDriver={}\nRealDriver=/nowhere/driver.so\n",
        library.display()
    ));
    let found = doctor(&machine, &[]);
    says(
        &found.finding("real-driver").to_string(),
        "RealDriver in [",
        "not found",
    );
}

#[test]
fn a_token_that_does_not_fit_the_server_is_told_with_what_is_wrong_with_it() {
    let machine = machine::with_standins();
    let server = server(&machine);
    let portal = machine.playground.portal_token(USER, Duration::from_hours(1));
    let found = doctor(&machine, &[&server, &format!("AccessToken={portal}")]);
    found.is(
        "connection-string",
        "failure",
        &["not for https://database.windows.net"],
    );
    let short = machine.playground.user_token(USER, Duration::from_mins(2));
    let found = doctor(&machine, &[&server, &format!("AccessToken={short}")]);
    found.is("token", "warning", &["will end soon"]);
    assert!(!found.0.to_string().contains(&short));
}

#[test]
fn a_user_whom_the_database_does_not_know_gets_the_statement_that_creates_them() {
    let machine = machine::with_standins();
    let server = server(&machine);
    let refuse = |text: &str| {
        let refusal = SqlError::new(18456, text).with_class(14);
        machine
            .playground
            .sql_server
            .inject(sql_server::Fault::RefuseLogin(refusal));
    };
    let token = machine.playground.user_token(USER, Duration::from_hours(1));
    let given = format!("AccessToken={token}");
    let [mode, user, tenant] = payroll();
    machine.file("secret", PAYROLL_SECRET);
    let words = "Login failed for user '<token-identified principal>'.";
    for (arguments, statement) in [
        (
            &[&server, given.as_str()][..],
            format!("CREATE USER [{USER}] FROM EXTERNAL PROVIDER;"),
        ),
        (
            &[&server, &mode, &user, &tenant, "PWD=@secret"],
            format!("CREATE USER [{PAYROLL_CLIENT_ID}] WITH SID = 0x"),
        ),
    ] {
        // The tenant is asked for by a login as well.
        for _ in 0..4 {
            refuse(words);
        }
        let found = doctor(&machine, arguments);
        machine.playground.sql_server.clear_faults();
        found.is("login", "failure", &["token-identified principal", &statement]);
    }
}

#[test]
fn always_encrypted_without_its_permissions_is_told_with_the_grants() {
    let machine = machine::with_standins();
    let found = doctor(&machine, &[&server(&machine), MSI, "ColumnEncryption=Enabled"]);
    found.is(
        "always-encrypted",
        "failure",
        &[
            "GRANT VIEW ANY COLUMN MASTER KEY DEFINITION TO [",
            "GRANT VIEW ANY COLUMN ENCRYPTION KEY DEFINITION TO [",
        ],
    );
}

#[test]
fn without_a_home_and_as_nobody_known_it_works_as_well() {
    let machine = machine::with_standins();
    let mut command = machine.tool_command(&["doctor", "--json", &server(&machine), MSI]);
    command.env_remove("HOME").env_remove("ODBCINI");
    let found = Found::by(&Run::of(&mut command));
    assert_eq!(found.0["failures"], 0, "{:#}", found.0);
    let bad = machine.run(&["doctor", "--timeout", "0"]);
    bad.refused(2);
}
