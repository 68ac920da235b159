//! The token endpoint: one file per OAuth grant, one row for each here.

mod authorization_code;
mod client_credentials;
mod device_code;
mod on_behalf_of;
mod password;
mod refresh_token;

use std::time::Duration;

use serde_json::{Value, json};

use super::access_token::{self, IdToken, Proof, Subject};
use super::client;
use super::directory::{App, Directory, Resource, Tenant, User};
use super::refusal::Refusal;
use super::scope::Scope;
use super::sessions::{RefreshToken, Sessions, TokenState};
use crate::http::Request;
use crate::jwt::Issuer;

type Grant = for<'a> fn(&TokenRequest<'a>) -> Result<Granted<'a>, Refusal>;

const GRANTS: [(&str, Grant); 6] = [
    ("client_credentials", client_credentials::grant),
    ("password", password::grant),
    ("refresh_token", refresh_token::grant),
    ("authorization_code", authorization_code::grant),
    ("urn:ietf:params:oauth:grant-type:device_code", device_code::grant),
    ("urn:ietf:params:oauth:grant-type:jwt-bearer", on_behalf_of::grant),
];

/// Entra has two token endpoints: the first asks for resources and answers in strings, the second for scopes. Driver
/// 18's own `ActiveDirectoryServicePrincipal` uses the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    V1,
    V2,
}

/// What a client asks for.
pub(super) struct TokenRequest<'a> {
    pub(super) version: Version,
    pub(super) directory: &'a Directory,
    /// `None` at `organizations` and its like, where the person decides.
    pub(super) tenant: Option<&'a Tenant>,
    pub(super) authority: &'a str,
    pub(super) request: &'a Request,
    pub(super) sessions: &'a Sessions,
    pub(super) issuer: &'a Issuer,
}

/// What it gets.
pub(super) struct Granted<'a> {
    tenant: &'a Tenant,
    resource: &'a Resource,
    subject: Subject<'a>,
    /// Where a person signed in: what comes beside the access token.
    beside: Beside,
}

/// The other tokens.
#[derive(Default)]
struct Beside {
    scope: Option<String>,
    refresh_token: Option<String>,
    id_token: Option<String>,
    client_info: Option<String>,
}

/// How a person came to ask: what earlier steps have left behind.
#[derive(Default)]
struct SignedIn<'a> {
    nonce: Option<&'a str>,
    /// The scope of an earlier step, good where the request names none.
    scope: Option<&'a str>,
    /// Whether there was more than a password.
    strong: bool,
}

/// For how long tokens live, and when they are to be renewed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lifetimes {
    pub(super) token: Duration,
    pub(super) refresh_in: Option<Duration>,
}

/// Answers a token request.
pub(super) fn answer(asked: &TokenRequest<'_>, lifetimes: Lifetimes) -> Result<Value, Refusal> {
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
    let Granted {
        tenant,
        resource,
        subject,
        beside,
    } = grant(asked)?;
    let token = access_token::issue(asked.issuer, &tenant.id, resource, &subject, lifetimes.token);
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
    if let Value::Object(answer) = &mut answer {
        let Beside {
            scope,
            refresh_token,
            id_token,
            client_info,
        } = beside;
        for (name, value) in [
            ("scope", scope),
            ("refresh_token", refresh_token),
            ("id_token", id_token),
            ("client_info", client_info),
        ] {
            answer.extend(value.map(|value| (name.to_owned(), value.into())));
        }
    }
    Ok(answer)
}

impl<'a> TokenRequest<'a> {
    /// Whether a client assertion's audience is this endpoint, by its address or as the tenant's issuer.
    pub(super) fn is_endpoint(&self, audience: &str) -> bool {
        let Some(rest) = audience.strip_prefix(self.authority) else {
            return false;
        };
        let (name, endpoint) = rest.trim_start_matches('/').split_once('/').unwrap_or((rest, ""));
        let is_tenant = match self.tenant {
            Some(tenant) => tenant.is_called(name),
            None => self.path_tenant() == name,
        };
        is_tenant && ["", "v2.0", "oauth2/token", "oauth2/v2.0/token"].contains(&endpoint)
    }

