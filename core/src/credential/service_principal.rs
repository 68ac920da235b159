//! `ServicePrincipal`: an application with a secret of its own.

use super::{BoxFuture, Credential, SignIn, Situation, TokenRequest, azure_identity};
use crate::{
    Error, Keyword, Options, Secret, Token,
    identity::IdentityKey,
    options::{contradiction, missing},
    transport::Transport,
};
use std::{fmt, sync::Arc};

pub fn prepare(situation: &Situation<'_>) -> Result<SignIn, Error> {
    let Situation {
        options,
        scope,
        authority,
        ..
    } = *situation;
    let (client, tenant) = client_and_tenant(options)?;
    let (secret, _) = options
        .secret(Keyword::Password, Keyword::PasswordFile)?
        .ok_or_else(|| missing(Keyword::Password, "the client secret of the application"))?;
    let key = IdentityKey::of_kind("ServicePrincipal")?
        .with("authority", authority)
        .with("tenant", &tenant)
        .with("client", &client)
        .with("secret", secret.expose())
        .with("scope", scope)
        .finish();
    let credential = ClientSecret {
        transport: Arc::clone(situation.transport),
        authority: authority.to_owned(),
        tenant,
        client: client.clone(),
        secret,
    };
    Ok(SignIn::requesting(key, client, scope, credential))
}

/// `UID=client` or `UID=client@tenant`, and `TenantId=`.
fn client_and_tenant(options: &Options) -> Result<(String, String), Error> {
    let user = options
        .get(Keyword::User)
        .or_else(|| options.get(Keyword::ClientId))
        .ok_or_else(|| missing(Keyword::User, "the client id of the application"))?;
    if let Some(client) = options.get(Keyword::ClientId)
        && !user.split('@').any(|part| part.eq_ignore_ascii_case(client))
    {
        return Err(contradiction("UID", "ClientId"));
    }
    let (client, named) = match user.split_once('@') {
        Some((client, tenant)) => (client, Some(tenant).filter(|tenant| !tenant.is_empty())),
        None => (user, None),
    };
    if client.is_empty() {
        return Err(missing(Keyword::User, "the client id of the application"));
    }
    let tenant = match (options.get(Keyword::TenantId), named) {
        (Some(one), Some(other)) if !one.eq_ignore_ascii_case(other) => {
            return Err(contradiction("TenantId", "UID=client@tenant"));
        }
        (Some(tenant), _) | (None, Some(tenant)) => tenant,
        (None, None) => {
            return Err(missing(
                Keyword::TenantId,
                "the tenant of the application, a GUID or a domain name",
            ));
        }
    };
    check_tenant(tenant)?;
    Ok((client.to_owned(), tenant.to_owned()))
}

/// A tenant becomes part of a URL and of a command line: a GUID or a domain name, nothing else.
pub fn check_tenant(tenant: &str) -> Result<(), Error> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    if tenant.chars().all(fits) && !tenant.starts_with(['.', '-']) {
        return Ok(());
    }
    Err(Error::invalid("TenantId= is neither a GUID nor a domain name").remedy("Correct TenantId."))
}

/// An application's id and secret.
struct ClientSecret {
    transport: Arc<Transport>,
    authority: String,
    tenant: String,
    client: String,
    secret: Secret,
}

impl Credential for ClientSecret {
    fn token<'a>(&'a self, request: &'a TokenRequest) -> BoxFuture<'a, Result<Token, Error>> {
        Box::pin(azure_identity::client_secret(
            &self.transport,
            &self.authority,
            request,
            (&self.tenant, &self.client, &self.secret),
        ))
    }

    fn may_be_shared(&self) -> bool {
        true
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientSecret")
            .field("tenant", &self.tenant)
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::tests::Fixture;

    fn sign_in(pairs: &[(Keyword, &str)]) -> Result<SignIn, Error> {
        prepare(&Fixture::new(pairs).situation())
    }

    fn refusal(pairs: &[(Keyword, &str)]) -> String {
        let error = sign_in(pairs).unwrap_err();
        assert_eq!(error.sqlstate(), "HY000");
        error.to_string()
    }

    const FULL: [(Keyword, &str); 3] = [
        (Keyword::User, "client"),
        (Keyword::TenantId, "tenant"),
        (Keyword::Password, "s3cret"),
    ];

    #[test]
    fn the_tenant_may_stand_behind_the_client() {
        let one = sign_in(&FULL).unwrap();
        let other = sign_in(&[(Keyword::User, "client@tenant"), (Keyword::Password, "s3cret")]).unwrap();
        assert_eq!(one.key, other.key);
        assert_eq!(one.who, "client");
        assert!(!format!("{one:?}").contains("s3cret"));
    }

    #[test]
    fn whatever_decides_who_signs_in_is_in_the_key() {
        let one = sign_in(&FULL).unwrap().key;
        for (at, other) in [(0, "other"), (1, "other"), (2, "wrong")] {
            let mut changed = FULL;
            changed[at].1 = other;
            assert_ne!(sign_in(&changed).unwrap().key, one, "{at}");
        }
        let fixture = Fixture::new(&FULL);
        let scope = Situation {
            scope: "https://other/.default",
            ..fixture.situation()
        };
        let authority = Situation {
            authority: "https://other",
            ..fixture.situation()
        };
        assert_ne!(prepare(&scope).unwrap().key, one);
        assert_ne!(prepare(&authority).unwrap().key, one);
    }

    #[test]
    fn what_is_missing_or_contradictory_is_named() {
        assert!(refusal(&FULL[..2]).contains("PWD="));
        assert!(refusal(&FULL[1..]).contains("UID="));
        assert!(refusal(&[FULL[0], FULL[2]]).contains("TenantId="));
        let two = refusal(&[(Keyword::User, "client@other"), FULL[1], FULL[2]]);
        assert!(two.contains("TenantId") && two.contains("client@tenant"), "{two}");
        let odd = refusal(&[FULL[0], (Keyword::TenantId, "a/../b"), FULL[2]]);
        assert!(odd.contains("TenantId"), "{odd}");
    }
}
