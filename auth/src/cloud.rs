//! The clouds of Azure: the names of their servers, the scopes of their services and their Entra hosts.

/// A cloud of Azure.
#[derive(Debug)]
pub struct Cloud {
    /// The endings of its SQL servers' names.
    suffixes: &'static [&'static str],
    /// The endings of servers that speak TDS and take tokens for their own host name: a label, which numbers may follow, and the
    /// domain behind it. Dataverse and Azure Data Explorer.
    own_audience: &'static [(&'static str, &'static str)],
    /// The scope of a token for its SQL servers.
    pub scope: &'static str,
    /// The scope of a token for its Azure Database for PostgreSQL.
    pub postgres_scope: &'static str,
    /// The scope of a token for its Microsoft Graph.
    pub graph_scope: &'static str,
    /// The scope of a managed identity's token that vouches for an application of its Entra.
    pub exchange_scope: &'static str,
    /// Its Entra host.
    pub authority: &'static str,
}

/// Azure; also the cloud of hosts whose name tells none.
pub static PUBLIC: Cloud = Cloud {
    suffixes: &[
        ".database.windows.net",
        ".sql.azuresynapse.net",
        ".fabric.microsoft.com",
    ],
    own_audience: &[(".crm", ".dynamics.com"), (".kusto", ".windows.net")],
    scope: "https://database.windows.net/.default",
    postgres_scope: "https://ossrdbms-aad.database.windows.net/.default",
    graph_scope: "https://graph.microsoft.com/.default",
    exchange_scope: "api://AzureADTokenExchange/.default",
    authority: "https://login.microsoftonline.com",
};

/// Azure Government.
pub static US_GOVERNMENT: Cloud = Cloud {
    suffixes: &[
        ".database.usgovcloudapi.net",
        ".sql.azuresynapse.usgovcloudapi.net",
    ],
    own_audience: &[
        (".crm", ".microsoftdynamics.us"),
        (".crm", ".appsplatform.us"),
        (".kusto", ".usgovcloudapi.net"),
    ],
    scope: "https://database.usgovcloudapi.net/.default",
    postgres_scope: "https://ossrdbms-aad.database.usgovcloudapi.net/.default",
    graph_scope: "https://graph.microsoft.us/.default",
    exchange_scope: "api://AzureADTokenExchangeUSGov/.default",
    authority: "https://login.microsoftonline.us",
};

/// Azure operated by 21Vianet.
pub static CHINA: Cloud = Cloud {
    suffixes: &[".database.chinacloudapi.cn", ".sql.azuresynapse.azure.cn"],
    own_audience: &[(".crm", ".dynamics.cn"), (".kusto", ".chinacloudapi.cn")],
    scope: "https://database.chinacloudapi.cn/.default",
    postgres_scope: "https://ossrdbms-aad.database.chinacloudapi.cn/.default",
    graph_scope: "https://microsoftgraph.chinacloudapi.cn/.default",
    exchange_scope: "api://AzureADTokenExchangeChina/.default",
    authority: "https://login.chinacloudapi.cn",
};

/// All of them.
static CLOUDS: [&Cloud; 3] = [&PUBLIC, &US_GOVERNMENT, &CHINA];

/// Azure SQL's own application id, which is the audience of its tokens in the newer form.
pub const AZURE_SQL: &str = "022907d3-0f1b-48f7-badc-1ba6abab6d66";

/// Whether a token with this `aud` is for SQL Server, in whichever cloud.
#[must_use]
pub fn is_audience(aud: &str) -> bool {
    let aud = aud.trim_end_matches('/');
    let is_of = |cloud: &&Cloud| cloud.scope.strip_suffix("/.default") == Some(aud);
    aud.eq_ignore_ascii_case(AZURE_SQL) || CLOUDS.iter().any(is_of)
}

/// The scopes of all services of Azure that are known here, in all clouds.
pub fn scopes() -> impl Iterator<Item = &'static str> {
    CLOUDS
        .into_iter()
        .flat_map(|cloud| [cloud.scope, cloud.postgres_scope, cloud.graph_scope])
}

