//! The token endpoint: one file per OAuth grant, one row for each here.

mod authorization_code;
mod client_credentials;
mod device_code;
mod on_behalf_of;
mod password;
mod refresh_token;

use std::time::Duration;

use serde_json::{Value, json};

use super::access_token::{self, Subject};
use super::client;
use super::directory::{App, Directory, Resource, Tenant, User};
use super::refusal::Refusal;
use super::scope::Scope;
use super::sessions::Sessions;
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
    let token = access_token::issue(
        asked.issuer,
        &tenant.id,
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
    if let Value::Object(answer) = &mut answer {
        let Beside {
            scope,
            refresh_token,
            id_token,
        } = beside;
        for (name, value) in [
            ("scope", scope),
            ("refresh_token", refresh_token),
            ("id_token", id_token),
        ] {
            answer.extend(value.map(|value| (name.to_owned(), value.into())));
        }
    }
    Ok(answer)
}

impl<'a> TokenRequest<'a> {
    /// Whether a client assertion's audience is this endpoint, by its address or as the tenant's issuer.
    pub(super) fn is_endpoint(&self, audience: &str) -> bool {
        let host = self.request.headers.get("host").unwrap_or_default();
        let address = format!("https://{host}{}", self.request.path);
        let issuer = self.request.path.split('/').nth(1).unwrap_or_default();
        audience == address || audience == format!("https://{host}/{issuer}/v2.0")
    }

    /// The tenant that the path names; an application by itself belongs to one.
    fn named_tenant(&self) -> Result<&'a Tenant, Refusal> {
        self.tenant.ok_or_else(Refusal::no_tenant)
    }

    /// The application of that id, or Entra's words about its absence.
    fn app_in(tenant: &'a Tenant, client_id: &str) -> Result<&'a App, Refusal> {
        tenant
            .app(client_id)
            .ok_or_else(|| Refusal::app_not_found(client_id, &tenant.display_name))
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

    fn check_password(user: &User, password: &str) -> Result<(), Refusal> {
        if user.password != password {
            return Err(Refusal::wrong_password());
        }
        if user.disabled {
            return Err(Refusal::user_disabled());
        }
        if user.needs_mfa {
            return Err(Refusal::mfa_needed());
        }
        Ok(())
    }

    /// The application through which a person signs in: a public one, or one that proves itself.
    fn client_of_person(&self, tenant: &'a Tenant) -> Result<&'a App, Refusal> {
        let presented = client::presented(self.request)?;
        let app = Self::app_in(tenant, &presented.client_id)?;
        if !app.public_client || presented.has_proof() {
            client::authenticate(self, app, &presented)?;
        }
        Ok(app)
    }

    /// Tokens for a person who has signed in.
    fn person(
        &self,
        tenant: &'a Tenant,
        user: &'a User,
        client_id: &'a str,
        nonce: Option<&str>,
    ) -> Result<Granted<'a>, Refusal> {
        let scope = Scope::of(self.request.form.get("scope"), tenant)?;
        if user.disabled {
            return Err(Refusal::user_disabled());
        }
        let name = user.user_principal_name.as_str();
        let refresh_token = scope
            .offline_access
            .then(|| self.sessions.new_refresh_token(name, client_id));
        let id_token = scope
            .openid
            .then(|| access_token::id_token(self.issuer, tenant, user, client_id, nonce));
        Ok(Granted {
            tenant,
            resource: scope.resource,
            subject: Subject::User {
                name,
                object_id: &user.object_id,
                client_id,
                permission: scope.permission,
            },
            beside: Beside {
                scope: self.request.form.get("scope").map(ToOwned::to_owned),
                refresh_token,
                id_token,
            },
        })
    }
}
