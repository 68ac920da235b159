//! The authorization code grant (RFC 6749, 4.1) with PKCE (RFC 7636).

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};

use super::{Granted, TokenRequest};
use crate::entra::refusal::Refusal;

pub(super) fn grant<'a>(asked: &TokenRequest<'a>) -> Result<Granted<'a>, Refusal> {
    let form = &asked.request.form;
    let field = |name| form.get(name).ok_or_else(|| Refusal::missing_parameter(name));
    let code = asked
        .sessions
        .take_code(field("code")?)
        .ok_or_else(Refusal::bad_code)?;
    let (tenant, user) = asked.user(&code.user)?;
    let app = asked.client_of_person(tenant)?;
    if app.client_id != code.client_id {
        return Err(Refusal::bad_code());
    }
    if field("redirect_uri")? != code.redirect_uri {
        return Err(Refusal::redirect_uri_differs());
    }
    if let Some(challenge) = &code.challenge {
        let verifier = form.get("code_verifier").ok_or_else(Refusal::no_verifier)?;
        let computed = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
        if computed != *challenge {
            return Err(Refusal::wrong_verifier());
        }
    }
    asked.person(tenant, user, &app.client_id, code.nonce.as_deref())
}
