//! The identity endpoint of App Service, Functions and Container Apps.

use super::{
    endpoint::{self, Endpoint},
    id::Id,
};
use crate::{
    Error, ErrorKind, Secret,
    credential::{TokenRequest, reply},
    http::{Call, Policy, Reply, Route},
    identity_key::IdentityKeyBuilder,
};
use zeroize::Zeroizing;

/// `IDENTITY_ENDPOINT` and the header that proves that we run inside the app.
#[derive(Debug)]
pub struct AppService {
    endpoint: String,
    header: Secret,
}

impl AppService {
    /// The endpoint that the platform put into the environment.
    pub fn new(endpoint: String, header: String) -> Self {
        Self {
            endpoint,
            header: Secret::new(header),
        }
    }
}

impl Endpoint for AppService {
    fn name(&self) -> &'static str {
        "the app's identity endpoint (App Service)"
    }

    fn identify(&self, key: IdentityKeyBuilder) -> IdentityKeyBuilder {
        key.with("app service", &self.endpoint)
            .with("header", self.header.expose())
    }

    fn call(&self, id: &Id, request: &TokenRequest) -> Result<Call, Error> {
        let mut query = vec![("api-version", "2019-08-01"), ("resource", request.resource())];
        match id {
            Id::SystemAssigned => {}
            Id::Client(id) => query.push(("client_id", id)),
            // Documented as an alias of `principal_id`, and what MSAL sends.
            Id::Object(id) => query.push(("object_id", id)),
            Id::Resource(id) => query.push(("mi_res_id", id)),
        }
        Ok(Call {
            url: endpoint::address("IDENTITY_ENDPOINT", &self.endpoint, &query)?,
            headers: vec![(
                "X-IDENTITY-HEADER".into(),
                Zeroizing::new(self.header.expose().to_owned()),
            )],
            body: None,
            route: Route::Near,
            retry: Policy::STANDARD,
        })
    }

    fn lacks_identity(&self, answer: &Reply) -> bool {
        // 400: "No User Assigned or Delegated Managed Identity found for specified ClientId/…", and
        // "No Managed Identity found …" where there is none at all.
        answer.status == 400
            && reply::object(answer, "").is_ok_and(|object| {
                let text = object.get("message").and_then(|words| words.as_str());
                text.is_some_and(|words| words.to_ascii_lowercase().contains("managed identity found"))
            })
    }

    fn absent(&self, error: Error) -> Error {
        endpoint::silent(
            ErrorKind::Unreachable,
            "the app's identity endpoint (IDENTITY_ENDPOINT)",
            "Check that this process runs inside the app; restart it if it does.",
            &error,
        )
    }
}
