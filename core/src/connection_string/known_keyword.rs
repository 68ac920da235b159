//! Which words of a connection string may be quoted in a message.
//!
//! Where the value of a password has a semicolon in it and no braces around it, what is read as the next keyword is a
//! part of the password. Only what is known to be a keyword is quoted therefore, in our spelling of it.

use entra_auth::KEYWORDS;

/// The keywords of Driver 18 as Microsoft documents them ("DSN and Connection String Keywords and Attributes"), with
/// those of the driver manager and the other names that we take for Driver 18's.
const DRIVERS: &[&str] = &[
    "Addr",
    "Address",
    "AnsiNPW",
    "APP",
    "ApplicationIntent",
    "AttachDBFileName",
    "AutoTranslate",
    "ClientKey",
    "ColumnEncryption",
    "ConcatNullYieldsNull",
    "ConnectRetryCount",
    "ConnectRetryInterval",
    "Database",
    "DatabaseName",
    "Data Source",
    "Description",
    "DRIVER",
    "DSN",
    "Encrypt",
    "Failover_Partner",
    "FailoverPartner",
    "FailoverPartnerSPN",
    "FILEDSN",
    "GetDataExtensions",
    "HostnameInCertificate",
    "Initial Catalog",
    "IpAddressPreference",
    "KeepAlive",
    "KeepAliveInterval",
    "KeystoreAuthentication",
    "KeystorePrincipalId",
    "KeystoreSecret",
    "Language",
    "LongAsMax",
    "MARS_Connection",
    "MultiSubnetFailover",
    "Net",
    "Network",
    "Network Address",
    "PacketSize",
    "Port",
    "PortNumber",
    "QueryLog_On",
    "QueryLogFile",
    "QueryLogTime",
    "QuotedId",
    "Regional",
    "Replication",
    "RetryExec",
    "SAVEFILE",
    "Server",
    "ServerCertificate",
    "ServerName",
    "ServerSPN",
    "StatsLog_On",
    "StatsLogFile",
    "Timeout",
    "TransparentNetworkIPResolution",
    "Trusted_Connection",
    "TrustServerCertificate",
    "UseFMTONLY",
    "VectorTypeSupport",
    "WSID",
];

/// Every keyword that may be quoted, in our spelling.
pub fn all() -> impl Iterator<Item = &'static str> {
    let ours = KEYWORDS.iter().flat_map(|row| row.names);
    ours.chain(DRIVERS).copied()
}

/// The keyword that `word` is, as it may be quoted; nothing for anything else.
#[must_use]
pub fn known(word: &str) -> Option<&'static str> {
    all().find(|name| name.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::known;

    #[test]
    fn keywords_of_ours_and_of_the_drivers_are_quoted_as_they_are_known() {
        assert_eq!(known("server"), Some("Server"));
        assert_eq!(known("pwd"), Some("PWD"));
        assert_eq!(known("MARS_CONNECTION"), Some("MARS_Connection"));
        for word in ["Zx9Q~tail", "", " Server", "Server ", "Serve", "PWD\u{200b}"] {
            assert_eq!(known(word), None, "{word:?}");
        }
    }
}
