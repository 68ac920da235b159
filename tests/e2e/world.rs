//! The network around a machine, for tests of where a token goes: honest servers of Azure, and everybody else.

use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    path::Path,
    sync::Arc,
};

use serde_json::{Value, json};
use standins::{
    dns::Dns,
    sql_server::{Encryption, Login, SqlServer, SqlServerOptions, TlsByAddress},
};
use test_support::{host_process::HostProcess, hosts::python, machine::Machine, workspace::host_source};

use crate::network::HOST_NAME;

/// Where the names of Azure lead to; such a server has the certificate of its name.
pub const AZURE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 1, 0, 1));
/// The end of a tunnel, or a private endpoint: leads to the same servers of Azure. So do `sql.corp.example` and
/// names below `tunnel.example`.
pub const TUNNEL: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 1, 0, 2));
/// Where the machine's own name leads to, according to whoever has the name server.
pub const NAMESAKE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 9, 0, 4));
/// Where all other names lead to.
pub const STRANGER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 9, 0, 5));
/// A name for which a stranger has a certificate that is good everywhere; and one below it.
pub const STRANGERS_NAMES: [&str; 2] = ["evil.example", "*.evil.example"];

const SUFFIXES: [&str; 5] = [
    ".database.windows.net",
    ".fabric.microsoft.com",
    ".sql.azuresynapse.net",
    ".database.usgovcloudapi.net",
    ".database.chinacloudapi.cn",
];

/// The name server knows no name that begins so.
pub const UNKNOWN: &str = "unknown.";

/// Servers at every address, on the default port and on one that does not encrypt, and a name server.
pub struct World {
    pub machine: Machine,
    pub dns: Dns,
    /// Answers at every address on port 1433, encrypted.
    pub everywhere: SqlServer,
    /// Answers at every address on port [`PLAIN_PORT`], and never encrypts.
    pub plain: SqlServer,
}

/// The port of the servers that do not encrypt.
pub const PLAIN_PORT: u16 = 1444;

impl World {
    /// Only within a namespace (`network::inside`).
    pub fn new() -> Self {
        let machine = Machine::new();
        let playground = &machine.playground;
        let ca = &playground.ca;
        // As Azure: a certificate knows nothing of the names of private DNS zones.
        let azure = |unasked: &[&str]| {
            ca.server_config_for_asked_names(|name| !name.contains(".privatelink."), unasked)
        };
        let server_of_azure = azure(&["nobody.database.windows.net"]);
        // Azure's gateways show this one to whoever asks for no name.
        let gateway = azure(&["*.database.windows.net"]);
        let local = ca.server_config(&["localhost", "127.0.0.1"]);
        let strangers = ca.server_config_for_asked_names(|name| !is_azures(name), &STRANGERS_NAMES);
        let certificates = TlsByAddress::new(move |address| {
            Arc::clone(match address {
                AZURE => &server_of_azure,
                TUNNEL => &gateway,
                address if address.is_loopback() => &local,
                _ => &strangers,
            })
        });
        let server = |port, encryption| {
            let options = SqlServerOptions {
                listen: SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), port),
                tls_by_address: Some(certificates.clone()),
                encryption,
                sts_url: format!(
                    "{}/{}/",
                    playground.entra.authority(),
                    standins::playground::TENANT_ID
                ),
                ..SqlServerOptions::new(ca.server_config(&["localhost"]), Arc::clone(&playground.issuer))
            };
            SqlServer::start(options).unwrap()
        };
        Self {
            dns: Dns::start(([127, 0, 0, 1], 53).into(), |name| {
                Some(address_of(name))
                    .filter(|_| !name.starts_with(UNKNOWN))
                    .into_iter()
                    .collect()
            })
            .unwrap(),
            everywhere: server(1433, Encryption::Required),
            plain: server(PLAIN_PORT, Encryption::NotSupported),
            machine,
        }
    }

    /// Every login since the last call, at whichever server.
    pub fn take_logins(&self) -> Vec<Login> {
        let mut logins = self.everywhere.take_logins();
        logins.extend(self.plain.take_logins());
        logins
    }

    /// A host that calls this library, or the driver itself, without a driver manager.
    pub fn host(&self, library: &Path) -> Host {
        Host::start(&self.machine, library)
    }
}

/// Where the name server leads a name.
pub fn address_of(name: &str) -> IpAddr {
    match name {
        HOST_NAME => NAMESAKE,
        name if is_azures(name) => AZURE,
        name if name == "sql.corp.example" || name.ends_with(".tunnel.example") => TUNNEL,
        _ => STRANGER,
    }
}

/// Whether nobody but Microsoft has a certificate for the name.
pub fn is_azures(name: &str) -> bool {
    SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
}

/// See tests/hosts/connects.py.
pub struct Host(HostProcess);

/// How a connect ended.
#[derive(Debug)]
pub struct Connected {
    pub code: i64,
    /// SQLSTATE, native error and text of each record.
    pub records: Vec<(String, i64, String)>,
}

impl Connected {
    pub fn succeeded(&self) -> bool {
        matches!(self.code, 0 | 1)
    }

    pub fn text(&self) -> String {
        let records = self.records.iter();
        let lines = records.map(|(state, native, text)| format!("{state} {native} {text}"));
        lines.collect::<Vec<_>>().join("\n")
    }
}

impl Host {
    fn start(machine: &Machine, library: &Path) -> Self {
        let mut command = machine.command(python());
        command.arg(host_source("connects.py")).arg(library);
        Self(HostProcess::spawn(command))
    }

    /// Connects by a string of these UTF-16 units, with a token of the host's own where there is one.
    pub fn connect(&mut self, string: &[u16], token: Option<&str>) -> Connected {
        self.connect_within(5, string, token)
    }

    /// The same with a login timeout in seconds.
    pub fn connect_within(&mut self, timeout: u32, string: &[u16], token: Option<&str>) -> Connected {
        self.ask(&json!({ "string": string, "token": token, "timeout": timeout }))
    }

    /// What the connection has after a SQLCancelHandle that came when its connect was over: its records, and the code of a
    /// query.
    pub fn connect_and_cancel(&mut self, string: &[u16], token: &str) -> Connected {
        self.ask(&json!({ "string": string, "token": token, "timeout": 5, "cancel": true }))
    }

    fn ask(&mut self, asked: &Value) -> Connected {
        self.0.write_line(&asked.to_string());
        let answer: Value = serde_json::from_str(&self.0.read_line()).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let records = answer["records"].as_array().unwrap().iter();
        Connected {
            code: answer["code"].as_i64().unwrap(),
            records: records
                .map(|record| (text(&record[0]), record[1].as_i64().unwrap(), text(&record[2])))
                .collect(),
        }
    }
}

/// The UTF-16 units of a text.
pub fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}
