//! The server and options of a connection string.

use entra_auth::credential::{self, FORWARDED};
use entra_odbc_core::{
    connect::ConnectContext,
    connection_string::{
        ConnectionString,
        server::{SERVER_KEYWORDS, Server},
    },
};
use zeroize::Zeroizing;

/// SQL Server's port unless the string names one.
const DEFAULT_PORT: u16 = 1433;

/// A connection string and what the checks need of it and of its data source.
pub struct Target {
    /// The whole string.
    pub string: Zeroizing<String>,
    /// The first server.
    pub server: Option<Server>,
    /// Whether columns are to be decrypted.
    pub always_encrypted: bool,
    /// Whether our library signs in, and not Driver 18.
    pub is_ours: bool,
}

impl Target {
    /// Parses it as Driver 18 does: the string overrides the data source, which is ignored where `DRIVER=` precedes it.
    pub fn parse(string: &str, connect_context: &ConnectContext<'_>) -> Self {
        let units = Zeroizing::new(string.encode_utf16().collect::<Vec<_>>());
        let parsed = ConnectionString::parse(&units);
        let source = parsed
            .attributes()
            .iter()
            .find(|attribute| attribute.is("DSN") || attribute.is("DRIVER"))
            .filter(|attribute| attribute.is("DSN"))
            .map(|attribute| parsed.units(attribute));
        let get = |name: &str| {
            let in_section = || (connect_context.data_source)(source.as_deref()?, name);
            parsed
                .get(name)
                .map(|value| value.trim().to_owned())
                .or_else(in_section)
        };
        let authentication = get("Authentication").or_else(|| get("fedauth"));
        let has_token = || get("AccessToken").or_else(|| get("AccessTokenFile")).is_some();
        let is_named = |value: &String| !value.is_empty() && !credential::is_unspecified(value);
        let is_ours = match authentication.filter(is_named) {
            Some(value) => !FORWARDED.iter().any(|known| credential::same_mode(known, &value)),
            None => has_token(),
        };
        Self {
            is_ours,
            server: SERVER_KEYWORDS.iter().find_map(|name| Server::parse(&get(name)?)),
            always_encrypted: get("ColumnEncryption")
                .is_some_and(|value| !value.is_empty() && !value.eq_ignore_ascii_case("disabled")),
            string: Zeroizing::new(string.to_owned()),
        }
    }

    /// The server's port; `None` for a named instance, which only SQL Server Browser knows.
    pub fn port(server: &Server) -> Option<u16> {
        match (server.port, &server.instance) {
            (Some(port), _) => Some(port),
            (None, None) => Some(DEFAULT_PORT),
            (None, Some(_)) => None,
        }
    }
}
