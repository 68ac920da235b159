//! What a token is for, and in which cloud.

use clap::ValueEnum;
use entra_odbc_core::server::CLOUDS;
use uuid::fmt::Hyphenated;

/// A cloud of Microsoft's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Cloud {
    /// Azure
    Public,
    /// Azure Government
    Usgov,
    /// Azure operated by 21Vianet
    China,
}

/// A resource by its name: its scope in the public cloud, in that of the US government, and in China.
const NAMED: [(&str, [&str; 3]); 5] = [
    (
        "sql",
        [
            "https://database.windows.net/.default",
            "https://database.usgovcloudapi.net/.default",
            "https://database.chinacloudapi.cn/.default",
        ],
    ),
    ("databricks", ["2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default"; 3]),
    (
        "postgres",
        [
            "https://ossrdbms-aad.database.windows.net/.default",
            "https://ossrdbms-aad.database.usgovcloudapi.net/.default",
            "https://ossrdbms-aad.database.chinacloudapi.cn/.default",
        ],
    ),
    ("storage", ["https://storage.azure.com/.default"; 3]),
    (
        "graph",
        [
            "https://graph.microsoft.com/.default",
            "https://graph.microsoft.us/.default",
            "https://microsoftgraph.chinacloudapi.cn/.default",
        ],
    ),
];

impl Cloud {
    fn index(self) -> usize {
        match self {
            Self::Public => 0,
            Self::Usgov => 1,
            Self::China => 2,
        }
    }

    /// Its Entra host.
    pub fn authority(self) -> &'static str {
        CLOUDS.get(self.index()).map_or("", |cloud| cloud.authority)
    }
}

/// A resource, as someone names it on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resource {
    /// One of those that we know.
    Named(usize),
    /// A scope, a URI or an application id.
    Given(String),
}

impl Resource {
    /// Azure SQL.
    pub fn sql() -> Self {
        Self::Named(0)
    }

    /// Its scope, or a resource that the core makes a scope of.
    pub fn scope(&self, cloud: Cloud) -> &str {
        match self {
            Self::Named(at) => {
                let scopes = NAMED.get(*at).map(|(_, scopes)| scopes);
                scopes
                    .and_then(|scopes| scopes.get(cloud.index()))
                    .copied()
                    .unwrap_or_default()
            }
            Self::Given(text) => text,
        }
    }
}

/// Reads a resource's name, URI or scope.
pub fn resource(text: &str) -> Result<Resource, String> {
    let text = text.trim();
    if let Some(at) = NAMED.iter().position(|(name, _)| name.eq_ignore_ascii_case(text)) {
        return Ok(Resource::Named(at));
    }
    let is_uri = text
        .split_once("://")
        .is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty());
    let application = text.split('/').next().unwrap_or_default();
    let is_application = application.parse::<Hyphenated>().is_ok();
    if (is_uri || is_application) && !text.contains(char::is_whitespace) {
        return Ok(Resource::Given(text.to_owned()));
    }
    let names: Vec<_> = NAMED.iter().map(|(name, _)| *name).collect();
    Err(format!(
        "it is one of {}, or a URI, a scope or an application id",
        names.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_uris_scopes_and_ids_are_resources_and_other_words_are_not() {
        let sql = resource("SQL").unwrap();
        assert_eq!(sql.scope(Cloud::Public), CLOUDS[0].scope);
        assert_eq!(sql.scope(Cloud::Usgov), CLOUDS[1].scope);
        assert_eq!(sql.scope(Cloud::China), CLOUDS[2].scope);
        for given in [
            "https://vault.azure.net",
            "api://x/user_impersonation",
            "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default",
        ] {
            assert_eq!(resource(given).unwrap().scope(Cloud::Public), given);
        }
        for bad in ["", "vault", "://x", "https://", "https://a b"] {
            assert!(resource(bad).unwrap_err().contains("databricks"), "{bad}");
        }
    }

    #[test]
    fn clouds_have_their_own_authorities() {
        assert_eq!(Cloud::Public.authority(), "https://login.microsoftonline.com");
        assert_eq!(Cloud::Usgov.authority(), "https://login.microsoftonline.us");
    }
}
