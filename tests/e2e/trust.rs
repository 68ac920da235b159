//! Where a token may go: each rule of docs/trust.md, checked at the servers that nothing else arrived.

mod connect_to;
mod differential;
mod local_names;
mod private_endpoints;
mod redirects;
mod sections;
mod stock_driver;
mod strangers;

use test_support::{
    connection_string::payroll,
    machine::Machine,
    registration::{DRIVER, our_section},
};

use crate::{
    recorder::{arrived, recording},
    script_host::ScriptHost as _,
};

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
fn the_administrator_may_trust_a_host_in_odbcinst_ini_but_a_string_may_not() {
    let machine = Machine::new();
    let string = format!(
        "DRIVER={{{DRIVER}}};SERVER=db.internal.example,1;Authentication=ActiveDirectoryMsi;\
         TrustedServers=db.internal.example"
    );
    let error = machine.pyodbc_error(&string);
    assert!(
        error.contains("HY000") && error.contains("trust add db.internal.example"),
        "{error}"
    );
    assert!(machine.playground.managed_identity.record().requests().is_empty());
    for trusted in ["db.internal.example", "*.internal.example"] {
        machine.register(&format!(
            "{}TrustedServers=a.example, {trusted}\n",
            our_section(DRIVER)
        ));
        let error = machine.pyodbc_error(&string);
        // Past our rule, the driver looks for the host and does not find it.
        assert!(!error.contains("entra-odbc trust"), "{error}");
    }
    assert!(!machine.playground.managed_identity.record().requests().is_empty());
}

#[test]
fn a_string_names_no_authority_that_the_administrator_does_not_know() {
    let machine = Machine::new();
    let error =
        machine.pyodbc_error(&machine.string(&format!("{}Authority=https://login.evil.example", payroll())));
    assert!(error.contains("Authority="), "{error}");
    let known = machine.playground.entra.authority();
    machine.pyodbc(&machine.string(&format!("{}Authority={known}", payroll())));
    // The section's word counts beside the variable's.
    machine.register(&format!("{}Authority={known}\n", our_section(DRIVER)));
    let machine = machine.with("AZURE_AUTHORITY_HOST", "https://login.other.example");
    machine.pyodbc(&machine.string(&format!("{}Authority={known}", payroll())));
}

/// Driver 18 knows some of our modes itself, and would sign in where we refuse to.
#[test]
fn what_a_connect_refuses_reaches_the_driver_by_no_browsing_either() {
    let machine = recording("");
    machine.write_ini(
        "odbc.ini",
        &format!("[modes]\nDriver={DRIVER}\nAuthentication=Msi\n"),
    );
    for string in [
        "Authentication=ActiveDirectoryMsi;Server=evil.example",
        "Authentication=ActiveDirectoryMsi;Server=127.0.0.1",
        "Authentication=ActiveDirectoryServicePrincipal;UID=x;PWD=s3cret",
        "Authentication=ActiveDirectoryServicePrincipal",
        "Authentication=msi;UID={open",
        "AccessToken=s3cret",
        "DSN=modes;Database=x",
    ] {
        let output = machine.script(&[&format!("!browse:{}", browsed(string))]);
        assert!(
            output.contains("HYC00") && output.contains("SQLDriverConnect") && !output.contains("s3cret"),
            "{output}"
        );
        let arrived = arrived(&machine);
        assert!(
            !arrived.iter().any(|line| line.starts_with("SQLBrowseConnect")),
            "{arrived:?}"
        );
    }
}

fn browsed(string: &str) -> String {
    if string.starts_with("DSN=") {
        string.to_owned()
    } else {
        format!("DRIVER={{{DRIVER}}};{string}")
    }
}

#[test]
fn a_token_that_says_not_whom_it_is_for_goes_to_trusted_servers_alone() {
    let machine = Machine::new();
    let string = |server: &str| format!("DRIVER={{{DRIVER}}};SERVER={server};AccessToken=0pa9ue");
    let error = machine.pyodbc_error(&string("x.database.windows.net"));
    assert!(error.contains("HY000") && error.contains("JWT"), "{error}");
    assert!(!error.contains("0pa9ue"), "{error}");
    let port = machine.playground.sql_server.port();
    let error = machine.pyodbc_error(&string(&format!("localhost,{port}")));
    assert!(error.contains("18456"), "{error}");
    assert_eq!(machine.playground.sql_server.logins().len(), 1);
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
