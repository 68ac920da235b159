//! Entra's errors: number, OAuth code, status and words of each, in the one form that they all have.
//!
//! The words are Entra's as of 2023 to 2025, from error bodies quoted in public issues and Microsoft's own tests.

use serde_json::json;
use time::OffsetDateTime;
use time::macros::format_description;
use uuid::Uuid;

use crate::http::{Request, Response};

/// One refusal: what Entra calls an AADSTS error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) number: u32,
    pub(crate) status: u16,
    pub(crate) error: &'static str,
    pub(crate) text: String,
}

fn refusal(number: u32, status: u16, error: &'static str, text: String) -> Refusal {
    Refusal {
        number,
        status,
        error,
        text,
    }
}

impl Refusal {
    pub(crate) fn tenant_not_found(tenant: &str) -> Self {
        refusal(
            90002,
            400,
            "invalid_request",
            format!(
                "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing \
                 into the correct cloud. Check with your subscription administrator, this may happen if there are \
                 no active subscriptions for the tenant."
            ),
        )
    }

    pub(crate) fn tenant_malformed(tenant: &str) -> Self {
        refusal(
            900_023,
            400,
            "invalid_request",
            format!(
                "Specified tenant identifier '{tenant}' is neither a valid DNS name, nor a valid external domain."
            ),
        )
    }

    pub(crate) fn no_tenant() -> Self {
        refusal(
            50059,
            400,
            "invalid_request",
            "No tenant-identifying information found in either the request or implied by any provided credentials."
                .to_owned(),
        )
    }

    pub(crate) fn missing_parameter(name: &str) -> Self {
        refusal(
            900_144,
            400,
            "invalid_request",
            format!("The request body must contain the following parameter: '{name}'."),
        )
    }

    pub(crate) fn missing_field(name: &str) -> Self {
        refusal(
            90014,
            400,
            "invalid_request",
            format!(
                "The required field '{name}' is missing from the credential. Ensure that you have all the \
                 necessary parameters for the login request."
            ),
        )
    }

    pub(crate) fn only_post(method: &str) -> Self {
        refusal(
            900_561,
            400,
            "invalid_request",
            format!("The endpoint only accepts POST requests. Received a {method} request."),
        )
    }

    pub(crate) fn unsupported_grant(grant: &str) -> Self {
        refusal(
            70003,
            400,
            "unsupported_grant_type",
            format!("The app requested an unsupported grant type '{grant}'."),
        )
    }

    pub(crate) fn app_not_found(client_id: &str, tenant: &str) -> Self {
        refusal(
            700_016,
            400,
            "unauthorized_client",
            format!(
                "Application with identifier '{client_id}' was not found in the directory '{tenant}'. This can \
                 happen if the application has not been installed by the administrator of the tenant or consented \
                 to by any user in the tenant. You may have sent your authentication request to the wrong tenant."
            ),
        )
    }

    pub(crate) fn wrong_secret(client_id: &str) -> Self {
        refusal(
            7_000_215,
            401,
            "invalid_client",
            format!(
                "Invalid client secret provided. Ensure the secret being sent in the request is the client secret \
                 value, not the client secret ID, for a secret added to app '{client_id}'."
            ),
        )
    }

    pub(crate) fn expired_secret(client_id: &str) -> Self {
        refusal(
            7_000_222,
            401,
            "invalid_client",
            format!(
                "The provided client secret keys for app '{client_id}' are expired. Visit the Azure portal to \
                 create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate \
                 credentials for added security: https://aka.ms/certCreds."
            ),
        )
    }

    pub(crate) fn no_client_credential() -> Self {
        refusal(
            7_000_218,
            401,
            "invalid_client",
            "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
                .to_owned(),
        )
    }

    pub(crate) fn invalid_scope(scope: &str) -> Self {
        refusal(
            70011,
            400,
            "invalid_scope",
            format!(
                "The provided request must include a 'scope' input parameter. The provided value for the input \
                 parameter 'scope' is not valid. The scope {scope} is not valid."
            ),
        )
    }

    pub(crate) fn scope_without_default(scope: &str) -> Self {
        refusal(
            1_002_012,
            400,
            "invalid_scope",
            format!(
                "The provided value for scope {scope} is not valid. Client credential flows must have a scope \
                 value with /.default suffixed to the resource identifier (application ID URI)."
            ),
        )
    }

    pub(crate) fn resource_not_found(resource: &str, tenant: &str) -> Self {
        refusal(
            500_011,
            400,
            "invalid_resource",
            format!(
                "The resource principal named {resource} was not found in the tenant named {tenant}. This can \
                 happen if the application has not been installed by the administrator of the tenant or consented \
                 to by any user in the tenant. You might have sent your authentication request to the wrong tenant."
            ),
        )
    }

    pub(crate) fn unknown_instance() -> Self {
        refusal(
            50049,
            400,
            "invalid_instance",
            "Unknown or invalid instance.".to_owned(),
        )
    }

    /// The words with their number, as they open an `error_description`.
    pub(crate) fn sentence(&self) -> String {
        format!("AADSTS{}: {}", self.number, self.text)
    }

    /// The answer that Entra gives, with ids and time of its own.
    pub(crate) fn response(&self, request: &Request) -> Response {
        let trace = Uuid::new_v4().to_string();
        // Entra takes over the correlation id of a client that sends one.
        let correlation = request.headers.get("client-request-id").map(ToOwned::to_owned);
        let correlation = correlation.unwrap_or_else(|| Uuid::new_v4().to_string());
        let form = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]Z");
        let timestamp = OffsetDateTime::now_utc()
            .format(&form)
            .expect("a year of four digits");
        let host = request.headers.get("host").unwrap_or("login.microsoftonline.com");
        let body = json!({
            "error": self.error,
            "error_description": format!(
                "{}\r\nTrace ID: {trace}\r\nCorrelation ID: {correlation}\r\nTimestamp: {timestamp}",
                self.sentence(),
            ),
            "error_codes": [self.number],
            "timestamp": timestamp,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": format!("https://{host}/error?code={}", self.number),
        });
        Response::json(self.status, &body).with_header("x-ms-request-id", &trace)
    }
}
