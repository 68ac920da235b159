//! Clouds: which Entra is asked for which audience follows the server's name, unless someone says otherwise.
//!
//! The names are the real ones, so the driver is the recorder, which connects to nothing, and Entra's names lead to
//! the stand-in by a proxy, as in a network that has no other way out.

use std::{
    io::{BufRead, BufReader, Write, copy},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use standins::playground::{PlaygroundOptions, TENANT_ID};
use test_support::{
    connection_string::payroll,
    machine::Machine,
    registration::{DRIVER, section},
};

use crate::{recorder::RECORDER, script_host::ScriptHost as _};

const PUBLIC: &str = "login.microsoftonline.com";
const US_GOVERNMENT: &str = "login.microsoftonline.us";
const CHINA: &str = "login.chinacloudapi.cn";

/// The proxy of a network, and what it was asked to reach.
struct Proxy {
    address: SocketAddr,
    reached: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// Whatever is asked for, it is `target` that one gets.
    fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let reached = Arc::<Mutex<Vec<String>>>::default();
        let record = reached.clone();
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let record = record.clone();
                thread::spawn(move || tunnel(&client, target, &record));
            }
        });
        Self { address, reached }
    }

    /// The hosts asked for since the last look.
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.reached.lock().unwrap())
    }
}

/// `CONNECT host:443 HTTP/1.1`, then bytes both ways.
fn tunnel(client: &TcpStream, target: SocketAddr, record: &Mutex<Vec<String>>) {
    let mut lines = BufReader::new(client.try_clone().unwrap())
        .lines()
        .map_while(Result::ok);
    let asked = lines.next().unwrap();
    assert!(lines.any(|line| line.is_empty()), "{asked}");
    record
        .lock()
        .unwrap()
        .push(asked.split_whitespace().nth(1).unwrap().to_owned());
    let server = TcpStream::connect(target).unwrap();
    let mut to_client = client;
    to_client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
    let (mut from_client, mut to_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    thread::spawn(move || {
        let _ = copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(Shutdown::Both);
    });
    let _ = copy(&mut &server, &mut to_client);
    let _ = client.shutdown(Shutdown::Both);
}

/// A machine in that network, and its proxy.
fn network() -> (Machine, Proxy) {
    let mut machine = Machine::with_options(&PlaygroundOptions {
        names: [PUBLIC, US_GOVERNMENT, CHINA].map(str::to_owned).into(),
        ..PlaygroundOptions::default()
    });
    let proxy = Proxy::to(machine.playground.entra.address());
    machine.variables.remove("AZURE_AUTHORITY_HOST");
    let machine = machine
        .with("HTTPS_PROXY", format!("http://{}", proxy.address))
        .with("ENTRA_ODBC_DRIVER", RECORDER.to_str().unwrap())
        .with("ENTRA_ODBC_TRUSTED_SERVERS", "db.internal.example");
    (machine, proxy)
}

/// Signs in an application at a server; the Entra host that was asked, and for what.
fn asked(machine: &Machine, proxy: &Proxy, server: &str, rest: &str) -> (String, String) {
    let before = machine.playground.entra.token_requests().len();
    let string = format!("DRIVER={{{DRIVER}}};SERVER={server};{}{rest}", payroll());
    machine.script(&["--quiet", &format!("connect:{string}")]);
    let requests = machine.playground.entra.token_requests();
    assert_eq!(requests.len(), before + 1, "{server}: {requests:?}");
    assert_eq!(requests[before].status, Some(200), "{server}");
    let scope = requests[before].form.get("scope").unwrap().to_owned();
    let mut hosts = proxy.take();
    hosts.dedup();
    assert_eq!(hosts.len(), 1, "{server}: {hosts:?}");
    (hosts[0].trim_end_matches(":443").to_owned(), scope)
}

fn expected(authority: &str, audience: &str) -> (String, String) {
    (authority.to_owned(), format!("{audience}/.default"))
}

#[test]
fn authority_and_audience_follow_the_servers_name() {
    let (machine, proxy) = network();
    for (authority, audience, servers) in [
        (
            PUBLIC,
            "https://database.windows.net",
            &[
                "contoso.database.windows.net",
                "tcp:contoso.public.0a1b2c3d4e5f.database.windows.net,3342",
                "contoso-ondemand.sql.azuresynapse.net",
                "abcdefgh.datawarehouse.fabric.microsoft.com",
                "db.internal.example",
            ][..],
        ),
        (
            US_GOVERNMENT,
            "https://database.usgovcloudapi.net",
            &[
                "contoso.database.usgovcloudapi.net",
                "contoso.sql.azuresynapse.usgovcloudapi.net",
            ],
        ),
        (
            CHINA,
            "https://database.chinacloudapi.cn",
            &[
                "contoso.database.chinacloudapi.cn",
                "contoso.sql.azuresynapse.azure.cn",
            ],
        ),
    ] {
        for server in servers {
            let seen = asked(&machine, &proxy, server, "");
            assert_eq!(seen, expected(authority, audience), "{server}");
        }
    }
}

/// An address, a tunnel or a name of one's own says nothing; the name of the certificate does.
#[test]
fn authority_and_audience_follow_the_certificates_name() {
    let (machine, proxy) = network();
    for (authority, audience, certificate) in [
        (
            US_GOVERNMENT,
            "https://database.usgovcloudapi.net",
            "payroll.database.usgovcloudapi.net",
        ),
        (
            CHINA,
            "https://database.chinacloudapi.cn",
            "*.database.chinacloudapi.cn",
        ),
        (
            PUBLIC,
            "https://database.windows.net",
            "payroll.database.windows.net",
        ),
    ] {
        for server in ["10.1.2.3", "127.0.0.1,14330", "db.internal.example"] {
            let rest = format!("HostnameInCertificate={certificate}");
            let seen = asked(&machine, &proxy, server, &rest);
            assert_eq!(seen, expected(authority, audience), "{server} {certificate}");
        }
    }
    let privately = "payroll.privatelink.database.usgovcloudapi.net";
    assert_eq!(
        asked(&machine, &proxy, privately, ""),
        expected(US_GOVERNMENT, "https://database.usgovcloudapi.net")
    );
}

#[test]
fn a_string_may_name_another_cloud_than_the_servers_name_tells() {
    let (machine, proxy) = network();
    let server = "db.internal.example";
    assert_eq!(
        asked(
            &machine,
            &proxy,
            server,
            &format!("Authority=https://{US_GOVERNMENT};Scope=https://database.usgovcloudapi.net/")
        ),
        expected(US_GOVERNMENT, "https://database.usgovcloudapi.net")
    );
    assert_eq!(
        asked(
            &machine,
            &proxy,
            server,
            &format!("Authority={CHINA};Resource=https://database.chinacloudapi.cn")
        ),
        expected(CHINA, "https://database.chinacloudapi.cn")
    );
}

#[test]
fn the_environment_and_the_machines_owner_say_it_for_all_strings_which_win() {
    let (machine, proxy) = network();
    let server = "contoso.database.windows.net";
    let audience = "https://database.windows.net";
    let ours = section(DRIVER, &test_support::drivers::built_library());
    machine.register(&format!("{ours}Authority=https://{CHINA}\n"));
    assert_eq!(asked(&machine, &proxy, server, ""), expected(CHINA, audience));
    let machine = machine.with("AZURE_AUTHORITY_HOST", format!("https://{US_GOVERNMENT}/"));
    assert_eq!(
        asked(&machine, &proxy, server, ""),
        expected(US_GOVERNMENT, audience)
    );
    assert_eq!(
        asked(&machine, &proxy, server, &format!("Authority={PUBLIC}")),
        expected(PUBLIC, audience)
    );
}

/// An identity of the machine's is asked for at the machine, whichever the cloud is.
#[test]
fn a_managed_identitys_token_is_for_the_cloud_of_the_server() {
    let (machine, proxy) = network();
    for (server, audience) in [
        ("contoso.database.windows.net", "https://database.windows.net"),
        (
            "contoso.database.usgovcloudapi.net",
            "https://database.usgovcloudapi.net",
        ),
        (
            "contoso.database.chinacloudapi.cn",
            "https://database.chinacloudapi.cn",
        ),
    ] {
        let string = format!("connect:DRIVER={{{DRIVER}}};SERVER={server};Authentication=ActiveDirectoryMsi");
        machine.script(&["--quiet", &string]);
        let requests = machine.playground.managed_identity.record().take_requests();
        assert_eq!(requests.len(), 1, "{server}: {requests:?}");
        let resource = requests[0].query.get("resource").unwrap();
        assert_eq!(resource.trim_end_matches('/'), audience, "{server}");
    }
    assert!(proxy.take().is_empty());
}

/// The token is the cloud's own: a server of another cloud does not take the one that was cached for the first.
#[test]
fn two_clouds_servers_get_two_tokens_in_one_process() {
    let (machine, proxy) = network();
    let connect = |server: &str| format!("connect:DRIVER={{{DRIVER}}};SERVER={server};{}", payroll());
    let servers = [
        "a.database.windows.net",
        "b.database.usgovcloudapi.net",
        "c.database.windows.net",
    ];
    let steps: Vec<_> = servers
        .iter()
        .flat_map(|server| [connect(server), "disconnect".to_owned()])
        .collect();
    let steps: Vec<_> = std::iter::once("--quiet")
        .chain(steps.iter().map(String::as_str))
        .collect();
    machine.script(&steps);
    assert_eq!(machine.playground.entra.token_requests().len(), 2);
    assert_eq!(
        proxy.take(),
        [PUBLIC, US_GOVERNMENT].map(|host| format!("{host}:443"))
    );
    assert!(
        machine
            .playground
            .entra
            .token_requests()
            .iter()
            .all(|request| request.path.contains(TENANT_ID))
    );
}
