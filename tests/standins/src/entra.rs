//! A stand-in for Microsoft Entra: token endpoints and discovery over HTTPS, as strict as the real ones.

pub(crate) mod access_token;
mod client;
pub mod directory;
mod discovery;
mod grant;
pub(crate) mod refusal;

use std::net::SocketAddr;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use rustls::ServerConfig;

pub use directory::{App, Directory, Resource, Tenant, User};

use crate::http::{Fault, Faults, LOOPBACK, Request, Response, Server, Times};
use crate::jwt::Issuer;
use crate::record::{Record, Recorded};
use grant::{Lifetimes, TokenRequest, Version};
use refusal::Refusal;

/// What an Entra is started with.
#[derive(Clone)]
pub struct EntraOptions {
    /// Where it listens.
    pub listen: SocketAddr,
    /// The certificate that it presents.
    pub tls: Arc<ServerConfig>,
    /// The key that it signs with; others who check or issue tokens share it.
    pub issuer: Arc<Issuer>,
    /// Who exists.
    pub directory: Directory,
    /// For how long tokens live.
    pub token_lifetime: Duration,
    /// After how long clients are told to renew; Entra says so for tokens of two hours and more.
    pub refresh_in: Option<Duration>,
}

impl EntraOptions {
    /// On a port of the system's choice, with tokens of an hour.
    #[must_use]
    pub fn new(tls: Arc<ServerConfig>, issuer: Arc<Issuer>, directory: Directory) -> Self {
        Self {
            listen: LOOPBACK,
            tls,
            issuer,
            directory,
            token_lifetime: Duration::from_secs(3599),
            refresh_in: None,
        }
    }
}

/// A running Entra; dropped, it is stopped.
pub struct Entra {
    server: Server,
    state: Arc<State>,
}

struct State {
    issuer: Arc<Issuer>,
    directory: RwLock<Directory>,
    lifetimes: RwLock<Lifetimes>,
}

impl Entra {
    /// Starts an Entra.
    #[must_use]
    pub fn start(options: EntraOptions) -> Self {
        let lifetimes = Lifetimes {
            token: options.token_lifetime,
            refresh_in: options.refresh_in,
        };
        let state = Arc::new(State {
            issuer: options.issuer,
            directory: RwLock::new(options.directory),
            lifetimes: RwLock::new(lifetimes),
        });
        let answering = state.clone();
        let server = Server::start(options.listen, Some(options.tls), move |request| {
            answering.answer(request)
        });
        Self { server, state }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The authority that clients are given: `https://localhost:<port>`.
    #[must_use]
    pub fn authority(&self) -> String {
        format!("https://localhost:{}", self.address().port())
    }

    /// Changes who exists, as an administrator would: a new secret, a removed application.
    pub fn change(&self, change: impl FnOnce(&mut Directory)) {
        change(
            &mut self
                .state
                .directory
                .write()
                .expect("no holder of the directory panics"),
        );
    }

    /// Changes for how long tokens live from now on, and after how long clients are told to renew.
    pub fn set_lifetimes(&self, token: Duration, refresh_in: Option<Duration>) {
        let lifetimes = Lifetimes { token, refresh_in };
        *self
            .state
            .lifetimes
            .write()
            .expect("no holder of the lifetimes panics") = lifetimes;
    }

    /// The next token request goes wrong in this way.
    pub fn inject(&self, fault: Fault) {
        self.inject_on("/token", Times::Next(1), fault);
    }

    /// Requests whose path contains `path` go wrong in this way.
    pub fn inject_on(&self, path: &str, times: Times, fault: Fault) {
        self.server.faults().inject(path, times, fault);
    }

    /// All faults still to come.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        self.server.faults()
    }

    /// What arrived.
    #[must_use]
    pub fn record(&self) -> &Record {
        self.server.record()
    }

    /// The requests for tokens among what arrived.
    #[must_use]
    pub fn token_requests(&self) -> Vec<Recorded> {
        self.record()
            .requests()
            .into_iter()
            .filter(|request| request.path.ends_with("/token"))
            .collect()
    }
}

impl State {
    fn answer(&self, request: &Request) -> Response {
        let response = self
            .route(request)
            .unwrap_or_else(|refusal| refusal.response(request));
        let response = response
            .with_header("Cache-Control", "no-store, no-cache")
            .with_header("Pragma", "no-cache")
            .with_header("X-Content-Type-Options", "nosniff");
        match request.headers.get("client-request-id") {
            Some(id) => response.with_header("client-request-id", id),
            None => response,
        }
    }

    fn route(&self, request: &Request) -> Result<Response, Refusal> {
        let host = request.headers.get("host").unwrap_or("localhost");
        let authority = format!("https://{host}");
        let (first, rest) = request
            .path
            .trim_start_matches('/')
            .split_once('/')
            .unwrap_or_default();
        let directory = self.directory.read().expect("no holder of the directory panics");
        let body = match rest {
            "discovery/instance" => discovery::instance(&authority, request)?,
            "v2.0/.well-known/openid-configuration" => {
                let tenant = if is_shared(first) {
                    first
                } else {
                    &tenant(&directory, first)?.id
                };
                discovery::openid_configuration(&authority, tenant)
            }
            "discovery/v2.0/keys" => self.issuer.jwks(),
            "oauth2/v2.0/token" => self.token(&directory, first, Version::V2, request)?,
            "oauth2/token" => self.token(&directory, first, Version::V1, request)?,
            _ => return Ok(Response::new(404, "text/html; charset=utf-8", "")),
        };
        Ok(Response::json(200, &body))
    }

    fn token(
        &self,
        directory: &Directory,
        name: &str,
        version: Version,
        request: &Request,
    ) -> Result<serde_json::Value, Refusal> {
        if is_shared(name) {
            return Err(Refusal::no_tenant());
        }
        let lifetimes = *self.lifetimes.read().expect("no holder of the lifetimes panics");
        let asked = TokenRequest {
            version,
            tenant: tenant(directory, name)?,
            request,
        };
        grant::answer(&asked, &self.issuer, lifetimes)
    }
}

/// Names that stand for whichever tenant a user belongs to.
fn is_shared(name: &str) -> bool {
    ["common", "organizations", "consumers"].contains(&name)
}

fn tenant<'a>(directory: &'a Directory, name: &str) -> Result<&'a Tenant, Refusal> {
    let well_formed = name.contains('.') || uuid::Uuid::try_parse(name).is_ok();
    if !well_formed {
        return Err(Refusal::tenant_malformed(name));
    }
    directory
        .tenant(name)
        .ok_or_else(|| Refusal::tenant_not_found(name))
}

#[cfg(test)]
mod tests;
