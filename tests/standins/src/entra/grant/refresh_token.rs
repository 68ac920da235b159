//! The refresh token grant (RFC 6749, 6): Entra's are for any resource that the client may reach.

use super::{Granted, SignedIn, TokenRequest};
use crate::entra::refusal::Refusal;
use crate::entra::sessions::TokenState;

pub(super) fn grant<'a>(asked: &TokenRequest<'a>) -> Result<Granted<'a>, Refusal> {
    let text = asked.field("refresh_token")?;
    let token = asked
        .sessions
        .refresh_token(text)
        .ok_or_else(Refusal::grant_malformed)?;
    let (tenant, user) = asked.user(&token.user)?;
    let (app, proof) = asked.client_of_person(tenant)?;
    if !app.client_id.eq_ignore_ascii_case(&token.client_id) {
        return Err(Refusal::grant_of_another());
    }
    match token.state {
        TokenState::Good => {}
        TokenState::Expired => return Err(Refusal::refresh_token_expired()),
        TokenState::Revoked => return Err(Refusal::refresh_token_revoked()),
    }
    let how = SignedIn {
        nonce: None,
        scope: token.scope.as_deref(),
        strong: token.strong,
    };
    let granted = asked.person((tenant, user), (app, proof), &how)?;
    asked.sessions.redeemed(text);
    Ok(granted)
}
