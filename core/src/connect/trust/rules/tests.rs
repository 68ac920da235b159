//! Each rule, and what is said where none of them lets a token through.

use super::*;
use crate::connection_string::ConnectionString;
use entra_auth::Environment;

const SQL: &str = "https://database.windows.net/.default";

fn decide(string: &str, scope: &str) -> Result<Decision, String> {
    let text: Vec<u16> = string.encode_utf16().collect();
    let parsed = ConnectionString::parse(&text);
    let administrator = Administrator::read(
        &Environment::fixed([("ENTRA_ODBC_TRUSTED_SERVERS", "trusted.example,10.0.0.7")]),
        |_| None,
    );
    let channel = Channel::read(|keyword| parsed.get(keyword), |_| None, parsed.get("ConnectTo"))
        .unwrap()
        .unwrap();
    channel.decide(scope, &administrator).map_err(|error| {
        let error = error.in_mode("ServicePrincipalCertificate").to_string();
        assert!(
            error.encode_utf16().count() <= crate::diagnostics::MESSAGE_LIMIT,
            "{error}"
        );
        error
    })
}

/// Whether the certificate is validated, a token of any kind may go there, and a redirect must be ruled out.
fn allowed(string: &str) -> (bool, bool, bool) {
    let decision = decide(string, SQL).unwrap();
    let validated = decision.channel.is_validated();
    (validated, decision.opaque_tokens, decision.rules_out_redirect)
}

fn refused(string: &str, parts: &[&str]) {
    let error = decide(string, SQL).unwrap_err();
    for part in parts {
        assert!(error.contains(part), "{part} in {error}");
    }
}

#[test]
fn azures_names_are_validated_whatever_the_string_says() {
    for string in [
        "Server=x.database.windows.net;TrustServerCertificate=yes",
        "Server=x.privatelink.database.windows.net;HostnameInCertificate=x.database.windows.net",
        "Server=x.privatelink.database.windows.net;TrustServerCertificate=yes",
        "Server=tcp:x.database.windows.net,1433;Encrypt=strict",
        "Server=10.1.2.3;HostnameInCertificate=x.database.windows.net",
        "Server=10.1.2.3;HostnameInCertificate=*.database.windows.net;TrustServerCertificate=yes",
        "Server=x.database.windows.net;HostnameInCertificate=trusted.example",
    ] {
        assert_eq!(allowed(string), (true, false, false), "{string}");
    }
    for string in ["Encrypt=no", "ServerCertificate=/tmp/evil.pem;Encrypt=strict"] {
        let keyword = string.split('=').next().unwrap();
        refused(
            &format!("Server=x.database.windows.net;{string}"),
            &[keyword, "x.database.windows.net"],
        );
    }
}

#[test]
fn every_name_that_the_certificate_may_have_is_azures_or_the_administrators() {
    refused(
        "Server=evil.example",
        &[
            "evil.example",
            "trust add evil.example",
            "entra-odbc explain trust",
        ],
    );
    refused(
        "Server=x.database.windows.net;HostnameInCertificate=evil.example",
        &["HostnameInCertificate=evil.example"],
    );
    refused(
        "Server=10.1.2.3;HostnameInCertificate=evil.example",
        &["HostnameInCertificate=evil.example"],
    );
    refused(
        "Server=10.1.2.3",
        &["10.1.2.3 is an address", "HostnameInCertificate=<"],
    );
    refused("Server=database.windows.net", &["database.windows.net"]);
    refused(
        "Server=evil.example;TrustServerCertificate=yes",
        &["TrustServerCertificate=yes"],
    );
    refused(
        "Server=x.database.windows.net;HostnameInCertificate=x.database.usgovcloudapi.net",
        &["two clouds"],
    );
}

