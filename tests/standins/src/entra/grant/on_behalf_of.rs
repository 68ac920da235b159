//! Entra's on-behalf-of flow: a service exchanges the token of its caller for one of a service further on.

use serde_json::Value;
use time::OffsetDateTime;

use super::{Granted, TokenRequest};
use crate::entra::client;
use crate::entra::refusal::Refusal;

pub(super) fn grant<'a>(asked: &TokenRequest<'a>) -> Result<Granted<'a>, Refusal> {
    let form = &asked.request.form;
    let field = |name| form.get(name).ok_or_else(|| Refusal::missing_parameter(name));
    if field("requested_token_use")? != "on_behalf_of" {
        return Err(Refusal::missing_parameter("requested_token_use"));
    }
    let presented = client::presented(asked.request)?;
    let claims = asked
        .issuer
        .verify(field("assertion")?)
        .map_err(|_| Refusal::bad_assertion("The signature of the token is not valid."))?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    let (tenant, user) = asked.user(text("upn"))?;
    let app = TokenRequest::app_in(tenant, &presented.client_id)?;
    client::authenticate(asked, app, &presented)?;
    let audience = text("aud");
    let own = format!("api://{}", app.client_id);
    if audience != app.client_id && audience != own {
        return Err(Refusal::bad_assertion(
            "Assertion audience does not match the Client app presenting the assertion.",
        ));
    }
    let expires = claims.get("exp").and_then(Value::as_i64).unwrap_or(0);
    if expires <= OffsetDateTime::now_utc().unix_timestamp() {
        return Err(Refusal::assertion_expired());
    }
    if app.lacks_consent {
        return Err(Refusal::consent_required(&app.client_id, &app.display_name));
    }
    asked.person(tenant, user, &app.client_id, None)
}
