//! The clouds of Azure: whose names are whose, and where their tokens come from.

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

impl Cloud {
    /// The cloud that a host name, or a pattern such as `*.database.windows.net`, belongs to.
    #[must_use]
    pub fn of(host: &str) -> Option<&'static Self> {
        CLOUDS.iter().find(|cloud| cloud.has(host))
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_name_tells_the_cloud() {
        let scope = |host| Cloud::of(host).map(|cloud| cloud.scope);
        assert_eq!(scope("x.database.windows.net"), Some(CLOUDS[0].scope));
        assert_eq!(scope("x.y.DATABASE.usgovcloudapi.net."), Some(CLOUDS[1].scope));
        assert_eq!(scope("x.sql.azuresynapse.azure.cn"), Some(CLOUDS[2].scope));
        assert_eq!(scope("*.database.windows.net"), Some(CLOUDS[0].scope));
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
