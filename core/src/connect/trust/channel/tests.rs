//! What strings and data sources ask for, and how it is written down for the driver.

use super::*;
use crate::connection_string::ConnectionString;

pub fn read(string: &str, section: &[(&str, &str)]) -> Result<Channel, String> {
    let string: Vec<u16> = string.encode_utf16().collect();
    let string = ConnectionString::parse(&string);
    let in_section = |keyword: &str| {
        let entry = section
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(keyword))?;
        Some(Zeroizing::new(entry.1.to_owned()))
    };
    Channel::read(|keyword| string.get(keyword), in_section, string.get("ConnectTo"))
        .map(|channel| channel.expect("a server"))
        .map_err(|error| error.to_string())
}

fn dictated(channel: &Channel) -> String {
    let mut text = Vec::new();
    channel.dictate(&mut text);
    String::from_utf16(&text).unwrap()
}

#[test]
fn everything_is_written_down_what_is_absent_as_well() {
    assert_eq!(
        dictated(&read("Server=x.database.windows.net", &[]).unwrap()),
        "SERVER=x.database.windows.net;ADDRESS=x.database.windows.net;Encrypt=yes;TrustServerCertificate=no;\
         HostnameInCertificate={};ServerCertificate={};"
    );
    assert_eq!(
        dictated(
            &read(
                "Server=10.0.0.1;Encrypt=Strict;HostnameInCertificate=*.A.example.;ServerCertificate=/a;b",
                &[("ServerCertificate", "/c;d}e"), ("TrustServerCertificate", "Yes")]
            )
            .unwrap()
        ),
        "SERVER=10.0.0.1;ADDRESS=10.0.0.1;Encrypt=strict;TrustServerCertificate=no;\
         HostnameInCertificate={*.a.example};ServerCertificate={/a};"
    );
}

#[test]
fn the_string_wins_over_the_section_and_what_is_empty_says_nothing() {
    let section = [
        ("Server", "b.example"),
        ("Encrypt", "no"),
        ("Address", "c.example"),
    ];
    let channel = read("Server=;Encrypt= ", &section).unwrap();
    // Of a section the driver reads Server= alone.
    assert_eq!(channel.server.host, "b.example");
    // An empty value in the string is one that was written: Driver 18.6 takes it for the default.
    assert_eq!(channel.encryption, Encryption::Yes);
    assert_eq!(
        read("Addr=a.example;Encrypt=optional", &section)
            .unwrap()
            .encryption,
        Encryption::No
    );
}

#[test]
fn names_of_this_machine_bring_the_name_of_their_certificate() {
    let channel = read("Server=localhost,1", &[]).unwrap();
    assert_eq!(channel.server.to_string(), "127.0.0.1,1");
    assert_eq!(channel.hostname_in_certificate.as_deref(), Some("localhost"));
    let channel = read("Server=.;HostnameInCertificate=db.example", &[]).unwrap();
    assert_eq!(channel.hostname_in_certificate.as_deref(), Some("db.example"));
    assert_eq!(
        read("Server=127.0.0.1", &[]).unwrap().hostname_in_certificate,
        None
    );
}

#[test]
fn the_name_of_a_private_endpoint_brings_the_name_of_its_certificate() {
    let server = "Server=x.privatelink.database.windows.net";
    let name =
        |string: &str, section: &[(&str, &str)]| read(string, section).unwrap().hostname_in_certificate;
    assert_eq!(name(server, &[]).as_deref(), Some("x.database.windows.net"));
    assert_eq!(
        name(&format!("{server};HostnameInCertificate="), &[]).as_deref(),
        Some("x.database.windows.net")
    );
    let given = ("HostnameInCertificate", "*.database.windows.net");
    assert_eq!(name(server, &[given]).as_deref(), Some("*.database.windows.net"));
    assert_eq!(name("Server=x.privatelink.example", &[]), None);
    assert_eq!(
        dictated(&read(server, &[]).unwrap()),
        "SERVER=x.privatelink.database.windows.net;ADDRESS=x.privatelink.database.windows.net;Encrypt=yes;\
         TrustServerCertificate=no;HostnameInCertificate={x.database.windows.net};ServerCertificate={};"
    );
}

#[test]
fn a_colon_before_the_port_is_told_with_what_to_write() {
    let error = read("Addr=tcp:A.example:1433", &[]).unwrap_err();
    assert!(error.contains("write Addr=tcp:a.example,1433."), "{error}");
}

#[test]
fn what_could_mean_another_thing_is_refused_by_its_keyword() {
    for (string, keyword) in [
        ("Server=a.example;Addr=b.example", "Server= and Addr="),
        (
            "Server=a.example,1;Network Address=a.example",
            "Server= and Network Address=",
        ),
        ("Server=a.example:1433", "Server="),
        ("Address=127.1", "Address="),
        ("Server=a.example;Encrypt=off", "Encrypt="),
        (
            "Server=a.example;TrustServerCertificate=1",
            "TrustServerCertificate=",
        ),
        (
            "Server=a.example;HostnameInCertificate=*",
            "HostnameInCertificate=",
        ),
        (
            "Server=a.example;HostnameInCertificate=.example",
            "HostnameInCertificate=",
        ),
        (
            "Server=a.example;HostnameInCertificate=10.0.0.1",
            "HostnameInCertificate=",
        ),
        ("Server=a.example;Failover_Partner=b.example", "Failover_Partner="),
        ("Server=a.example;FailoverPartner=b.example", "FailoverPartner="),
    ] {
        let error = read(string, &[]).unwrap_err();
        assert!(error.contains(keyword), "{string}: {error}");
    }
    assert!(read("Server=a.example;Addr=A.example.", &[]).is_ok());
    assert!(read("Server=a.example;Failover_Partner=", &[]).is_ok());
}

#[test]
fn the_server_is_asked_as_the_driver_will_ask_it() {
    let target = |string: &str| {
        read(string, &[])
            .unwrap()
            .target(LoginOptions::default())
            .map(|target| target.trust)
    };
    let names = |names: &[&str]| {
        Some(Trust::Authorities {
            names: names.iter().map(ToString::to_string).collect(),
        })
    };
    assert_eq!(
        target("Server=a.example;HostnameInCertificate=b.example"),
        names(&["a.example", "b.example"])
    );
    assert_eq!(
        target("Server=10.0.0.1;HostnameInCertificate=b.example"),
        names(&["b.example"])
    );
    assert_eq!(
        target("Server=a.example;TrustServerCertificate=yes"),
        Some(Trust::Any)
    );
    assert_eq!(target("Server=a.example;Encrypt=no"), Some(Trust::Any));
    // Only `strict` looks at the file, and it looks at nothing else.
    assert_eq!(
        target("Server=a.example;ServerCertificate=/f"),
        names(&["a.example"])
    );
    assert_eq!(
        target("Server=a.example;ServerCertificate=/f;Encrypt=strict"),
        Some(Trust::File("/f".into()))
    );
    assert_eq!(target("Server=a.example\\instance"), None);
}