#[test]
fn a_name_of_ones_own_is_where_the_connection_goes_and_the_certificates_name_is_the_server() {
    let channel = |string: &str| decide(string, SQL).unwrap().channel;
    let decided = channel(
        "Server=tcp:mi1.example,1444;HostnameInCertificate=mi1.a1.database.windows.net;TrustServerCertificate=yes",
    );
    assert_eq!(decided.server.to_string(), "tcp:mi1.a1.database.windows.net,1444");
    assert_eq!(
        (decided.hostname_in_certificate.as_deref(), decided.is_validated()),
        (None, true)
    );
    let destination = decided.destination().unwrap();
    assert_eq!(
        (destination.host.as_str(), destination.port),
        ("mi1.example", 1444)
    );
    // What the administrator trusts, an address and a pattern stay as they are.
    for string in [
        "Server=trusted.example;HostnameInCertificate=x.database.windows.net",
        "Server=10.1.2.3;HostnameInCertificate=x.database.windows.net",
    ] {
        assert_eq!(channel(string).destination(), None, "{string}");
    }
    refused(
        "Server=mi1.example;HostnameInCertificate=*.database.windows.net",
        &["mi1.example"],
    );
    refused(
        "Server=mi1.example;HostnameInCertificate=x.database.windows.net;Encrypt=no",
        &["Encrypt="],
    );
}

#[test]
fn a_literal_loopback_address_is_as_the_string_says() {
    assert_eq!(
        allowed("Server=127.0.0.1;HostnameInCertificate=localhost"),
        (true, true, false)
    );
    assert_eq!(allowed("Server=localhost"), (true, true, false));
    assert_eq!(
        allowed("Server=::1;TrustServerCertificate=yes"),
        (false, true, true)
    );
    assert_eq!(allowed("Server=localhost;Encrypt=no"), (false, true, true));
    assert_eq!(
        allowed("Server=127.0.0.1;Encrypt=strict;TrustServerCertificate=yes"),
        (true, true, false)
    );
}

#[test]
fn a_host_of_the_administrators_is_as_the_string_says() {
    assert_eq!(allowed("Server=Trusted.example,1433"), (true, true, false));
    assert_eq!(
        allowed("Server=trusted.example;TrustServerCertificate=yes"),
        (false, true, true)
    );
    assert_eq!(allowed("Server=10.0.0.7;Encrypt=no"), (false, true, true));
}

#[test]
fn sql_servers_scope_is_known_in_every_spelling() {
    for scope in [
        "https://database.windows.net//.default",
        "https://Database.Windows.net/.default",
        "https://database.windows.net/user_impersonation",
        "022907d3-0f1b-48f7-badc-1ba6abab6d66/.default",
    ] {
        assert!(decide("Server=x.database.windows.net", scope).is_ok(), "{scope}");
        let error = decide("Server=evil.example", scope).unwrap_err();
        assert!(
            error.contains("evil.example is no name of Azure's"),
            "{scope}: {error}"
        );
    }
    for scope in [
        "https://Org.CRM.dynamics.example/.default",
        "https://org.crm.dynamics.example//.default",
        "https://org.crm.dynamics.example/user_impersonation",
    ] {
        assert!(
            decide("Server=org.crm.dynamics.example", scope).is_ok(),
            "{scope}"
        );
    }
}

#[test]
fn a_token_for_something_else_goes_to_that_very_host() {
    let dataverse = "https://org.crm.dynamics.example/.default";
    let validated = |string: &str| decide(string, dataverse).map(|decision| decision.channel.is_validated());
    assert_eq!(
        validated("Server=org.crm.dynamics.example;TrustServerCertificate=yes"),
        Ok(true)
    );
    assert_eq!(validated("Server=localhost"), Ok(true));
    assert_eq!(validated("Server=trusted.example"), Ok(true));
    for string in [
        "Server=x.database.windows.net",
        "Server=evil.example",
        "Server=evil.example;HostnameInCertificate=org.crm.dynamics.example",
        "Server=org.crm.dynamics.example;HostnameInCertificate=evil.example",
        "Server=10.0.0.1",
    ] {
        let error = decide(string, dataverse).unwrap_err();
        assert!(error.contains("Scope="), "{string}: {error}");
    }
    for scope in [
        "https://vault.azure.net@evil.example/.default",
        "https://evil.example/x/.default",
        "http://evil.example/.default",
        "https://evil.example/a b",
    ] {
        assert!(decide("Server=evil.example", scope).is_err(), "{scope}");
    }
}
