//! `localhost`, `.` and `(local)`, which Driver 18 takes for the machine's own host name, wherever DNS leads that.

use test_support::drivers::{built_library, real_driver};

use crate::{
    network::inside,
    world::{NAMESAKE, World, units},
};

#[test]
fn names_of_this_machine_lead_to_its_loopback_address_and_nowhere_else() {
    inside(
        "trust::local_names::names_of_this_machine_lead_to_its_loopback_address_and_nowhere_else",
        || {
            let world = World::new();
            let token = world.machine.user_token("ada@contoso.com");
            // What the driver makes of it.
            let mut bare = world.host(&real_driver());
            assert!(
                bare.connect(
                    &units("Server=localhost;TrustServerCertificate=yes"),
                    Some(&token)
                )
                .succeeded()
            );
            assert_eq!(world.take_logins()[0].destination.ip(), NAMESAKE);

            let mut host = world.host(&built_library());
            for server in [
                "localhost",
                "LOCALHOST,1433",
                "localhost.",
                ".",
                "(local)",
                "tcp:.",
                "127.0.0.1",
                "127.0.0.1.",
            ] {
                for rest in [
                    "TrustServerCertificate=yes",
                    "Encrypt=strict;HostnameInCertificate=localhost",
                    "",
                ] {
                    // No certificate fits an address, as with the driver alone.
                    if rest.is_empty() && server.starts_with("127") {
                        continue;
                    }
                    let string = format!("Server={server};{rest};AccessToken={token}");
                    let connected = host.connect(&units(&string), None);
                    assert!(connected.succeeded(), "{string}: {connected:?}");
                    let logins = world.take_logins();
                    assert!(
                        logins.iter().all(|login| login.destination.ip().is_loopback()),
                        "{string}: {logins:?}"
                    );
                }
            }
            assert_eq!(world.dns.take_asked(), ["workstation"; 2], "by the driver alone");
        },
    );
}
