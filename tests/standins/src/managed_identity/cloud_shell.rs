//! The endpoint of Cloud Shell, `MSI_ENDPOINT`: tokens of the person who opened it.

use serde_json::json;

use super::State;
use crate::entra::access_token::{self, AZURE_CLI, Proof, Subject};
use crate::http::{Request, Response};

pub(super) const PATH: &str = "/oauth2/token";

pub(super) fn answer(state: &State, request: &Request) -> Response {
    token(state, request).unwrap_or_else(|refused| refused)
}

fn token(state: &State, request: &Request) -> Result<Response, Response> {
    if request.method != "POST" {
        return Err(refuse(405, "MethodNotAllowed", "Only POST is supported."));
    }
    if request.headers.get("metadata") != Some("true") {
        return Err(refuse(
            400,
            "MissingMetadataHeader",
            "The Metadata header is missing.",
        ));
    }
    let asked = request.form.get("resource");
    let asked = asked.ok_or_else(|| refuse(400, "MissingAudience", "The resource parameter is missing."))?;
    let user = state
        .tenant
        .users
        .first()
        .ok_or_else(|| refuse(401, "NotSignedIn", "Nobody has opened Cloud Shell."))?;
    // The one refusal that public issues quote.
    let resource = state.tenant.resource(asked).ok_or_else(|| {
        refuse(
            400,
            "AudienceNotSupported",
            &format!("Audience {asked} is not a supported MSI token audience."),
        )
    })?;
    let subject = Subject::User {
        user,
        client_id: AZURE_CLI,
        proof: Proof::None,
        permissions: "user_impersonation".to_owned(),
    };
    let lifetime = state.token_lifetime();
    let token = access_token::issue(&state.issuer, &state.tenant.id, resource, &subject, lifetime);
    Ok(Response::json(
        200,
        &json!({
            "access_token": token.jwt,
            "refresh_token": "",
            "expires_in": token.expires_in.to_string(),
            "expires_on": token.expires_on.to_string(),
            "not_before": token.not_before.to_string(),
            "resource": asked,
            "token_type": "Bearer",
        }),
    ))
}

fn refuse(status: u16, code: &str, message: &str) -> Response {
    Response::json(status, &json!({ "error": { "code": code, "message": message } }))
}
