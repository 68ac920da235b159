//! Which server a connection string names.

use std::{fmt, net::IpAddr};

use entra_auth::cloud::Cloud;

/// A server as `Server=` names it, in a form that means one thing to every version of the driver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// The host name in lower case without its final dot, or the address in its canonical form.
    pub host: String,
    /// The port, where it is given.
    pub port: Option<u16>,
    /// The instance name, where it is given.
    pub instance: Option<String>,
    /// Whether the string names it as `localhost`, `.` or `(local)`.
    ///
    /// The host is then a loopback address: Driver 18.6 itself takes these words for the machine's own host name, and
    /// asks DNS where that is.
    pub is_local_name: bool,
    is_tcp_written: bool,
}

/// The keywords for the server in a string. `Addr` and `Address` are one to Driver 18.6 and win over `Server`; it does not
/// know the last. In a data source it reads `Server` alone.
pub const SERVER_KEYWORDS: [&str; 4] = ["Server", "Addr", "Address", "Network Address"];

/// Where `localhost`, `.` and `(local)` lead to.
const LOOPBACK: &str = "127.0.0.1";

impl Server {
    /// Reads `host`, `host,port`, `host\\instance` and `host\\instance,port`, where the host is a name, an IPv4 address or an
    /// IPv6 address with or without brackets, and may have `tcp:` before it.
    ///
    /// `None` for everything else. Driver 18.6 reads on in odd ways there (a port of 66969 is 1433 to it, `127.1` is an
    /// address to the resolver), and what cannot be told for certain is nothing to send a token to.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let value = value.trim();
        let rest = strip_prefix(value, "tcp:");
        let (name, port) = match rest.unwrap_or(value).split_once(',') {
            Some((name, port)) => (name, Some(parse_port(port.trim())?)),
            None => (rest.unwrap_or(value), None),
        };
        let (host, instance) = match name.split_once('\\') {
            Some((host, instance)) => (host, Some(parse_instance(instance.trim())?)),
            None => (name, None),
        };
        let host = host.trim();
        let is_local_name = ["localhost", "localhost.", ".", "(local)"]
            .iter()
            .any(|local| local.eq_ignore_ascii_case(host));
        Some(Self {
            host: if is_local_name {
                LOOPBACK.to_owned()
            } else {
                parse_host(host)?
            },
            port,
            instance,
            is_local_name,
            is_tcp_written: rest.is_some(),
        })
    }

    /// The same under another name; `None` where that is a pattern.
    #[must_use]
    pub fn renamed(&self, name: &str) -> Option<Self> {
        Some(Self {
            host: parse_name(name)?,
            is_local_name: false,
            ..self.clone()
        })
    }

    /// Reads `host:port`, as URLs and other clients have it: for the error that says how Driver 18 has it.
    #[must_use]
    pub fn parse_colon_before_port(value: &str) -> Option<Self> {
        let (host, port) = value.trim().rsplit_once(':')?;
        Self::parse(&format!("{host},{port}"))
            .filter(|server| server.address().is_none_or(|address| address.is_ipv4()))
    }

    /// The host where it is a literal address and not a name.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// Whether the host is a loopback address. No name is one: the driver would ask DNS.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.address().is_some_and(|address| address.is_loopback())
    }

    /// The name that the certificate of an Azure server behind a private endpoint is for: `x.database.windows.net` where the
    /// host is `x.privatelink.database.windows.net`.
    ///
    /// `None` for all other hosts. Azure puts `privatelink` into the names of its private DNS zones, and into no certificate.
    #[must_use]
    pub fn name_behind_private_endpoint(&self) -> Option<String> {
        let (server, domain) = self.host.split_once(".privatelink.")?;
        let name = format!("{server}.{domain}");
        Cloud::for_host(&name).map(|_| name)
    }

    /// The cloud that the host name tells; `None` for all other hosts.
    #[must_use]
    pub fn cloud(&self) -> Option<&'static Cloud> {
        Cloud::for_host(&self.host)
    }
}

impl fmt::Display for Server {
    /// As the driver is to have it. An IPv6 address has neither brackets nor `tcp:`, which Driver 18.6 does not know
    /// before it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_v6 = self.address().is_some_and(|address| address.is_ipv6());
        if self.is_tcp_written && !is_v6 {
            f.write_str("tcp:")?;
        }
        f.write_str(&self.host)?;
        if let Some(instance) = &self.instance {
            write!(f, "\\{instance}")?;
        }
        match self.port {
            Some(port) => write!(f, ",{port}"),
            None => Ok(()),
        }
    }
}

fn strip_prefix<'a>(value: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, tail) = value.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(tail)
}

fn parse_port(port: &str) -> Option<u16> {
    let is_number = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    port.parse().ok().filter(|port| is_number && *port > 0)
}

fn parse_instance(instance: &str) -> Option<String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'#' | b'-');
    (!instance.is_empty() && instance.bytes().all(fits)).then(|| instance.to_owned())
}

fn parse_host(host: &str) -> Option<String> {
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    if let Some(address) = bracketed {
        return address.parse().ok().map(canonical);
    }
    let host = host.strip_suffix('.').unwrap_or(host);
    match host.parse() {
        Ok(address) => Some(canonical(address)),
        Err(_) => parse_name(host),
    }
}

/// An IPv4 address within an IPv6 one is the IPv4 address.
fn canonical(address: IpAddr) -> String {
    address.to_canonical().to_string()
}

