//! Where a token may go, and which authority a string may name.
//!
//! A token is a bearer secret, valid at every server of its audience: whoever can change `Server=`
//! in a string must not be able to collect it. The rules:
//! - a host of a known cloud: its certificate is public, so it is always validated;
//! - this machine: as the string says;
//! - any other host: only over a validated certificate, or if the machine's owner names the host in
//!   `ENTRA_ODBC_TRUSTED_SERVERS` or in `TrustedServers=` of our odbcinst.ini section;
//! - a token for something that is not SQL Server: only to this machine or a host named there.

use crate::{
    Environment, Error,
    server::{CLOUDS, Server},
};
use std::str::FromStr;
use url::Url;

/// What the machine's owner has said in the environment and in our section of odbcinst.ini.
#[derive(Debug, Default, Clone)]
pub struct Owner {
    trusted_servers: Vec<String>,
    authority: Option<String>,
}

/// Our keywords in our own section of odbcinst.ini.
pub const TRUSTED_SERVERS: &str = "TrustedServers";
/// See [`TRUSTED_SERVERS`].
pub const AUTHORITY: &str = "Authority";

impl Owner {
    /// Reads the environment and, through `installed`, our section of odbcinst.ini.
    #[must_use]
    pub fn read(environment: &Environment, installed: impl Fn(&str) -> Option<String>) -> Self {
        let trusted_servers = [
            environment.get("ENTRA_ODBC_TRUSTED_SERVERS"),
            installed(TRUSTED_SERVERS),
        ];
        Self {
            trusted_servers: trusted_servers
                .iter()
                .flatten()
                .flat_map(|list| list.split([',', ';', ' ']))
                .filter_map(Server::parse)
                .map(|server| server.host)
                .collect(),
            authority: environment
                .get("AZURE_AUTHORITY_HOST")
                .or_else(|| installed(AUTHORITY))
                .and_then(|authority| normalized(&authority)),
        }
    }

    fn trusts(&self, server: &Server) -> bool {
        self.trusted_servers.contains(&server.host)
    }
}

/// What the string says about the channel to the server.
#[derive(Debug)]
pub struct Channel<'a> {
    /// `Server=` and, where given, `Failover_Partner=`.
    pub servers: &'a [Server],
    /// `Encrypt=`.
    pub encrypt: Option<&'a str>,
    /// `TrustServerCertificate=`.
    pub trust_server_certificate: Option<&'a str>,
    /// `HostnameInCertificate=`.
    pub hostname_in_certificate: Option<&'a str>,
    /// `ServerCertificate=`.
    pub server_certificate: Option<&'a str>,
    /// The scope of the token that is to go there.
    pub scope: &'a str,
}

impl Channel<'_> {
    /// Refuses a channel over which the token could reach someone else.
    ///
    /// Returns whether `TrustServerCertificate` must be forced to `no`.
    pub fn check(&self, owner: &Owner) -> Result<bool, Error> {
        let mut validate = false;
        for server in self.servers {
            if let Some(cloud) = server.cloud() {
                self.check_cloud(server, |name| cloud.has(name))?;
                validate = true;
            } else if !server.is_loopback() && !owner.trusts(server) {
                self.check_foreign(server)?;
            }
            self.check_scope(server, owner)?;
        }
        Ok(validate)
    }

    fn check_cloud(&self, server: &Server, in_cloud: impl Fn(&str) -> bool) -> Result<(), Error> {
        let refused = |keyword: &str| {
            Error::invalid(format!(
                "{keyword}= cannot be used with {}: a token goes there only over an encrypted and validated connection",
                server.host
            ))
            .remedy(format!("Remove {keyword}= from the connection string or data source."))
        };
        if self.unencrypted() {
            return Err(refused("Encrypt"));
        }
        if self.server_certificate.is_some_and(|path| !path.is_empty()) {
            return Err(refused("ServerCertificate"));
        }
        match self.hostname_in_certificate {
            Some(name) if !name.is_empty() && !in_cloud(name) => Err(refused("HostnameInCertificate")),
            _ => Ok(()),
        }
    }

    fn check_foreign(&self, server: &Server) -> Result<(), Error> {
        let keyword = if self.unencrypted() {
            "Encrypt"
        } else if self.trust_server_certificate.is_some_and(is_yes) {
            "TrustServerCertificate"
        } else {
            return Ok(());
        };
        Err(Error::invalid(format!(
            "with {keyword}= as it is, a token could reach anyone who poses as {}",
            server.host
        ))
        .remedy(format!(
            "Remove {keyword}=, or name the host in ENTRA_ODBC_TRUSTED_SERVERS or in {TRUSTED_SERVERS}= \
             of our odbcinst.ini section."
        )))
    }

    fn check_scope(&self, server: &Server, owner: &Owner) -> Result<(), Error> {
        let for_sql = CLOUDS.iter().any(|cloud| cloud.scope == self.scope);
        if for_sql || server.is_loopback() || owner.trusts(server) {
            return Ok(());
        }
        Err(Error::invalid(format!(
            "Scope= names something other than SQL Server, and {} is not trusted with such a token",
            server.host
        ))
        .remedy(format!(
            "Remove Scope=, or name the host in ENTRA_ODBC_TRUSTED_SERVERS or in {TRUSTED_SERVERS}= of our \
             odbcinst.ini section."
        )))
    }

    /// `Encrypt=no` also switches the validation of the certificate off (Driver 18 documentation).
    fn unencrypted(&self) -> bool {
        self.encrypt.is_some_and(|encrypt| {
            ["no", "optional", "false", "0", "n"]
                .iter()
                .any(|no| encrypt.trim().eq_ignore_ascii_case(no))
        })
    }
}

