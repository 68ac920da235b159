//! The routes of docs/networks.md, with the strings that stand there.

use std::{
    io::{self, BufRead as _, BufReader, Write as _},
    net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::mpsc,
    thread,
};

use standins::{
    certificates::CertificateAuthority,
    entra::{Directory, Entra, EntraOptions},
    playground::contoso,
    sql_server::Fault,
};
use test_support::{connection_string::payroll, drivers::built_library};

use crate::{
    network::inside,
    world::{AZURE, STRANGER, TUNNEL, World, units},
};

const DOCUMENT: &str = include_str!("../../docs/networks.md");

const SQL: &str = "https://database.windows.net";

/// What is expected of a string: where the connection arrives, under which name, with a token for whom.
struct Route {
    string: &'static str,
    address: IpAddr,
    /// The name that TLS asks for; none for an address.
    name: Option<&'static str>,
    audience: &'static str,
}

const fn route(string: &'static str, address: IpAddr, name: &'static str, audience: &'static str) -> Route {
    Route {
        string,
        address,
        name: Some(name),
        audience,
    }
}

const CONTOSO: &str = "contoso.database.windows.net";
const INSTANCE: &str = "mi1.abc123.database.windows.net";

const ROUTES: [Route; 17] = [
    route("Server=contoso.database.windows.net", AZURE, CONTOSO, SQL),
    route(
        "Server=contoso.privatelink.database.windows.net",
        AZURE,
        CONTOSO,
        SQL,
    ),
    route(
        "Server=sql.corp.example;HostnameInCertificate=contoso.database.windows.net",
        TUNNEL,
        CONTOSO,
        SQL,
    ),
    route(
        "Server=contoso.database.windows.net;ConnectTo=127.0.0.1,14330",
        TUNNEL,
        CONTOSO,
        SQL,
    ),
    Route {
        string: "Server=10.1.0.2;HostnameInCertificate=contoso.database.windows.net",
        address: TUNNEL,
        name: None,
        audience: SQL,
    },
    route(
        "Server=redirected.database.windows.net",
        AZURE,
        "tr1.worker.database.windows.net",
        SQL,
    ),
    route("Server=mi1.abc123.database.windows.net", AZURE, INSTANCE, SQL),
    route(
        "Server=mi1.public.abc123.database.windows.net,3342",
        AZURE,
        "mi1.public.abc123.database.windows.net",
        SQL,
    ),
    route(
        "Server=sql.corp.example;HostnameInCertificate=mi1.abc123.database.windows.net",
        TUNNEL,
        INSTANCE,
        SQL,
    ),
    route(
        "Server=payroll-group.database.windows.net",
        AZURE,
        "payroll-group.database.windows.net",
        SQL,
    ),
    route(
        "Server=contoso.database.windows.net;ApplicationIntent=ReadOnly",
        AZURE,
        CONTOSO,
        SQL,
    ),
    route(
        "Server=abc123.datawarehouse.fabric.microsoft.com",
        STRANGER,
        "node1.pbidedicated.windows.net",
        SQL,
    ),
    route(
        "Server=contoso-ondemand.sql.azuresynapse.net",
        AZURE,
        "contoso-ondemand.sql.azuresynapse.net",
        SQL,
    ),
    route(
        "Server=contoso.crm4.dynamics.com",
        STRANGER,
        "contoso.crm4.dynamics.com",
        "https://contoso.crm4.dynamics.com",
    ),
    route(
        "Server=help.kusto.windows.net",
        STRANGER,
        "help.kusto.windows.net",
        "https://help.kusto.windows.net",
    ),
    route(
        "Server=contoso.database.usgovcloudapi.net",
        AZURE,
        "contoso.database.usgovcloudapi.net",
        "https://database.usgovcloudapi.net",
    ),
    route(
        "Server=contoso.database.chinacloudapi.cn",
        AZURE,
        "contoso.database.chinacloudapi.cn",
        "https://database.chinacloudapi.cn",
    ),
];

/// Carries connections to a port of this machine on to a server, as `ssh -L` does.
fn carry_on(port: u16, to: SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).unwrap();
    thread::spawn(move || {
        for client in listener.incoming() {
            let (Ok(client), Ok(server)) = (client, TcpStream::connect(to)) else {
                return;
            };
            couple(client, server);
        }
    });
}

/// Carries bytes both ways until one side ends.
fn couple(client: TcpStream, server: TcpStream) {
    let copy = |mut from: TcpStream, mut to: TcpStream| {
        thread::spawn(move || {
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Write);
        })
    };
    copy(client.try_clone().unwrap(), server.try_clone().unwrap());
    copy(server, client);
}

/// The nodes to which servers redirect.
fn redirect(string: &str) -> Option<&'static str> {
    let of = [
        ("redirected", "tr1.worker.database.windows.net"),
        ("fabric", "node1.pbidedicated.windows.net"),
    ];
    of.into_iter()
        .find(|(part, _)| string.contains(part))
        .map(|(_, node)| node)
}

