//! What a person's sign-in leaves behind: a refresh token, by which further access tokens are had silently.

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

/// The Azure CLI's client id, which the other languages' SDKs use for people as well: every tenant knows
/// it, and it may ask for Azure SQL without anyone's consent.
pub const AZURE_CLI: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";

/// A public client in a tenant, and the person who is signed in to it.
pub struct Session {
    /// Entra.
    pub endpoint: Endpoint,
    /// Where the person is, `organizations` where nobody knows.
    pub tenant: Tenant,
    /// The application that the person signs in to.
    pub client: String,
    refresh_token: Lock<Option<Secret>>,
}

impl Session {
    /// Nobody is signed in yet.
    pub fn new(endpoint: Endpoint, tenant: Tenant, client: &str) -> Self {
        Self {
            endpoint,
            tenant,
            client: client.to_owned(),
            refresh_token: Lock::new(None),
        }
    }

    /// Starts the key of an identity that signs in so.
    pub fn identify(&self, kind: &str, scope: &str) -> Result<IdentityKeyBuilder, Error> {
        let key = IdentityKey::builder(kind)?
            .with("authority", self.endpoint.authority())
            .with("client", &self.client)
            .with("scope", scope);
        Ok(self.tenant.identify(key))
    }

    /// A token by the refresh token at hand; `None` where there is none, or where it is no longer good.
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

    /// Keeps what the next token can be had by, and hands this one out.
    pub fn accept(&self, granted: Granted) -> Token {
        if let Some(rotated) = granted.refresh_token {
            *self.refresh_token.lock() = Some(rotated);
        }
        granted.token
    }

    /// The refresh token at hand.
    pub fn refresh_token(&self) -> Option<Secret> {
        self.refresh_token.lock().clone()
    }

    /// Lets go of a refresh token that is no longer good, unless there is a newer one already.
    fn forget(&self, spent: &Secret) {
        let mut current = self.refresh_token.lock();
        if current.as_ref() == Some(spent) {
            *current = None;
        }
    }
}

/// Whether a refusal means that only the person can go on: the token is spent, or more is asked of them.
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
