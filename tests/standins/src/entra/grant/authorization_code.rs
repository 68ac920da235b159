//! The authorization code grant (RFC 6749, 4.1) with PKCE (RFC 7636).

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};

use super::{Granted, SignedIn, TokenRequest};
use crate::entra::refusal::Refusal;
use crate::entra::sessions::Code;

pub(super) fn grant<'a>(asked: &TokenRequest<'a>) -> Result<Granted<'a>, Refusal> {
    let text = asked.field("code")?;
    let code = match asked.sessions.code(text) {
        Code::Unknown => return Err(Refusal::grant_malformed()),
        Code::Expired => return Err(Refusal::expired_code()),
        Code::Redeemed => return Err(Refusal::redeemed_code()),
        Code::Good(code) => code,
    };
    let (tenant, user) = asked.user(&code.user)?;
    let (app, proof) = asked.client_of_person(tenant)?;
    if app.client_id != code.client_id {
        return Err(Refusal::grant_of_another());
    }
    let redirect_uri = asked.field("redirect_uri")?;
    if redirect_uri != code.redirect_uri {
        return Err(Refusal::redirect_uri_differs(redirect_uri, &code.redirect_uri));
    }
    let verifier = asked.request.form.get("code_verifier");
    if !fits(code.challenge.as_deref(), verifier) {
        return Err(Refusal::wrong_verifier());
    }
    let how = SignedIn {
        nonce: code.nonce.as_deref(),
        scope: Some(&code.scope),
        strong: true,
    };
    let granted = asked.person((tenant, user), (app, proof), &how)?;
    asked.sessions.redeem_code(text);
    Ok(granted)
}

/// A verifier without a challenge is as wrong as a challenge without its verifier.
fn fits(challenge: Option<&str>, verifier: Option<&str>) -> bool {
    let computed =
        verifier.map(|verifier| BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes())));
    let well_formed = verifier.is_none_or(|verifier| (43..=128).contains(&verifier.len()));
    well_formed && challenge == computed.as_deref()
}
