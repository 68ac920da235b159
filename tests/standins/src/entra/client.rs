//! How an application proves to the token endpoint that it is itself.

mod assertion;
mod certificate;
mod federated;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::access_token::Proof;
use super::directory::App;
use super::grant::TokenRequest;
use super::refusal::Refusal;
use crate::http::{Parameters, Request};

/// What a request says about its client.
pub(super) struct Presented {
    pub(super) client_id: String,
    secret: Option<String>,
    assertion: Option<String>,
}

impl Presented {
    /// Whether it proves itself at all.
    pub(super) fn has_proof(&self) -> bool {
        self.secret.is_some() || self.assertion.is_some()
    }
}

/// Reads the client's id and proof from the form, or from basic authorization, which Entra takes as well.
pub(super) fn presented(request: &Request) -> Result<Presented, Refusal> {
    let form = &request.form;
    if let Some(client_id) = form.get("client_id") {
        let assertion = form.get("client_assertion").map(ToOwned::to_owned);
        if assertion.is_some() && form.get("client_assertion_type") != Some(assertion::TYPE) {
            return Err(Refusal::missing_parameter("client_assertion_type"));
        }
        return Ok(Presented {
            client_id: client_id.to_owned(),
            secret: form.get("client_secret").map(ToOwned::to_owned),
            assertion,
        });
    }
    basic(&request.headers).ok_or_else(|| Refusal::missing_parameter("client_id"))
}

fn basic(headers: &Parameters) -> Option<Presented> {
    let decoded = BASE64_STANDARD
        .decode(headers.get("authorization")?.strip_prefix("Basic ")?)
        .ok()?;
    let decoded = String::from_utf8(decoded).ok()?;
    let (client_id, secret) = decoded.split_once(':')?;
    // RFC 6749, 2.3.1: both are form-encoded before they are joined.
    let plain = |text: &str| {
        let pairs = Parameters::from_urlencoded(format!("x={text}").as_bytes());
        pairs.get("x").map(ToOwned::to_owned)
    };
    Some(Presented {
        client_id: plain(client_id)?,
        secret: plain(secret),
        assertion: None,
    })
}

/// Checks the client's secret or assertion.
pub(super) fn authenticate(
    asked: &TokenRequest<'_>,
    app: &App,
    presented: &Presented,
) -> Result<Proof, Refusal> {
    if app.is_public() && presented.has_proof() {
        return Err(Refusal::public_client());
    }
    if let Some(assertion) = &presented.assertion {
        return assertion::check(asked, app, assertion).map(|()| Proof::Assertion);
    }
    match &presented.secret {
        None => Err(Refusal::no_client_credential()),
        Some(secret) if app.secrets.contains(secret) => Ok(Proof::Secret),
        Some(secret) if app.expired_secrets.contains(secret) => Err(Refusal::expired_secret(&app.client_id)),
        Some(_) => Err(Refusal::wrong_secret(&app.client_id)),
    }
}

/// As [`authenticate`], for grants that a public client may use without a proof.
pub(super) fn authenticate_if_confidential(
    asked: &TokenRequest<'_>,
    app: &App,
    presented: &Presented,
) -> Result<Proof, Refusal> {
    if app.public_client && !presented.has_proof() {
        return Ok(Proof::None);
    }
    authenticate(asked, app, presented)
}
