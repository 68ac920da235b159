//! The connection-string keywords that are ours: names, aliases, and which of them hold secrets.

use super::spelling;

/// A keyword that we interpret and take out of the string once one of our modes is selected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(
    missing_docs,
    reason = "the names are the documentation; docs/keywords.md says the rest"
)]
pub enum Keyword {
    Authentication,
    User,
    Password,
    PasswordFile,
    TrustedConnection,
    ClientId,
    TenantId,
    ObjectId,
    ResourceId,
    AccessToken,
    AccessTokenFile,
    ClientCertificate,
    ClientCertificatePassword,
    ClientCertificatePasswordFile,
    ClientKey,
    SendCertificateChain,
    ClientAssertion,
    ClientAssertionFile,
    FederatedIdentity,
    ManagedIdentityClientId,
    ServiceConnectionId,
    SystemToken,
    SystemTokenFile,
    RefreshToken,
    RefreshTokenFile,
    UserAssertion,
    UserAssertionFile,
    TokenProvider,
    RedirectUri,
    InteractiveTimeout,
    SaveAccount,
    AdditionallyAllowedTenants,
    Authority,
    Scope,
    DisableInstanceDiscovery,
    LoginTimeout,
    TokenTimeout,
    TokenExpiryIsDead,
    TokenCache,
    ConnectTo,
}

/// One row of [`KEYWORDS`].
#[derive(Debug)]
pub struct Row {
    /// The keyword.
    pub keyword: Keyword,
    /// Its names; the first is the one that we print. Compared without regard to case.
    pub names: &'static [&'static str],
    /// Whether the value may appear in no output string, log or message.
    pub secret: bool,
}

const fn row(keyword: Keyword, names: &'static [&'static str]) -> Row {
    Row {
        keyword,
        names,
        secret: false,
    }
}

const fn secret(keyword: Keyword, names: &'static [&'static str]) -> Row {
    Row {
        keyword,
        names,
        secret: true,
    }
}

