//! The Instance Metadata Service (IMDS) of Azure virtual machines, and compatible services.

use super::{endpoint::Endpoint, id::Id};
use crate::{
    Environment, Error, ErrorKind,
    credential::{TokenRequest, reply},
    http::{Call, Policy, Reply, Route},
    identity_key::IdentityKeyBuilder,
};
use url::Url;
use zeroize::Zeroizing;

/// The link-local address of IMDS on every Azure VM.
const ADDRESS: &str = "http://169.254.169.254";

const PATH: &str = "/metadata/identity/oauth2/token";

/// Where IMDS is.
#[derive(Debug)]
pub struct Imds {
    address: String,
    /// What to do where it is not there.
    remedy: &'static str,
}

impl Imds {
    /// At its usual address, or where `AZURE_POD_IDENTITY_AUTHORITY_HOST` says, which the SDKs for
    /// other languages read as well.
    pub fn new(environment: &Environment) -> Self {
        let address = environment.get("AZURE_POD_IDENTITY_AUTHORITY_HOST");
        Self {
            address: address.map_or_else(
                || ADDRESS.to_owned(),
                |address| address.trim_end_matches('/').to_owned(),
            ),
            remedy: remedy(environment),
        }
    }
}

/// Another mode for which the environment has what it takes, most often that of an application.
fn remedy(environment: &Environment) -> &'static str {
    let is_set = |name: &str| environment.get(name).is_some();
    if is_set("AZURE_FEDERATED_TOKEN_FILE") {
        "AZURE_FEDERATED_TOKEN_FILE is set: with it, use Authentication=ActiveDirectoryWorkloadIdentity."
    } else if is_set("AZURE_CLIENT_SECRET") {
        "AZURE_CLIENT_SECRET is set: for that application, use Authentication=ActiveDirectoryEnvironment."
    } else if is_set("AZURE_CLIENT_CERTIFICATE_PATH") {
        "AZURE_CLIENT_CERTIFICATE_PATH is set: for that application, use Authentication=ActiveDirectoryEnvironment."
    } else {
        "Elsewhere than on Azure use another authentication mode."
    }
}

/// Whether an answer from its address is IMDS's own: those are JSON, unless it is in trouble.
///
/// Other clouds have services of their own there, and Docker Desktop's proxy answers 403 in plain text. A refusal in
/// plain text may be that of a proxy which speaks for IMDS, such as Azure Workload Identity's.
pub fn is_its_own(answer: &Reply) -> bool {
    matches!(answer.status, 400 | 408 | 410 | 429 | 500..) || reply::object(answer, "").is_ok()
}

impl Endpoint for Imds {
    fn name(&self) -> &'static str {
        "the VM's identity endpoint (IMDS)"
    }

    fn identify(&self, key: IdentityKeyBuilder) -> IdentityKeyBuilder {
        key.with("imds", &self.address)
    }

    fn call(&self, id: &Id, request: &TokenRequest) -> Result<Call, Error> {
        let mut query = vec![("api-version", "2018-02-01"), ("resource", request.resource())];
        match id {
            Id::SystemAssigned => {}
            Id::Client(id) => query.push(("client_id", id)),
            Id::Object(id) => query.push(("object_id", id)),
            // As MSAL sends it; `mi_res_id` is the name at App Service.
            Id::Resource(id) => query.push(("msi_res_id", id)),
        }
        let url = Url::parse_with_params(&format!("{}{PATH}", self.address), query).map_err(|_| {
            Error::invalid("AZURE_POD_IDENTITY_AUTHORITY_HOST is not a URL")
                .remedy("Set it to http://host:port, or unset it.")
        })?;
        Ok(Call {
            url: url.into(),
            headers: vec![("Metadata".into(), Zeroizing::new("true".into()))],
            body: None,
            route: Route::Near,
            retry: Policy::IMDS,
        })
    }

    fn probe(&self) -> Option<Call> {
        Some(Call {
            url: format!("{}{PATH}", self.address),
            // Without `Metadata: true` it is refused, at once and without a token.
            headers: Vec::new(),
            body: None,
            route: Route::Near,
            retry: Policy::STANDARD,
        })
    }

    fn is_its_own(&self, answer: &Reply) -> bool {
        is_its_own(answer)
    }

    fn lacks_identity(&self, answer: &Reply) -> bool {
        answer.status == 400
            && reply::object(answer, "").is_ok_and(|object| {
                let text = object.get("error_description").and_then(|words| words.as_str());
                text.is_some_and(|words| words.to_ascii_lowercase().contains("identity not found"))
            })
    }

    /// That address is routed somewhere on most networks, and nobody answers there.
    fn may_be_absent(&self) -> bool {
        self.address == ADDRESS
    }

    fn absent(&self, error: Error) -> Error {
        Error::new(
            ErrorKind::Unavailable,
            format!(
                "no managed identity endpoint answers at {}: this is no Azure VM, or it is blocked",
                self.address
            ),
        )
        .remedy(self.remedy)
        .detail(error.sentences())
        .perhaps_absent()
    }
}
