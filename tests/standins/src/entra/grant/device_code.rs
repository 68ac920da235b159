//! The device authorization grant (RFC 8628).

use super::{Granted, SignedIn, TokenRequest};
use crate::entra::client;
use crate::entra::refusal::Refusal;
use crate::entra::sessions::{Decision, Poll};

pub(super) fn grant<'a>(asked: &TokenRequest<'a>) -> Result<Granted<'a>, Refusal> {
    let code = asked.field("device_code")?;
    let device = match asked.sessions.poll(code) {
        Poll::Unknown => return Err(Refusal::bad_device_code()),
        Poll::Expired => return Err(Refusal::expired_device_code()),
        Poll::TooSoon => return Err(Refusal::slow_down()),
        Poll::Decided(device) => device,
    };
    if client::presented(asked.request)?.client_id != device.client_id {
        return Err(Refusal::grant_of_another());
    }
    let name = match device.decision {
        Decision::None => return Err(Refusal::authorization_pending()),
        Decision::Declined => return Err(Refusal::authorization_declined()),
        Decision::Redeemed => return Err(Refusal::redeemed_code()),
        Decision::Approved(name) => name,
    };
    let person = asked.user(&name)?;
    let client = asked.client_of_person(person.0)?;
    let how = SignedIn {
        nonce: None,
        scope: Some(&device.scope),
        strong: true,
    };
    let granted = asked.person(person, client, &how)?;
    asked.sessions.redeem_device(code);
    Ok(granted)
}
