//! A confidential client and its proof of identity: a secret, a certificate or an assertion.

use super::{
    BoxFuture, Credential, CredentialContext, IdentityOrigin, TokenRequest,
    certificate::Certificate,
    federated_identity::FederatedIdentity,
    oauth::{Endpoint, Form},
};
use crate::{
    Error, Keyword, Options, Secret, Token, ValueName,
    identity_key::{IdentityKey, IdentityKeyBuilder},
    parameters::{
        options::{contradiction, missing},
        scope,
        secret_file::{self, Shape},
    },
    tenant::Tenant,
};
use std::fmt;

/// A confidential client.
#[derive(Debug)]
pub struct Client {
    /// The client id.
    pub id: String,
    /// The tenant of the application.
    pub tenant: Tenant,
    /// The proof of identity.
    pub proof: Proof,
    /// The endpoints of the Entra host.
    pub endpoint: Endpoint,
}

/// The proof of a client's identity.
pub enum Proof {
    /// A client secret.
    Secret(Secret),
    /// A certificate.
    Certificate {
        /// The certificate with its key.
        certificate: Box<Certificate>,
        /// Whether the chain is sent, so that Entra can check issuer and subject.
        send_chain: bool,
    },
    /// An assertion by another issuer that Entra trusts.
    Assertion(Secret),
    /// An assertion in a file, read for each token since its writer renews it.
    AssertionFile {
        /// Where it is.
        path: String,
        /// The keyword or variable that named it.
        named_by: ValueName,
    },
    /// The token of a managed identity that the application trusts.
    ManagedIdentity(Box<FederatedIdentity>),
}

impl Client {
    /// The application that the keywords name, with the proof that `proof` reads.
    pub fn named(
        context: &CredentialContext<'_>,
        proof: fn(&CredentialContext<'_>) -> Result<Proof, Error>,
    ) -> Result<Self, Error> {
        let (id, tenant) = client_and_tenant(context)?;
        Ok(Self {
            id,
            tenant,
            proof: proof(context)?,
            endpoint: Endpoint::new(&context.services.http, context.authority),
        })
    }

    /// What tells who signs in.
    pub fn identity_origin(&self) -> IdentityOrigin {
        match self.proof {
            // The machine's variables decide which endpoint is asked.
            Proof::ManagedIdentity(_) => IdentityOrigin::Context,
            _ => IdentityOrigin::String,
        }
    }

    /// Starts the identity key of this client.
    pub fn identify(&self, mode: &str, scope: &str) -> Result<IdentityKeyBuilder, Error> {
        let key = IdentityKey::builder(mode)?
            .with("authority", self.endpoint.authority())
            .with("client", &self.id)
            .with("scope", scope);
        Ok(self.proof.identify(self.tenant.identify(key)))
    }

    /// A token for the application itself.
    async fn request_token(&self, request: &TokenRequest) -> Result<Token, Error> {
        let tenant = self.tenant.resolve(&request.deadline).await?;
        let form = Form::grant("client_credentials").with("scope", &scope::for_application(&request.scope));
        let form = self.authenticate(&tenant, form, request).await?;
        let redeemed = self.endpoint.redeem(&tenant, form, request).await;
        redeemed
            .map(|granted| granted.token)
            .map_err(|error| self.explain(error))
    }

    /// Says what to do about a refusal where that depends on the proof.
    pub fn explain(&self, error: Error) -> Error {
        match &self.proof {
            Proof::ManagedIdentity(identity) => identity.explain(error),
            _ => error,
        }
    }

    /// Adds the client id and the proof to a token request.
    pub async fn authenticate(
        &self,
        tenant: &str,
        form: Form,
        request: &TokenRequest,
    ) -> Result<Form, Error> {
        let form = form.with("client_id", &self.id);
        if let Proof::Secret(secret) = &self.proof {
            return Ok(form.with("client_secret", secret.expose()));
        }
        Ok(form.with_assertion(&self.assertion(tenant, request).await?))
    }

    /// What stands in for the secret, of the moment.
    async fn assertion(&self, tenant: &str, request: &TokenRequest) -> Result<Secret, Error> {
        match &self.proof {
            Proof::Certificate {
                certificate,
                send_chain,
            } => certificate.assertion(&self.id, &self.endpoint.url(tenant, "token"), *send_chain),
            Proof::AssertionFile { path, named_by } => secret_file::read(path, *named_by, Shape::Jwt),
            Proof::ManagedIdentity(identity) => identity.assertion(request).await,
            Proof::Secret(text) | Proof::Assertion(text) => Ok(text.clone()),
        }
    }
}

impl Credential for Client {
    fn token<'a>(&'a self, request: &'a TokenRequest) -> BoxFuture<'a, Result<Token, Error>> {
        Box::pin(self.request_token(request))
    }

    fn is_shareable(&self) -> bool {
        // A path may name another file in another container.
        !matches!(self.proof, Proof::AssertionFile { .. })
    }
}

impl Proof {
    /// The proof that the keywords hold: exactly one of a secret, a certificate, an assertion and a managed identity.
    pub fn from_options(context: &CredentialContext<'_>) -> Result<Self, Error> {
        let options = context.options;
        if let Some(identity) = FederatedIdentity::from_options(context)? {
            return Ok(Self::ManagedIdentity(Box::new(identity)));
        }
        let certificate = options.get(Keyword::ClientCertificate).is_some();
        let assertion = [Keyword::ClientAssertion, Keyword::ClientAssertionFile]
            .into_iter()
            .find(|keyword| options.get(*keyword).is_some());
        match (certificate, assertion) {
            (true, Some(assertion)) => {
                Err(contradiction(Keyword::ClientCertificate.name(), assertion.name()))
            }
            (true, None) => {
                let proof = Self::certificate(context)?;
                // Beside an encrypted file it is the password of that.
                if matches!(&proof, Self::Certificate { certificate, .. } if !certificate.is_encrypted()) {
                    refuse_beside(options, Keyword::ClientCertificate)?;
                }
                Ok(proof)
            }
            (false, Some(_)) => Self::assertion(context),
            (false, None) => Self::secret(options),
        }
    }

