//! Applications that sign in with a proof of their own.
//!
//! `ServicePrincipal` takes a client secret, a certificate or a managed identity, `ServicePrincipalCertificate` a certificate, and
//! `ClientAssertion` an assertion by another issuer that Entra trusts.

use super::{
    CredentialContext, SignIn,
    client::{Client, Proof},
};
use crate::Error;

pub fn prepare(context: &CredentialContext<'_>) -> Result<SignIn, Error> {
    sign_in("ServicePrincipal", context, Proof::from_options)
}

pub fn prepare_certificate(context: &CredentialContext<'_>) -> Result<SignIn, Error> {
    sign_in("ServicePrincipalCertificate", context, Proof::certificate)
}

pub fn prepare_assertion(context: &CredentialContext<'_>) -> Result<SignIn, Error> {
    sign_in("ClientAssertion", context, Proof::assertion)
}

/// The sign-in of the application that the keywords name.
fn sign_in(
    mode: &str,
    context: &CredentialContext<'_>,
    proof: fn(&CredentialContext<'_>) -> Result<Proof, Error>,
) -> Result<SignIn, Error> {
    let client = Client::named(context, proof)?;
    let key = client.identify(mode, context.scope)?.finish();
    let (who, origin) = (client.id.clone(), client.identity_origin());
    Ok(SignIn::requesting(key, who, context.scope, client).identity_origin(origin))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Keyword, credential::tests::Fixture};

    fn sign_in(pairs: &[(Keyword, &str)]) -> Result<SignIn, Error> {
        prepare(&Fixture::new(pairs).context())
    }

    fn refusal(pairs: &[(Keyword, &str)]) -> String {
        let error = sign_in(pairs).unwrap_err();
        assert_eq!(error.kind().name(), "invalid");
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
        let scope = CredentialContext {
            scope: "https://other/.default",
            ..fixture.context()
        };
        let authority = CredentialContext {
            authority: "https://other",
            ..fixture.context()
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
        assert!(
            two.contains("TenantId= and UID=client@tenant contradict each other"),
            "{two}"
        );
        let odd = refusal(&[FULL[0], (Keyword::TenantId, "a/../b"), FULL[2]]);
        assert!(odd.contains("TenantId"), "{odd}");
    }
}
