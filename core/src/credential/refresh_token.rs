//! `RefreshToken`: a person who has signed in elsewhere, by the refresh token of that sign-in.

use super::{
    ANY_ORGANIZATION, BoxFuture, Credential, SignIn, Situation, TokenRequest,
    oauth::{Answer, Endpoint},
    session::{AZURE_CLI, Session},
};
use crate::{Error, Keyword, Secret, Token, options::missing, tenant::Tenant};
use std::fmt;

pub fn prepare(situation: &Situation<'_>) -> Result<SignIn, Error> {
    let options = situation.options;
    let (given, _) = options
        .secret(Keyword::RefreshToken, Keyword::RefreshTokenFile)?
        .ok_or_else(|| {
            missing(
                Keyword::RefreshToken,
                "the refresh token, or RefreshTokenFile= with a path",
            )
        })?;
    let tenant = Tenant::named(options.get(Keyword::TenantId).unwrap_or(ANY_ORGANIZATION))?;
    let client = options.get(Keyword::ClientId).unwrap_or(AZURE_CLI);
    let endpoint = Endpoint::new(situation.transport, situation.authority);
    let session = Session::new(endpoint, tenant, client);
    let key = session
        .identify("RefreshToken", situation.scope)?
        .with("refresh token", given.expose())
        .finish();
    let credential = RefreshToken { session, given };
    Ok(SignIn::requesting(key, client, situation.scope, credential))
}

/// A refresh token, and the newer ones that it was exchanged for.
struct RefreshToken {
    session: Session,
    given: Secret,
}

impl RefreshToken {
    async fn ask(&self, request: &TokenRequest) -> Result<Token, Error> {
        if let Some(token) = self.session.silently(request).await? {
            return Ok(token);
        }
        match self.session.refresh(&self.given, request).await? {
            Answer::Granted(granted) => Ok(self.session.keep(granted)),
            Answer::Refused(_, error) => Err(error),
        }
    }
}

impl Credential for RefreshToken {
    fn token<'a>(&'a self, request: &'a TokenRequest) -> BoxFuture<'a, Result<Token, Error>> {
        Box::pin(self.ask(request))
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshToken")
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}
