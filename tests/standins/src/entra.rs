//! A stand-in for Microsoft Entra: token endpoints and discovery over HTTPS, as strict as the real ones.

pub(crate) mod access_token;
mod browser;
mod client;
pub mod directory;
mod discovery;
mod grant;
pub(crate) mod refusal;
mod scope;
mod sessions;

use std::net::SocketAddr;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use rustls::ServerConfig;

pub use directory::{App, Directory, Federated, Resource, Tenant, TrustedSubject, User};
pub use sessions::TokenState;

use crate::http::{Fault, Faults, LOOPBACK, Request, Response, Server, Times};
use crate::jwt::Issuer;
use crate::record::{Record, Recorded};
use browser::Visit;
use grant::{Lifetimes, TokenRequest, Version};
use refusal::Refusal;
use scope::Scope;
use sessions::{Decision, RefreshToken, Sessions};

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
    sessions: Sessions,
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
            sessions: Sessions::default(),
        });
        let answering = state.clone();
        let server = Server::start(options.listen, Some(options.tls), move |request| {
            answering.answer(request)
        });
        Self { server, state }
    }

    /// Its answers, for a stand-in that takes requests in its place.
    pub(crate) fn answering(&self) -> Box<crate::token_proxy::Entra> {
        let state = self.state.clone();
        Box::new(move |request| state.answer(request))
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

    /// The codes that devices wait for and nobody has decided on, the oldest first.
    #[must_use]
    pub fn open_user_codes(&self) -> Vec<String> {
        self.state.sessions.open_user_codes()
    }

    /// A person types a device's code and signs in; whether there is such a code.
    #[must_use]
    pub fn approve_device(&self, user_code: &str, user: &str) -> bool {
        let decision = Decision::Approved(user.to_owned());
        self.state.sessions.decide(user_code, decision)
    }

    /// A person types a device's code and says no; whether there is such a code.
    #[must_use]
    pub fn decline_device(&self, user_code: &str) -> bool {
        self.state.sessions.decide(user_code, Decision::Declined)
    }

    /// For how long the codes of devices are good from now on.
    pub fn set_device_code_lifetime(&self, lifetime: Duration) {
        self.state.sessions.set_device_life(lifetime);
    }

    /// How often a device may ask from now on: one second, until this says otherwise.
    pub fn set_device_interval(&self, interval: Duration) {
        self.state.sessions.set_device_interval(interval);
    }

    /// Ends the authorization codes that nobody has redeemed yet.
    pub fn expire_authorization_codes(&self) {
        self.state.sessions.expire_codes();
    }

    /// A person's refresh tokens end.
    pub fn set_refresh_tokens(&self, user: &str, state: TokenState) {
        self.state.sessions.set_refresh_tokens(user, state);
    }

    /// Whether a refresh token stays good once it was redeemed, as Entra's do; a stricter one takes it back.
    pub fn keep_old_refresh_tokens(&self, keep: bool) {
        self.state.sessions.keep_old_refresh_tokens(keep);
    }

    /// A refresh token as a person gets it who has signed in to an application with a password.
    #[must_use]
    pub fn refresh_token(&self, user: &str, client_id: &str) -> String {
        self.state.sessions.new_refresh_token(RefreshToken {
            user: user.to_owned(),
            client_id: client_id.to_owned(),
            scope: None,
            strong: false,
            state: TokenState::Good,
        })
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
                let id = shared_or(first, |name| Ok(tenant(&directory, name)?.id.as_str()))?;
                discovery::openid_configuration(&authority, id, Version::V2)
            }
            ".well-known/openid-configuration" => {
                let id = shared_or(first, |name| Ok(tenant(&directory, name)?.id.as_str()))?;
                discovery::openid_configuration(&authority, id, Version::V1)
            }
            "discovery/v2.0/keys" | "discovery/keys" => self.issuer.jwks(),
            "oauth2/v2.0/authorize" | "oauth2/v2.0/logout" | "oauth2/deviceauth" => {
                let visit = Visit {
                    directory: &directory,
                    tenant: tenant_unless_shared(&directory, first),
                    sessions: &self.sessions,
                    request,
                };
                return Ok(visit.answer(rest));
            }
            "oauth2/v2.0/devicecode" => self.device_code(&directory, first, &authority, request)?,
            "oauth2/v2.0/token" => self.token(&directory, first, &authority, Version::V2, request)?,
            "oauth2/token" => self.token(&directory, first, &authority, Version::V1, request)?,
            _ => return Ok(Response::new(404, "text/html; charset=utf-8", "")),
        };
        Ok(Response::json(200, &body))
    }

    fn token(
        &self,
        directory: &Directory,
        name: &str,
        authority: &str,
        version: Version,
        request: &Request,
    ) -> Result<serde_json::Value, Refusal> {
        let lifetimes = *self.lifetimes.read().expect("no holder of the lifetimes panics");
        let asked = TokenRequest {
            version,
            directory,
            tenant: tenant_unless_shared(directory, name)?,
            authority,
            request,
            sessions: &self.sessions,
            issuer: &self.issuer,
        };
        grant::answer(&asked, lifetimes)
    }

    fn device_code(
        &self,
        directory: &Directory,
        name: &str,
        authority: &str,
        request: &Request,
    ) -> Result<serde_json::Value, Refusal> {
        if request.method != "POST" {
            return Err(Refusal::only_post(&request.method));
        }
        let field = |name| {
            let value = request.form.get(name);
            value.ok_or_else(|| Refusal::missing_parameter(name))
        };
        let client_id = field("client_id")?;
        let (tenant, app) = directory.app(tenant_unless_shared(directory, name)?, client_id)?;
        let scope = field("scope")?;
        Scope::of(scope, tenant, app)?;
        let (device, life) = self.sessions.new_device(&app.client_id, scope);
        let page = format!("{authority}/common/oauth2/deviceauth");
        Ok(serde_json::json!({
            "user_code": device.user_code,
            "device_code": device.secret_code,
            "verification_uri": page,
            "expires_in": life.as_secs(),
            "interval": self.sessions.device_interval().as_secs(),
            "message": format!(
                "To sign in, use a web browser to open the page {page} and enter the code {} to authenticate.",
                device.user_code
            ),
        }))
    }
}

/// Names that stand for whichever tenant a user belongs to.
fn is_shared(name: &str) -> bool {
    ["common", "organizations", "consumers"].contains(&name)
}

/// A name that stands for any tenant, or what is found for a tenant's.
fn shared_or<'a>(
    name: &'a str,
    find: impl FnOnce(&'a str) -> Result<&'a str, Refusal>,
) -> Result<&'a str, Refusal> {
    if is_shared(name) { Ok(name) } else { find(name) }
}

/// The tenant that a path names; `None` where the person is to decide.
fn tenant_unless_shared<'a>(directory: &'a Directory, name: &str) -> Result<Option<&'a Tenant>, Refusal> {
    if is_shared(name) {
        return Ok(None);
    }
    tenant(directory, name).map(Some)
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
