//! Entra's on-behalf-of flow: a service exchanges the token of its caller for one of a service further on.

use time::OffsetDateTime;

use super::{Granted, SignedIn, TokenRequest};
use crate::entra::client;
use crate::entra::refusal::Refusal;
use crate::jwt::{Invalid, Jwt};

pub(super) fn grant<'a>(asked: &TokenRequest<'a>) -> Result<Granted<'a>, Refusal> {
    if asked.field("requested_token_use")? != "on_behalf_of" {
        return Err(Refusal::missing_parameter("requested_token_use"));
    }
    let presented = client::presented(asked.request)?;
    let assertion = Jwt::parse(asked.field("assertion")?).map_err(|_| Refusal::assertion_malformed())?;
    let text = |name| assertion.text(name).unwrap_or_default();
    let tenant = match asked.tenant {
        Some(tenant) => tenant,
        None => asked
            .directory
            .tenant(text("tid"))
            .ok_or_else(Refusal::no_tenant)?,
    };
    let app = asked.app_in(tenant, &presented.client_id)?;
    let proof = client::authenticate(asked, app, &presented)?;
    check(asked, &assertion)?;
    let audience = text("aud");
    if audience != app.client_id && audience != format!("api://{}", app.client_id) {
        return Err(Refusal::assertion_for_another(audience, &app.client_id));
    }
    if text("idtyp") == "app" {
        return Err(Refusal::assertion_of_an_app(text("appid")));
    }
    if assertion.text("scp").is_none() {
        return Err(Refusal::id_token_as_assertion());
    }
    let (home, user) = asked.user(text("upn"))?;
    if home.id != text("tid") {
        return Err(Refusal::bad_assertion("The key was not found."));
    }
    asked.person((tenant, user), (app, proof), &SignedIn::default())
}

/// A token of this Entra's own, and a living one.
fn check(asked: &TokenRequest<'_>, assertion: &Jwt) -> Result<(), Refusal> {
    match asked.issuer.check(assertion) {
        Ok(()) => {}
        Err(Invalid::Malformed) => return Err(Refusal::assertion_malformed()),
        Err(Invalid::Algorithm | Invalid::UnknownKey) => {
            return Err(Refusal::bad_assertion("The key was not found."));
        }
        Err(Invalid::Signature) => {
            return Err(Refusal::bad_assertion(
                "Key was found, but use of the key to verify the signature failed.",
            ));
        }
    }
    let now = OffsetDateTime::now_utc().unix_timestamp();
    if assertion.time("exp").is_none_or(|end| end <= now) {
        return Err(Refusal::assertion_expired());
    }
    Ok(())
}