    /// What stands in the tenant's place of the path.
    fn path_tenant(&self) -> &'a str {
        self.request.path.split('/').nth(1).unwrap_or_default()
    }

    fn field(&self, name: &str) -> Result<&'a str, Refusal> {
        self.request
            .form
            .get(name)
            .ok_or_else(|| Refusal::missing_parameter(name))
    }

    /// The tenant that the path names; an application by itself belongs to one.
    fn named_tenant(&self) -> Result<&'a Tenant, Refusal> {
        self.tenant.ok_or_else(Refusal::no_tenant)
    }

    /// The application of that id, or Entra's words about its absence.
    fn app_in(&self, tenant: &'a Tenant, client_id: &str) -> Result<&'a App, Refusal> {
        let app = tenant
            .app(client_id)
            .ok_or_else(|| Refusal::app_not_found(client_id, &tenant.display_name))?;
        if app.single_tenant && self.tenant.is_none() {
            return Err(Refusal::single_tenant(&app.client_id, &app.display_name));
        }
        Ok(app)
    }

    /// The person of that name, and the tenant they belong to.
    fn user(&self, name: &str) -> Result<(&'a Tenant, &'a User), Refusal> {
        let found = match self.tenant {
            Some(tenant) => tenant.user(name).map(|user| (tenant, user)),
            None => self.directory.user(name),
        };
        found.ok_or_else(|| {
            Refusal::user_not_found(name, self.tenant.map(|tenant| tenant.display_name.as_str()))
        })
    }

    /// The application through which a person signs in: a public one, or one that proves itself.
    fn client_of_person(&self, tenant: &'a Tenant) -> Result<(&'a App, Proof), Refusal> {
        let presented = client::presented(self.request)?;
        let app = self.app_in(tenant, &presented.client_id)?;
        let proof = client::authenticate_if_confidential(self, app, &presented)?;
        Ok((app, proof))
    }

    fn scope(&self, tenant: &'a Tenant, app: &App, before: Option<&str>) -> Result<Scope<'a>, Refusal> {
        let form = &self.request.form;
        let scope = form.get("scope").or(before);
        match (self.version, form.get("resource")) {
            (Version::V1, Some(resource)) => Scope::of_resource(resource, form.get("scope"), tenant, app),
            (Version::V1, None) if before.is_none() => Err(Refusal::missing_field("resource")),
            _ => Scope::of(
                scope.ok_or_else(|| Refusal::missing_parameter("scope"))?,
                tenant,
                app,
            ),
        }
    }

    /// Tokens for a person who has signed in.
    fn person(
        &self,
        (tenant, user): (&'a Tenant, &'a User),
        (app, proof): (&'a App, Proof),
        how: &SignedIn<'_>,
    ) -> Result<Granted<'a>, Refusal> {
        let scope = self.scope(tenant, app, how.scope)?;
        if user.disabled {
            return Err(Refusal::user_disabled());
        }
        if user.needs_mfa && !how.strong {
            return Err(Refusal::mfa_needed(
                self.version == Version::V1,
                scope.resource.id(),
            ));
        }
        if app.lacks_consent && !self.sessions.has_consent(&app.client_id) {
            return Err(Refusal::consent_required(&app.client_id, &app.display_name));
        }
        let form = &self.request.form;
        let refresh_token = scope.offline_access.then(|| {
            self.sessions.new_refresh_token(RefreshToken {
                user: user.user_principal_name.clone(),
                client_id: app.client_id.clone(),
                scope: form.get("scope").or(how.scope).map(ToOwned::to_owned),
                strong: how.strong,
                state: TokenState::Good,
            })
        });
        let about = IdToken {
            authority: self.authority,
            client_id: &app.client_id,
            nonce: how.nonce,
            profile: scope.profile,
            email: scope.email,
        };
        let id_token = scope
            .openid
            .then(|| access_token::id_token(self.issuer, tenant, user, &about));
        let client_info =
            (form.get("client_info") == Some("1")).then(|| access_token::client_info(tenant, user));
        Ok(Granted {
            tenant,
            resource: scope.resource,
            subject: Subject::User {
                user,
                client_id: &app.client_id,
                proof,
                permissions: scope.permissions,
            },
            beside: Beside {
                scope: Some(scope.granted),
                refresh_token,
                id_token,
                client_info,
            },
        })
    }
}
