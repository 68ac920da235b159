//! Servers that nobody vouches for, and that send their clients on: the driver follows without a look.

use standins::sql_server::{Fault, LoginKind};
use test_support::drivers::built_library;

use crate::{
    network::inside,
    world::{PLAIN_PORT, World, units},
};

fn redirect() -> Fault {
    Fault::RouteLogin {
        host: "evil.example".to_owned(),
        port: 1433,
    }
}

#[test]
fn a_token_does_not_follow_a_redirect_that_nothing_vouches_for() {
    inside(
        "trust::redirects::a_token_does_not_follow_a_redirect_that_nothing_vouches_for",
        || {
            let world = World::new();
            let token = world.machine.user_token("ada@contoso.com");
            let mut host = world.host(&built_library());
            for (server, string) in [
                (
                    &world.everywhere,
                    "Server=127.0.0.1;TrustServerCertificate=yes".to_owned(),
                ),
                (&world.everywhere, "Server=localhost;Encrypt=no".to_owned()),
                (&world.plain, format!("Server=127.0.0.1,{PLAIN_PORT};Encrypt=no")),
            ] {
                server.inject(redirect());
                let connected = host.connect(&units(&format!("{string};AccessToken={token}")), None);
                let text = connected.text();
                assert!(
                    text.starts_with("HY000") && text.contains("redirects to evil.example,1433"),
                    "{string}: {text}"
                );
                let logins = world.take_logins();
                // The question, which brings no token.
                assert_eq!(logins.len(), 1, "{logins:?}");
                assert_eq!(logins[0].kind, LoginKind::Workflow);
            }
            let string = format!(
                "Server=127.0.0.1;TrustServerCertificate=yes;ApplicationIntent=ReadOnly;AccessToken={token}"
            );
            assert!(
                host.connect(&units(&string), None)
                    .text()
                    .contains("ApplicationIntent=")
            );
            assert!(world.take_logins().is_empty());
        },
    );
}

#[test]
fn a_server_that_redirects_nobody_is_asked_once_and_one_that_is_vouched_for_never() {
    inside(
        "trust::redirects::a_server_that_redirects_nobody_is_asked_once_and_one_that_is_vouched_for_never",
        || {
            let world = World::new();
            let token = world.machine.user_token("ada@contoso.com");
            let mut host = world.host(&built_library());
            for (string, questions) in [
                ("Server=127.0.0.1;TrustServerCertificate=yes".to_owned(), 1),
                (format!("Server=127.0.0.1,{PLAIN_PORT};Encrypt=no"), 1),
                ("Server=localhost".to_owned(), 0),
                (
                    "Server=x.database.windows.net;TrustServerCertificate=yes".to_owned(),
                    0,
                ),
            ] {
                for _ in 0..3 {
                    let connected = host.connect(&units(&format!("{string};AccessToken={token}")), None);
                    assert!(connected.succeeded(), "{string}: {connected:?}");
                }
                let is_question = |login: &standins::sql_server::Login| login.kind == LoginKind::Workflow;
                if questions > 0 {
                    let server = if string.contains("Encrypt=no") {
                        &world.plain
                    } else {
                        &world.everywhere
                    };
                    // It is in the record once its client has left.
                    assert!(
                        server
                            .wait_for_login(std::time::Duration::from_secs(30), is_question)
                            .is_some()
                    );
                }
                let logins = world.take_logins();
                assert_eq!(
                    logins.iter().filter(|login| is_question(login)).count(),
                    questions,
                    "{string}"
                );
                assert_eq!(logins.len(), 3 + questions, "{string}: {logins:?}");
            }
        },
    );
}

/// Azure's gateways send their clients on within Azure; the driver validates the certificate there.
#[test]
fn a_redirect_within_azure_is_followed() {
    inside("trust::redirects::a_redirect_within_azure_is_followed", || {
        let world = World::new();
        let token = world.machine.user_token("ada@contoso.com");
        world.everywhere.inject(Fault::RouteLogin {
            host: "worker.database.windows.net".to_owned(),
            port: 1433,
        });
        let string = format!("Server=x.database.windows.net;AccessToken={token}");
        let connected = world.host(&built_library()).connect(&units(&string), None);
        assert!(connected.succeeded(), "{connected:?}");
        let logins = world.take_logins();
        assert_eq!(
            logins.last().unwrap().tls_name.as_deref(),
            Some("worker.database.windows.net")
        );
    });
}
