//! A connection that goes elsewhere than to the server's own address: tunnels, private endpoints, names of one's own.

use std::net::IpAddr;

use test_support::{
    connection_string::payroll,
    drivers::{built_library, real_driver},
};

use crate::{
    network::inside,
    world::{AZURE, PLAIN_PORT, TUNNEL, World, units},
};

#[test]
fn the_server_keeps_its_name_wherever_the_connection_goes() {
    inside(
        "trust::connect_to::the_server_keeps_its_name_wherever_the_connection_goes",
        || {
            let world = World::new();
            let token = world.machine.user_token("ada@contoso.com");
            let mut host = world.host(&built_library());
            for (string, name, destination) in [
                (
                    "Server=x.database.windows.net;ConnectTo=10.1.0.2",
                    "x.database.windows.net",
                    TUNNEL,
                ),
                (
                    "Server=tcp:X.Database.windows.net,1444;ConnectTo=10.1.0.2,1433;Encrypt=strict",
                    "x.database.windows.net",
                    TUNNEL,
                ),
                (
                    "Server=x.database.windows.net;ConnectTo=sql.tunnel.example",
                    "x.database.windows.net",
                    TUNNEL,
                ),
                // In whatever spelling, as all our keywords.
                (
                    "Server=x.database.windows.net;Connect_To = 10.1.0.2",
                    "x.database.windows.net",
                    TUNNEL,
                ),
                // A name of one's own for a server of Azure's, with or without its port.
                (
                    "Server=mi1.tunnel.example;HostnameInCertificate=mi1.abc123.database.windows.net",
                    "mi1.abc123.database.windows.net",
                    TUNNEL,
                ),
                (
                    "Server=tcp:mi1.tunnel.example,1433;HostnameInCertificate=mi1.abc123.database.windows.net;\
                     TrustServerCertificate=yes",
                    "mi1.abc123.database.windows.net",
                    TUNNEL,
                ),
                // The next connect on this thread goes where it always went.
                ("Server=x.database.windows.net", "x.database.windows.net", AZURE),
            ] {
                let connected = host.connect(&units(&format!("{string};AccessToken={token}")), None);
                assert!(connected.succeeded(), "{string}: {connected:?}");
                let logins = world.take_logins();
                let [login] = logins.as_slice() else {
                    panic!("{string}: {logins:?}");
                };
                assert_eq!(login.destination.ip(), destination, "{string}");
                assert_eq!(login.destination.port(), 1433, "{string}");
                assert_eq!(login.tls_name.as_deref(), Some(name), "{string}");
                let server = login.server_name.split(',').next().unwrap();
                assert_eq!(server.trim_start_matches("tcp:"), name, "{string}");
            }
        },
    );
}

#[test]
fn whoever_answers_elsewhere_needs_the_servers_certificate() {
    inside(
        "trust::connect_to::whoever_answers_elsewhere_needs_the_servers_certificate",
        || {
            let world = World::new();
            let token = world.machine.user_token("ada@contoso.com");
            // Certificates for names of one's own are free, and the driver alone accepts them.
            let own = "Server=evil.example;HostnameInCertificate=x.database.windows.net";
            assert!(
                world
                    .host(&real_driver())
                    .connect(&units(own), Some(&token))
                    .succeeded()
            );
            assert_eq!(world.take_logins().len(), 1);
            let mut host = world.host(&built_library());
            for string in [
                own,
                "Server=evil.example;HostnameInCertificate=x.database.windows.net;Encrypt=strict",
                "Server=x.database.windows.net;ConnectTo=10.9.9.9",
                "Server=x.database.windows.net;ConnectTo=evil.example",
                "Server=x.database.windows.net;ConnectTo=127.0.0.1",
            ] {
                let connected = host.connect(&units(&format!("{string};AccessToken={token}")), None);
                let text = connected.text();
                assert!(
                    !connected.succeeded() && text.contains("SSL Provider"),
                    "{string}: {text}"
                );
            }
            // What is said of a loopback address, or of the administrator's host, is not said of where it leads.
            for (string, words) in [
                (
                    "Server=x.database.windows.net;ConnectTo=evil.example;TrustServerCertificate=yes",
                    "ConnectTo=",
                ),
                (
                    "Server=x.database.windows.net;ConnectTo=10.1.0.2;Encrypt=no",
                    "ConnectTo=",
                ),
                (
                    "Server=127.0.0.1;ConnectTo=evil.example;TrustServerCertificate=yes",
                    "ConnectTo=",
                ),
                (
                    "Server=127.0.0.1;Connect To = evil.example;TrustServerCertificate=yes",
                    "ConnectTo=",
                ),
                (
                    "Server=127.0.0.1;ConnectTo=evil.example;HostnameInCertificate=evil.example",
                    "HostnameInCertificate=",
                ),
                (
                    "Server=127.0.0.1;ConnectTo=evil.example",
                    "HostnameInCertificate=",
                ),
                ("Server=evil.example;ConnectTo=10.1.0.2", "evil.example"),
                ("Server=x.database.windows.net;ConnectTo={a;b}", "ConnectTo="),
                (
                    "Server=x.database.windows.net;ConnectTo=10.1.0.2,99999",
                    "ConnectTo=",
                ),
                (
                    "Server=x.database.windows.net\\sql;ConnectTo=10.1.0.2",
                    "ConnectTo=",
                ),
            ] {
                let connected = host.connect(&units(&format!("{string};AccessToken={token}")), None);
                let text = connected.text();
                assert!(text.starts_with("HY000 0 [entra-odbc]"), "{string}: {text}");
                assert!(text.contains(words), "{string}: {text}");
            }
            assert!(world.take_logins().is_empty());
        },
    );
}

#[test]
fn the_tenant_is_asked_for_where_the_connection_goes() {
    inside(
        "trust::connect_to::the_tenant_is_asked_for_where_the_connection_goes",
        || {
            let world = World::new();
            let application = payroll();
            let without_tenant = application.split("TenantId=").next().unwrap().to_owned();
            let string = format!(
                "Server=x.database.windows.net,{PLAIN_PORT};ConnectTo=10.1.0.2,1433;{without_tenant}"
            );
            let connected = world.host(&built_library()).connect(&units(&string), None);
            assert!(connected.succeeded(), "{connected:?}");
            let destinations: Vec<IpAddr> = world
                .take_logins()
                .iter()
                .map(|login| login.destination.ip())
                .collect();
            assert_eq!(destinations, [TUNNEL, TUNNEL]);
        },
    );
}

#[test]
fn two_threads_go_to_two_places_under_one_name() {
    inside(
        "trust::connect_to::two_threads_go_to_two_places_under_one_name",
        || {
            let world = World::new();
            let token = world.machine.user_token("ada@contoso.com");
            let machine = &world.machine;
            let output = machine.python(
            "
import pyodbc, sys, threading
pyodbc.pooling = False
driver, token = sys.argv[1:]
def connect(to):
    for _ in range(20):
        pyodbc.connect(f'DRIVER={{{driver}}};Server=x.database.windows.net;AccessToken={token};ConnectTo={to}').close()
threads = [threading.Thread(target=connect, args=(to,)) for to in ('10.1.0.1', '10.1.0.2')]
for thread in threads: thread.start()
for thread in threads: thread.join()
",
            &[test_support::registration::DRIVER, &token],
        );
            test_support::process::finished(&output, "python");
            let logins = world.take_logins();
            let count = |address| {
                logins
                    .iter()
                    .filter(|login| login.destination.ip() == address)
                    .count()
            };
            assert_eq!((count(AZURE), count(TUNNEL)), (20, 20));
        },
    );
}
