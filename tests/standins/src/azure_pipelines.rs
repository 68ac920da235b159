//! A stand-in for Azure Pipelines' OIDC endpoint, by which a task proves its service connection to Entra.
//!
//! "Oidctoken - Create" of the Azure DevOps REST API, version 7.1, and what azure-identity's `AzurePipelinesCredential`
//! sends to it.

use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::http::{Faults, LOOPBACK, Request, Response, Server};
use crate::jwt::Issuer;
use crate::record::Record;

const PATH: &str = "/contoso/2b9e/_apis/distributedtask/hubs/build/plans/7d41/jobs/12f1/oidctoken";

/// For how long a real one is good.
const LIFETIME: Duration = Duration::from_mins(10);

/// A service connection of the project that trusts this pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceConnection {
    /// A GUID.
    pub id: String,
    /// Who signs: the organization at Azure DevOps.
    pub issuer: String,
    /// `sc://<organization>/<project>/<connection>`.
    pub subject: String,
}

/// The running endpoint of one task; dropped, it is stopped.
pub struct AzurePipelines {
    server: Server,
    access_token: String,
}

impl AzurePipelines {
    /// Starts the endpoint. Its tokens are signed with this key.
    #[must_use]
    pub fn start(tls: Arc<ServerConfig>, issuer: Arc<Issuer>, connections: Vec<ServiceConnection>) -> Self {
        let access_token = Uuid::new_v4().simple().to_string();
        let known = format!("Bearer {access_token}");
        let server = Server::start(LOOPBACK, Some(tls), move |request| {
            answer(request, &known, &issuer, &connections).unwrap_or_else(|refused| refused)
        });
        Self { server, access_token }
    }

    /// The value for `SYSTEM_OIDCREQUESTURI`.
    #[must_use]
    pub fn oidc_request_uri(&self) -> String {
        format!("https://localhost:{}{PATH}", self.server.address().port())
    }

    /// The value for `SYSTEM_ACCESSTOKEN`.
    #[must_use]
    pub fn access_token(&self) -> &str {
        &self.access_token
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

fn answer(
    request: &Request,
    known: &str,
    issuer: &Issuer,
    connections: &[ServiceConnection],
) -> Result<Response, Response> {
    if request.path != PATH {
        return Err(refuse(404, "The controller for the path was not found."));
    }
    if request.method != "POST" {
        return Err(refuse(
            405,
            &format!(
                "The requested resource does not support http method '{}'.",
                request.method
            ),
        ));
    }
    if request.headers.get("authorization") != Some(known) {
        // A browser would be sent to sign in; programs ask not to be.
        return Err(match request.headers.get("x-tfs-fedauthredirect") {
            Some("Suppress") => Response::new(401, "text/html", ""),
            _ => Response::new(302, "text/html", "")
                .with_header("Location", "https://spsprodneu1.vssps.visualstudio.com/_signin"),
        });
    }
    if request.query.get("api-version").is_none() {
        return Err(refuse(
            400,
            "No api-version was supplied for the \"POST\" request.",
        ));
    }
    let id = request.query.get("serviceConnectionId").unwrap_or_default();
    let connection = connections
        .iter()
        .find(|connection| connection.id == id)
        .ok_or_else(|| {
            refuse(
                404,
                &format!("Service connection {id} was not found or this job may not use it."),
            )
        })?;
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let token = issuer.sign(&json!({
        "jti": Uuid::new_v4().to_string(), "iss": connection.issuer, "sub": connection.subject,
        "aud": "api://AzureADTokenExchange", "nbf": now, "iat": now,
        "exp": now.saturating_add_unsigned(LIFETIME.as_secs()),
    }));
    Ok(Response::json(200, &json!({ "oidcToken": token })))
}

fn refuse(status: u16, message: &str) -> Response {
    Response::json(status, &json!({ "$id": "1", "message": message, "errorCode": 0 }))
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a test may fail by a panic"
    )]

    use serde_json::Value;

    use super::*;
    use crate::certificates::CertificateAuthority;
    use crate::testing::{client, issuer};

    #[test]
    fn a_task_with_its_token_and_connection_gets_an_assertion_and_nobody_else() {
        let ca = CertificateAuthority::new();
        let connection = ServiceConnection {
            id: "c".to_owned(),
            issuer: "https://issuer".to_owned(),
            subject: "sc://o/p/c".to_owned(),
        };
        let pipelines = AzurePipelines::start(ca.server_config(&["localhost"]), issuer(), vec![connection]);
        let client = client(ca.pem());
        let ask = |token: &str, connection: &str, suppress: bool| {
            let request = client
                .post(pipelines.oidc_request_uri())
                .query(&[("api-version", "7.1"), ("serviceConnectionId", connection)])
                .bearer_auth(token);
            let request = if suppress {
                request.header("X-TFS-FedAuthRedirect", "Suppress")
            } else {
                request
            };
            request.send().unwrap()
        };
        let good = ask(pipelines.access_token(), "c", true);
        assert_eq!(good.status(), 200);
        let body: Value = serde_json::from_str(&good.text().unwrap()).unwrap();
        let claims = issuer().verify(body["oidcToken"].as_str().unwrap()).unwrap();
        assert_eq!(claims["sub"], "sc://o/p/c");
        assert_eq!(ask(pipelines.access_token(), "d", true).status(), 404);
        assert_eq!(ask("guess", "c", true).status(), 401);
        assert_eq!(ask("guess", "c", false).status(), 302);
    }
}