/// Every keyword of ours, once.
pub const KEYWORDS: &[Row] = &[
    row(Keyword::Authentication, &["Authentication", "fedauth"]),
    // The last of each are mssql-jdbc's.
    row(
        Keyword::User,
        &["UID", "User", "User ID", "UserName", "AADSecurePrincipalId"],
    ),
    secret(
        Keyword::Password,
        &["PWD", "Password", "ClientSecret", "AADSecurePrincipalSecret"],
    ),
    row(
        Keyword::PasswordFile,
        &["PWDFile", "PasswordFile", "ClientSecretFile"],
    ),
    row(
        Keyword::TrustedConnection,
        &["Trusted_Connection", "Integrated Security"],
    ),
    row(
        Keyword::ClientId,
        &["ClientId", "ApplicationClientId", "MsiClientId"],
    ),
    row(Keyword::TenantId, &["TenantId", "Tenant"]),
    row(Keyword::ObjectId, &["ObjectId"]),
    row(
        Keyword::ResourceId,
        &["ResourceId", "MsiResourceId", "Resource ID"],
    ),
    secret(Keyword::AccessToken, &["AccessToken"]),
    row(Keyword::AccessTokenFile, &["AccessTokenFile"]),
    row(
        Keyword::ClientCertificate,
        &["ClientCertificate", "ClientCertPath"],
    ),
    secret(
        Keyword::ClientCertificatePassword,
        &["ClientCertificatePassword", "ClientKeyPassword"],
    ),
    row(
        Keyword::ClientCertificatePasswordFile,
        &["ClientCertificatePasswordFile", "ClientKeyPasswordFile"],
    ),
    row(Keyword::ClientKey, &["ClientKey"]),
    row(Keyword::SendCertificateChain, &["SendCertificateChain"]),
    secret(Keyword::ClientAssertion, &["ClientAssertion"]),
    row(
        Keyword::ClientAssertionFile,
        &["ClientAssertionFile", "TokenFilePath"],
    ),
    row(Keyword::FederatedIdentity, &["FederatedIdentity"]),
    // As Microsoft.Identity.Web, Microsoft.Extensions.Azure and azure-identity have it.
    row(Keyword::ManagedIdentityClientId, &["ManagedIdentityClientId"]),
    row(Keyword::ServiceConnectionId, &["ServiceConnectionId"]),
    secret(Keyword::SystemToken, &["SystemToken"]),
    row(Keyword::SystemTokenFile, &["SystemTokenFile"]),
    secret(Keyword::RefreshToken, &["RefreshToken"]),
    row(Keyword::RefreshTokenFile, &["RefreshTokenFile"]),
    secret(Keyword::UserAssertion, &["UserAssertion"]),
    row(Keyword::UserAssertionFile, &["UserAssertionFile"]),
    row(Keyword::TokenProvider, &["TokenProvider"]),
    row(Keyword::RedirectUri, &["RedirectUri"]),
    row(Keyword::InteractiveTimeout, &["InteractiveTimeout"]),
    row(Keyword::SaveAccount, &["SaveAccount"]),
    row(
        Keyword::AdditionallyAllowedTenants,
        &["AdditionallyAllowedTenants"],
    ),
    row(Keyword::Authority, &["Authority"]),
    row(Keyword::Scope, &["Scope", "Resource"]),
    row(Keyword::DisableInstanceDiscovery, &["DisableInstanceDiscovery"]),
    // For programs that cannot set SQL_ATTR_LOGIN_TIMEOUT; Driver 18 knows none of these.
    row(
        Keyword::LoginTimeout,
        &[
            "LoginTimeout",
            "Connect Timeout",
            "ConnectTimeout",
            "Connection Timeout",
            "Timeout",
        ],
    ),
    row(Keyword::TokenTimeout, &["TokenTimeout"]),
    // `yes` unless told: asked for SQL_ATTR_CONNECTION_DEAD, a connection is dead once the token that it
    // logged in with has ended. `no` is for hosts that ask in mid-work (nanodbc, PHP's odbc_pconnect).
    row(Keyword::TokenExpiryIsDead, &["TokenExpiryIsDead"]),
    // `process` unless told, `shared` for all processes of the user; the environment says it for all strings.
    row(Keyword::TokenCache, &["TokenCache"]),
    // Where the connection is made to, while Server= stays the server's name.
    row(Keyword::ConnectTo, &["ConnectTo"]),
];