/// A host name in lower case; `None` where a resolver could take it for an address, or it is no name.
pub(crate) fn parse_name(name: &str) -> Option<String> {
    /// The longest name in DNS, as text (RFC 1035).
    const MAX_NAME: usize = 253;
    const MAX_LABEL: usize = 63;
    let is_label = |label: &str| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        (1..=MAX_LABEL).contains(&label.len())
            && label.bytes().all(fits)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // inet_aton takes numbers in base 8, 10 and 16, and fewer of them than four: `127.1`, `0x7f.1`, `2130706433`.
    let is_number = |label: &str| {
        label.bytes().all(|byte| byte.is_ascii_digit())
            || strip_prefix(label, "0x")
                .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    let last = name.rsplit('.').next()?;
    (name.len() <= MAX_NAME && name.split('.').all(is_label) && !is_number(last))
        .then(|| name.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(value: &str) -> (String, Option<u16>, Option<String>) {
        let server = Server::parse(value).unwrap();
        (server.host, server.port, server.instance)
    }

    #[test]
    fn every_form_that_means_one_thing_is_read() {
        assert_eq!(
            parse(" tcp:Host.Example.COM.,1433 "),
            ("host.example.com".into(), Some(1433), None)
        );
        assert_eq!(
            parse("host\\SQLEXPRESS"),
            ("host".into(), None, Some("SQLEXPRESS".into()))
        );
        assert_eq!(parse("host\\a , 01433").1, Some(1433));
        assert_eq!(parse("[::1],1433"), ("::1".into(), Some(1433), None));
        assert_eq!(parse("FE80::1"), ("fe80::1".into(), None, None));
        assert_eq!(parse("::ffff:127.0.0.1"), ("127.0.0.1".into(), None, None));
        assert_eq!(parse("127.0.0.1."), ("127.0.0.1".into(), None, None));
    }

    #[test]
    fn what_could_mean_another_thing_to_the_driver_is_not_read() {
        for value in [
            "",
            " tcp: ,1433",
            "tcp:tcp:host",
            "np:host",
            "lpc:host",
            "admin:host",
            "host:1433",
            "host,",
            "host,0",
            "host,66969",
            "host,0x599",
            "host,+1433",
            "host,1433,1444",
            "host,1433\\instance",
            "host\\",
            "host\\a b",
            "127.1",
            "0x7f.1",
            "0x7f000001",
            "2130706433",
            "010.0.0.1",
            "1.2.3",
            "host..example",
            ".example",
            "-host",
            "a host",
            "host/x",
            "evil.example@x.database.windows.net",
            "h\u{f6}st",
            "x\u{3002}database.windows.net",
            "host\0.database.windows.net",
            "[host]",
            "[::1",
            "fe80::1%lo",
            "(localdb)\\x",
            "..",
        ] {
            assert_eq!(Server::parse(value), None, "{value}");
        }
    }

    #[test]
    fn a_colon_before_the_port_is_understood_for_the_error() {
        for (value, written) in [
            ("host.example:1433", Some("host.example,1433")),
            ("tcp:10.1.2.3:1433", Some("tcp:10.1.2.3,1433")),
            ("localhost:1433", Some("127.0.0.1,1433")),
            ("tcp:host", None),
            ("fe80::1:1433", None),
            ("host:x", None),
            ("host:1433,1433", None),
        ] {
            let server = Server::parse_colon_before_port(value);
            assert_eq!(
                server.map(|server| server.to_string()).as_deref(),
                written,
                "{value}"
            );
        }
    }

    #[test]
    fn names_of_this_machine_are_its_loopback_address() {
        for value in [
            "localhost",
            "LocalHost",
            "localhost.",
            ".",
            "(local)",
            "tcp:.,1433",
        ] {
            let server = Server::parse(value).unwrap();
            assert!(server.is_loopback() && server.is_local_name, "{value}");
        }
        for (host, loopback) in [
            ("127.9.9.9", true),
            ("[::1]", true),
            ("localhost.example.com", false),
            ("10.0.0.1", false),
            ("0.0.0.0", false),
        ] {
            let server = Server::parse(host).unwrap();
            assert_eq!(
                (server.is_loopback(), server.is_local_name),
                (loopback, false),
                "{host}"
            );
        }
    }

    #[test]
    fn the_name_of_a_private_endpoint_tells_that_of_the_certificate() {
        for (host, name) in [
            (
                "Payroll.privatelink.database.windows.net,1433",
                Some("payroll.database.windows.net"),
            ),
            (
                "mi.privatelink.0a1b2c3d4e5f.database.windows.net",
                Some("mi.0a1b2c3d4e5f.database.windows.net"),
            ),
            (
                "x-ondemand.privatelink.sql.azuresynapse.azure.cn",
                Some("x-ondemand.sql.azuresynapse.azure.cn"),
            ),
            ("payroll.database.windows.net", None),
            ("privatelink.database.windows.net", None),
            ("payroll.privatelink.example", None),
            ("payroll.privatelink.database.windows.net.example", None),
            ("payroll.xprivatelink.database.windows.net", None),
        ] {
            let server = Server::parse(host).unwrap();
            assert_eq!(server.name_behind_private_endpoint().as_deref(), name, "{host}");
        }
    }

    #[test]
    fn the_driver_gets_it_in_one_form() {
        for (value, written) in [
            ("localhost", "127.0.0.1"),
            ("tcp:Host.example., 1433 ", "tcp:host.example,1433"),
            ("tcp:[::1],1433", "::1,1433"),
            ("host\\Payroll,01433", "host\\Payroll,1433"),
        ] {
            let server = Server::parse(value).unwrap();
            assert_eq!(server.to_string(), written);
            assert_eq!(
                Server::parse(written).map(|server| server.to_string()).as_deref(),
                Some(written)
            );
        }
    }
}
