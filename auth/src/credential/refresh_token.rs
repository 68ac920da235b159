//! `RefreshToken`: a user who signed in elsewhere, by the refresh token of that sign-in.

mod file;

use super::{
    ANY_ORGANIZATION, BoxFuture, Credential, CredentialContext, IdentityOrigin, SignIn, TokenRequest,
    oauth::{Answer, Endpoint},
    session::{AZURE_CLI, Session},
};
use crate::{
    Error, Keyword, Secret, Token,
    identity_key::IdentityKey,
    parameters::options::{contradiction, missing},
    tenant::Tenant,
};
use file::TokenFile;
use std::fmt;
use tracing::warn;

pub fn prepare(context: &CredentialContext<'_>) -> Result<SignIn, Error> {
    let options = context.options;
    let (text, path) = (
        options.get(Keyword::RefreshToken),
        options.get(Keyword::RefreshTokenFile),
    );
    let (given, file) = match (text, path) {
        (Some(_), Some(_)) => {
            return Err(contradiction(
                Keyword::RefreshToken.name(),
                Keyword::RefreshTokenFile.name(),
            ));
        }
        (Some(text), None) => (Secret::new(text.to_owned()), None),
        (None, Some(path)) => {
            let (file, token) = TokenFile::read(path)?;
            (token, Some(file))
        }
        (None, None) => {
            return Err(missing(
                Keyword::RefreshToken,
                "the refresh token, or RefreshTokenFile= with a path",
            ));
        }
    };
    let tenant = Tenant::named(options.get(Keyword::TenantId).unwrap_or(ANY_ORGANIZATION))?;
    let client = options.get(Keyword::ClientId).unwrap_or(AZURE_CLI);
    let endpoint = Endpoint::new(&context.services.http, context.authority);
    let session = Session::new(endpoint, tenant, client);
    let key = session
        .identify("RefreshToken", context.scope)?
        .with_identity("refresh token", &file::origin(&identity(&given)?))
        .finish();
    let credential = RefreshToken { session, given, file };
    Ok(SignIn::requesting(key, client, context.scope, credential).identity_origin(IdentityOrigin::String))
}

/// The identity key of a refresh token: the user is known only after it is redeemed.
fn identity(token: &Secret) -> Result<IdentityKey, Error> {
    let key = IdentityKey::builder("refresh token")?;
    Ok(key.with("text", token.expose()).finish())
}

/// A refresh token and the rotated ones that replaced it.
struct RefreshToken {
    session: Session,
    given: Secret,
    file: Option<TokenFile>,
}

impl RefreshToken {
    async fn request_token(&self, request: &TokenRequest) -> Result<Token, Error> {
        let held = self.session.refresh_token();
        if let Some(token) = self.session.silently(request).await? {
            self.rotated(held.as_ref().unwrap_or(&self.given)).await?;
            return Ok(token);
        }
        match self.session.refresh(&self.given, request).await? {
            Answer::Granted(granted) => {
                let token = self.session.accept(granted);
                self.rotated(&self.given).await?;
                Ok(token)
            }
            Answer::Refused(_, error) => Err(error),
        }
    }

    /// Writes the new token into the file that the redeemed one came from.
    async fn rotated(&self, redeemed: &Secret) -> Result<(), Error> {
        let (Some(file), Some(new)) = (&self.file, self.session.refresh_token()) else {
            return Ok(());
        };
        if new == *redeemed {
            return Ok(());
        }
        file::rotated(&identity(redeemed)?, identity(&new)?);
        if let Err(error) = file.replace(redeemed, &new).await {
            warn!(target: "entra_odbc", event = "refresh_token_not_written", %error);
        }
        Ok(())
    }
}

impl Credential for RefreshToken {
    fn token<'a>(&'a self, request: &'a TokenRequest) -> BoxFuture<'a, Result<Token, Error>> {
        Box::pin(self.request_token(request))
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshToken")
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}