impl Cloud {
    /// The cloud that a host name, or a pattern such as `*.database.windows.net`, belongs to.
    #[must_use]
    pub fn for_host(host: &str) -> Option<&'static Self> {
        CLOUDS.into_iter().find(|cloud| cloud.has(host))
    }

    /// The cloud of an Entra host, by its top-level domain: each cloud's hosts have one of their own. The public one for
    /// a host that tells none.
    #[must_use]
    pub fn for_authority(authority: &str) -> &'static Self {
        match authority.rsplit('.').next() {
            Some("us") => &US_GOVERNMENT,
            Some("cn") => &CHINA,
            _ => &PUBLIC,
        }
    }

    /// The cloud of a server whose tokens are for its own host name, such as `contoso.crm4.dynamics.com`; `None` for all others.
    #[must_use]
    pub fn of_own_audience(host: &str) -> Option<&'static Self> {
        let is_one = |(label, domain): &(&str, &str)| {
            let digits = host
                .strip_suffix(domain)?
                .rsplit_once(label)
                .filter(|(name, _)| !name.is_empty())?
                .1;
            digits.bytes().all(|byte| byte.is_ascii_digit()).then_some(())
        };
        CLOUDS
            .into_iter()
            .find(|cloud| cloud.own_audience.iter().any(|ending| is_one(ending).is_some()))
    }

    /// Whether a host name, or a pattern such as `*.database.windows.net`, belongs to this cloud.
    #[must_use]
    pub fn has(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        self.suffixes.iter().any(|suffix| host.ends_with(suffix))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_servers_are_the_audience_of_their_tokens_themselves() {
        let authority = |host| Cloud::of_own_audience(host).map(|cloud| cloud.authority);
        assert_eq!(authority("contoso.crm.dynamics.com"), Some(PUBLIC.authority));
        assert_eq!(authority("contoso.crm21.dynamics.com"), Some(PUBLIC.authority));
        assert_eq!(
            authority("help.westeurope.kusto.windows.net"),
            Some(PUBLIC.authority)
        );
        assert_eq!(
            authority("a.kusto.usgovcloudapi.net"),
            Some(US_GOVERNMENT.authority)
        );
        assert_eq!(authority("a.crm.dynamics.cn"), Some(CHINA.authority));
        for other in [
            "crm.dynamics.com",
            ".crm.dynamics.com",
            "a.crmx.dynamics.com",
            "a.database.windows.net",
            "a.crm.dynamics.com.example",
        ] {
            assert_eq!(authority(other), None, "{other}");
        }
    }

    #[test]
    fn the_host_name_tells_the_cloud() {
        let scope = |host| Cloud::for_host(host).map(|cloud| cloud.scope);
        assert_eq!(scope("x.database.windows.net"), Some(PUBLIC.scope));
        assert_eq!(
            scope("x.y.DATABASE.usgovcloudapi.net."),
            Some(US_GOVERNMENT.scope)
        );
        assert_eq!(scope("x.sql.azuresynapse.azure.cn"), Some(CHINA.scope));
        for (authority, cloud) in [
            ("https://login.microsoftonline.us", &US_GOVERNMENT),
            ("https://login.partner.microsoftonline.cn", &CHINA),
            (CHINA.authority, &CHINA),
            (PUBLIC.authority, &PUBLIC),
            ("https://localhost:8443", &PUBLIC),
        ] {
            let found = Cloud::for_authority(authority).exchange_scope;
            assert_eq!(found, cloud.exchange_scope, "{authority}");
        }
        assert_eq!(scope("*.database.windows.net"), Some(PUBLIC.scope));
        for stranger in [
            "database.windows.net.example.com",
            "evildatabase.windows.net",
            "database.windows.net",
            ".windows.net",
        ] {
            assert_eq!(scope(stranger), None, "{stranger}");
        }
    }
}
