//! `FederatedIdentity=`: a managed identity whose token proves an application, in place of a secret or certificate.
//!
//! The application's registration has a federated identity credential for it: issuer and subject of its tokens. That is
//! `SignedAssertionFromManagedIdentity` in Microsoft.Identity.Web, and `managedidentityasfederatedidentity` in
//! Microsoft.Extensions.Azure.

use super::{
    Credential as _, CredentialContext, TokenRequest,
    managed_identity::{Id, ManagedIdentity},
    same_mode,
};
use crate::{
    Error, Keyword, Options, Secret,
    cloud::Cloud,
    identity_key::IdentityKeyBuilder,
    parameters::options::contradiction,
    process::fork::Lock,
    token::{Claims, Prompting},
};

/// What the value may be besides `msi`: the names that other clients have.
const NAMES: [&str; 4] = [
    "msi",
    "ManagedIdentity",
    "SignedAssertionFromManagedIdentity",
    "ManagedIdentityAsFederatedIdentity",
];

/// The keywords that select the managed identity.
const IDS: [Keyword; 3] = [
    Keyword::ManagedIdentityClientId,
    Keyword::ObjectId,
    Keyword::ResourceId,
];

/// The other proofs of an application.
const OTHER_PROOFS: [Keyword; 5] = [
    Keyword::Password,
    Keyword::PasswordFile,
    Keyword::ClientCertificate,
    Keyword::ClientAssertion,
    Keyword::ClientAssertionFile,
];

/// The managed identity that vouches for an application.
#[derive(Debug)]
pub struct FederatedIdentity {
    identity: ManagedIdentity,
    /// The scope of its tokens, which depends on the cloud of the application's Entra.
    scope: &'static str,
    /// Whose token was the last one.
    last: Lock<Option<Claims>>,
}

impl FederatedIdentity {
    /// The identity that the keywords name; `None` where they name another proof.
    pub fn from_options(context: &CredentialContext<'_>) -> Result<Option<Self>, Error> {
        let options = context.options;
        let selected = [Keyword::FederatedIdentity, Keyword::ManagedIdentityClientId]
            .into_iter()
            .find(|keyword| options.get(*keyword).is_some());
        let Some(selected) = selected else {
            return Ok(None);
        };
        let other = OTHER_PROOFS
            .into_iter()
            .find(|keyword| options.get(*keyword).is_some());
        if let Some(other) = other {
            return Err(contradiction(selected.name(), other.name()));
        }
        Ok(Some(Self {
            identity: ManagedIdentity::for_application(context, id(options)?)?,
            scope: Cloud::for_authority(context.authority).exchange_scope,
            last: Lock::new(None),
        }))
    }

    /// Adds the managed identity to that of the application.
    pub fn identify(&self, key: IdentityKeyBuilder) -> IdentityKeyBuilder {
        self.identity.identify(key.with("federated identity", self.scope))
    }

    /// A new token, which proves the application.
    pub async fn assertion(&self, request: &TokenRequest) -> Result<Secret, Error> {
        let request = TokenRequest {
            scope: self.scope.to_owned(),
            deadline: request.deadline.clone(),
            prompting: Prompting::forbidden(),
        };
        let token = self.identity.token(&request).await;
        let assertion = token
            .map_err(|error| naming(error).in_member(Keyword::FederatedIdentity.name()))?
            .text;
        *self.last.lock() = Some(Claims::parse(assertion.expose()));
        Ok(assertion)
    }

    /// Says which federated credential is missing, where Entra says that none matches.
    pub fn explain(&self, error: Error) -> Error {
        if !matches!(error.code(), 70021 | 70025 | 700_211..=700_213) {
            return error;
        }
        let last = self.last.lock();
        let claim = |claim: fn(&Claims) -> &Option<String>| {
            last.as_ref()
                .and_then(|last| claim(last).as_deref())
                .unwrap_or("?")
        };
        let (issuer, subject) = (claim(|claims| &claims.iss), claim(|claims| &claims.sub));
        let audience = self.scope.trim_end_matches("/.default");
        error.remedy(format!(
            "Add a federated credential to the application: issuer {issuer}, subject {subject}, audience {audience}."
        ))
    }
}

/// The managed identity, by one id at most.
fn id(options: &Options) -> Result<Id, Error> {
    let value = options.get(Keyword::FederatedIdentity).unwrap_or("msi");
    let (name, id) = match value.split_once(':') {
        Some((name, id)) => (name, Some(id.trim())),
        None => (value, None),
    };
    if !NAMES.iter().any(|known| same_mode(known, name)) || id.is_some_and(str::is_empty) {
        return Err(Error::invalid(
            "FederatedIdentity= must be msi, or msi:<client id of the managed identity>",
        )
        .remedy("Correct the connection string."));
    }
    let by_value = id.map(|id| (Keyword::FederatedIdentity, id));
    let by_keyword = IDS
        .into_iter()
        .filter_map(|keyword| Some((keyword, options.get(keyword)?)));
    let given: Vec<_> = by_value.into_iter().chain(by_keyword).collect();
    match given.as_slice() {
        [] => Ok(Id::SystemAssigned),
        [(Keyword::ObjectId, id)] => Ok(Id::Object((*id).to_owned())),
        [(Keyword::ResourceId, id)] => Ok(Id::Resource((*id).to_owned())),
        [(_, id)] => Ok(Id::Client((*id).to_owned())),
        [(one, first), (other, second)]
            if (*one, *other) == (Keyword::FederatedIdentity, Keyword::ManagedIdentityClientId)
                && first.eq_ignore_ascii_case(second) =>
        {
            Ok(Id::Client((*first).to_owned()))
        }
        [(one, _), (other, _), ..] => Err(contradiction(one.name(), other.name())),
    }
}

/// The managed identity is named by other keywords than where it signs in itself.
fn naming(error: Error) -> Error {
    error.naming(&[
        (Keyword::User, Keyword::FederatedIdentity.into()),
        (Keyword::ClientId, Keyword::ManagedIdentityClientId.into()),
    ])
}

#[cfg(test)]
mod tests;
