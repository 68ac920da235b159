//! Refusals of what is exchanged: refresh tokens, codes, assertions of people.

use super::{Refusal, invalid_client, invalid_grant, invalid_request, refusal};

impl Refusal {
    pub(crate) fn grant_malformed() -> Self {
        invalid_grant(9_002_313, "Invalid request. Request is malformed or invalid.")
    }

    pub(crate) fn grant_of_another() -> Self {
        invalid_grant(70000, "Provided grant is invalid or malformed.")
    }

    pub(crate) fn refresh_token_expired() -> Self {
        invalid_grant(
            700_082,
            "The refresh token has expired due to inactivity. The token was issued on \
             2026-01-01T00:00:00.0000000Z and was inactive for 90.00:00:00.",
        )
    }

    pub(crate) fn refresh_token_revoked() -> Self {
        invalid_grant(
            50173,
            "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might \
             have changed or reset their password. The grant was issued on '2026-01-01T00:00:00.0000000Z' and the \
             TokensValidFrom date (before which tokens are not valid) for this user is \
             '2026-01-02T00:00:00.0000000Z'.",
        )
    }

    pub(crate) fn authorization_pending() -> Self {
        refusal(
            70016,
            400,
            "authorization_pending",
            "OAuth 2.0 device flow error. Authorization is pending. Continue polling.",
        )
    }

    pub(crate) fn slow_down() -> Self {
        refusal(
            70016,
            400,
            "slow_down",
            "OAuth 2.0 device flow error. The client polls too often.",
        )
    }

    pub(crate) fn authorization_declined() -> Self {
        refusal(
            70008,
            400,
            "authorization_declined",
            "OAuth 2.0 device flow error. The end user denied the authorization request.",
        )
    }

    pub(crate) fn expired_device_code() -> Self {
        refusal(
            70020,
            400,
            "expired_token",
            "The provided value for the input parameter 'device_code' is not valid. This device code has expired.",
        )
    }

    pub(crate) fn bad_device_code() -> Self {
        refusal(
            70018,
            400,
            "bad_verification_code",
            "Invalid verification code due to User typing in wrong user code for device code flow.",
        )
    }

    pub(crate) fn expired_code() -> Self {
        invalid_grant(
            70008,
            "The provided authorization code or refresh token has expired due to inactivity. Send a new \
             interactive authorization request for this user and resource.",
        )
    }

    pub(crate) fn redeemed_code() -> Self {
        invalid_grant(
            54005,
            "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing \
             refresh token.",
        )
    }

    pub(crate) fn redirect_uri_differs(sent: &str, before: &str) -> Self {
        invalid_client(
            500_112,
            format!(
                "The reply address '{sent}' does not match the reply address '{before}' provided when requesting \
                 Authorization code."
            ),
        )
    }

    pub(crate) fn wrong_verifier() -> Self {
        invalid_grant(
            501_481,
            "The Code_Verifier does not match the code_challenge supplied in the authorization request.",
        )
    }

    /// Entra asks this of single-page applications only; here every public client must, so that none goes without.
    pub(crate) fn no_challenge() -> Self {
        invalid_request(9_002_325, "Proof Key for Code Exchange is required.")
    }

    /// Entra takes `plain` as well; here none of ours gets away with it.
    pub(crate) fn bad_challenge_method(method: &str) -> Self {
        invalid_request(
            50148,
            format!("The code_challenge_method '{method}' is not supported; use S256."),
        )
    }

    pub(crate) fn bad_challenge_size() -> Self {
        invalid_request(501_491, "Invalid size of Code_Challenge parameter.")
    }

    /// `reason` as Entra words it: the key was not found, or did not verify.
    pub(crate) fn bad_assertion(reason: &str) -> Self {
        invalid_grant(
            50013,
            format!("Assertion failed signature validation. [Reason - {reason}]"),
        )
    }

    pub(crate) fn assertion_for_another(audience: &str, client_id: &str) -> Self {
        invalid_grant(
            500_131,
            format!(
                "Assertion audience does not match the Client app presenting the assertion. The audience in the \
                 assertion was '{audience}' and the expected audience is 'api://{client_id}' or one of the \
                 Application Uris of this application with App ID '{client_id}'. The downstream client must request \
                 a token for the expected audience (the application that made the OBO request) and this application \
                 should use that token as the assertion."
            ),
        )
    }

    pub(crate) fn assertion_expired() -> Self {
        invalid_grant(
            500_133,
            "Assertion is not within its valid time range. Ensure that the access token is not expired before \
             using it for user assertion, or request a new token.",
        )
    }

    pub(crate) fn id_token_as_assertion() -> Self {
        invalid_grant(
            240_002,
            "Input id_token cannot be used as 'urn:ietf:params:oauth:grant-type:jwt-bearer' grant.",
        )
    }

    pub(crate) fn assertion_of_an_app(client_id: &str) -> Self {
        invalid_grant(
            7_000_114,
            format!("Application '{client_id}' is not allowed to make application on-behalf-of calls."),
        )
    }
}