#[test]
fn every_route_of_the_document_leads_to_its_server() {
    inside(
        "networks::every_route_of_the_document_leads_to_its_server",
        || {
            let world = World::new();
            carry_on(14330, SocketAddr::new(TUNNEL, 1433));
            carry_on(3342, SocketAddr::new(AZURE, 1433));
            let mut host = world.host(&built_library());
            for Route {
                string,
                address,
                name,
                audience,
            } in ROUTES
            {
                if let Some(node) = redirect(string) {
                    world.everywhere.inject(Fault::RouteLogin {
                        host: node.to_owned(),
                        port: 1433,
                    });
                }
                let string = format!("{string};Authentication=ActiveDirectoryMsi");
                let connected = host.connect(&units(&string), None);
                let logins = world.take_logins();
                let login = logins.last().unwrap_or_else(|| panic!("{string}: {connected:?}"));
                assert_eq!(login.destination.ip(), address, "{string}");
                assert_eq!(login.tls_name.as_deref(), name, "{string}");
                let claims = login
                    .claims
                    .as_ref()
                    .unwrap_or_else(|| panic!("{string}: {login:?}"));
                let aud = claims["aud"].as_str().unwrap();
                assert_eq!(aud.trim_end_matches('/'), audience, "{string}");
                // What takes tokens for its own name alone is no SQL Server: the stand-in refuses those.
                let is_sql = audience.contains("//database.");
                assert_eq!(connected.succeeded(), is_sql, "{string}: {connected:?}");
            }
        },
    );
}

/// Answers CONNECT at this port of every address, whatever host is meant by it, and says which one was.
fn proxy(port: u16, entra: SocketAddr) -> mpsc::Receiver<String> {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).unwrap();
    let (sender, asked) = mpsc::channel();
    thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let head: Vec<String> = BufReader::new(client.try_clone().unwrap())
                .lines()
                .map(Result::unwrap)
                .take_while(|line| !line.is_empty())
                .collect();
            sender.send(head.first().cloned().unwrap_or_default()).unwrap();
            client
                .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
                .unwrap();
            couple(client, TcpStream::connect(entra).unwrap());
        }
    });
    asked
}

/// The sign-in goes through the proxy, by the name that only the proxy can reach; TDS goes past it.
#[test]
fn a_proxy_carries_the_sign_in_and_nothing_else() {
    inside("networks::a_proxy_carries_the_sign_in_and_nothing_else", || {
        let mut world = World::new();
        let entra: u16 = world
            .machine
            .playground
            .entra
            .authority()
            .rsplit(':')
            .next()
            .unwrap()
            .parse()
            .unwrap();
        let asked = proxy(3128, (Ipv4Addr::LOCALHOST, entra).into());
        let proxy_url = "http://proxy.corp.example:3128".to_owned();
        world
            .machine
            .variables
            .insert("HTTPS_PROXY".to_owned(), proxy_url);
        let mut host = world.host(&built_library());
        let string = format!("Server=contoso.database.windows.net;{}", payroll());
        let connected = host.connect(&units(&string), None);
        assert!(connected.succeeded(), "{connected:?}");
        let requests: Vec<_> = asked.try_iter().collect();
        assert!(!requests.is_empty());
        let expected = format!("CONNECT localhost:{entra} HTTP/1.1");
        assert!(
            requests.iter().all(|request| *request == expected),
            "{requests:?}"
        );
        assert_eq!(world.take_logins().last().unwrap().destination.ip(), AZURE);
        assert!(world.dns.take_asked().contains(&"proxy.corp.example".to_owned()));
    });
}

/// Entra's name comes with a certificate that the network's own authority signed; TDS is none of its business.
#[test]
fn tls_inspection_needs_its_authority_beside_the_others() {
    inside(
        "networks::tls_inspection_needs_its_authority_beside_the_others",
        || {
            let mut world = World::new();
            let inspector = CertificateAuthority::new();
            let directory = Directory {
                tenants: vec![contoso()],
            };
            let issuer = world.machine.playground.issuer.clone();
            let inspected = Entra::start(EntraOptions::new(
                inspector.server_config(&["localhost"]),
                issuer,
                directory,
            ));
            let string = units(&format!("Server=contoso.database.windows.net;{}", payroll()));
            let authorities = [world.machine.playground.ca.pem(), inspector.pem()].concat();
            let both = world.machine.file("both.pem", &authorities);
            let variables = &mut world.machine.variables;
            variables.insert("AZURE_AUTHORITY_HOST".to_owned(), inspected.authority());

            let refused = world.host(&built_library()).connect(&string, None);
            let (_, _, first) = &refused.records[0];
            assert!(
                first.contains("inspects TLS") && first.contains("SSL_CERT_FILE"),
                "{refused:?}"
            );
            assert!(world.take_logins().is_empty());

            world.machine.variables.insert("SSL_CERT_FILE".to_owned(), both);
            let connected = world.host(&built_library()).connect(&string, None);
            assert!(connected.succeeded(), "{connected:?}");
            assert_eq!(world.take_logins().last().unwrap().destination.ip(), AZURE);
        },
    );
}

#[test]
fn the_document_has_these_routes_and_no_others() {
    let table = DOCUMENT
        .split("\n\n")
        .find(|part| part.starts_with("| Situation | Write |"))
        .unwrap();
    let documented: Vec<&str> = table
        .lines()
        .skip(2)
        .map(|row| row.split('|').nth(2).unwrap().trim().trim_matches('`'))
        .collect();
    let tested: Vec<&str> = ROUTES.iter().map(|route| route.string).collect();
    assert_eq!(documented, tested);
}
