//! The token service of a Service Fabric cluster: HTTPS with a certificate pinned by its thumbprint.

use super::{
    endpoint::{self, Endpoint},
    id::Id,
    words,
};
use crate::{
    Error, ErrorKind, Secret,
    credential::{TokenRequest, reply},
    error::text::{Template, text},
    http::{Call, Policy, Reply, Route, pinned::Thumbprint},
    identity_key::IdentityKeyBuilder,
};
use url::Url;
use zeroize::Zeroizing;

/// `IDENTITY_ENDPOINT`, the header that proves which application asks, and whose certificate is the right one.
#[derive(Debug)]
pub struct ServiceFabric {
    endpoint: String,
    header: Secret,
    thumbprint: Thumbprint,
}

impl ServiceFabric {
    /// The endpoint that the cluster put into the environment.
    pub fn new(endpoint: String, header: String, thumbprint: &str) -> Result<Self, Error> {
        // The header must not cross the network in the clear, nor go to a server that is not checked.
        let is_https = Url::parse(&endpoint).is_ok_and(|url| url.scheme() == "https");
        let wrong = |what| Error::invalid(what).remedy("Leave it as the cluster sets it.");
        if !is_https {
            return Err(wrong("IDENTITY_ENDPOINT of Service Fabric is not an https URL"));
        }
        let thumbprint = Thumbprint::parse(thumbprint)
            .ok_or_else(|| wrong("IDENTITY_SERVER_THUMBPRINT is not a SHA-1 thumbprint of 40 digits"))?;
        Ok(Self {
            endpoint,
            header: Secret::new(header),
            thumbprint,
        })
    }
}

impl Endpoint for ServiceFabric {
    fn name(&self) -> &'static str {
        "the token service of Service Fabric"
    }

    fn identify(&self, key: IdentityKeyBuilder) -> IdentityKeyBuilder {
        key.with("service fabric", &self.endpoint)
            .with("header", self.header.expose())
            .with("thumbprint", &format!("{:?}", self.thumbprint))
    }

    /// Ids are refused: the cluster selects the identity and would ignore an id, so another identity could sign in.
    /// azure-identity refuses ids as well (Go since 1.8, Python since 1.22).
    fn ids(&self, ids: Vec<Id>) -> Result<Vec<Id>, Error> {
        match ids.as_slice() {
            [Id::SystemAssigned] => Ok(ids),
            _ => Err(Error::invalid(format!(
                "the application's manifest decides who signs in on Service Fabric, not {}",
                Id::list(&ids)
            ))
            .remedy("Leave out UID, ClientId, ObjectId and ResourceId (and AZURE_CLIENT_ID).")),
        }
    }

    fn call(&self, _id: &Id, request: &TokenRequest) -> Result<Call, Error> {
        let query = [
            ("api-version", "2019-07-01-preview"),
            ("resource", request.resource()),
        ];
        Ok(Call {
            url: endpoint::address("IDENTITY_ENDPOINT", &self.endpoint, &query)?,
            headers: vec![("Secret".into(), Zeroizing::new(self.header.expose().to_owned()))],
            body: None,
            route: Route::Pinned(self.thumbprint),
            retry: Policy::STANDARD,
        })
    }

    fn lacks_identity(&self, answer: &Reply) -> bool {
        reply::object(answer, "").is_ok() && words(answer).starts_with("ManagedIdentityNotFound")
    }

    fn without_identity(&self) -> Template {
        text!("Give the application an identity, and bind the service to it in ApplicationManifest.xml.")
    }

    fn absent(&self, error: Error) -> Error {
        // It may be there with another certificate, so the transport's words say more than "no answer".
        Error::new(
            ErrorKind::Unreachable,
            format!("Service Fabric's token service (IDENTITY_ENDPOINT): {}", error.what()),
        )
        .remedy(
            "Check that the cluster has its Managed Identity Token Service enabled; restart this process if the \
             certificate is new.",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_plain_http_nor_an_unknown_certificate_is_an_endpoint() {
        let thumbprint = "a9993e364706816aba3e25717850c26c9cd0d89d";
        let new = |endpoint: &str, thumbprint: &str| {
            ServiceFabric::new(endpoint.to_owned(), "hidden".to_owned(), thumbprint)
        };
        assert!(
            new(
                "https://localhost:2377/metadata/identity/oauth2/token",
                thumbprint
            )
            .is_ok()
        );
        for (endpoint, thumbprint, part) in [
            ("http://localhost:2377/", thumbprint, "IDENTITY_ENDPOINT"),
            ("localhost", thumbprint, "IDENTITY_ENDPOINT"),
            ("https://localhost:2377/", "abc", "IDENTITY_SERVER_THUMBPRINT"),
        ] {
            let error = new(endpoint, thumbprint).unwrap_err();
            assert_eq!(error.kind().name(), "invalid");
            assert!(error.to_string().contains(part), "{error}");
            assert!(!error.to_string().contains("hidden"), "{error}");
        }
    }
}
