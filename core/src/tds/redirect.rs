//! Whether a server redirects logins, asked where no certificate would protect a token from going along.

use super::{Answer, Target, probe, unreachable};
use entra_auth::{Error, ErrorKind, Services, process::fork::Lock};
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

/// How many servers are remembered.
const MAX_CACHED_SERVERS: usize = 1000;

/// For how long it is remembered that a server does not redirect; an administrator may change that at any time.
const NO_REDIRECT_TTL: Duration = Duration::from_mins(5);

const CHECK_SERVER: &str = "Check Server= and the network.";

/// Servers that are known not to redirect, and until when that is taken as known.
#[derive(Debug, Default)]
pub struct RedirectCache(Lock<HashMap<Target, Instant>>);

impl RedirectCache {
    /// An empty cache.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes sure that a server does not redirect the login; an error where it does, or cannot be asked.
    ///
    /// Blocks until the server has answered; not at all where it was asked in the last minutes.
    pub fn rule_out_redirect(
        &self,
        target: &Target,
        deadline: Instant,
        services: &Services,
    ) -> Result<(), Error> {
        let known = self.0.lock().get(target).copied();
        if known.is_some_and(|until| Instant::now() < until) {
            return Ok(());
        }
        let asking = {
            let (environment, target) = (services.environment.clone(), target.clone());
            async move { probe(&target, &environment).await }
        };
        let server = format!("{},{}", target.host, target.port);
        match services.tokens.begin_task(deadline, asking)?.wait() {
            None => Err(Error::new(
                ErrorKind::TimedOut,
                format!(
                    "{server} did not answer the question whether it redirects connections within the login timeout"
                ),
            )
            .remedy(CHECK_SERVER)),
            Some(Err(error)) => Err(unreachable(
                target,
                "could not be asked whether it redirects connections",
                &error,
                CHECK_SERVER,
            )),
            Some(Ok(Answer::Elsewhere { host, port })) => Err(Error::invalid(format!(
                "{server} redirects to {host},{port}, and nothing would vouch for that server, so no token goes there \
                 (entra-odbc explain trust)"
            ))
            .remedy(
                "Have the certificate validated by its Azure name: HostnameInCertificate=<the Azure name>;\
                 TrustServerCertificate=no; or write that name in Server=, and add ConnectTo= for this address.",
            )),
            // A server in trouble may redirect once it is well again.
            Some(Ok(Answer::Nothing(words))) if !words.is_empty() => Err(Error::new(
                ErrorKind::Unreachable,
                format!(
                    "{server} refuses to say whether it redirects connections, so no token goes there (entra-odbc explain trust)"
                ),
            )
            .remedy("Have its certificate validated, or try again later.")
            .detail(words)),
            Some(Ok(Answer::TokenFrom(_) | Answer::Nothing(_))) => {
                let mut known = self.0.lock();
                if known.len() >= MAX_CACHED_SERVERS {
                    known.clear();
                }
                known.insert(target.clone(), Instant::now() + NO_REDIRECT_TTL);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests;
