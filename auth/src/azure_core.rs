//! azure_core's `TokenCredential`, in both directions.
//!
//! An [`EntraCredential`] is one, for clients of Azure's services; and [`provider`] makes one that the program has
//! already, such as azure_identity's, a token provider, for the mode `TokenProvider`.

use crate::{
    EntraCredential, Error, Secret,
    token::Claims,
    user::token_provider::{Provided, Provider},
};
use azure_core::{
    credentials::{AccessToken, TokenCredential, TokenRequestOptions},
    error::ErrorKind,
    time::OffsetDateTime,
};
use std::{sync::Arc, time::SystemTime};

#[async_trait::async_trait]
impl TokenCredential for EntraCredential {
    /// A living token, from the cache or its source. The options are for a pipeline of azure_core's, which is not used.
    ///
    /// Exactly one scope, since a token has one audience. Dropping the future gives the request up if nobody else waits
    /// for it. The error has our [`Error`] as its source, with text that holds no secret.
    async fn get_token(
        &self,
        scopes: &[&str],
        _options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let &[scope] = scopes else {
            let error = Error::invalid(format!(
                "a token has one scope, and {} were asked for",
                scopes.len()
            ));
            return Err(credential_error(error.in_mode(self.mode())));
        };
        let token = self.token_async(scope).await.map_err(credential_error)?.token;
        Ok(AccessToken::new(
            token.text.expose().to_owned(),
            OffsetDateTime::from(token.expires_on),
        ))
    }
}

fn credential_error(error: Error) -> azure_core::Error {
    azure_core::Error::new(ErrorKind::Credential, error)
}

/// A token provider that asks `credential`, to be [registered](crate::user::token_provider::Providers::register).
///
/// It is called on a thread of its own, in a tokio runtime of that thread's; an answer after the request's timeout is
/// not waited for. A token of Entra's says whose it is, and is renewed for open connections, which never get another
/// one's; one that does not say (no JWT) serves the one connect that it was asked for.
#[must_use]
pub fn provider(credential: Arc<dyn TokenCredential>) -> Provider {
    Arc::new(move |request| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| format!("no runtime can be started for the credential: {error}"))?;
        let answer = runtime.block_on(async {
            let scopes = [request.scope.as_str()];
            let asked = credential.get_token(&scopes, None);
            tokio::time::timeout(request.timeout, asked).await
        });
        // Does not wait for what the credential has left behind on threads of the runtime.
        runtime.shutdown_background();
        let token = answer
            .map_err(|_| "the credential did not answer in time".to_owned())?
            .map_err(|error| error.to_string())?;
        let text = token.token.secret();
        Ok(Provided {
            identity: owner(&Claims::parse(text)),
            token: Secret::new(text.to_owned()),
            expires_on: Some(SystemTime::from(token.expires_on)),
        })
    })
}

/// A name for the one whom a token is of and for, which is never that of anyone else; `None` where it does not say.
fn owner(claims: &Claims) -> Option<String> {
    let (tenant, object) = (claims.tid.as_deref()?, claims.oid.as_deref()?);
    let client = claims.client_id.as_deref().unwrap_or_default();
    let audience = claims.aud.as_deref().unwrap_or_default();
    Some(format!("{tenant}/{object}/{client}/{audience}"))
}
