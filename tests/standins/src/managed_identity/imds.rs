//! The Instance Metadata Service of Azure's virtual machines, at `/metadata/identity/oauth2/token`.
//!
//! Errors as Microsoft's documentation and public issues quote them; the server header as of 2024.

use serde_json::{Value, json};

use super::{Identity, State, Wanted};
use crate::entra::access_token::AccessToken;
use crate::http::{Request, Response};

pub(super) const PATH: &str = "/metadata/identity/oauth2/token";

pub(super) fn answer(state: &State, request: &Request) -> Response {
    let response = token(state, request).unwrap_or_else(|refused| refused);
    response.with_header("Server", "IMDS/150.870.65.1324")
}

fn token(state: &State, request: &Request) -> Result<Response, Response> {
    if request.method != "GET" {
        return Err(refuse(405, "Method Not Allowed"));
    }
    if !request
        .headers
        .get("metadata")
        .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    {
        return Err(refuse(400, "Required metadata header not specified"));
    }
    // A proxied request comes from elsewhere than the machine whose identity it asks for.
    if request.headers.get("x-forwarded-for").is_some() {
        return Err(refuse(400, "X-Forwarded-For header is not allowed"));
    }
    if request.query.get("api-version").is_none() {
        return Err(Response::json(
            400,
            &json!({
                "error": "Bad request. api-version was not specified in the request. For more information refer to \
                          aka.ms/azureimds",
                "newest-versions": ["2021-02-01", "2020-09-01", "2020-06-01"],
            }),
        ));
    }
    let asked = request.query.get("resource");
    let asked = asked.ok_or_else(|| refuse(400, "Required audience parameter not specified"))?;
    let identity = identity(state, request)?;
    let (resource, token) = state.issue(identity, asked).map_err(|refusal| {
        Response::json(
            400,
            &json!({ "error": "invalid_resource", "error_description": refusal.sentence() }),
        )
    })?;
    let body = granted(identity, resource, &token);
    Ok(Response::json(200, &body))
}

/// The answer with a token in it; every value is a string, other than in Entra's own answers.
pub(super) fn granted(identity: &Identity, resource: &str, token: &AccessToken) -> Value {
    json!({
        "access_token": token.jwt,
        "client_id": identity.client_id,
        "expires_in": token.expires_in.to_string(),
        "expires_on": token.expires_on.to_string(),
        "ext_expires_in": token.expires_in.to_string(),
        "not_before": token.not_before.to_string(),
        "resource": resource,
        "token_type": "Bearer",
    })
}

fn identity<'a>(state: &'a State, request: &Request) -> Result<&'a Identity, Response> {
    // `mi_res_id` is App Service's name for it; this endpoint documents `msi_res_id` alone.
    let wanted = Wanted::from_query(&request.query, &["object_id"], &["msi_res_id"]);
    if let Some(found) = wanted.find(&state.identities) {
        return Ok(found);
    }
    let several = state.identities.user_assigned.len() > 1;
    match &*state.identities.user_assigned {
        [only] if wanted.is_system_assigned() => Ok(only),
        _ if wanted.is_system_assigned() && several => Err(refuse(
            400,
            "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in \
             the token request",
        )),
        _ => Err(refuse(400, "Identity not found")),
    }
}

pub(super) fn refuse(status: u16, description: &str) -> Response {
    let body: Value = json!({ "error": "invalid_request", "error_description": description });
    Response::json(status, &body)
}
