//! Which tenant a SQL server wants its tokens from, by the server's own word.

use super::{Answer, MAX_REDIRECTS, Target, probe, unreachable};
use entra_auth::{
    Environment, Error,
    credential::BoxFuture,
    identity_key::IdentityKeyBuilder,
    tenant::{TenantDiscovery, tenant_in},
};

/// A SQL server that is asked for its tenant.
#[derive(Debug)]
pub struct ServerTenant {
    target: Target,
    environment: Environment,
}

impl ServerTenant {
    /// The server at `target`; the environment tells which certificate authorities count.
    #[must_use]
    pub fn new(target: Target, environment: &Environment) -> Self {
        Self {
            target,
            environment: environment.clone(),
        }
    }

    async fn probe(&self, target: &Target) -> Result<Answer, Error> {
        probe(target, &self.environment).await.map_err(|error| {
            unreachable(
                target,
                "could not be asked for its tenant",
                &error,
                "Check Server= and the network, or name the tenant: TenantId=....",
            )
        })
    }

    /// Asks the server, and the next one where it redirects, as the driver goes on with its login.
    async fn tenant(&self) -> Result<String, Error> {
        let target = &self.target;
        let mut asked = target.clone();
        for _ in 0..=MAX_REDIRECTS {
            match self.probe(&asked).await? {
                Answer::Elsewhere { host, port } => asked = next(&asked, host, port)?,
                Answer::TokenFrom(url) => {
                    return tenant_in(&url).ok_or_else(|| missing_tenant(target, "it names none"));
                }
                Answer::Nothing(words) if words.is_empty() => {
                    return Err(missing_tenant(target, "it asks for no token"));
                }
                Answer::Nothing(words) => return Err(missing_tenant(target, "it refuses").detail(words)),
            }
        }
        Err(missing_tenant(target, "it sends from one host to another"))
    }
}

impl TenantDiscovery for ServerTenant {
    fn name(&self) -> String {
        format!("{},{}", self.target.host, self.target.port)
    }

    fn identify(&self, key: IdentityKeyBuilder) -> IdentityKeyBuilder {
        // Without the database: whichever is asked for, the tenant is the server's. The language may name another one.
        key.with("tenant of", &self.target.host)
            .with("port", &self.target.port.to_string())
            .with(
                "language",
                self.target.options.language.as_deref().unwrap_or_default(),
            )
            .with(
                "validated by",
                &format!("{:?} {:?}", self.target.encryption, self.target.trust),
            )
    }

    fn discover(&self) -> BoxFuture<'_, Result<String, Error>> {
        Box::pin(self.tenant())
    }
}

fn next(from: &Target, host: String, port: u16) -> Result<Target, Error> {
    let why = format!("it sends to {host}, and nothing validates the server there");
    from.redirected(host, port)
        .ok_or_else(|| missing_tenant(from, &why))
}

fn missing_tenant(target: &Target, why: &str) -> Error {
    Error::invalid(format!(
        "TenantId= is missing, and {},{} does not tell the tenant: {why}",
        target.host, target.port
    ))
    .remedy("Add TenantId=... to the connection string.")
}

#[cfg(test)]
mod tests;
