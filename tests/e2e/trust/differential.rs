//! What trust decides is what happens: odd strings and data sources by the thousand, each connected with the real driver
//! in a network where every address answers.
//!
//! `ENTRA_ODBC_FUZZ_SEED` and `ENTRA_ODBC_FUZZ_COUNT` choose others than those of each test run; see `make fuzz`.

use std::{fmt::Write as _, fs, net::IpAddr};

use standins::sql_server::Login;
use test_support::drivers::built_library;

use crate::{
    network::inside,
    world::{AZURE, World, address_of},
};

/// Numbers that look random and are the same for the same seed (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit).unwrap()).unwrap()
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn pick<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }
}

const SERVERS: [&str; 36] = [
    "localhost",
    "LocalHost,1433",
    ".",
    "(local)",
    "localhost.",
    "127.0.0.1",
    "127.0.0.1,1444",
    "tcp:127.0.0.1,1433",
    "::1",
    "[::1],1433",
    "::ffff:127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "0x7f.1",
    "2130706433",
    "0.0.0.0",
    "127.0.0.1,66969",
    "127.0.0.1,1433,1444",
    "10.9.9.9",
    "10.9.9.9,1444",
    "10.1.0.1",
    "fd00::9",
    "evil.example",
    "a.evil.example",
    "evil.example,1444",
    "x.database.windows.net",
    "x.database.windows.net.",
    "tcp:X.Database.Windows.Net,1433",
    "x.database.windows.net.evil.example",
    "database.windows.net",
    "x.fabric.microsoft.com",
    "workstation",
    "db.corp.example",
    "x.database.usgovcloudapi.net",
    "x.privatelink.database.windows.net",
    "x.privatelink.evil.example",
];

/// Those that a token may go to.
const GOOD_SERVERS: [&str; 5] = [
    "localhost",
    "127.0.0.1,1444",
    "::1",
    "x.database.windows.net",
    "db.corp.example",
];

const NAMES: [&str; 12] = [
    "",
    "localhost",
    "evil.example",
    "*.evil.example",
    "x.database.windows.net",
    "nobody.database.windows.net",
    "*.database.windows.net",
    "*",
    ".net",
    "10.9.9.9",
    "db.corp.example",
    "x.database.usgovcloudapi.net",
];

const FLAGS: [&str; 12] = [
    "yes",
    "no",
    "Yes",
    "NO",
    "strict",
    "optional",
    "mandatory",
    "true",
    "false",
    "",
    " yes",
    "1",
];

const KEYWORDS: [&str; 26] = [
    "Server",
    "SERVER",
    "Addr",
    "Address",
    "Network Address",
    "Data Source",
    "Encrypt",
    "TrustServerCertificate",
    "HostnameInCertificate",
    "HostNameInCertificate",
    "ServerCertificate",
    "Failover_Partner",
    "FailoverPartner",
    "DSN",
    "Driver",
    "Database",
    "APP",
    "RegPrecedence",
    "Trusted_Connection",
    "Port",
    "Server_",
    "Network_Address",
    "Trust Server Certificate",
    "Host Name In Certificate",
    "\u{17f}erver",
    "Sp\u{e9}cial",
];

const SECTIONS: [&str; 8] = ["none", "s0", "s1", "s2", "s3", "S4", "", "\u{100}"];

fn value(random: &mut Random, keyword: &str) -> String {
    match keyword.replace(' ', "").to_ascii_lowercase().as_str() {
        "encrypt" | "trustservercertificate" | "trusted_connection" | "regprecedence" => random.pick(&FLAGS),
        "hostnameincertificate" => random.pick(&NAMES),
        "servercertificate" => random.pick(&["", "/nonexistent.pem", "/etc/hostname"]),
        "dsn" => random.pick(&SECTIONS),
        "port" => random.pick(&["1433", "1444", "x"]),
        "driver" | "app" | "database" | "sp\u{e9}cial" => {
            random.pick(&["x", "", "a=b", "{", "}", "Server=10.9.9.9", "a b", "\u{fffd}"])
        }
        _ if random.one_in(2) => random.pick(&GOOD_SERVERS),
        _ => random.pick(&SERVERS),
    }
    .to_owned()
}

/// One `keyword=value`, decorated.
fn attribute(random: &mut Random, keyword: &str, value: &str) -> String {
    let before = if random.one_in(12) {
        random.pick(&[" ", "\t", ";", "\u{a0}", "\u{feff}", "=", "x;"])
    } else {
        ""
    };
    let after = if random.one_in(12) {
        random.pick(&[" ", "\t", "\u{a0}"])
    } else {
        ""
    };
    let value = match random.below(24) {
        0 | 1 => format!("{{{value}}}"),
        2 => format!("{{{value}}} "),
        3 => format!("{{{value}}}}}"),
        4 => format!("{{{value}}}x"),
        5 => format!("{{{value}"),
        6 => format!(" {value}"),
        7 => format!("{value}\t"),
        8 => format!("\"{value}\""),
        _ => value.to_owned(),
    };
    format!("{before}{keyword}{after}={value}")
}

fn string(random: &mut Random, token: &str) -> Vec<u16> {
    let count = random.below(5);
    let mut parts: Vec<String> = (0..count)
        .map(|_| {
            let keyword = random.pick(&KEYWORDS);
            let value = value(random, keyword);
            attribute(random, keyword, &value)
        })
        .collect();
    if !random.one_in(4) {
        let server = if random.one_in(2) {
            random.pick(&GOOD_SERVERS)
        } else {
            random.pick(&SERVERS)
        };
        parts.insert(random.below(parts.len() + 1), format!("Server={server}"));
    }
    let place = if random.one_in(2) {
        0
    } else {
        random.below(parts.len() + 1)
    };
    parts.insert(place, format!("AccessToken={token}"));
    let mut units: Vec<u16> = parts.join(";").encode_utf16().collect();
    if random.one_in(20) {
        let odd = [0xd800, 0xdc00, 0, 0x2028, 0x1f, 0xfeff][random.below(6)];
        let at = random.below(units.len());
        units[at] = odd;
    }
    units
}

