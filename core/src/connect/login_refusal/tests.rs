//! Refusals, and how they are explained.

use super::*;
use entra_auth::Secret;
use serde_json::json;
use standins::jwt::unsigned as jwt;
use std::time::SystemTime;

fn record(sqlstate: &str, native: i32, message: &str) -> DriverRecord {
    DriverRecord {
        sqlstate: sqlstate.to_owned(),
        native,
        message: message.to_owned(),
    }
}

fn opaque() -> Token {
    Token::received(Secret::new("opaque".into()), SystemTime::now())
}

fn explained(claims: &serde_json::Value, reason: &str) -> Option<String> {
    let token = Token::received(Secret::new(jwt(claims)), SystemTime::now());
    let words = format!("[Microsoft]Login failed for user '<token-identified principal>'.{reason}");
    let failure = of_server(&[record("28000", LOGIN_FAILED, &words)], &token, 1)?;
    assert_eq!((failure.sqlstate.as_str(), failure.native), ("28000", 18456));
    let error = failure.error;
    let start = format!("[entra-odbc] Login failed for user '<token-identified principal>'.{reason} It was ");
    assert!(error.to_string().starts_with(&start), "{error}");
    Some(error.to_string())
}

#[test]
fn an_application_is_named_by_its_ids_with_the_usual_cause() {
    let claims = json!({ "appid": "app-1", "oid": "object-1", "tid": "tenant-1" });
    let text = explained(&claims, "").unwrap();
    for part in [
        "app-1",
        "object-1",
        "tenant-1",
        "object id in place",
        "entra-odbc sid app-1",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn a_person_is_told_the_statement_that_helps() {
    let text = explained(&json!({ "upn": "a]b@contoso.com" }), "").unwrap();
    assert!(
        text.contains("CREATE USER [a]]b@contoso.com] FROM EXTERNAL PROVIDER"),
        "{text}"
    );
}

#[test]
fn a_token_that_the_server_takes_for_expired_is_no_missing_user() {
    let text = explained(&json!({ "appid": "a" }), " Token is expired.").unwrap();
    assert!(text.contains("clock") && !text.contains("CREATE USER"), "{text}");
}

#[test]
fn a_token_that_was_meant_for_someone_else_is_no_missing_user() {
    let text = explained(
        &json!({ "upn": "ada@contoso.com", "aud": "https://graph.microsoft.com" }),
        " Token is invalid.",
    )
    .unwrap();
    assert!(
        text.contains("It is for https://graph.microsoft.com: get one for https://database.windows.net"),
        "{text}"
    );
    let text = explained(&json!({}), " Token is invalid.").unwrap();
    assert!(text.contains("whole access token"), "{text}");
    for aud in [
        "https://database.windows.net/",
        "https://database.usgovcloudapi.net",
        "022907d3-0f1b-48f7-badc-1ba6abab6d66",
    ] {
        let claims = json!({ "upn": "ada@contoso.com", "aud": aud });
        let text = explained(&claims, " Token is invalid.").unwrap();
        assert!(!text.contains("CREATE USER"), "{text}");
        for part in [aud, "TenantId", "clock"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}

#[test]
fn a_record_of_ours_is_explained_as_the_servers_that_it_begins_with() {
    for (reason, expected) in [
        ("", Cause::NoDatabaseUser),
        (" Token is invalid.", Cause::TokenRefused),
    ] {
        let words = format!("Login failed for user '<token-identified principal>'.{reason}");
        let ours = of_server(&[record("28000", LOGIN_FAILED, &words)], &opaque(), 1).unwrap();
        let message = ours.error.to_string();
        assert_eq!(
            cause("28000", LOGIN_FAILED, &message),
            Some(expected),
            "{message}"
        );
    }
}

#[test]
fn only_a_bare_refusal_is_taken_for_a_missing_user() {
    let claims = json!({ "upn": "ada@contoso.com" });
    assert!(
        explained(&claims, "")
            .unwrap()
            .contains("CREATE USER [ada@contoso.com]")
    );
    for reason in [
        " Token is invalid.",
        " Token is expired.",
        " The server is not currently configured to accept this token.",
        " Reason: Authentication was successful, but the database was not found or you have insufficient permissions to connect to it.",
        " Something that Azure will say in years to come.",
    ] {
        let text = explained(&claims, reason).unwrap();
        assert!(!text.contains("CREATE USER"), "{text}");
    }
}

#[test]
fn a_guest_is_created_by_their_own_address() {
    for claims in [
        json!({ "upn": "ada_outlook.com#EXT#@contoso.onmicrosoft.com" }),
        json!({ "unique_name": "live.com#ada@outlook.com" }),
    ] {
        let text = explained(&claims, "").unwrap();
        assert!(text.contains("CREATE USER [ada@outlook.com] FROM"), "{text}");
    }
}

#[test]
fn a_token_that_lives_by_this_clock_and_not_by_the_servers_names_the_clock() {
    let later = SystemTime::now() + std::time::Duration::from_hours(1);
    let exp = later.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let text = explained(&json!({ "appid": "a", "exp": exp }), " Token is expired.").unwrap();
    assert!(text.contains("is behind the server's"), "{text}");
}

#[test]
fn the_refusal_of_a_password_is_none_of_our_business() {
    let records = [record("28000", LOGIN_FAILED, "Login failed for user 'sa'.")];
    assert_eq!(of_server(&records, &opaque(), 1), None);
}

#[test]
fn a_precise_error_counts_before_and_behind_the_one_that_azure_adds() {
    let added = record(
        "28000",
        LOGIN_FAILED,
        "[Microsoft]Login failed for user '<token-identified principal>'.",
    );
    let precise = record(
        "42000",
        4060,
        "[Microsoft][SQL Server]Cannot open database \"x\".",
    );
    for records in [[added.clone(), precise.clone()], [precise, added]] {
        let failure = of_server(&records, &opaque(), 1).unwrap();
        assert_eq!(failure.cause, Cause::DatabaseNotOpened);
        assert_eq!((failure.sqlstate.as_str(), failure.native), ("42000", 4060));
        let text = failure.error.to_string();
        assert!(
            text.starts_with("[entra-odbc] there is no such database")
                && text.ends_with("Cannot open database \"x\"."),
            "{text}"
        );
    }
}

#[test]
fn a_login_that_was_tried_several_times_says_so() {
    let records = [record("42000", 40_613, "Database is not currently available.")];
    let failure = of_server(&records, &opaque(), 3).unwrap();
    assert!(failure.error.to_string().contains("(tried 3 times)"));
    let failure = of_server(&records, &opaque(), 1).unwrap();
    assert!(!failure.error.to_string().contains("tried"));
}

#[test]
fn what_no_server_said_is_left_to_an_attempt_of_our_own() {
    for (sqlstate, native) in [("08001", 11_001), ("HYT00", 0), ("08001", -1)] {
        let records = [record(sqlstate, native, "TCP Provider: Error code 0x2AF9")];
        assert_eq!(of_server(&records, &opaque(), 1), None, "{sqlstate} {native}");
    }
}

fn cause(sqlstate: &str, native: i32, message: &str) -> Option<Cause> {
    let refusal = Refusal {
        sqlstate,
        native,
        message,
    };
    refusal.explain(None).map(|explanation| explanation.cause)
}

#[test]
fn a_refusal_is_known_by_its_number_its_state_or_its_words() {
    for (sqlstate, native, message, expected) in [
        ("42000", 40_615, "in another language", Cause::Firewall),
        (
            "",
            0,
            "Client with IP address '1.2.3.4' is not allowed to access the server.",
            Cause::Firewall,
        ),
        (
            "42000",
            4060,
            "Cannot open database \"x\" requested by the login.",
            Cause::DatabaseNotOpened,
        ),
        (
            "01000",
            0,
            "Can't open lib '/x.so' : file not found",
            Cause::LibraryNotLoaded,
        ),
        ("IM002", 0, "", Cause::NameNotRegistered),
        ("28000", 18456, "Login failed for user 'sa'.", Cause::LoginUnknown),
        (
            "28000",
            18456,
            "Login failed for user '<token-identified principal>'.",
            Cause::NoDatabaseUser,
        ),
        (
            "28000",
            18456,
            "Login failed for user '<token-identified principal>'. Token is expired.",
            Cause::TokenExpired,
        ),
    ] {
        assert_eq!(cause(sqlstate, native, message), Some(expected), "{message}");
    }
    for (native, expected) in [
        (40_532, Cause::ServerNameUnknown),
        (40_914, Cause::VirtualNetworkRule),
        (18_452, Cause::WindowsLogin),
        (47_073, Cause::PublicAccessDenied),
        (33_155, Cause::TokenNotSent),
        (40_613, Cause::DatabaseUnavailable),
        (40_501, Cause::ServerBusy),
        (10_928, Cause::ServerBusy),
    ] {
        assert_eq!(
            cause("HY000", native, "in another language"),
            Some(expected),
            "{native}"
        );
    }
    // Its words are those of a firewall rule's, too.
    let words = "Cannot open server 'x' requested by the login. Client is not allowed to access the server.";
    assert_eq!(cause("HY000", 40_914, words), Some(Cause::VirtualNetworkRule));
    assert_eq!(cause("HY000", 0, "something else"), None);
}
