//! The tenant that a sign-in takes place in: named, or the one that the server wants its tokens from.

use crate::{
    Environment, Error, ErrorKind,
    fork::Lock,
    identity::IdentityKeyBuilder,
    server::Server,
    tds::{self, Answer, Target},
    token::{Deadline, TokenService},
};
use std::{
    collections::HashMap,
    io,
    sync::Arc,
    time::{Duration, Instant},
};
use tracing::{debug, info};
use url::Url;

/// Names that stand for whichever tenant a person belongs to, and so for none.
const SHARED: [&str; 3] = ["common", "organizations", "consumers"];

/// How many servers are remembered.
const LIMIT: usize = 1000;

/// For how long it is remembered that a server redirects nobody; an administrator may change that at any time.
const DIRECT_TTL: Duration = Duration::from_mins(5);

const NAME_THE_TENANT: &str = "Check Server= and the network, or name the tenant: TenantId=....";

/// How long a server may take to answer where there is something to fall back on.
const BRIEFLY: Duration = Duration::from_secs(5);

/// A tenant.
#[derive(Debug, Clone)]
pub enum Tenant {
    /// A GUID or a domain name; for people also `organizations` or `common`.
    Named(String),
    /// The server's.
    OfServer {
        /// How it is asked.
        target: Arc<Target>,
        /// What servers have said.
        tenants: Arc<Tenants>,
        /// What will do where the server does not say.
        otherwise: Option<&'static str>,
    },
}

/// What servers have said, so that each is asked once.
#[derive(Debug)]
pub struct Tenants {
    environment: Environment,
    /// By server, and by what vouched for it: an answer that nothing vouched for serves nobody else.
    known: Lock<HashMap<Target, String>>,
    /// Until when it is known of a server that it redirects nobody.
    direct: Lock<HashMap<Target, Instant>>,
}

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

    /// Its name, asked for where it is not known yet.
    pub async fn resolve(&self, deadline: &Deadline) -> Result<String, Error> {
        let (target, tenants, otherwise) = match self {
            Self::Named(name) => return Ok(name.clone()),
            Self::OfServer {
                target,
                tenants,
                otherwise,
            } => (target, tenants, otherwise),
        };
        let Some(otherwise) = otherwise else {
            return tenants.of(target, deadline).await;
        };
        let brief = Deadline::at(deadline.instant().min(Instant::now() + BRIEFLY));
        Ok(tenants.of(target, &brief).await.unwrap_or_else(|error| {
            debug!(target: "entra_odbc", %error, otherwise, "the server does not tell its tenant");
            (*otherwise).to_owned()
        }))
    }

    /// Adds it to the identity that signs in there; nobody is asked for that.
    #[must_use]
    pub fn identify(&self, key: IdentityKeyBuilder) -> IdentityKeyBuilder {
        match self {
            Self::Named(name) => key.with("tenant", &name.to_ascii_lowercase()),
            Self::OfServer { target, .. } => key
                .with("tenant of", &target.host)
                .with("port", &target.port.to_string())
                .with(
                    "vouched for by",
                    &format!("{:?} {:?}", target.encryption, target.trust),
                ),
        }
    }
}

impl Tenants {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(environment: &Environment) -> Self {
        Self {
            environment: environment.clone(),
            known: Lock::default(),
            direct: Lock::default(),
        }
    }

    /// Makes sure that a server does not redirect the login to another one; an error where it does, or cannot be asked.
    ///
    /// Blocks until the server has answered; not at all where it was asked in the last minutes.
    pub fn rule_out_redirect(
        self: &Arc<Self>,
        target: &Target,
        deadline: Instant,
        tokens: &TokenService,
    ) -> Result<(), Error> {
        let known = self.direct.lock().get(target).copied();
        if known.is_some_and(|until| Instant::now() < until) {
            return Ok(());
        }
        let asking = {
            let (tenants, target) = (Arc::clone(self), target.clone());
            async move { tds::ask(&target, &tenants.environment).await }
        };
        match tokens.run(deadline, asking)? {
            None => Err(not_in_time(target, "did not answer the question whether it redirects connections")
                .remedy("Check Server= and the network.")),
            Some(Err(error)) => Err(unreachable(
                target,
                "could not be asked whether it redirects connections",
                &error,
                "Check Server= and the network.",
            )),
            Some(Ok(Answer::Elsewhere { host, port })) => Err(Error::invalid(format!(
                "{},{} redirects to {host},{port}, and nothing would vouch for that server, so no token goes there \
                 (docs/trust.md)",
                target.host, target.port
            ))
            .remedy(
                "Have the certificate validated by its Azure name: HostnameInCertificate=<the Azure name>;\
                 TrustServerCertificate=no; or write that name in Server= and lead it here in /etc/hosts.",
            )),
            // It may redirect once it is well again.
            Some(Ok(Answer::Nothing(words))) if !words.is_empty() => Err(Error::new(
                ErrorKind::Unreachable,
                format!(
                    "{},{} refuses to say whether it redirects connections, so no token goes there (docs/trust.md)",
                    target.host, target.port
                ),
            )
            .remedy("Have its certificate validated, or try again later.")
            .detail(words)),
            Some(Ok(Answer::TokenFrom(_) | Answer::Nothing(_))) => {
                let mut direct = self.direct.lock();
                if direct.len() >= LIMIT {
                    direct.clear();
                }
                direct.insert(target.clone(), Instant::now() + DIRECT_TTL);
                Ok(())
            }
        }
    }

