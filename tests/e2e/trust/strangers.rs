//! Servers with a certificate that is good for their own name: such certificates are free.

use test_support::drivers::{built_library, real_driver};

use crate::{
    network::inside,
    world::{AZURE, STRANGER, World, units},
};

#[test]
fn a_good_certificate_of_the_wrong_party_gets_no_token() {
    inside(
        "trust::strangers::a_good_certificate_of_the_wrong_party_gets_no_token",
        || {
            let world = World::new();
            let strings = [
                "Server=evil.example",
                "Server=evil.example;Encrypt=strict",
                "Server=10.9.9.9;HostnameInCertificate=evil.example",
                "Server=10.9.9.9;HostnameInCertificate=*.evil.example",
            ];
            // The driver accepts each of these.
            let token = world.machine.user_token("ada@contoso.com");
            let mut bare = world.host(&real_driver());
            for string in strings {
                assert!(bare.connect(&units(string), Some(&token)).succeeded(), "{string}");
            }
            assert_eq!(world.take_logins().len(), strings.len());

            let mut host = world.host(&built_library());
            for string in strings.into_iter().chain([
                "Server=evil.example;TrustServerCertificate=yes",
                "Server=x.database.windows.net;HostnameInCertificate=evil.example",
                "Server=10.9.9.9;TrustServerCertificate=yes",
                "Server=10.9.9.9",
                "Addr=evil.example",
                "Data Source=evil.example",
                "Server=evil.example;Scope=https://vault.azure.net",
                "Server=x.database.windows.net;Encrypt=no",
            ]) {
                let connected = host.connect(
                    &units(&format!("{string};Authentication=ActiveDirectoryMsi")),
                    None,
                );
                let text = connected.text();
                assert!(text.starts_with("HY000 0 [entra-odbc][Msi]"), "{string}: {text}");
                assert!(text.contains("entra-odbc explain trust"), "{string}: {text}");
            }
            assert!(
                world
                    .machine
                    .playground
                    .managed_identity
                    .record()
                    .requests()
                    .is_empty()
            );
            assert!(world.take_logins().is_empty());
        },
    );
}

#[test]
fn azures_names_addresses_behind_them_and_the_administrators_hosts_get_it() {
    inside(
        "trust::strangers::azures_names_addresses_behind_them_and_the_administrators_hosts_get_it",
        || {
            let mut world = World::new();
            world
                .machine
                .variables
                .insert("ENTRA_ODBC_TRUSTED_SERVERS".into(), "*.corp.example".into());
            let token = world.machine.user_token("ada@contoso.com");
            let mut host = world.host(&built_library());
            for (string, destination) in [
                ("Server=x.database.windows.net;TrustServerCertificate=yes", AZURE),
                ("Server=tcp:x.database.windows.net,1433;Encrypt=strict", AZURE),
                // A private endpoint, and an address or a tunnel that leads to one.
                (
                    "Server=nobody.privatelink.database.windows.net;HostnameInCertificate=nobody.database.windows.net",
                    AZURE,
                ),
                (
                    "Server=10.1.0.1;HostnameInCertificate=nobody.database.windows.net",
                    AZURE,
                ),
                ("Server=db.corp.example", STRANGER),
                ("Server=db.corp.example;TrustServerCertificate=yes", STRANGER),
                ("Server=10.9.0.5;HostnameInCertificate=db.corp.example", STRANGER),
            ] {
                let connected = host.connect(&units(&format!("{string};AccessToken={token}")), None);
                let logins = world.take_logins();
                if string.starts_with("Server=10.9") {
                    // The stranger cannot show that name without being asked for it, and so gets nothing.
                    assert!(
                        !connected.succeeded() && logins.is_empty(),
                        "{string}: {connected:?}"
                    );
                    continue;
                }
                assert!(connected.succeeded(), "{string}: {connected:?}");
                assert!(
                    logins.iter().all(|login| login.destination.ip() == destination),
                    "{string}: {logins:?}"
                );
            }
        },
    );
}
