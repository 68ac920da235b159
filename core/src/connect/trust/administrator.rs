//! What the administrator of the machine has said, in the environment and in our section of odbcinst.ini.

use crate::connection_string::server::{Server, parse_name};
use entra_auth::{Environment, parameters::authority::normalized};
use std::fmt;

/// The keyword of our section of odbcinst.ini for hosts that tokens may go to; `ENTRA_ODBC_TRUSTED_SERVERS` adds to it.
pub const TRUSTED_SERVERS: &str = "TrustedServers";
/// The keyword of our section of odbcinst.ini for the host of Entra, where `AZURE_AUTHORITY_HOST` names none.
pub const AUTHORITY: &str = "Authority";

/// The administrator's word. Nothing of it can stand in a connection string or a data source.
#[derive(Debug, Default, Clone)]
pub struct Administrator {
    trusted: Vec<TrustedHost>,
    /// The one that counts where a string names none comes first.
    authorities: Vec<String>,
}

/// An entry of `TrustedServers=`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrustedHost {
    /// A host name or an address.
    Host(String),
    /// `*.suffix`: all names below it, kept with its dot.
    Below(String),
}

impl Administrator {
    /// Reads the environment and, through `installed`, our section of odbcinst.ini.
    #[must_use]
    pub fn read(environment: &Environment, installed: impl Fn(&str) -> Option<String>) -> Self {
        let lists = [
            environment.get("ENTRA_ODBC_TRUSTED_SERVERS"),
            installed(TRUSTED_SERVERS),
        ];
        let authorities = [environment.get("AZURE_AUTHORITY_HOST"), installed(AUTHORITY)];
        Self {
            trusted: lists
                .iter()
                .flatten()
                .flat_map(|list| TrustedHost::list(list))
                .collect(),
            authorities: authorities
                .iter()
                .flatten()
                .filter_map(|authority| normalized(authority))
                .collect(),
        }
    }

    /// Whether tokens may go to this host, as [`Server`] spells it, or to whoever has a certificate for this name.
    #[must_use]
    pub fn trusts(&self, host: &str) -> bool {
        self.trusted.iter().any(|trusted| match trusted {
            TrustedHost::Host(known) => known == host,
            TrustedHost::Below(suffix) => host.len() > suffix.len() && host.ends_with(suffix.as_str()),
        })
    }

    /// Entra's hosts as the administrator names them, `https://` before each.
    pub(super) fn authorities(&self) -> impl Iterator<Item = &str> {
        self.authorities.iter().map(String::as_str)
    }
}

impl TrustedHost {
    /// The entries of a list, with commas, semicolons or blanks between them. What is none trusts nobody.
    pub fn list(list: &str) -> impl Iterator<Item = Self> {
        list.split([',', ';', ' ']).filter_map(Self::parse)
    }

    /// `None` for what is neither a host nor a pattern for the names below a domain.
    #[must_use]
    pub fn parse(entry: &str) -> Option<Self> {
        match entry.trim().strip_prefix("*.") {
            Some(suffix) => parse_name(suffix).map(|suffix| Self::Below(format!(".{suffix}"))),
            None => Server::parse(entry).map(|server| Self::Host(server.host)),
        }
    }
}

impl fmt::Display for TrustedHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(host) => f.write_str(host),
            Self::Below(suffix) => write!(f, "*{suffix}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_suffixes_of_both_places_are_trusted_and_no_others() {
        let environment = Environment::fixed([("ENTRA_ODBC_TRUSTED_SERVERS", "A.example, 10.0.0.1; *")]);
        let administrator = Administrator::read(&environment, |key| {
            (key == TRUSTED_SERVERS).then(|| "*.corp.example b.example,https://c.example".to_owned())
        });
        for host in [
            "a.example",
            "10.0.0.1",
            "b.example",
            "db.corp.example",
            "x.y.corp.example",
        ] {
            assert!(administrator.trusts(host), "{host}");
        }
        for host in [
            "corp.example",
            "evilcorp.example",
            "c.example",
            "x.a.example",
            "10.0.0.2",
            "",
        ] {
            assert!(!administrator.trusts(host), "{host}");
        }
    }
}
