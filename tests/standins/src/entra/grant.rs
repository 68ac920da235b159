//! The token endpoint: one file per OAuth grant, one row for each here.

mod client_credentials;

use std::time::Duration;

use serde_json::{Value, json};

use super::access_token::{self, Subject};
use super::directory::{App, Resource, Tenant};
use super::refusal::Refusal;
use crate::http::Request;
use crate::jwt::Issuer;

type Grant = for<'a> fn(&TokenRequest<'a>) -> Result<Granted<'a>, Refusal>;

const GRANTS: [(&str, Grant); 1] = [("client_credentials", client_credentials::grant)];

/// Entra has two token endpoints: the first asks for resources and answers in strings, the second for scopes. Driver
/// 18's own `ActiveDirectoryServicePrincipal` uses the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    V1,
    V2,
}

/// What a client asks for, of an existing tenant.
pub(super) struct TokenRequest<'a> {
    pub(super) version: Version,
    pub(super) tenant: &'a Tenant,
    pub(super) request: &'a Request,
}

/// What it gets.
pub(super) struct Granted<'a> {
    resource: &'a Resource,
    subject: Subject<'a>,
}

/// For how long tokens live, and when they are to be renewed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lifetimes {
    pub(super) token: Duration,
    pub(super) refresh_in: Option<Duration>,
}

/// Answers a token request.
pub(super) fn answer(
    asked: &TokenRequest<'_>,
    issuer: &Issuer,
    lifetimes: Lifetimes,
) -> Result<Value, Refusal> {
    if asked.request.method != "POST" {
        return Err(Refusal::only_post(&asked.request.method));
    }
    let name = asked
        .request
        .form
        .get("grant_type")
        .ok_or_else(|| Refusal::missing_parameter("grant_type"))?;
    let (_, grant) = GRANTS
        .iter()
        .find(|(known, _)| *known == name)
        .ok_or_else(|| Refusal::unsupported_grant(name))?;
    let Granted { resource, subject } = grant(asked)?;
    let token = access_token::issue(
        issuer,
        &asked.tenant.id,
        &resource.audience,
        &subject,
        lifetimes.token,
    );
    let mut answer = match asked.version {
        Version::V1 => json!({
            "token_type": "Bearer",
            "expires_in": token.expires_in.to_string(),
            "ext_expires_in": token.expires_in.to_string(),
            "expires_on": token.expires_on.to_string(),
            "not_before": token.not_before.to_string(),
            "resource": asked.request.form.get("resource"),
            "access_token": token.jwt,
        }),
        Version::V2 => json!({
            "token_type": "Bearer",
            "expires_in": token.expires_in,
            "ext_expires_in": token.expires_in,
            "access_token": token.jwt,
        }),
    };
    if let (Some(refresh_in), Value::Object(answer)) = (lifetimes.refresh_in, &mut answer) {
        let seconds = refresh_in.as_secs();
        let value = if asked.version == Version::V1 {
            seconds.to_string().into()
        } else {
            seconds.into()
        };
        answer.insert("refresh_in".to_owned(), value);
    }
    Ok(answer)
}

impl<'a> TokenRequest<'a> {
    /// The application of that id, or Entra's words about its absence.
    fn app(&self, client_id: &str) -> Result<&'a App, Refusal> {
        self.tenant
            .app(client_id)
            .ok_or_else(|| Refusal::app_not_found(client_id, &self.tenant.display_name))
    }

    /// The resource of that name, likewise.
    fn resource(&self, name: &str) -> Result<&'a Resource, Refusal> {
        self.tenant
            .resource(name)
            .ok_or_else(|| Refusal::resource_not_found(name, &self.tenant.display_name))
    }
}
