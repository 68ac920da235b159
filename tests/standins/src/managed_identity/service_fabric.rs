//! The token service of a Service Fabric cluster: over HTTPS, with a certificate that nobody signed.
//!
//! After "How to leverage a Service Fabric application's managed identity to access Azure services".

use std::sync::Arc;

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use serde_json::json;
use uuid::Uuid;

use super::{State, Wanted};
use crate::certificates::CertificateAuthority;
use crate::http::{Faults, LOOPBACK, Request, Response, Server};
use crate::record::Record;

const PATH: &str = "/metadata/identity/oauth2/token";

/// The running token service.
pub struct ServiceFabric {
    server: Server,
    thumbprint: String,
}

impl ServiceFabric {
    pub(super) fn start(state: Arc<State>) -> Self {
        let (tls, certificate) = CertificateAuthority::self_signed(&["cluster"]);
        let thumbprint = digest(&SHA1_FOR_LEGACY_USE_ONLY, &certificate);
        let server = Server::start(LOOPBACK, Some(tls), move |request| match request.path.as_str() {
            PATH => token(&state, request).unwrap_or_else(|refused| refused),
            _ => Response::new(404, "text/plain", ""),
        });
        let digits = thumbprint.as_ref().iter();
        Self {
            server,
            thumbprint: digits
                .map(|byte| format!("{byte:02X}"))
                .collect::<Vec<_>>()
                .concat(),
        }
    }

    /// The value for `IDENTITY_ENDPOINT`. The certificate is not for this name, nor for any that a client would use.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("https://localhost:{}{PATH}", self.server.address().port())
    }

    /// The value for `IDENTITY_SERVER_THUMBPRINT`.
    #[must_use]
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    /// What arrived.
    #[must_use]
    pub fn record(&self) -> &Record {
        self.server.record()
    }

    /// What is to go wrong.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        self.server.faults()
    }
}

fn token(state: &State, request: &Request) -> Result<Response, Response> {
    if request.method != "GET" {
        return Err(refuse(405, "MethodNotAllowed", "Only GET is supported."));
    }
    if request.headers.get("secret") != Some(&state.identity_header) {
        return Err(refuse(
            400,
            "SecretHeaderNotFound",
            "Secret is not found in the request headers.",
        ));
    }
    if !["2019-07-01-preview", "2020-05-01"].contains(&request.query.get("api-version").unwrap_or_default()) {
        return Err(refuse(
            400,
            "InvalidApiVersion",
            "The api-version is not supported.",
        ));
    }
    let asked = request.query.get("resource");
    let asked = asked.ok_or_else(|| {
        refuse(
            400,
            "ArgumentNullOrEmpty",
            "The parameter 'resource' should not be null or empty string.",
        )
    })?;
    // The manifest decides; ids in the request are passed over.
    let identity = Wanted::default().find(&state.identities).ok_or_else(|| {
        refuse(
            404,
            "ManagedIdentityNotFound",
            "There is no managed identity for the specified application host.",
        )
    })?;
    let (resource, token) = state
        .issue(identity, asked)
        .map_err(|_| refuse(400, "InvalidResource", "The resource is not known."))?;
    Ok(Response::json(
        200,
        &json!({
            "access_token": token.jwt, "expires_on": token.expires_on, "resource": resource, "token_type": "Bearer",
        }),
    ))
}

fn refuse(status: u16, code: &str, message: &str) -> Response {
    let correlation = Uuid::new_v4().to_string();
    let error = json!({ "correlationId": correlation, "code": code, "message": message });
    Response::json(status, &json!({ "error": error }))
}
