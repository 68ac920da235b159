//! The session of a signed-in user: a refresh token that gets further access tokens without a prompt.

use super::{
    TokenRequest,
    oauth::{Answer, Endpoint, Form, Granted},
};
use crate::{
    Error, Secret, Token,
    identity_key::{IdentityKey, IdentityKeyBuilder},
    process::fork::Lock,
    tenant::Tenant,
};
use std::fmt;
use tracing::info;

/// The Azure CLI's client id, which the SDKs for other languages also use for users. It exists in every tenant and
/// may request Azure SQL without consent.
pub const AZURE_CLI: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";

/// A public client in a tenant and the user who is signed in to it.
pub struct Session {
    /// The endpoints of the Entra host.
    pub endpoint: Endpoint,
    /// The user's tenant; `organizations` if unknown.
    pub tenant: Tenant,
    /// The client id of the application.
    pub client: String,
    refresh_token: Lock<Option<Secret>>,
}

impl Session {
    /// A session without a signed-in user.
    pub fn new(endpoint: Endpoint, tenant: Tenant, client: &str) -> Self {
        Self {
            endpoint,
            tenant,
            client: client.to_owned(),
            refresh_token: Lock::new(None),
        }
    }

    /// Starts the identity key of this session.
    pub fn identify(&self, mode: &str, scope: &str) -> Result<IdentityKeyBuilder, Error> {
        let key = IdentityKey::builder(mode)?
            .with("authority", self.endpoint.authority())
            .with("client", &self.client)
            .with("scope", scope);
        Ok(self.tenant.identify(key))
    }

    /// Requests a token with the stored refresh token; `None` if there is none or it is no longer valid.
    pub async fn silently(&self, request: &TokenRequest) -> Result<Option<Token>, Error> {
        let Some(refresh_token) = self.refresh_token() else {
            return Ok(None);
        };
        match self.refresh(&refresh_token, request).await? {
            Answer::Granted(granted) => Ok(Some(self.accept(granted))),
            Answer::Refused(reason, error) if is_over(&reason) => {
                info!(target: "entra_odbc", event = "sign_in_expired", %error);
                self.forget(&refresh_token);
                Ok(None)
            }
            Answer::Refused(_, error) => Err(error),
        }
    }

    /// Redeems a refresh token.
    pub async fn refresh(&self, refresh_token: &Secret, request: &TokenRequest) -> Result<Answer, Error> {
        let tenant = self.tenant.resolve(&request.deadline).await?;
        let form = Form::grant("refresh_token")
            .with("client_id", &self.client)
            .with("refresh_token", refresh_token.expose())
            .with_user_scope(&request.scope);
        self.endpoint.request_token(&tenant, form, request).await
    }

    /// Stores the refresh token of a grant and returns its access token.
    pub fn accept(&self, granted: Granted) -> Token {
        if let Some(rotated) = granted.refresh_token {
            *self.refresh_token.lock() = Some(rotated);
        }
        granted.token
    }

    /// The stored refresh token.
    pub fn refresh_token(&self) -> Option<Secret> {
        self.refresh_token.lock().clone()
    }

    /// Removes a refresh token that is no longer valid, unless a newer one has replaced it.
    fn forget(&self, spent: &Secret) {
        let mut current = self.refresh_token.lock();
        if current.as_ref() == Some(spent) {
            *current = None;
        }
    }
}

/// Whether a refusal requires a new sign-in by the user.
pub fn is_over(reason: &str) -> bool {
    matches!(
        reason,
        "invalid_grant" | "interaction_required" | "consent_required" | "login_required"
    )
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("client", &self.client)
            .field("tenant", &self.tenant)
            .finish_non_exhaustive()
    }
}
