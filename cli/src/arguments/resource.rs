//! The values of `--resource` and `--cloud`.

use clap::ValueEnum;
use entra_auth::cloud;
use uuid::fmt::Hyphenated;

/// A cloud, by its name on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Cloud {
    /// Azure
    Public,
    /// Azure Government
    Usgov,
    /// Azure operated by 21Vianet
    China,
}

impl Cloud {
    fn facts(self) -> &'static cloud::Cloud {
        match self {
            Self::Public => &cloud::PUBLIC,
            Self::Usgov => &cloud::US_GOVERNMENT,
            Self::China => &cloud::CHINA,
        }
    }

    /// Its Entra host.
    pub fn authority(self) -> &'static str {
        self.facts().authority
    }
}

/// A service with a name of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    Sql,
    Databricks,
    Postgres,
    Storage,
    Graph,
}

/// The services by name.
const SERVICES: [(&str, Service); 5] = [
    ("sql", Service::Sql),
    ("databricks", Service::Databricks),
    ("postgres", Service::Postgres),
    ("storage", Service::Storage),
    ("graph", Service::Graph),
];

impl Service {
    fn scope(self, cloud: Cloud) -> &'static str {
        match self {
            Self::Sql => cloud.facts().scope,
            Self::Postgres => cloud.facts().postgres_scope,
            Self::Graph => cloud.facts().graph_scope,
            // The same in all clouds.
            Self::Databricks => "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default",
            Self::Storage => "https://storage.azure.com/.default",
        }
    }
}

/// What a token is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resource {
    /// A service that has a name.
    Service(Service),
    /// A scope, a URI or an application id, as given.
    Other(String),
}

impl Resource {
    /// Its scope, or a resource of which the core makes a scope.
    pub fn scope(&self, cloud: Cloud) -> &str {
        match self {
            Self::Service(service) => service.scope(cloud),
            Self::Other(text) => text,
        }
    }
}

/// The services that have a name.
pub fn names() -> Vec<&'static str> {
    SERVICES.iter().map(|(name, _)| *name).collect()
}

/// Reads a resource's name, URI or scope.
pub fn parse_resource(text: &str) -> Result<Resource, String> {
    let text = text.trim();
    let by_name = SERVICES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
    if let Some((_, service)) = by_name {
        return Ok(Resource::Service(*service));
    }
    let is_uri = text
        .split_once("://")
        .is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty());
    let application = text.split('/').next().unwrap_or_default();
    let is_application = application.parse::<Hyphenated>().is_ok();
    if (is_uri || is_application) && !text.contains(char::is_whitespace) {
        return Ok(Resource::Other(text.to_owned()));
    }
    Err(format!(
        "it is one of {}, or a URI, a scope or an application id",
        names().join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_uris_scopes_and_ids_are_resources_and_other_words_are_not() {
        let sql = parse_resource("SQL").unwrap();
        assert_eq!(sql.scope(Cloud::Public), cloud::PUBLIC.scope);
        assert_eq!(sql.scope(Cloud::Usgov), cloud::US_GOVERNMENT.scope);
        assert_eq!(sql.scope(Cloud::China), cloud::CHINA.scope);
        for given in [
            "https://vault.azure.net",
            "api://x/user_impersonation",
            "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default",
        ] {
            assert_eq!(parse_resource(given).unwrap().scope(Cloud::Public), given);
        }
        for bad in ["", "vault", "://x", "https://", "https://a b"] {
            assert!(parse_resource(bad).unwrap_err().contains("databricks"), "{bad}");
        }
    }

    #[test]
    fn clouds_have_their_own_authorities() {
        assert_eq!(Cloud::Public.authority(), "https://login.microsoftonline.com");
        assert_eq!(Cloud::Usgov.authority(), "https://login.microsoftonline.us");
    }
}
