//! `OnBehalfOf`: a service connects as the user who called it.

use super::{
    BoxFuture, Credential, CredentialContext, SignIn, TokenRequest,
    client::{Client, Proof},
    oauth::{Answer, Form, Granted},
};
use crate::{
    Error, Keyword, Secret, Token, parameters::options::missing, process::fork::Lock, token::Claims,
};
use std::fmt;
use tracing::info;

pub fn prepare(context: &CredentialContext<'_>) -> Result<SignIn, Error> {
    let options = context.options;
    let (assertion, _) = options
        .secret(Keyword::UserAssertion, Keyword::UserAssertionFile)?
        .ok_or_else(|| {
            missing(
                Keyword::UserAssertion,
                "the access token with which the person called this service, or UserAssertionFile= with a path",
            )
        })?;
    let client = Client::named(context, Proof::from_options)?;
    let key = client
        .identify("OnBehalfOf", context.scope)?
        .with("person", assertion.expose())
        .finish();
    let who = format!("{} through {}", Claims::parse(assertion.expose()), client.id);
    let origin = client.identity_origin();
    let credential = OnBehalfOf {
        client,
        assertion,
        refresh_token: Lock::new(None),
    };
    Ok(SignIn::requesting(key, who, context.scope, credential).identity_origin(origin))
}

/// A service and the user on whose behalf it acts.
struct OnBehalfOf {
    client: Client,
    assertion: Secret,
    /// Gets further tokens after the assertion has expired.
    refresh_token: Lock<Option<Secret>>,
}

impl OnBehalfOf {
    async fn request_token(&self, request: &TokenRequest) -> Result<Token, Error> {
        let tenant = self.client.tenant.resolve(&request.deadline).await?;
        let refresh_token = self.refresh_token.lock().clone();
        if let Some(refresh_token) = refresh_token {
            let form = Form::grant("refresh_token").with("refresh_token", refresh_token.expose());
            match self.send(&tenant, form, request).await? {
                Answer::Granted(granted) => return Ok(self.accept(granted)),
                Answer::Refused(_, error) => {
                    info!(target: "entra_odbc", event = "refresh_token_refused", %error);
                    *self.refresh_token.lock() = None;
                }
            }
        }
        let form = Form::grant("urn:ietf:params:oauth:grant-type:jwt-bearer")
            .with("requested_token_use", "on_behalf_of")
            .with("assertion", self.assertion.expose());
        match self.send(&tenant, form, request).await? {
            Answer::Granted(granted) => Ok(self.accept(granted)),
            Answer::Refused(_, error) => Err(self.client.explain(error)),
        }
    }

    async fn send(&self, tenant: &str, form: Form, request: &TokenRequest) -> Result<Answer, Error> {
        let form = self
            .client
            .authenticate(tenant, form, request)
            .await?
            .with_user_scope(&request.scope);
        self.client.endpoint.request_token(tenant, form, request).await
    }

    fn accept(&self, granted: Granted) -> Token {
        if let Some(rotated) = granted.refresh_token {
            *self.refresh_token.lock() = Some(rotated);
        }
        granted.token
    }
}

impl Credential for OnBehalfOf {
    fn token<'a>(&'a self, request: &'a TokenRequest) -> BoxFuture<'a, Result<Token, Error>> {
        Box::pin(self.request_token(request))
    }
}

impl fmt::Debug for OnBehalfOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnBehalfOf")
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}
