//! The compute of Azure Machine Learning: `MSI_ENDPOINT` with its secret, in the form of App Service of 2017.

use super::{
    endpoint::{self, Endpoint},
    id::Id,
    words,
};
use crate::{
    Environment, Error, ErrorKind, Secret,
    credential::TokenRequest,
    http::{Call, Policy, Reply, Route},
    identity_key::IdentityKeyBuilder,
};
use zeroize::Zeroizing;

/// Which identity is meant where none is named; the platform sets it.
const DEFAULT: &str = "DEFAULT_IDENTITY_CLIENT_ID";

/// `MSI_ENDPOINT`, and the secret that proves that we run there.
#[derive(Debug)]
pub struct AzureMl {
    endpoint: String,
    secret: Secret,
    default: Option<String>,
}

impl AzureMl {
    /// The endpoint that the platform put into the environment.
    pub fn new(endpoint: String, secret: String, environment: &Environment) -> Self {
        Self {
            endpoint,
            secret: Secret::new(secret),
            default: environment.get(DEFAULT),
        }
    }
}

impl Endpoint for AzureMl {
    fn name(&self) -> &'static str {
        "the identity endpoint of Azure Machine Learning"
    }

    fn identify(&self, key: IdentityKeyBuilder) -> IdentityKeyBuilder {
        key.with("azure ml", &self.endpoint)
            .with("secret", self.secret.expose())
    }

    /// Client ids alone are known here, so a bare `UID` can be nothing else.
    fn ids(&self, ids: Vec<Id>) -> Result<Vec<Id>, Error> {
        match ids.first() {
            Some(Id::SystemAssigned) => Ok(self.default.clone().map_or(ids, |id| vec![Id::Client(id)])),
            Some(Id::Client(id)) => Ok(vec![Id::Client(id.clone())]),
            _ => Err(Error::invalid(
                "Azure Machine Learning knows managed identities by their client id alone",
            )
            .remedy("Name the identity by ClientId in place of ObjectId or ResourceId.")),
        }
    }

    fn call(&self, id: &Id, request: &TokenRequest) -> Result<Call, Error> {
        let mut query = vec![("api-version", "2017-09-01"), ("resource", request.resource())];
        if let Id::Client(id) = id {
            // This version's name for it; `client_id` is passed over.
            query.push(("clientid", id));
        }
        Ok(Call {
            url: endpoint::address("MSI_ENDPOINT", &self.endpoint, &query)?,
            headers: vec![
                ("Metadata".into(), Zeroizing::new("true".into())),
                ("secret".into(), Zeroizing::new(self.secret.expose().to_owned())),
            ],
            body: None,
            route: Route::Near,
            retry: Policy::STANDARD,
        })
    }

    fn lacks_identity(&self, answer: &Reply) -> bool {
        // "No MSI found for specified ClientId/ResourceId.", later "No Managed Identity found for specified …".
        answer.status == 400 && words(answer).contains("found for specified")
    }

    fn absent(&self, error: Error) -> Error {
        endpoint::silent(
            ErrorKind::Unreachable,
            "the identity endpoint of Azure Machine Learning (MSI_ENDPOINT)",
            "Check that this process runs on the compute; restart it if it does.",
            &error,
        )
    }
}
