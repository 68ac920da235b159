//! `Password`: a user by name and password. Microsoft advises against it, and multi-factor policies refuse it.

use super::{
    BoxFuture, Credential, CredentialContext, IdentityOrigin, SignIn, TokenRequest,
    oauth::{Endpoint, Form},
    session::{AZURE_CLI, Session},
};
use crate::{Error, Keyword, Secret, Token, parameters::options::missing, tenant::Tenant};
use std::{
    fmt,
    sync::atomic::{AtomicBool, Ordering},
};
use tracing::warn;

pub fn prepare(context: &CredentialContext<'_>) -> Result<SignIn, Error> {
    let options = context.options;
    let user = options.require(Keyword::User, "the name of the person, name@domain")?;
    let (password, _) = options
        .secret(Keyword::Password, Keyword::PasswordFile)?
        .ok_or_else(|| missing(Keyword::Password, "the password of the person"))?;
    let client = options.get(Keyword::ClientId).unwrap_or(AZURE_CLI);
    let tenant = match (options.get(Keyword::TenantId), user.split_once('@')) {
        (Some(tenant), _) => Tenant::named(tenant)?,
        (None, Some((_, domain))) => Tenant::named(domain).map_err(|_| {
            Error::invalid("UID= has no domain name after its @").remedy("Correct UID, or add TenantId=...")
        })?,
        (None, None) => {
            return Err(missing(
                Keyword::TenantId,
                "the tenant, which UID= without @domain does not tell",
            ));
        }
    };
    sign_in(context, user, password, client, tenant)
}

/// The sign-in of a user with a password.
pub fn sign_in(
    context: &CredentialContext<'_>,
    user: &str,
    password: Secret,
    client: &str,
    tenant: Tenant,
) -> Result<SignIn, Error> {
    warn_once();
    let endpoint = Endpoint::new(&context.services.http, context.authority);
    let session = Session::new(endpoint, tenant, client);
    let key = session
        .identify("Password", context.scope)?
        .with("user", user)
        .with("password", password.expose())
        .finish();
    let credential = Password {
        session,
        user: user.to_owned(),
        secret: password,
    };
    Ok(SignIn::requesting(key, user, context.scope, credential).identity_origin(IdentityOrigin::String))
}

/// Logs Microsoft's advice once per process.
fn warn_once() {
    static WARNED: AtomicBool = AtomicBool::new(false);
    if !WARNED.swap(true, Ordering::Relaxed) {
        warn!(
            target: "entra_odbc",
            event = "mode_deprecated",
            mode = "Password",
            hint = "ActiveDirectoryPassword is deprecated by Microsoft and cannot do multi-factor authentication: \
             use ActiveDirectoryInteractive, a managed identity or a service principal"
        );
    }
}

/// A user's name and password.
struct Password {
    session: Session,
    user: String,
    secret: Secret,
}

impl Password {
    async fn request_token(&self, request: &TokenRequest) -> Result<Token, Error> {
        if let Some(token) = self.session.silently(request).await? {
            return Ok(token);
        }
        let tenant = self.session.tenant.resolve(&request.deadline).await?;
        let form = Form::grant("password")
            .with("client_id", &self.session.client)
            .with("username", &self.user)
            .with("password", self.secret.expose())
            .with_user_scope(&request.scope);
        let granted = self.session.endpoint.redeem(&tenant, form, request).await?;
        Ok(self.session.accept(granted))
    }
}

impl Credential for Password {
    fn token<'a>(&'a self, request: &'a TokenRequest) -> BoxFuture<'a, Result<Token, Error>> {
        Box::pin(self.request_token(request))
    }

    fn is_shareable(&self) -> bool {
        true
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Password")
            .field("session", &self.session)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}
