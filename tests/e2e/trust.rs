//! Where a token may go: each rule, through the driver manager, checked at the server that nothing arrived.

use crate::machine::{DRIVER, Machine, ours};

#[test]
fn a_token_goes_to_a_strange_host_only_over_a_validated_certificate() {
    let machine = Machine::new();
    // A name that is not this machine's own to our eyes, and leads to the stand-in all the same.
    let strange = format!("DRIVER={{{DRIVER}}};SERVER=db.internal.example,{};", 1);
    let error = machine.pyodbc_error(&format!(
        "{strange}Authentication=ActiveDirectoryMsi;TrustServerCertificate=yes"
    ));
    assert!(error.contains("TrustServerCertificate="), "{error}");
    assert!(error.contains("ENTRA_ODBC_TRUSTED_SERVERS"), "{error}");
    let requests = machine.playground.managed_identity.record().requests();
    assert!(
        requests.is_empty(),
        "no token may even be asked for: {requests:?}"
    );
}

#[test]
fn an_untrusted_certificate_at_the_server_gets_no_token() {
    let machine = Machine::new();
    let token = machine.user_token("ada@contoso.com");
    // The driver trusts another authority here; the stand-in's certificate is an impostor's to it.
    let other = machine.file(
        "other.pem",
        standins::certificates::CertificateAuthority::new().pem(),
    );
    let machine = machine.with("SSL_CERT_FILE", other);
    let error = machine.pyodbc_error(&machine.string(&format!("AccessToken={token};Encrypt=yes")));
    assert!(
        error.contains("08001") && error.to_lowercase().contains("certificate"),
        "{error}"
    );
    assert!(machine.playground.sql_server.logins().is_empty());
    // On this machine's own loopback the string may say otherwise.
    machine.pyodbc(&machine.string(&format!("AccessToken={token};TrustServerCertificate=yes")));
}

#[test]
fn the_owner_may_trust_a_host_in_odbcinst_ini_but_a_string_may_not() {
    let machine = Machine::new();
    let string = format!(
        "DRIVER={{{DRIVER}}};SERVER=db.internal.example,1;Authentication=ActiveDirectoryMsi;\
         TrustServerCertificate=yes;TrustedServers=db.internal.example"
    );
    assert!(machine.pyodbc_error(&string).contains("TrustServerCertificate="));
    machine.register(&format!("{}TrustedServers=db.internal.example\n", ours(DRIVER)));
    let error = machine.pyodbc_error(&string);
    // Past our rule, the driver looks for the host and does not find it.
    assert!(!error.contains("TrustServerCertificate="), "{error}");
    assert!(!machine.playground.managed_identity.record().requests().is_empty());
}

#[test]
fn a_string_names_no_authority_that_the_owner_does_not_know() {
    let machine = Machine::new();
    let error = machine.pyodbc_error(&machine.string(&format!(
        "{}Authority=https://login.evil.example",
        Machine::payroll()
    )));
    assert!(error.contains("Authority="), "{error}");
    let known = machine.playground.entra.authority();
    machine.pyodbc(&machine.string(&format!("{}Authority={known}", Machine::payroll())));
}

#[test]
fn a_token_for_another_audience_is_refused_for_a_strange_host() {
    let machine = Machine::new();
    let string = format!(
        "DRIVER={{{DRIVER}}};SERVER=db.internal.example,1;Authentication=ActiveDirectoryMsi;\
         Scope=https://vault.azure.net"
    );
    assert!(machine.pyodbc_error(&string).contains("Scope="));
}

#[test]
fn azures_own_names_are_never_asked_without_encryption() {
    let machine = Machine::new();
    let string = format!(
        "DRIVER={{{DRIVER}}};SERVER=x.database.windows.net;Authentication=ActiveDirectoryMsi;Encrypt=no"
    );
    assert!(machine.pyodbc_error(&string).contains("Encrypt="));
}

#[test]
fn what_the_driver_does_not_read_does_not_say_where_a_token_may_go() {
    let machine = Machine::new();
    let port = machine.playground.sql_server.port();
    // A server that somebody else has put into a data source, who would like to have the token.
    machine.write_ini(
        "odbc.ini",
        &format!("[other]\nDriver={DRIVER}\nServer=localhost,{port}\nTrustServerCertificate=yes\n"),
    );
    let token = machine.user_token("ada@contoso.com");
    let string =
        format!("DSN=other;APP={{x}}y;Server=127.0.0.1,1;TrustServerCertificate=no;AccessToken={token}");
    let error = machine.pyodbc_error(&string);
    assert!(error.contains("HY000") && error.contains("APP="), "{error}");
    assert!(machine.playground.sql_server.logins().is_empty());
}