pub(crate) fn is_yes(value: &str) -> bool {
    ["yes", "true", "1", "y"]
        .iter()
        .any(|yes| value.trim().eq_ignore_ascii_case(yes))
}

/// Entra's hosts (from azure-identity's and MSAL's lists of known authorities).
const ENTRA_HOSTS: [&str; 7] = [
    "login.microsoftonline.com",
    "login.microsoft.com",
    "login.windows.net",
    "sts.windows.net",
    "login.microsoftonline.us",
    "login.partner.microsoftonline.cn",
    "login.chinacloudapi.cn",
];

/// The authority to ask: `Authority=` of the string, else the owner's, else the cloud's own.
///
/// A string may only name a known Entra host or the one that the owner named.
pub fn authority(asked: Option<&str>, owner: &Owner, of_cloud: &str) -> Result<String, Error> {
    let Some(asked) = asked else {
        return Ok(owner.authority.clone().unwrap_or_else(|| of_cloud.to_owned()));
    };
    let refused = |why: &str| {
        Error::invalid(format!("Authority= {why}")).remedy(
            "Use a known Entra host, or set AZURE_AUTHORITY_HOST, or Authority= in our odbcinst.ini section.",
        )
    };
    let Some(wanted) = normalized(asked) else {
        return Err(refused(
            "is not an https URL or host name without path, user or query",
        ));
    };
    let known = ENTRA_HOSTS
        .iter()
        .any(|host| wanted.strip_prefix("https://") == Some(host));
    if known || owner.authority.as_ref() == Some(&wanted) {
        Ok(wanted)
    } else {
        Err(refused("names a host that is not known as Entra's"))
    }
}

