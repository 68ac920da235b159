//! Which server a connection string names, and to which cloud it belongs.

/// A server as `Server=` names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// The host name or address, in lower case, without brackets, blanks and final dot.
    pub host: String,
    /// The port, where it is given.
    pub port: Option<u16>,
    /// The instance name, where it is given.
    pub instance: Option<String>,
}

/// The keywords by which Driver 18 takes the server.
pub const SERVER_KEYWORDS: [&str; 4] = ["Server", "Address", "Addr", "Network Address"];

/// What a cloud's servers and its Entra have in common.
#[derive(Debug)]
pub struct Cloud {
    suffixes: &'static [&'static str],
    /// The scope of a token for its SQL servers.
    pub scope: &'static str,
    /// Its Entra host.
    pub authority: &'static str,
}

/// The clouds by host name; the first is also that of unknown hosts.
pub const CLOUDS: [Cloud; 3] = [
    Cloud {
        suffixes: &[
            ".database.windows.net",
            ".sql.azuresynapse.net",
            ".fabric.microsoft.com",
        ],
        scope: "https://database.windows.net/.default",
        authority: "https://login.microsoftonline.com",
    },
    Cloud {
        suffixes: &[
            ".database.usgovcloudapi.net",
            ".sql.azuresynapse.usgovcloudapi.net",
        ],
        scope: "https://database.usgovcloudapi.net/.default",
        authority: "https://login.microsoftonline.us",
    },
    Cloud {
        suffixes: &[".database.chinacloudapi.cn", ".sql.azuresynapse.azure.cn"],
        scope: "https://database.chinacloudapi.cn/.default",
        authority: "https://login.chinacloudapi.cn",
    },
];

/// Azure SQL's own application id, which is the audience of its tokens in the newer form.
pub const AZURE_SQL: &str = "022907d3-0f1b-48f7-badc-1ba6abab6d66";

/// Whether a token with this `aud` is for SQL Server, in whichever cloud.
#[must_use]
pub fn is_audience(aud: &str) -> bool {
    let aud = aud.trim_end_matches('/');
    let is_of = |cloud: &Cloud| cloud.scope.strip_suffix("/.default") == Some(aud);
    aud.eq_ignore_ascii_case(AZURE_SQL) || CLOUDS.iter().any(is_of)
}

impl Server {
    /// Reads the forms that Driver 18 knows: `tcp:host,port`, `host\instance`, `[v6]`, bare IPv6.
    ///
    /// `None` where there is no host in it.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let value = value.trim();
        let value = ["tcp:", "np:", "lpc:", "admin:"]
            .iter()
            .find_map(|prefix| strip_prefix(value, prefix))
            .unwrap_or(value);
        let (name, port) = match value.rsplit_once(',') {
            Some((name, port)) => (name, port.trim().parse().ok()),
            None => (value, None),
        };
        let (name, instance) = match name.split_once('\\') {
            Some((name, instance)) => (name, Some(instance.trim().to_owned())),
            None => (name, None),
        };
        let host = name.trim().trim_start_matches('[').trim_end_matches(']');
        let host = match host {
            "." | "(local)" => "localhost",
            host => host.trim_end_matches('.'),
        };
        (!host.is_empty()).then(|| Self {
            host: host.to_ascii_lowercase(),
            port,
            instance,
        })
    }

    /// Whether it is this machine: `localhost` or a loopback address, by its name alone.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost"
            || self
                .host
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    }

    /// The cloud that the host name tells; `None` for hosts of one's own.
    #[must_use]
    pub fn cloud(&self) -> Option<&'static Cloud> {
        CLOUDS.iter().find(|cloud| cloud.has(&self.host))
    }
}

impl Cloud {
    /// Whether a host name, or a pattern such as `*.database.windows.net`, belongs to this cloud.
    #[must_use]
    pub fn has(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        self.suffixes.iter().any(|suffix| host.ends_with(suffix))
    }

    /// The cloud of hosts whose name tells none.
    #[must_use]
    pub fn public() -> &'static Self {
        let [public, ..] = &CLOUDS;
        public
    }
}

fn strip_prefix<'a>(value: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, tail) = value.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(value: &str) -> (String, Option<u16>, Option<String>) {
        let server = Server::parse(value).unwrap();
        (server.host, server.port, server.instance)
    }

    #[test]
    fn every_form_that_driver_18_knows_is_read() {
        assert_eq!(
            parse(" tcp:Host.Example.COM.,1433 "),
            ("host.example.com".into(), Some(1433), None)
        );
        assert_eq!(
            parse("host\\SQLEXPRESS"),
            ("host".into(), None, Some("SQLEXPRESS".into()))
        );
        assert_eq!(parse("[::1],1433"), ("::1".into(), Some(1433), None));
        assert_eq!(parse("fe80::1"), ("fe80::1".into(), None, None));
        assert_eq!(parse("(local)"), ("localhost".into(), None, None));
        assert_eq!(parse(".,5000"), ("localhost".into(), Some(5000), None));
        assert_eq!(Server::parse(" tcp: ,1433"), None);
    }

    #[test]
    fn only_names_that_mean_this_machine_are_loopback() {
        for (host, loopback) in [
            ("localhost", true),
            ("127.9.9.9", true),
            ("[::1]", true),
            ("localhost.example.com", false),
            ("10.0.0.1", false),
        ] {
            assert_eq!(Server::parse(host).unwrap().is_loopback(), loopback, "{host}");
        }
    }

    #[test]
    fn the_host_name_tells_the_cloud() {
        let scope = |host| Server::parse(host).unwrap().cloud().map(|cloud| cloud.scope);
        assert_eq!(scope("x.database.windows.net"), Some(CLOUDS[0].scope));
        assert_eq!(scope("x.y.DATABASE.usgovcloudapi.net."), Some(CLOUDS[1].scope));
        assert_eq!(
            scope("tcp:x.sql.azuresynapse.azure.cn,1433"),
            Some(CLOUDS[2].scope)
        );
        assert_eq!(scope("database.windows.net.example.com"), None);
        assert_eq!(scope("evildatabase.windows.net"), None);
    }
}