    async fn of(&self, target: &Target, deadline: &Deadline) -> Result<String, Error> {
        // Whichever database is asked for, the tenant is the server's.
        let place = Target {
            database: None,
            ..target.clone()
        };
        let known = self.known.lock().get(&place).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let start = Instant::now();
        let tenant = deadline
            .bound(self.ask(target))
            .await
            .unwrap_or_else(|| Err(not_in_time(target, "did not tell its tenant").remedy(NAME_THE_TENANT)))?;
        let milliseconds = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        info!(target: "entra_odbc", host = target.host, tenant, milliseconds, "the server told its tenant");
        let mut known = self.known.lock();
        if known.len() >= LIMIT {
            known.clear();
        }
        known.insert(place, tenant.clone());
        Ok(tenant)
    }

    async fn probe(&self, target: &Target) -> Result<Answer, Error> {
        tds::ask(target, &self.environment).await.map_err(|error| {
            unreachable(
                target,
                "could not be asked for its tenant",
                &error,
                NAME_THE_TENANT,
            )
        })
    }

    /// Asks the server, and one more where it sends us on.
    async fn ask(&self, target: &Target) -> Result<String, Error> {
        let answer = match self.probe(target).await? {
            Answer::Elsewhere { host, port } => {
                let next = Target {
                    host,
                    port,
                    ..target.clone()
                };
                if !may_go(&target.host, &next.host) {
                    return Err(unsaid(
                        target,
                        &format!("it sends to {}, of another cloud", next.host),
                    ));
                }
                self.probe(&next).await?
            }
            answer => answer,
        };
        match answer {
            Answer::TokenFrom(url) => tenant_in(&url).ok_or_else(|| unsaid(target, "it names none")),
            Answer::Elsewhere { .. } => Err(unsaid(target, "it sends from one host to another")),
            Answer::Nothing(words) if words.is_empty() => Err(unsaid(target, "it asks for no token")),
            Answer::Nothing(words) => Err(unsaid(target, "it refuses").detail(words)),
        }
    }
}

/// Whether a server may send a token's request on to another host: within its cloud, or this machine.
fn may_go(from: &str, to: &str) -> bool {
    let (Some(from), Some(to)) = (Server::parse(from), Server::parse(to)) else {
        return false;
    };
    match from.cloud() {
        Some(cloud) => cloud.has(&to.host),
        None => from.host == to.host || from.is_loopback() && to.is_loopback(),
    }
}

/// The first segment of the path, where that is a tenant. The host is not taken: where tokens come from is
/// not for a server to say.
fn tenant_in(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let first = url.path_segments()?.next()?;
    let shared = SHARED.iter().any(|shared| shared.eq_ignore_ascii_case(first));
    (is_name(first) && !shared).then(|| first.to_owned())
}

fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    !name.is_empty() && name.len() <= 253 && name.chars().all(fits) && !name.starts_with(['.', '-'])
}

fn not_in_time(target: &Target, what: &str) -> Error {
    let text = format!("{},{} {what} within the login timeout", target.host, target.port);
    Error::new(ErrorKind::TimedOut, text)
}

fn unreachable(target: &Target, what: &str, error: &io::Error, remedy: &str) -> Error {
    // A file that the string names: said as it is, since no server was asked.
    if let Some(ours) = error.get_ref().and_then(|error| error.downcast_ref::<Error>()) {
        return ours.clone();
    }
    let text = format!("{},{} {what}: {error}", target.host, target.port);
    Error::new(ErrorKind::Unreachable, text).remedy(remedy)
}

fn unsaid(target: &Target, why: &str) -> Error {
    Error::invalid(format!(
        "TenantId= is missing, and {},{} does not tell the tenant: {why}",
        target.host, target.port
    ))
    .remedy("Add TenantId=… to the connection string.")
}

#[cfg(test)]
mod tests;
