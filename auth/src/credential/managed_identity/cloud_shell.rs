//! The endpoint of Cloud Shell, which returns tokens of the user who is signed in to the portal.

use super::{
    endpoint::{self, Endpoint},
    id::Id,
};
use crate::{
    Error, ErrorKind,
    credential::TokenRequest,
    http::{Call, Policy, Reply, Route},
    identity_key::IdentityKeyBuilder,
};
use url::form_urlencoded;
use zeroize::Zeroizing;

/// `MSI_ENDPOINT`.
#[derive(Debug)]
pub struct CloudShell {
    endpoint: String,
}

impl CloudShell {
    /// The endpoint that Cloud Shell put into the environment.
    pub fn new(endpoint: String) -> Self {
        Self { endpoint }
    }
}

impl Endpoint for CloudShell {
    fn name(&self) -> &'static str {
        "Cloud Shell"
    }

    fn identify(&self, key: IdentityKeyBuilder) -> IdentityKeyBuilder {
        key.with("cloud shell", &self.endpoint)
    }

    fn ids(&self, ids: Vec<Id>) -> Result<Vec<Id>, Error> {
        match ids.as_slice() {
            [Id::SystemAssigned] => Ok(ids),
            _ => Err(Error::invalid(format!(
                "Cloud Shell signs in as the person who opened it, not as {}",
                Id::list(&ids)
            ))
            .remedy("Leave out UID, ClientId, ObjectId and ResourceId (and AZURE_CLIENT_ID).")),
        }
    }

    fn call(&self, _id: &Id, request: &TokenRequest) -> Result<Call, Error> {
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("resource", request.resource())
            .finish();
        Ok(Call {
            url: endpoint::address("MSI_ENDPOINT", &self.endpoint, &[])?,
            headers: vec![
                ("Metadata".into(), Zeroizing::new("true".into())),
                (
                    "Content-Type".into(),
                    Zeroizing::new("application/x-www-form-urlencoded".into()),
                ),
            ],
            body: Some(Zeroizing::new(body.into_bytes())),
            route: Route::Near,
            retry: Policy::STANDARD,
        })
    }

    fn lacks_identity(&self, _answer: &Reply) -> bool {
        false
    }

    fn absent(&self, error: Error) -> Error {
        endpoint::silent(
            ErrorKind::Unreachable,
            "Cloud Shell's endpoint (MSI_ENDPOINT)",
            "Open Cloud Shell anew; elsewhere unset MSI_ENDPOINT.",
            &error,
        )
    }
}
