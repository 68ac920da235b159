//! Refusals of the request itself: its tenant, its parameters, its scope.

use super::{Refusal, invalid_request, refusal};

impl Refusal {
    pub(crate) fn tenant_not_found(tenant: &str) -> Self {
        invalid_request(
            90002,
            format!(
                "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing \
                 into the correct cloud. Check with your subscription administrator, this may happen if there are \
                 no active subscriptions for the tenant."
            ),
        )
    }

    pub(crate) fn tenant_malformed(tenant: &str) -> Self {
        invalid_request(
            900_023,
            format!(
                "Specified tenant identifier '{tenant}' is neither a valid DNS name, nor a valid external domain."
            ),
        )
    }

    pub(crate) fn no_tenant() -> Self {
        invalid_request(
            50059,
            "No tenant-identifying information found in either the request or implied by any provided credentials.",
        )
    }

    pub(crate) fn single_tenant(client_id: &str, name: &str) -> Self {
        invalid_request(
            50194,
            format!(
                "Application '{client_id}'({name}) is not configured as a multi-tenant application. Usage of the \
                 /common endpoint is not supported for such apps created after '10/15/2018'. Use a tenant-specific \
                 endpoint or configure the application to be multi-tenant."
            ),
        )
    }

    pub(crate) fn not_over_common() -> Self {
        invalid_request(
            90010,
            "The grant type is not supported over the /common or /consumers endpoints. Please use the \
             /organizations or tenant-specific endpoint.",
        )
    }

    pub(crate) fn missing_parameter(name: &str) -> Self {
        invalid_request(
            900_144,
            format!("The request body must contain the following parameter: '{name}'."),
        )
    }

    pub(crate) fn missing_field(name: &str) -> Self {
        invalid_request(
            90014,
            format!(
                "The required field '{name}' is missing from the credential. Ensure that you have all the \
                 necessary parameters for the login request."
            ),
        )
    }

    pub(crate) fn only_post(method: &str) -> Self {
        invalid_request(
            900_561,
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

    pub(crate) fn several_resources(scope: &str) -> Self {
        invalid_request(
            28000,
            format!(
                "Provided value for the input parameter scope is not valid because it contains more than one \
                 resource. Scope {scope} is not valid."
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

    pub(crate) fn no_such_permission(app: &str, permission: &str, resource: &str) -> Self {
        refusal(
            650_053,
            400,
            "invalid_client",
            format!(
                "The application '{app}' asked for scope '{permission}' that doesn't exist on the resource \
                 '{resource}'. Contact the app vendor."
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
        refusal(50049, 400, "invalid_instance", "Unknown or invalid instance.")
    }

    pub(crate) fn redirect_uri_unknown(uri: &str, client_id: &str) -> Self {
        invalid_request(
            50011,
            format!(
                "The redirect URI '{uri}' specified in the request does not match the redirect URIs configured for \
                 the application '{client_id}'. Make sure the redirect URI sent in the request matches one added to \
                 your application in the Azure portal."
            ),
        )
    }

    pub(crate) fn unsupported_response_type(asked: &str, app: &str) -> Self {
        refusal(
            700_054,
            400,
            "unsupported_response_type",
            format!("response_type '{asked}' is not enabled for the application '{app}'."),
        )
    }

    pub(crate) fn unsupported_response_mode(mode: &str) -> Self {
        invalid_request(
            70007,
            format!("'{mode}' is not a supported value for 'response_mode' when requesting a token."),
        )
    }
}
