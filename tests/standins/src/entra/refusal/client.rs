//! Refusals of an application: it is unknown, or does not prove itself.

use time::OffsetDateTime;
use time::format_description::well_known::Iso8601;

use super::{Refusal, invalid_client, invalid_request, refusal};

const CERTIFICATE_DOCUMENT: &str =
    "https://docs.microsoft.com/azure/active-directory/develop/active-directory-certificate-credentials";
const FEDERATION_DOCUMENT: &str =
    "https://learn.microsoft.com/entra/workload-id/workload-identity-federation";

impl Refusal {
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
        invalid_client(
            7_000_215,
            format!(
                "Invalid client secret provided. Ensure the secret being sent in the request is the client secret \
                 value, not the client secret ID, for a secret added to app '{client_id}'."
            ),
        )
    }

    pub(crate) fn expired_secret(client_id: &str) -> Self {
        invalid_client(
            7_000_222,
            format!(
                "The provided client secret keys for app '{client_id}' are expired. Visit the Azure portal to \
                 create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate \
                 credentials for added security: https://aka.ms/certCreds."
            ),
        )
    }

    pub(crate) fn no_client_credential() -> Self {
        invalid_client(
            7_000_218,
            "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
        )
    }

    pub(crate) fn public_client() -> Self {
        invalid_client(
            700_025,
            "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.",
        )
    }

    pub(crate) fn assertion_malformed() -> Self {
        invalid_request(50027, "JWT token is invalid or malformed.")
    }

    pub(crate) fn unsupported_algorithm(algorithm: &str) -> Self {
        invalid_client(
            5_002_738,
            format!(
                "Invalid JWT token. '{algorithm}' is not a supported signature algorithm. Supported signing \
                 algorithms are: 'RS256,RS384,RS512,PS256,PS384,PS512'"
            ),
        )
    }

    pub(crate) fn no_thumbprint() -> Self {
        invalid_client(
            5_002_723,
            "Invalid JWT token. No certificate SHA-1 thumbprint, certificate SHA-256 thumbprint, nor keyId \
             specified in token header.",
        )
    }

    pub(crate) fn unsupported_key() -> Self {
        invalid_request(
            5_002_730,
            "Invalid JWT token. Unsupported key for the signing algorithm.",
        )
    }

    pub(crate) fn assertion_out_of_time(start: i64, end: i64) -> Self {
        let date = |seconds| {
            let time = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
            time.format(&Iso8601::DEFAULT).unwrap_or_default()
        };
        let now = OffsetDateTime::now_utc().unix_timestamp();
        invalid_client(
            700_024,
            format!(
                "Client assertion is not within its valid time range. Current time: {}, assertion valid from {}, \
                 expiry time of assertion {}. Review the documentation at {CERTIFICATE_DOCUMENT} .",
                date(now),
                date(start),
                date(end),
            ),
        )
    }

    pub(crate) fn assertion_of_another() -> Self {
        invalid_client(
            700_021,
            format!(
                "Client assertion application identifier doesn't match 'client_id' parameter. Review the \
                 documentation at {CERTIFICATE_DOCUMENT} ."
            ),
        )
    }

    pub(crate) fn assertion_audience() -> Self {
        invalid_client(
            700_023,
            format!(
                "Client assertion audience claim does not match Realm issuer. Review the documentation at \
                 {CERTIFICATE_DOCUMENT} ."
            ),
        )
    }

    /// `reason` is one of Entra's three: the key was not found, did not verify, or is out of its time.
    pub(crate) fn assertion_signature(reason: &str, thumbprint: &str, client_id: &str) -> Self {
        invalid_client(
            700_027,
            format!(
                "The certificate with identifier used to sign the client assertion is not registered on \
                 application. [Reason - {reason}, Thumbprint of key used by client: '{thumbprint}', Please visit \
                 the Azure Portal, Graph Explorer or directly use MS Graph to see configured keys for app Id \
                 '{client_id}'.]. Alternatively, SNI may be configured on the app. Please ensure that client \
                 assertion is being sent with the x5c claim in the JWT header using MSAL's WithSendX5C() method so \
                 that Azure Active Directory can validate the certificate being used."
            ),
        )
    }

    pub(crate) fn federated_issuer(issuer: &str) -> Self {
        no_federated_credential(700_211, &format!("issuer '{issuer}'"))
    }

    pub(crate) fn federated_audience(audience: &str) -> Self {
        no_federated_credential(700_212, &format!("audience '{audience}'"))
    }

    pub(crate) fn federated_subject(subject: &str) -> Self {
        no_federated_credential(700_213, &format!("subject '{subject}'"))
    }

    pub(crate) fn nothing_federated(client_id: &str, name: &str) -> Self {
        invalid_client(
            70025,
            format!("The client '{client_id}'({name}) has no configured federated identity credentials."),
        )
    }

    pub(crate) fn federated_signature(reason: &str) -> Self {
        refusal(
            50013,
            401,
            "invalid_client",
            format!("Assertion failed signature validation. [Reason - {reason}]"),
        )
    }
}

fn no_federated_credential(number: u32, what: &str) -> Refusal {
    invalid_client(
        number,
        format!(
            "No matching federated identity record found for presented assertion {what}. Check your federated \
             identity credential Subject, Audience and Issuer against the presented assertion. {FEDERATION_DOCUMENT}"
        ),
    )
}
