//! The device authorization grant (RFC 8628).

use super::{Granted, TokenRequest};
use crate::entra::refusal::Refusal;
use crate::entra::sessions::{Decision, Poll};

pub(super) fn grant<'a>(asked: &TokenRequest<'a>) -> Result<Granted<'a>, Refusal> {
    let code = asked
        .request
        .form
        .get("device_code")
        .ok_or_else(|| Refusal::missing_parameter("device_code"))?;
    let device = match asked.sessions.poll(code) {
        Poll::Unknown => return Err(Refusal::bad_device_code()),
        Poll::Expired => return Err(Refusal::expired_device_code()),
        Poll::TooSoon => return Err(Refusal::slow_down()),
        Poll::Decided(device) => device,
    };
    let name = match device.decision {
        Decision::None => return Err(Refusal::authorization_pending()),
        Decision::Declined => return Err(Refusal::authorization_declined()),
        Decision::Approved(name) => name,
    };
    let (tenant, user) = asked.user(&name)?;
    let app = asked.client_of_person(tenant)?;
    if app.client_id != device.client_id {
        return Err(Refusal::bad_device_code());
    }
    asked.person(tenant, user, &app.client_id, None)
}
