//! Servers that are not reached: what is wrong stands before the driver's own records.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    time::{Duration, Instant},
};

use standins::{
    playground::PAYROLL_CLIENT_ID,
    sql_server::{Fault, SqlError},
};
use test_support::{
    connection_string::payroll,
    drivers::{built_library, real_driver},
    machine::Machine,
};

use crate::{
    network::inside,
    script_host::ScriptHost as _,
    world::{Connected, Host, World, units},
};

/// In seconds. Driver 18.6 uses up all of it where it reaches nobody.
const TIMEOUT: u32 = 2;
/// The driver's time, and ours to find out more; and a lot for machines under load.
const BOUND: Duration = Duration::from_secs(15);

/// Seconds of a login timeout, of which an early end leaves a half.
const LONG: u32 = 16;

/// A port at which nobody listens.
const CLOSED: u16 = 1999;
/// A port that answers no one.
const SILENT: u16 = 1777;

struct Bench {
    world: World,
    token: String,
    host: Host,
}

impl Bench {
    fn new() -> Self {
        let world = World::new();
        let host = world.host(&built_library());
        let token = world.machine.user_token("ada@contoso.com");
        Self { world, token, host }
    }

    /// Connects, which must fail with all of this in the first record.
    fn fails(&mut self, string: &str, parts: &[&str]) -> Connected {
        let start = Instant::now();
        let connected = self.fails_within(TIMEOUT, string, parts);
        assert!(start.elapsed() < BOUND, "{:?}", start.elapsed());
        connected
    }

    /// The same with another login timeout, in seconds.
    fn fails_within(&mut self, timeout: u32, string: &str, parts: &[&str]) -> Connected {
        let string = format!("{string};AccessToken={}", self.token);
        let connected = self.host.connect_within(timeout, &units(&string), None);
        let (_, _, first) = &connected.records[0];
        assert!(first.starts_with("[entra-odbc][AccessToken] "), "{connected:?}");
        assert!(first.is_ascii() && first.encode_utf16().count() <= 512, "{first}");
        for part in parts {
            assert!(first.contains(part), "{part}: {connected:?}");
        }
        connected
    }
}

#[test]
fn a_name_without_address_a_closed_port_and_a_silent_one_are_told_apart() {
    inside(
        "reachability::a_name_without_address_a_closed_port_and_a_silent_one_are_told_apart",
        || {
            let mut bench = Bench::new();
            // Of a listener that accepts nobody, the system drops what does not fit its queue.
            fs::write("/proc/sys/net/core/somaxconn", "1").unwrap();
            let silent = TcpListener::bind(("0.0.0.0", SILENT)).unwrap();
            let address = silent.local_addr().unwrap();
            let fill = || TcpStream::connect_timeout(&address, Duration::from_millis(200));
            let queued: Vec<_> = std::iter::repeat_with(fill).map_while(Result::ok).collect();
            for (server, what) in [
                (
                    "unknown.database.windows.net".to_owned(),
                    "unknown.database.windows.net has no address here",
                ),
                (
                    format!("x.database.windows.net,{CLOSED}"),
                    "nobody listens at x.database.windows.net,1999",
                ),
                (
                    format!("x.database.windows.net,{SILENT}"),
                    "x.database.windows.net,1777 does not answer: a firewall",
                ),
            ] {
                let connected = bench.fails(&format!("Server={server}"), &[what]);
                // What programs decide by is the driver's, whose own records follow.
                assert_eq!(connected.records[0].0, "HYT00", "{connected:?}");
                assert_eq!(connected.records.len(), 4, "{connected:?}");
                let text = connected.text();
                assert!(text.contains("HYT00 0 [Microsoft]"), "{text}");
            }
            drop(queued);
        },
    );
}

/// unixODBC sorts records, and pyodbc shows the first alone.
#[test]
fn through_the_manager_it_is_the_first_record_as_well() {
    let machine = Machine::new();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let port = machine.playground.sql_server.port();
    let string = machine
        .string(&payroll())
        .replace(&format!(",{port}"), &format!(",{}", closed.port()));
    let output = machine.script(&[&format!("attr:103={TIMEOUT}"), &format!("!connect:{string}")]);
    let first = output.lines().nth(1).unwrap();
    let expected = format!(
        "HYT00 0 [entra-odbc][ServicePrincipal] nobody listens at 127.0.0.1,{}",
        closed.port()
    );
    assert!(first.starts_with(&expected), "{output}");
}

#[test]
fn a_redirect_to_a_closed_port_is_told_as_one() {
    inside("reachability::a_redirect_to_a_closed_port_is_told_as_one", || {
        let mut bench = Bench::new();
        let route = || Fault::RouteLogin {
            host: "worker.database.windows.net".to_owned(),
            port: 11_023,
        };
        // The driver's login, and the attempts that find out why it came to nothing.
        for _ in 0..3 {
            bench.world.everywhere.inject(route());
        }
        bench.fails(
            "Server=x.database.windows.net",
            &[
                "x.database.windows.net,1433 redirects to worker.database.windows.net,11023",
                "the connection is refused",
                "11000-11999",
                "--connection-type Proxy",
            ],
        );
        // The attempt brings no token.
        let logins = bench.world.take_logins();
        assert_eq!(logins.iter().filter(|login| login.token.is_some()).count(), 0);
    });
}

