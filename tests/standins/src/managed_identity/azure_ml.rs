//! The endpoint on the compute of Azure Machine Learning, `MSI_ENDPOINT` with `MSI_SECRET`.
//!
//! It speaks as App Service did in 2017, except that `expires_on` is a number. Microsoft documents neither; what is
//! known is from azure-identity, its tests and its public issues.

use serde_json::json;

use super::{State, Wanted};
use crate::http::{Request, Response};

pub(super) const PATH: &str = "/MSI/auth";

pub(super) fn answer(state: &State, request: &Request) -> Response {
    token(state, request).unwrap_or_else(|refused| refused)
}

fn token(state: &State, request: &Request) -> Result<Response, Response> {
    if request.method != "GET" {
        return Err(refuse(405, "Method Not Allowed"));
    }
    if request.headers.get("secret") != Some(&state.ml_secret) {
        return Err(refuse(401, "The secret header is missing or does not match."));
    }
    if request.query.get("api-version") != Some("2017-09-01") {
        return Err(refuse(400, "The api-version is missing or not supported."));
    }
    let asked = request.query.get("resource");
    let asked = asked.ok_or_else(|| refuse(400, "The resource parameter is missing."))?;
    // `client_id` is passed over in this version.
    let wanted = Wanted {
        client: request.query.get("clientid"),
        ..Wanted::default()
    };
    let identity = wanted.find(&state.identities).ok_or_else(|| {
        refuse(
            400,
            "No Managed Identity found for specified ClientId/ResourceId.",
        )
    })?;
    let (resource, token) = state
        .issue(identity, asked)
        .map_err(|_| refuse(400, "ExceptionMessage: the resource is not known."))?;
    Ok(Response::json(
        200,
        &json!({
            "access_token": token.jwt,
            "client_id": identity.client_id,
            "expires_on": token.expires_on,
            "resource": resource,
            "token_type": "Bearer",
        }),
    ))
}

fn refuse(status: u16, message: &str) -> Response {
    Response::json(status, &json!({ "StatusCode": status, "Message": message }))
}
