//! The endpoint of an AKS cluster with identity bindings, which takes its workloads' token requests to Entra.
//!
//! Its certificate is of the cluster's own authority, and it is found by the name in the TLS handshake (SNI) alone: the
//! address is that of the API server. A workload's assertion is good there and nowhere else; what Entra sees is the
//! cluster's own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use time::OffsetDateTime;

use crate::certificates::CertificateAuthority;
use crate::http::{Parameters, Request, Response, Server};
use crate::jwt::{Issuer, Jwt};
use crate::record::Record;

/// Whom the workloads' assertions are for.
pub const BINDING_AUDIENCE: &str = "api://AKSIdentityBinding";
/// The name that the endpoint has in TLS.
pub const SNI_NAME: &str = "contoso-payroll.ests.aks";
/// What comes before the paths of Entra.
const PREFIX: &str = "/identity-bindings";

/// Answers a request in Entra's place.
pub type Entra = dyn Fn(&Request) -> Response + Send + Sync;

/// What an endpoint is started with.
pub struct TokenProxyOptions {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Who signs the assertions of its workloads, and the cluster's own.
    pub issuer: Arc<Issuer>,
    /// Who the issuer is.
    pub issuer_name: String,
    /// Whom the cluster's own assertions are for.
    pub exchange_audience: String,
    /// The Entra behind it.
    pub entra: Box<Entra>,
}

/// A running endpoint; dropped, it is stopped.
pub struct TokenProxy {
    server: Server,
    authority: Arc<CertificateAuthority>,
}

impl TokenProxy {
    /// Starts an endpoint.
    #[must_use]
    pub fn start(options: TokenProxyOptions) -> Self {
        let authority = Arc::new(CertificateAuthority::new());
        // Whoever asks for another name is led to the API server, whose certificate is for that.
        let tls =
            authority.server_config_for_asked_names(|name| name == SNI_NAME, &["kubernetes.default.svc"]);
        let listen = options.listen;
        let server = Server::start(listen, Some(tls), move |request| answer(&options, request));
        Self { server, authority }
    }

    /// The value for `AZURE_KUBERNETES_TOKEN_PROXY`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}{PREFIX}", self.server.address().port())
    }

    /// The certificate of the cluster's authority: `AZURE_KUBERNETES_CA_DATA`.
    #[must_use]
    pub fn ca(&self) -> &str {
        self.authority.pem()
    }

    /// What arrived.
    #[must_use]
    pub fn record(&self) -> &Record {
        self.server.record()
    }
}

fn answer(options: &TokenProxyOptions, request: &Request) -> Response {
    let refuse = |status: u16, why: &str| {
        Response::json(
            status,
            &json!({ "error": "invalid_request", "error_description": why }),
        )
    };
    // As the API server knows itself.
    if request
        .headers
        .get("host")
        .is_some_and(|host| host.contains(SNI_NAME))
    {
        return refuse(421, "The host is not this server's.");
    }
    let Some(path) = request.path.strip_prefix(PREFIX) else {
        return refuse(404, "There is nothing here.");
    };
    let assertion = request.form.get("client_assertion").unwrap_or_default();
    let workload = Jwt::parse(assertion).and_then(|jwt| options.issuer.check(&jwt).map(|()| jwt));
    let subject = match &workload {
        Ok(jwt) if jwt.audiences().contains(&BINDING_AUDIENCE) => jwt.text("sub").unwrap_or_default(),
        _ => {
            return refuse(
                401,
                "The assertion is not one of a workload that is bound to an identity.",
            );
        }
    };
    let own = own_assertion(options, subject);
    let form: Parameters = request
        .form
        .iter()
        .map(|(name, value)| {
            let value = if name == "client_assertion" {
                own.as_str()
            } else {
                value
            };
            (name.to_owned(), value.to_owned())
        })
        .collect();
    (options.entra)(&Request {
        path: path.to_owned(),
        form,
        ..request.clone()
    })
}

/// What the cluster tells Entra of that workload.
fn own_assertion(options: &TokenProxyOptions, subject: &str) -> String {
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let lifetime = Duration::from_mins(10);
    options.issuer.sign(&json!({
        "iss": options.issuer_name, "sub": subject, "aud": options.exchange_audience,
        "iat": now, "nbf": now, "exp": now.saturating_add_unsigned(lifetime.as_secs()),
    }))
}
