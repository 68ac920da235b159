//! `Environment`: an application or user configured by the `AZURE_*` variables, as in azure-identity.

use super::{
    ANY_ORGANIZATION, CredentialContext, IdentityOrigin, SignIn,
    client::{Client, Proof},
    oauth::Endpoint,
    password,
};
use crate::{
    Error, ErrorKind, Keyword, Secret,
    error::text::{Origin, ValueName},
    tenant::Tenant,
};

const TENANT: &str = "AZURE_TENANT_ID";
const CLIENT: &str = "AZURE_CLIENT_ID";
const SECRET: &str = "AZURE_CLIENT_SECRET";
const CERTIFICATE: &str = "AZURE_CLIENT_CERTIFICATE_PATH";
const CERTIFICATE_PASSWORD: &str = "AZURE_CLIENT_CERTIFICATE_PASSWORD";
const SEND_CHAIN: &str = "AZURE_CLIENT_SEND_CERTIFICATE_CHAIN";
const USER: &str = "AZURE_USERNAME";
const PASSWORD: &str = "AZURE_PASSWORD";

/// The variables that replace an application's keywords.
const APPLICATION_VARIABLES: [Origin; 5] = [
    (Keyword::User, ValueName::Other(CLIENT)),
    (Keyword::TenantId, ValueName::Other(TENANT)),
    (Keyword::Password, ValueName::Other(SECRET)),
    (Keyword::ClientCertificate, ValueName::Other(CERTIFICATE)),
    (
        Keyword::ClientCertificatePassword,
        ValueName::Other(CERTIFICATE_PASSWORD),
    ),
];

/// The variables that replace a user's keywords.
const USER_VARIABLES: [Origin; 4] = [
    (Keyword::User, ValueName::Other(USER)),
    (Keyword::Password, ValueName::Other(PASSWORD)),
    (Keyword::TenantId, ValueName::Other(TENANT)),
    (Keyword::ClientId, ValueName::Other(CLIENT)),
];

pub fn prepare(context: &CredentialContext<'_>) -> Result<SignIn, Error> {
    let sign_in = if let Some(proof) = proof(context)? {
        application(context, proof)?.naming(APPLICATION_VARIABLES.into())
    } else {
        person(context)?.naming(USER_VARIABLES.into())
    };
    Ok(sign_in.identity_origin(IdentityOrigin::Context))
}

/// In azure-identity's order: a secret, then a certificate.
fn proof(context: &CredentialContext<'_>) -> Result<Option<Proof>, Error> {
    let environment = context.environment();
    if let Some(secret) = environment.get(SECRET) {
        return Ok(Some(Proof::Secret(Secret::new(secret))));
    }
    let Some(path) = environment.get(CERTIFICATE) else {
        return Ok(None);
    };
    let password = environment.get(CERTIFICATE_PASSWORD).map(Secret::new);
    let send_chain = environment
        .get(SEND_CHAIN)
        .is_some_and(|value| matches!(value.to_ascii_lowercase().as_str(), "1" | "true"));
    Proof::certificate_file(&path, password.as_ref(), send_chain)
        .map(Some)
        .map_err(|error| error.naming(&APPLICATION_VARIABLES))
}

fn application(context: &CredentialContext<'_>, proof: Proof) -> Result<SignIn, Error> {
    let tenant = require(context, TENANT)?;
    let client = Client {
        id: require(context, CLIENT)?,
        tenant: Tenant::named(&tenant)
            .map_err(|error| error.remedy(format!("Correct the environment variable {TENANT}.")))?,
        proof,
        endpoint: Endpoint::new(&context.services.http, context.authority),
    };
    let key = client.identify("Environment", context.scope)?.finish();
    let who = client.id.clone();
    Ok(SignIn::requesting(key, who, context.scope, client))
}

/// A user name and password, which azure-identity also reads from there.
fn person(context: &CredentialContext<'_>) -> Result<SignIn, Error> {
    let environment = context.environment();
    let (Some(user), Some(password)) = (environment.get(USER), environment.get(PASSWORD)) else {
        let client = require(context, CLIENT).map(drop);
        return Err(client.err().unwrap_or_else(|| absent(SECRET)));
    };
    let client = require(context, CLIENT)?;
    let tenant = environment
        .get(TENANT)
        .unwrap_or_else(|| ANY_ORGANIZATION.to_owned());
    let tenant = Tenant::named(&tenant)
        .map_err(|error| error.remedy(format!("Correct the environment variable {TENANT}.")))?;
    password::sign_in(context, &user, Secret::new(password), &client, tenant)
}

fn require(context: &CredentialContext<'_>, name: &str) -> Result<String, Error> {
    context.environment().get(name).ok_or_else(|| absent(name))
}

fn absent(name: &str) -> Error {
    Error::new(ErrorKind::Unavailable, format!("{name} is not set")).remedy(format!(
        "Set {CLIENT} and {TENANT}, and {SECRET} or {CERTIFICATE}, for this program."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Environment, credential::tests::Fixture};

    fn sign_in(variables: &[(&str, &str)]) -> Result<SignIn, Error> {
        let environment = Environment::fixed(variables.iter().copied());
        prepare(&Fixture::with_environment(&[], environment).context())
    }

    const APPLICATION_ENVIRONMENT: [(&str, &str); 3] =
        [(TENANT, "tenant"), (CLIENT, "client"), (SECRET, "s3cret")];

    #[test]
    fn a_secret_comes_before_a_password() {
        let both = [
            &APPLICATION_ENVIRONMENT[..],
            &[(USER, "ada@contoso.com"), (PASSWORD, "p")],
        ]
        .concat();
        assert_eq!(sign_in(&both).unwrap().who, "client");
        let person = [(CLIENT, "client"), (USER, "ada@contoso.com"), (PASSWORD, "p")];
        let person = sign_in(&person).unwrap();
        assert_eq!(person.who, "ada@contoso.com");
        assert_eq!(person.identity_origin, IdentityOrigin::Context);
    }

    #[test]
    fn every_variable_is_part_of_the_identity() {
        let one = sign_in(&APPLICATION_ENVIRONMENT).unwrap().key;
        for at in 0..3 {
            let mut other = APPLICATION_ENVIRONMENT;
            other[at].1 = "other";
            assert_ne!(sign_in(&other).unwrap().key, one);
        }
    }

    #[test]
    fn a_certificate_that_cannot_be_used_is_told_by_its_variable() {
        let path = std::env::temp_dir().join(format!("entra-odbc-env-cert-{}", std::process::id()));
        std::fs::write(&path, "garbage").unwrap();
        let path = path.to_str().unwrap();
        let error = sign_in(&[(TENANT, "tenant"), (CLIENT, "client"), (CERTIFICATE, path)]).unwrap_err();
        std::fs::remove_file(path).unwrap();
        let text = error.to_string();
        assert!(
            text.contains("AZURE_CLIENT_CERTIFICATE_PATH= cannot be used") && text.contains("neither a PEM"),
            "{text}"
        );
    }

    #[test]
    fn what_is_missing_is_named_and_lets_a_chain_go_on() {
        for (variables, missing) in [
            (&[][..], CLIENT),
            (&[(CLIENT, "c")], SECRET),
            (&APPLICATION_ENVIRONMENT[1..], TENANT),
        ] {
            let error = sign_in(variables).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unavailable);
            assert!(
                error.to_string().contains(&format!("{missing} is not set")),
                "{error}"
            );
        }
    }
}