    /// `PWD=` or `PWDFile=`.
    pub fn secret(options: &Options) -> Result<Self, Error> {
        let secret = options.secret(Keyword::Password, Keyword::PasswordFile)?;
        let (secret, _) = secret.ok_or_else(|| {
            missing(
                Keyword::Password,
                "the client secret of the application (or ClientCertificate= with a file, or FederatedIdentity=msi)",
            )
        })?;
        Ok(Self::Secret(secret))
    }

    /// `ClientCertificate=` and what belongs to it; `PWD=` is its password.
    pub fn certificate(context: &CredentialContext<'_>) -> Result<Self, Error> {
        let options = context.options;
        let path = options.require(
            Keyword::ClientCertificate,
            "the path of a PEM or PFX file with the certificate of the application",
        )?;
        let password = options.secret(
            Keyword::ClientCertificatePassword,
            Keyword::ClientCertificatePasswordFile,
        )?;
        let password = match password {
            Some(password) => {
                let other = [Keyword::Password, Keyword::PasswordFile]
                    .into_iter()
                    .find(|keyword| options.get(*keyword).is_some());
                if let Some(other) = other {
                    return Err(contradiction(Keyword::ClientCertificate.name(), other.name()));
                }
                Some(password)
            }
            None => options.secret(Keyword::Password, Keyword::PasswordFile)?,
        };
        let password = password.map(|(password, _)| password);
        Ok(Self::Certificate {
            certificate: Box::new(Certificate::read(
                path,
                password.as_ref(),
                options.get(Keyword::ClientKey),
            )?),
            send_chain: options.flag_or(Keyword::SendCertificateChain, false)?,
        })
    }

    /// A certificate that the environment names.
    pub fn certificate_file(path: &str, password: Option<&Secret>, send_chain: bool) -> Result<Self, Error> {
        Ok(Self::Certificate {
            certificate: Box::new(Certificate::read(path, password, None)?),
            send_chain,
        })
    }

    /// `ClientAssertion=` or `ClientAssertionFile=`.
    pub fn assertion(context: &CredentialContext<'_>) -> Result<Self, Error> {
        let options = context.options;
        refuse_beside(options, Keyword::ClientAssertion)?;
        let (text, path) = (
            options.get(Keyword::ClientAssertion),
            options.get(Keyword::ClientAssertionFile),
        );
        match (text, path) {
            (Some(_), Some(_)) => Err(contradiction(
                Keyword::ClientAssertion.name(),
                Keyword::ClientAssertionFile.name(),
            )),
            (Some(text), None) => Ok(Self::Assertion(Secret::new(text.to_owned()))),
            (None, Some(path)) => Self::assertion_file(path, Keyword::ClientAssertionFile.into()),
            (None, None) => Err(missing(
                Keyword::ClientAssertion,
                "the signed assertion, or ClientAssertionFile= with a path",
            )),
        }
    }

    /// An assertion in a file, which must be there already.
    pub fn assertion_file(path: &str, named_by: ValueName) -> Result<Self, Error> {
        secret_file::read(path, named_by, Shape::Jwt)?;
        Ok(Self::AssertionFile {
            path: path.to_owned(),
            named_by,
        })
    }

    fn identify(&self, key: IdentityKeyBuilder) -> IdentityKeyBuilder {
        match self {
            Self::Secret(secret) => key.with("secret", secret.expose()),
            Self::Certificate {
                certificate,
                send_chain,
            } => key
                .with("certificate", &certificate.digest())
                .with("chain", if *send_chain { "sent" } else { "" }),
            Self::Assertion(text) => key.with("assertion", text.expose()),
            // Not what is in it: its writer renews it every hour, for the same application.
            Self::AssertionFile { path, .. } => key.with("assertion file", path),
            Self::ManagedIdentity(identity) => identity.identify(key),
        }
    }
}

/// The error for a secret beside another proof, which is ambiguous.
fn refuse_beside(options: &Options, chosen: Keyword) -> Result<(), Error> {
    let other = [Keyword::Password, Keyword::PasswordFile]
        .into_iter()
        .find(|keyword| options.get(*keyword).is_some());
    other.map_or(Ok(()), |other| Err(contradiction(chosen.name(), other.name())))
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Secret(_) => "Secret",
            Self::Certificate { .. } => "Certificate",
            Self::Assertion(_) => "Assertion",
            Self::AssertionFile { .. } => "AssertionFile",
            Self::ManagedIdentity(_) => "ManagedIdentity",
        })
    }
}

/// Client and tenant: `UID=client` or `UID=client@tenant`, and `TenantId=`; else the tenant that the server reports.
fn client_and_tenant(context: &CredentialContext<'_>) -> Result<(String, Tenant), Error> {
    let options = context.options;
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
        (Some(tenant), _) | (None, Some(tenant)) => Tenant::named(tenant)?,
        (None, None) => context.tenant_of_server()?,
    };
    Ok((client.to_owned(), tenant))
}