/// Driver 18.6 by itself would use up the login timeout, and say `HYT00`.
#[test]
fn a_login_to_nobody_ends_early_and_the_handle_serves_for_the_next() {
    let machine = Machine::new();
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let port = machine.playground.sql_server.port();
    let string = machine.string(&payroll());
    let output = machine.script(&[
        &format!("attr:103={LONG}"),
        &format!(
            "!connect:{}",
            string.replace(&format!(",{port}"), &format!(",{closed}"))
        ),
        &format!("connect:{string}"),
        "query:SELECT SUSER_SNAME()",
    ]);
    let first = output.lines().nth(1).unwrap();
    let expected = format!("nobody listens at 127.0.0.1,{closed}: the connection is refused");
    assert!(
        first.starts_with("08001 ") && first.contains(&expected),
        "{output}"
    );
    // What ended it is not to be seen.
    assert!(!output.contains("HYT00") && !output.contains("HY008"), "{output}");
    assert!(
        output.lines().last().unwrap().contains(PAYROLL_CLIENT_ID),
        "{output}"
    );
}

#[test]
fn names_without_address_and_closed_redirects_end_early_as_well() {
    inside(
        "reachability::names_without_address_and_closed_redirects_end_early_as_well",
        || {
            let mut bench = Bench::new();
            for _ in 0..10 {
                bench.world.everywhere.inject(Fault::RouteLogin {
                    host: "worker.database.windows.net".to_owned(),
                    port: 11_023,
                });
            }
            for (server, what) in [
                ("unknown.database.windows.net", "has no address here"),
                (
                    "x.database.windows.net",
                    "redirects to worker.database.windows.net,11023",
                ),
            ] {
                let connected = bench.fails_within(LONG, &format!("Server={server}"), &[what]);
                assert_eq!(connected.records[0].0, "08001", "{connected:?}");
            }
        },
    );
}

/// So the library may cancel a login of Driver 18 that has ended in that very moment.
#[test]
fn a_cancel_that_comes_too_late_takes_neither_records_nor_the_next_call() {
    inside(
        "reachability::a_cancel_that_comes_too_late_takes_neither_records_nor_the_next_call",
        || {
            let bench = Bench::new();
            let string = units("Server=x.database.windows.net");
            let mut bare = bench.world.host(&real_driver());
            let connected = bare.connect(&string, Some(&bench.token));
            assert!(
                connected.succeeded() && !connected.records.is_empty(),
                "{connected:?}"
            );
            let canceled = bare.connect_and_cancel(&string, &bench.token);
            assert!(canceled.succeeded(), "{canceled:?}");
            assert_eq!(canceled.records, connected.records);
        },
    );
}

#[test]
fn a_certificate_for_another_name_is_told_with_that_name_and_what_to_write() {
    inside(
        "reachability::a_certificate_for_another_name_is_told_with_that_name_and_what_to_write",
        || {
            let mut bench = Bench::new();
            let azure = "HostnameInCertificate=x.database.windows.net";
            bench.fails(
                &format!("Server=10.9.0.5;{azure};TrustServerCertificate=yes"),
                &[
                    "the certificate of 10.9.0.5 is not trusted: it is for another host: evil.example",
                    "TrustServerCertificate=yes does not count",
                    "entra-odbc trust add 10.9.0.5",
                    "certificate verify failed",
                ],
            );
            bench.fails(
                &format!("Server=10.1.0.1;{azure}"),
                &[
                    "it is for another host: nobody.database.windows.net",
                    "Server=nobody.database.windows.net",
                    "HostnameInCertificate=nobody.database.windows.net",
                ],
            );
            let logins = bench.world.take_logins();
            assert!(logins.is_empty(), "{logins:?}");
        },
    );
}

#[test]
fn what_the_server_says_is_explained_before_its_own_words() {
    inside(
        "reachability::what_the_server_says_is_explained_before_its_own_words",
        || {
            let mut bench = Bench::new();
            for (number, words, parts) in [
                (
                    40_532,
                    "Cannot open server \"127\" requested by the login.  The login failed.",
                    &["first part of Server=", "ConnectTo="][..],
                ),
                (
                    40_914,
                    "Cannot open server 'x' requested by the login. Client is not allowed to access the server.",
                    &["virtual networks", "vnet-rule create"],
                ),
                (
                    40_615,
                    "Cannot open server 'x' requested by the login. Client with IP address '1.2.3.4' is not allowed to access the server.",
                    &["firewall", "firewall-rule create"],
                ),
                (
                    47_073,
                    "Reason: An instance-specific error occurred while establishing a connection to SQL Server. Connection was denied because Deny Public Network Access is set to Yes.",
                    &["private endpoints only"],
                ),
                (
                    4060,
                    "Cannot open database \"payroll\" requested by the login. The login failed.",
                    &["no such database", "Check Database="],
                ),
            ] {
                let error = SqlError::new(number, words).with_class(14);
                bench.world.everywhere.inject(Fault::RefuseLogin(error));
                let connected = bench.fails("Server=x.database.windows.net", parts);
                let driver = &connected.records[1];
                let (state, native, first) = &connected.records[0];
                assert_eq!((state, native), (&driver.0, &driver.1), "{number}");
                assert_eq!(i64::from(number), *native);
                assert!(driver.2.ends_with(words), "{driver:?}");
                assert!(first.ends_with(words) || first.len() > 500, "{first}");
                assert_eq!(bench.world.take_logins().len(), 1, "{number}");
            }
        },
    );
}
