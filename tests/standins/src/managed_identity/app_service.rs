//! The endpoint inside App Service, Functions and Container Apps: `IDENTITY_ENDPOINT` with its secret header.

use serde_json::json;
use uuid::Uuid;

use super::{State, Wanted};
use crate::http::{Request, Response};

pub(super) const PATH: &str = "/msi/token";

pub(super) fn answer(state: &State, request: &Request) -> Response {
    token(state, request).unwrap_or_else(|refused| refused)
}

fn token(state: &State, request: &Request) -> Result<Response, Response> {
    if request.method != "GET" {
        return Err(refuse(405, "Method Not Allowed"));
    }
    // Status and words of this one are ours: no public record of the real ones was found.
    if request.headers.get("x-identity-header") != Some(&state.identity_header) {
        return Err(refuse(401, "X-IDENTITY-HEADER is missing or does not match."));
    }
    if request.query.get("api-version") != Some("2019-08-01") {
        return Err(refuse(
            400,
            "The api-version parameter is missing or not supported.",
        ));
    }
    let asked = request.query.get("resource");
    let asked = asked.ok_or_else(|| refuse(400, "The resource parameter is missing."))?;
    // Documented are `principal_id` and, as an alias, `object_id`, which Microsoft's libraries send.
    let wanted = Wanted::from_query(&request.query, &["principal_id", "object_id"], &["mi_res_id"]);
    let identity = wanted.find(&state.identities).ok_or_else(|| {
        refuse(
            400,
            "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.",
        )
    })?;
    // An unknown resource ends in a vague 500, as MSAL for Python notes.
    let (resource, token) = state.issue(identity, asked).map_err(|_| {
        refuse(
            500,
            "An unexpected error occured while fetching the AAD Token. Please contact support with this provided \
             Correlation ID",
        )
    })?;
    let body = json!({
        "access_token": token.jwt,
        "client_id": identity.client_id.to_uppercase(),
        "expires_on": token.expires_on.to_string(),
        "resource": resource,
        "token_type": "Bearer",
    });
    Ok(Response::json(200, &body))
}

fn refuse(status: u16, message: &str) -> Response {
    let correlation = Uuid::new_v4().to_string();
    Response::json(
        status,
        &json!({ "statusCode": status, "message": message, "correlationId": correlation }),
    )
}