/// A few data sources of all that a string may say as well.
fn sections(random: &mut Random) -> String {
    let mut text = String::new();
    for number in 0..5 {
        let _ = writeln!(text, "[s{number}]\nDriver=x");
        for _ in 0..random.below(6) {
            let keyword = random.pick(&KEYWORDS);
            let value = value(random, keyword);
            let _ = writeln!(text, "{keyword}={value}");
        }
    }
    text
}

/// What trust decided of the last connect, as the log has it.
#[derive(Debug, PartialEq, Eq)]
struct Decided {
    server: String,
    encrypt: String,
    validated: bool,
}

/// The lines of the log since the last look.
struct Log {
    path: std::path::PathBuf,
    read: usize,
}

impl Log {
    fn decided(&mut self) -> Option<Decided> {
        let text = fs::read_to_string(&self.path).unwrap_or_default();
        let new = &text[self.read..];
        let line = new.lines().rfind(|line| line.contains("event=channel_decided"));
        let field = |name: &str| {
            let (_, rest) = line?.split_once(&format!(" {name}="))?;
            Some(rest.split(' ').next()?.trim_matches('"').to_owned())
        };
        let decided = (|| {
            Some(Decided {
                server: field("server")?,
                encrypt: field("encrypt")?,
                validated: field("validated")? == "true",
            })
        })();
        self.read = text.len();
        decided
    }
}

/// Why this login is not what was decided, or should never have been.
fn fault(login: &Login, decided: Option<&Decided>) -> Option<&'static str> {
    let destination = login.destination;
    let encrypted = !login.tls.is_empty();
    if login.token.is_some() {
        // The administrator's word counts with whatever the string says of encryption.
        let trusted = decided.is_some_and(|decided| decided.server.contains("db.corp.example"));
        let is_azure = destination.ip() == AZURE && encrypted;
        if !(destination.ip().is_loopback() || is_azure || trusted) {
            return Some("a token with a stranger");
        }
    } else if login.kind != standins::sql_server::LoginKind::InlineToken {
        // A question, or a login that no token of ours had a part in.
        return None;
    }
    let Some(decided) = decided else {
        return Some("a token without a decision");
    };
    let server = decided.server.strip_prefix("tcp:").unwrap_or(&decided.server);
    let (host, port) = server.split_once(',').unwrap_or((server, "1433"));
    let address = host.parse::<IpAddr>().unwrap_or_else(|_| address_of(host));
    if destination.ip() != address || destination.port().to_string() != port {
        return Some("another server than the one decided on");
    }
    let as_decided = match decided.encrypt.as_str() {
        "no" => !login.strict && login.encryption == 0,
        "yes" => !login.strict && login.encryption == 1 && encrypted,
        _ => login.strict,
    };
    (!as_decided).then_some("another encryption than the one decided on")
}

#[test]
fn what_trust_decides_is_what_the_driver_does() {
    inside(
        "trust::differential::what_trust_decides_is_what_the_driver_does",
        || {
            let number = |name: &str, otherwise: u64| {
                let value = std::env::var(name).ok();
                value.and_then(|value| value.parse().ok()).unwrap_or(otherwise)
            };
            let seed = number("ENTRA_ODBC_FUZZ_SEED", 18);
            let count = number("ENTRA_ODBC_FUZZ_COUNT", 3000);
            let mut random = Random(seed);
            let mut world = World::new();
            let log = world.machine.path("log");
            for (name, value) in [
                ("ENTRA_ODBC_LOG", "debug"),
                ("ENTRA_ODBC_LOG_FILE", log.to_str().unwrap()),
                ("ENTRA_ODBC_TRUSTED_SERVERS", "db.corp.example"),
            ] {
                world.machine.variables.insert(name.to_owned(), value.to_owned());
            }
            world.machine.write_ini("odbc.ini", &sections(&mut random));
            let token = world.machine.user_token("ada@contoso.com");
            let mut host = world.host(&built_library());
            let mut log = Log { path: log, read: 0 };
            let (mut connected, mut refused, mut tokens) = (0, 0, 0);
            for at in 0..count {
                let string = string(&mut random, &token);
                // Short: what the driver is told nothing of may lead it to where nobody is.
                let answer = host.connect_within(1, &string, None);
                let decided = log.decided();
                let logins = world.take_logins();
                for login in &logins {
                    if let Some(fault) = fault(login, decided.as_ref()) {
                        let string = String::from_utf16_lossy(&string).replace(&token, "<token>");
                        panic!(
                            "seed {seed}, string {at}: {fault}\n{string:?}\n{decided:?}\n{login:?}\n{answer:?}"
                        );
                    }
                }
                connected += u64::from(answer.succeeded());
                refused += u64::from(answer.text().contains("[entra-odbc]"));
                tokens += u64::try_from(logins.iter().filter(|login| login.token.is_some()).count()).unwrap();
                assert!(!answer.text().contains(&token), "{answer:?}");
            }
            println!(
                "seed {seed}: {count} strings, {connected} connected, {tokens} tokens, {refused} refused by trust"
            );
            // Otherwise it shows nothing.
            assert!(
                tokens > count / 20 && refused > count / 20,
                "{tokens} tokens, {refused} refused"
            );
        },
    );
}
