//! The refresh token grant (RFC 6749, 6): Entra's are for any resource that the client may reach.

use super::{Granted, TokenRequest};
use crate::entra::refusal::Refusal;
use crate::entra::sessions::TokenState;

pub(super) fn grant<'a>(asked: &TokenRequest<'a>) -> Result<Granted<'a>, Refusal> {
    let text = asked
        .request
        .form
        .get("refresh_token")
        .ok_or_else(|| Refusal::missing_parameter("refresh_token"))?;
    let token = asked
        .sessions
        .refresh_token(text)
        .ok_or_else(Refusal::refresh_token_malformed)?;
    let (tenant, user) = asked.user(&token.user)?;
    let app = asked.client_of_person(tenant)?;
    if !app.client_id.eq_ignore_ascii_case(&token.client_id) {
        return Err(Refusal::refresh_token_of_another(&app.client_id));
    }
    match token.state {
        TokenState::Good => {}
        TokenState::Expired => return Err(Refusal::refresh_token_expired()),
        TokenState::Revoked => return Err(Refusal::refresh_token_revoked()),
    }
    let granted = asked.person(tenant, user, &app.client_id, None)?;
    asked.sessions.redeemed(text);
    Ok(granted)
}
