//! The tenant that a sign-in takes place in: named, or the one that issues the tokens a server accepts.

use crate::{
    Error, ErrorKind,
    credential::BoxFuture,
    identity_key::{IdentityKey, IdentityKeyBuilder},
    process::{fork::Lock, log::Milliseconds},
    token::Deadline,
};
use std::{
    collections::HashMap,
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};
use tracing::{debug, info};
use url::Url;

/// Names that stand for whichever tenant a person belongs to, and so for none.
const MULTI_TENANT_NAMES: [&str; 3] = ["common", "organizations", "consumers"];

/// How many servers' tenants are kept.
const MAX_CACHED_TENANTS: usize = 1000;

/// How long a server may take to answer where there is a fallback.
const OPTIONAL_TIMEOUT: Duration = Duration::from_secs(5);

/// A server that can tell which tenant issues the tokens that it accepts.
///
/// SQL Server does so during its login (MS-TDS 2.2.7.12, FEDAUTHINFO); this crate only knows that somebody can ask.
pub trait TenantDiscovery: fmt::Debug + Send + Sync {
    /// The server as messages and the log name it, for instance `host,port`.
    fn name(&self) -> String;

    /// Adds what identifies the server, and how it proves who it is, to an identity's key.
    fn identify(&self, key: IdentityKeyBuilder) -> IdentityKeyBuilder;

    /// Asks the server. Runs on the background runtime and is dropped at the deadline.
    fn discover(&self) -> BoxFuture<'_, Result<String, Error>>;
}

/// A tenant.
#[derive(Debug, Clone)]
pub enum Tenant {
    /// A GUID or a domain name; for people also `organizations` or `common`.
    Named(String),
    /// The server's.
    OfServer {
        /// Who is asked.
        server: Arc<dyn TenantDiscovery>,
        /// What servers have answered.
        tenants: Arc<TenantCache>,
        /// The tenant where the server does not answer.
        fallback: Option<&'static str>,
    },
}

/// What servers have answered, so that each is asked once.
///
/// The key covers how the server proved who it is: an answer that nothing validated serves no validated sign-in.
#[derive(Debug, Default)]
pub struct TenantCache(Lock<HashMap<IdentityKey, String>>);

impl Tenant {
    /// The tenant of that name.
    ///
    /// It becomes part of a URL and of a command line: a GUID or a domain name, nothing else.
    pub fn named(name: &str) -> Result<Self, Error> {
        if is_name(name) {
            return Ok(Self::Named(name.to_owned()));
        }
        Err(Error::invalid("TenantId= is neither a GUID nor a domain name").remedy("Correct TenantId."))
    }

    /// Its name; the server is asked where it is not known yet.
    pub async fn resolve(&self, deadline: &Deadline) -> Result<String, Error> {
        let (server, tenants, fallback) = match self {
            Self::Named(name) => return Ok(name.clone()),
            Self::OfServer {
                server,
                tenants,
                fallback,
            } => (server, tenants, fallback),
        };
        let Some(fallback) = fallback else {
            return tenants.get_or_discover(&**server, deadline).await;
        };
        let short = Deadline::at(deadline.instant().min(Instant::now() + OPTIONAL_TIMEOUT));
        let discovered = tenants.get_or_discover(&**server, &short).await;
        Ok(discovered.unwrap_or_else(|error| {
            debug!(target: "entra_odbc", event = "tenant_discovery_failed", %error, fallback);
            (*fallback).to_owned()
        }))
    }

    /// Adds it to the key of the identity that signs in there; nobody is asked for that.
    #[must_use]
    pub fn identify(&self, key: IdentityKeyBuilder) -> IdentityKeyBuilder {
        match self {
            Self::Named(name) => key.with("tenant", &name.to_ascii_lowercase()),
            Self::OfServer { server, .. } => server.identify(key),
        }
    }
}

impl TenantCache {
    /// An empty cache.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The tenant of a server, from memory or by asking it.
    pub async fn get_or_discover(
        &self,
        server: &dyn TenantDiscovery,
        deadline: &Deadline,
    ) -> Result<String, Error> {
        let key = server.identify(IdentityKey::builder("server")?).finish();
        let known = self.0.lock().get(&key).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let start = Instant::now();
        let tenant = deadline
            .bound(server.discover())
            .await
            .unwrap_or_else(|| Err(timeout_error(server)))?;
        info!(target: "entra_odbc", event = "tenant_discovered", server = server.name(), tenant, ms = %Milliseconds(start.elapsed()));
        let mut known = self.0.lock();
        if known.len() >= MAX_CACHED_TENANTS {
            known.clear();
        }
        known.insert(key, tenant.clone());
        Ok(tenant)
    }
}

/// The tenant in the address of its token endpoint: the first segment of the path.
///
/// The host is not taken: where tokens come from is not for a server to say.
#[must_use]
pub fn tenant_in(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let first = url.path_segments()?.next()?;
    let shared = MULTI_TENANT_NAMES
        .iter()
        .any(|shared| shared.eq_ignore_ascii_case(first));
    (is_name(first) && !shared).then(|| first.to_owned())
}

fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    !name.is_empty() && name.len() <= 253 && name.chars().all(fits) && !name.starts_with(['.', '-'])
}

fn timeout_error(server: &dyn TenantDiscovery) -> Error {
    let text = format!(
        "{} did not tell its tenant within the login timeout",
        server.name()
    );
    Error::new(ErrorKind::TimedOut, text)
        .remedy("Check Server= and the network, or name the tenant: TenantId=....")
}

#[cfg(test)]
mod tests;