/// `https://host[:port]`, or `None` where the text is anything else.
fn normalized(authority: &str) -> Option<String> {
    let authority = authority.trim();
    let url = if authority.contains("://") {
        Url::from_str(authority).ok()?
    } else {
        Url::from_str(&format!("https://{authority}")).ok()?
    };
    let bare = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
        && url.path() == "/";
    let https = url.scheme() == "https" && url.host_str().is_some_and(|host| !host.is_empty());
    (bare && https).then(|| url.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQL: &str = "https://database.windows.net/.default";

    fn owner(servers: &str) -> Owner {
        let variables = [
            ("ENTRA_ODBC_TRUSTED_SERVERS", servers),
            ("AZURE_AUTHORITY_HOST", "https://entra.example:8443/"),
        ];
        Owner::read(&Environment::fixed(variables), |_| None)
    }

    fn check(server: &str, encrypt: Option<&str>, trust: Option<&str>) -> Result<bool, String> {
        Channel {
            servers: &[Server::parse(server).unwrap()],
            encrypt,
            trust_server_certificate: trust,
            hostname_in_certificate: None,
            server_certificate: None,
            scope: SQL,
        }
        .check(&owner("trusted.example"))
        .map_err(|error| error.to_string())
    }

    #[test]
    fn a_clouds_certificate_is_always_validated() {
        assert_eq!(check("x.database.windows.net", None, Some("yes")), Ok(true));
        assert_eq!(check("x.database.windows.net", Some("strict"), None), Ok(true));
        for encrypt in ["no", "Optional", " false"] {
            let error = check("x.database.windows.net", Some(encrypt), None).unwrap_err();
            assert!(error.contains("Encrypt="), "{error}");
        }
    }

    #[test]
    fn a_clouds_certificate_may_not_be_another_name_or_a_pinned_file() {
        let channel = |name, file| Channel {
            servers: &[],
            encrypt: None,
            trust_server_certificate: None,
            hostname_in_certificate: name,
            server_certificate: file,
            scope: SQL,
        };
        let server = [Server::parse("x.database.windows.net").unwrap()];
        let check = |name, file| {
            Channel {
                servers: &server,
                ..channel(name, file)
            }
            .check(&Owner::default())
        };
        assert_eq!(check(Some("*.database.windows.net"), None), Ok(true));
        assert!(check(Some("evil.example"), None).is_err());
        assert!(check(None, Some("/tmp/evil.pem")).is_err());
    }

    #[test]
    fn this_machine_is_as_the_string_says() {
        assert_eq!(check("127.0.0.1,1433", Some("no"), Some("yes")), Ok(false));
    }

    #[test]
    fn another_host_needs_a_validated_certificate_or_the_owners_word() {
        assert_eq!(check("db.example", None, None), Ok(false));
        assert!(
            check("db.example", None, Some("Yes"))
                .unwrap_err()
                .contains("TrustServerCertificate=")
        );
        assert!(
            check("db.example", Some("no"), None)
                .unwrap_err()
                .contains("Encrypt=")
        );
        assert_eq!(check("trusted.example,1433", Some("no"), Some("yes")), Ok(false));
    }

    #[test]
    fn the_owners_word_may_stand_in_odbcinst_ini() {
        let owner = Owner::read(&Environment::empty(), |key| {
            (key == TRUSTED_SERVERS).then(|| "a.example; b.example".to_owned())
        });
        assert!(owner.trusts(&Server::parse("B.example").unwrap()));
        assert!(!owner.trusts(&Server::parse("c.example").unwrap()));
    }

    #[test]
    fn a_failover_partner_is_checked_as_well() {
        let servers = ["localhost", "db.example"].map(|name| Server::parse(name).unwrap());
        let channel = Channel {
            servers: &servers,
            encrypt: None,
            trust_server_certificate: Some("yes"),
            hostname_in_certificate: None,
            server_certificate: None,
            scope: SQL,
        };
        assert!(channel.check(&Owner::default()).is_err());
    }

    #[test]
    fn a_token_for_something_else_stays_with_trusted_hosts() {
        let check = |server: &str| {
            Channel {
                servers: &[Server::parse(server).unwrap()],
                encrypt: None,
                trust_server_certificate: None,
                hostname_in_certificate: None,
                server_certificate: None,
                scope: "https://vault.azure.net/.default",
            }
            .check(&owner("trusted.example"))
        };
        assert!(check("db.example").unwrap_err().to_string().contains("Scope="));
        assert!(check("x.database.windows.net").is_err());
        assert!(check("trusted.example").is_ok());
        assert!(check("localhost").is_ok());
    }

    #[test]
    fn a_string_names_only_entras_hosts_or_the_owners() {
        let owner = owner("");
        let of_cloud = "https://login.microsoftonline.com";
        let asked = |text| authority(Some(text), &owner, of_cloud).map_err(|error| error.to_string());
        assert_eq!(
            asked("login.microsoftonline.us").unwrap(),
            "https://login.microsoftonline.us"
        );
        assert_eq!(
            asked("https://LOGIN.microsoftonline.us/").unwrap(),
            "https://login.microsoftonline.us"
        );
        assert_eq!(
            asked("https://entra.example:8443").unwrap(),
            "https://entra.example:8443"
        );
        for bad in [
            "https://evil.example",
            "http://login.microsoftonline.com",
            "https://login.microsoftonline.com@evil.example",
            "https://login.microsoftonline.com.evil.example",
            "https://login.microsoftonline.com:444",
            "https://login.microsoftonline.com/tenant",
            "",
            "%%",
        ] {
            assert!(asked(bad).unwrap_err().contains("Authority="), "{bad}");
        }
        assert_eq!(
            authority(None, &owner, of_cloud).unwrap(),
            "https://entra.example:8443"
        );
        assert_eq!(authority(None, &Owner::default(), of_cloud).unwrap(), of_cloud);
    }
}
