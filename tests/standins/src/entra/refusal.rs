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

    pub(crate) fn user_not_found(name: &str, tenant: Option<&str>) -> Self {
        refusal(
            50034,
            400,
            "invalid_grant",
            format!(
                "The user account {name} does not exist in the {} directory. To sign into this application, the \
                 account must be added to the directory.",
                tenant.unwrap_or("organizations")
            ),
        )
    }

    pub(crate) fn wrong_password() -> Self {
        refusal(
            50126,
            400,
            "invalid_grant",
            "Error validating credentials due to invalid username or password.".to_owned(),
        )
    }

    pub(crate) fn user_disabled() -> Self {
        refusal(
            50057,
            400,
            "invalid_grant",
            "The user account is disabled.".to_owned(),
        )
    }

    pub(crate) fn mfa_needed() -> Self {
        refusal(
            50076,
            400,
            "interaction_required",
            "Due to a configuration change made by your administrator, or because you moved to a new location, you \
             must use multi-factor authentication to access '022907d3-0f1b-48f7-badc-1ba6abab6d66'."
                .to_owned(),
        )
    }

    pub(crate) fn consent_required(client_id: &str, name: &str) -> Self {
        refusal(
            65001,
            400,
            "invalid_grant",
            format!(
                "The user or administrator has not consented to use the application with ID '{client_id}' named \
                 '{name}'. Send an interactive authorization request for this user and resource."
            ),
        )
    }

    pub(crate) fn refresh_token_malformed() -> Self {
        refusal(
            9_002_313,
            400,
            "invalid_grant",
            "Invalid request. Request is malformed or invalid.".to_owned(),
        )
    }

    pub(crate) fn refresh_token_of_another(client_id: &str) -> Self {
        refusal(
            70000,
            400,
            "invalid_grant",
            format!("Provided grant is invalid or malformed: it was not issued to '{client_id}'."),
        )
    }

    pub(crate) fn refresh_token_expired() -> Self {
        refusal(
            700_082,
            400,
            "invalid_grant",
            "The refresh token has expired due to inactivity. The token was issued on 2026-01-01T00:00:00.0000000Z \
             and was inactive for 90.00:00:00."
                .to_owned(),
        )
    }

    pub(crate) fn refresh_token_revoked() -> Self {
        refusal(
            50173,
            400,
            "invalid_grant",
            "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might \
             have changed or reset their password."
                .to_owned(),
        )
    }

    pub(crate) fn authorization_pending() -> Self {
        refusal(
            70016,
            400,
            "authorization_pending",
            "OAuth 2.0 device flow error. Authorization is pending. Continue polling.".to_owned(),
        )
    }

    pub(crate) fn slow_down() -> Self {
        refusal(
            70016,
            400,
            "slow_down",
            "OAuth 2.0 device flow error. The client polls too often.".to_owned(),
        )
    }

    pub(crate) fn authorization_declined() -> Self {
        refusal(
            70008,
            400,
            "authorization_declined",
            "OAuth 2.0 device flow error. The end user denied the authorization request.".to_owned(),
        )
    }

    pub(crate) fn expired_device_code() -> Self {
        refusal(
            70020,
            400,
            "expired_token",
            "The provided value for the input parameter 'device_code' is not valid. This device code has expired."
                .to_owned(),
        )
    }

    pub(crate) fn bad_device_code() -> Self {
        refusal(
            70018,
            400,
            "bad_verification_code",
            "Invalid verification code due to User typing in wrong user code for device code flow."
                .to_owned(),
        )
    }

    pub(crate) fn bad_code() -> Self {
        refusal(
            70008,
            400,
            "invalid_grant",
            "The provided authorization code or refresh token has expired due to inactivity, or was redeemed already."
                .to_owned(),
        )
    }

    pub(crate) fn redirect_uri_differs() -> Self {
        refusal(
            500_112,
            400,
            "invalid_client",
            "The reply address does not match the one that was used when requesting the authorization code."
                .to_owned(),
        )
    }

    pub(crate) fn redirect_uri_unknown(uri: &str, client_id: &str) -> Self {
        refusal(
            50011,
            400,
            "invalid_request",
            format!(
                "The redirect URI '{uri}' specified in the request does not match the redirect URIs configured for \
                 the application '{client_id}'."
            ),
        )
    }

    pub(crate) fn no_verifier() -> Self {
        refusal(
            50148,
            400,
            "invalid_grant",
            "The code_verifier does not match the code_challenge supplied in the authorization request for PKCE."
                .to_owned(),
        )
    }

    pub(crate) fn wrong_verifier() -> Self {
        refusal(
            501_481,
            400,
            "invalid_grant",
            "The Code_Verifier does not match the code_challenge supplied in the authorization request."
                .to_owned(),
        )
    }

    pub(crate) fn bad_assertion(why: &str) -> Self {
        refusal(
            50013,
            400,
            "invalid_grant",
            format!("Assertion failed signature validation. [Reason - {why}]"),
        )
    }

    pub(crate) fn assertion_expired() -> Self {
        refusal(
            500_133,
            400,
            "invalid_grant",
            "Assertion is not within its valid time range. Ensure that the access token is not expired before using \
             it for user assertion, or request a new token."
                .to_owned(),
        )
    }

    pub(crate) fn assertion_malformed() -> Self {
        refusal(
            50027,
            401,
            "invalid_client",
            "JWT token is invalid or malformed.".to_owned(),
        )
    }

    pub(crate) fn assertion_out_of_time() -> Self {
        refusal(
            700_024,
            401,
            "invalid_client",
            "Client assertion is not within its valid time range.".to_owned(),
        )
    }

    pub(crate) fn assertion_audience(client_id: &str) -> Self {
        refusal(
            700_023,
            401,
            "invalid_client",
            format!("Client assertion audience claim does not match Realm issuer, of app '{client_id}'."),
        )
    }

    pub(crate) fn assertion_signature() -> Self {
        refusal(
            700_027,
            401,
            "invalid_client",
            "The certificate with identifier used to sign the client assertion is not registered on application, or \
             the signature is not valid."
                .to_owned(),
        )
    }

    pub(crate) fn unknown_certificate(client_id: &str) -> Self {
        refusal(
            700_027,
            401,
            "invalid_client",
            format!(
                "The certificate with identifier used to sign the client assertion is not registered on application. \
                 [Reason - The key was not found., Please visit the Azure Portal for app Id '{client_id}'.]"
            ),
        )
    }

    pub(crate) fn no_federated_credential(issuer: &str, subject: &str, audience: &str) -> Self {
        refusal(
            70021,
            401,
            "invalid_client",
            format!(
                "No matching federated identity record found for presented assertion. Assertion Issuer: '{issuer}'. \
                 Assertion Subject: '{subject}'. Assertion Audience: '{audience}'."
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