impl Keyword {
    /// The keyword that `name` stands for, in any case, and with blanks, `_` and `-` wherever people put them.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Row> {
        // Each connect asks this of each of its keywords: most names are ruled out by their first letter.
        let first = spelling::letters(name).next()?;
        let is_meant = |known: &str| {
            known
                .as_bytes()
                .first()
                .is_some_and(|letter| letter.eq_ignore_ascii_case(&first))
                && spelling::is_same(known, name)
        };
        KEYWORDS
            .iter()
            .find(|row| row.names.iter().any(|known| is_meant(known)))
    }

    /// Whether `name` is one of this keyword's names as they are written down, in any case.
    #[must_use]
    pub fn is_named(self, name: &str) -> bool {
        self.row()
            .is_some_and(|row| row.names.iter().any(|known| known.eq_ignore_ascii_case(name)))
    }

    /// The keyword that `word` is meant for where it is none, and the right spelling.
    #[must_use]
    pub fn nearest(word: &str) -> Option<(Self, &'static str)> {
        KEYWORDS.iter().find_map(|row| {
            let name = row.names.iter().find(|known| spelling::is_nearly(word, known))?;
            Some((row.keyword, *name))
        })
    }

    /// This keyword's row.
    #[must_use]
    pub fn row(self) -> Option<&'static Row> {
        KEYWORDS.iter().find(|row| row.keyword == self)
    }

    /// The name that we print.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row()
            .and_then(|row| row.names.first())
            .copied()
            .unwrap_or("?")
    }

    /// Whether the value may appear nowhere.
    #[must_use]
    pub fn is_secret(self) -> bool {
        self.row().is_some_and(|row| row.secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_keyword_has_one_row_and_every_name_one_keyword() {
        let mut names: Vec<_> = KEYWORDS
            .iter()
            .flat_map(|row| row.names)
            .map(|name| name.to_ascii_lowercase())
            .collect();
        let all = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all);
        for name in KEYWORDS.iter().flat_map(|row| row.names) {
            let keywords = KEYWORDS
                .iter()
                .filter(|row| row.names.iter().any(|known| spelling::is_same(known, name)));
            assert_eq!(keywords.count(), 1, "{name}");
        }
        for row in KEYWORDS {
            assert_eq!(row.keyword.row().map(|found| found.names), Some(row.names));
        }
    }

    #[test]
    fn names_are_found_without_regard_to_case() {
        assert_eq!(
            Keyword::named("user id").map(|row| row.keyword),
            Some(Keyword::User)
        );
        assert!(Keyword::named("Server").is_none());
        for name in ["Client_Id", "Client Id", "CLIENTID ", "Application-Client-Id"] {
            let found = Keyword::named(name).map(|row| row.keyword);
            assert_eq!(found, Some(Keyword::ClientId), "{name}");
            assert!(!Keyword::ClientId.is_named(name), "{name}");
        }
        assert!(Keyword::ClientId.is_named("msiclientid"));
    }

    #[test]
    fn a_slip_of_the_pen_is_told_from_what_others_call_their_keywords() {
        for (word, right) in [
            ("Authentification", "Authentication"),
            ("Acces_Token", "AccessToken"),
            ("AccessTokenFiles", "AccessTokenFile"),
            ("Tennant Id", "TenantId"),
            ("ClientSecrets", "ClientSecret"),
            ("ClientlD", "ClientId"),
        ] {
            assert_eq!(
                Keyword::nearest(word).map(|(_, name)| name),
                Some(right),
                "{word}"
            );
        }
        // Of SqlClient, go-mssqldb, mssql-jdbc, FreeTDS, psqlODBC and unixODBC.
        for word in [
            "Application Name",
            "App",
            "Asynchronous Processing",
            "Attestation Protocol",
            "Column Encryption Setting",
            "Command Timeout",
            "Connection Lifetime",
            "Connection Reset",
            "Context Connection",
            "Current Language",
            "Enclave Attestation Url",
            "Enlist",
            "Extended Properties",
            "Failover Partner SPN",
            "IP Address Preference",
            "Load Balance Timeout",
            "Max Pool Size",
            "Min Pool Size",
            "MultipleActiveResultSets",
            "Net",
            "Network Library",
            "Packet Size",
            "Persist Security Info",
            "Pool Blocking Period",
            "Pooling",
            "Server Certificate",
            "Server SPN",
            "Transaction Binding",
            "Type System Version",
            "User Instance",
            "Workstation ID",
            "ClientName",
            "ClientCharset",
            "dial timeout",
            "keepAlive",
            "log",
            "protocol",
            "disableRetry",
            "guid conversion",
            "accessTokenCallbackClass",
            "applicationIntent",
            "authenticationScheme",
            "cancelQueryTimeout",
            "domain",
            "keyStoreAuthentication",
            "keyVaultProviderClientId",
            "keyVaultProviderClientKey",
            "lockTimeout",
            "queryTimeout",
            "realm",
            "selectMethod",
            "socketTimeout",
            "trustStorePassword",
            "useBulkCopyForBatchInsert",
            "xopenStates",
            "TDS_Version",
            "DumpFile",
            "Servername",
            "SSLmode",
            "ConnSettings",
            "Trace",
            "TraceFile",
            "Threading",
            "UsageCount",
            "Setup",
        ] {
            assert_eq!(Keyword::nearest(word), None, "{word}");
        }
    }

    #[test]
    fn every_name_is_documented() {
        let documented = include_str!("../../../docs/keywords.md");
        for name in KEYWORDS.iter().flat_map(|row| row.names) {
            assert!(documented.contains(&format!("`{name}`")), "{name}");
        }
    }
}
