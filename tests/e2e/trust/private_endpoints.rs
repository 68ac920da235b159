//! Servers by the names of their private endpoints, which no certificate has.

use test_support::drivers::{built_library, real_driver};

use crate::{
    network::inside,
    world::{AZURE, World, units},
};

#[test]
fn the_name_of_a_private_endpoint_alone_is_enough() {
    inside(
        "trust::private_endpoints::the_name_of_a_private_endpoint_alone_is_enough",
        || {
            let world = World::new();
            let token = world.machine.user_token("ada@contoso.com");
            let server = "Server=nobody.privatelink.database.windows.net";
            // What the driver makes of it.
            let bare = world.host(&real_driver()).connect(&units(server), Some(&token));
            assert!(
                !bare.succeeded() && bare.text().to_lowercase().contains("certificate"),
                "{bare:?}"
            );
            let mut host = world.host(&built_library());
            for rest in [
                "",
                "Encrypt=strict",
                "TrustServerCertificate=yes",
                "HostnameInCertificate=",
            ] {
                let string = format!("{server};{rest};AccessToken={token}");
                let connected = host.connect(&units(&string), None);
                assert!(connected.succeeded(), "{rest}: {connected:?}");
                let logins = world.take_logins();
                let [login] = logins.as_slice() else {
                    panic!("{rest}: {logins:?}");
                };
                assert!(
                    login.destination.ip() == AZURE && (login.strict || login.encryption == 1),
                    "{rest}"
                );
                // Azure refuses logins by the endpoint's name.
                let name = "nobody.database.windows.net";
                assert_eq!(
                    (login.tls_name.as_deref(), login.server_name.as_str()),
                    (Some(name), name),
                    "{rest}"
                );
            }
            // A name that the string gives itself.
            let string = format!("{server};HostnameInCertificate=x.database.windows.net");
            let connected = host.connect(&units(&format!("{string};AccessToken={token}")), None);
            assert!(!connected.succeeded(), "{string}: {connected:?}");
            assert!(world.take_logins().is_empty());
        },
    );
}
