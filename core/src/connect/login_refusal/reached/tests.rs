//! What is said of each finding.

use super::*;
use crate::{
    diagnostics::MESSAGE_LIMIT,
    tds::{Encryption, LoginOptions, Trust},
};

fn reached(is_trust_ignored: bool) -> Reached {
    Reached {
        target: Target {
            host: "contoso.database.windows.net".to_owned(),
            port: 1433,
            connect_to: None,
            options: LoginOptions::default(),
            encryption: Encryption::Yes,
            trust: Trust::Any,
        },
        instance: Some("payroll".to_owned()),
        is_trust_ignored,
    }
}

fn diagnosis(finding: Finding) -> Diagnosis {
    Diagnosis {
        at: ("contoso.database.windows.net".to_owned(), 1433),
        redirected_by: None,
        finding,
    }
}

fn wrong(names: &[&str]) -> WrongName {
    WrongName {
        names: names.iter().map(|name| (*name).to_owned()).collect(),
    }
}

#[test]
fn every_finding_is_ascii_and_fits_a_record_with_its_remedy() {
    let why = || "it is said so".to_owned();
    for finding in [
        Finding::NameUnknown(why()),
        Finding::NameNotResolved(why()),
        Finding::InstanceUnknown(why()),
        Finding::NobodyListens,
        Finding::Silent,
        Finding::Unroutable(why()),
        Finding::WrongName(wrong(&["contoso.database.windows.net"])),
        Finding::Tls(TlsFailure::Expired),
        Finding::Tls(TlsFailure::Handshake("it does not speak TLS")),
        Finding::Mute,
        Finding::NotUnderstood(why()),
        Finding::Refuses(why()),
        Finding::Answers,
    ] {
        let mut diagnosis = diagnosis(finding);
        for redirected_by in [None, Some(("gateway.database.windows.net".to_owned(), 1433))] {
            diagnosis.redirected_by = redirected_by;
            let words = reached(true).words(&diagnosis, true).unwrap();
            let text = format!("{}. {}", words.what, words.remedy);
            assert!(text.is_ascii() && text.len() < MESSAGE_LIMIT - 60, "{text}");
        }
    }
}

#[test]
fn the_remedy_for_a_wrong_name_is_what_to_write() {
    for (names, expected) in [
        (
            &["contoso.database.windows.net"][..],
            "HostnameInCertificate=contoso.database.windows.net",
        ),
        (
            &["eastus1-a.control.database.windows.net", "*.database.windows.net"],
            "Server=eastus1-a",
        ),
        (&["*.database.windows.net"], "which fits *.database.windows.net"),
        (&["db.corp.example"], "entra-odbc trust add 10.1.2.3"),
        (&[], "nothing else answers"),
    ] {
        let remedy = name_remedy("10.1.2.3", &wrong(names));
        assert!(remedy.contains(expected), "{remedy}");
    }
}

#[test]
fn trust_that_does_not_count_is_told_with_the_certificate_alone() {
    let words = |trust, finding| reached(trust).words(&diagnosis(finding), false).unwrap().what;
    let certificate = || Finding::WrongName(wrong(&["other.example"]));
    assert!(words(true, certificate()).contains("TrustServerCertificate=yes does not count"));
    assert!(!words(false, certificate()).contains("TrustServerCertificate"));
    assert!(!words(true, Finding::Silent).contains("TrustServerCertificate"));
}

#[test]
fn a_server_that_is_well_explains_only_a_login_that_took_too_long() {
    let answers = diagnosis(Finding::Answers);
    assert!(reached(false).words(&answers, false).is_none());
    let words = reached(false).words(&answers, true).unwrap();
    assert!(words.cause == Cause::TimedOut && words.remedy.contains("60 s"));
}
