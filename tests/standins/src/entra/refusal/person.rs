//! Refusals of a person: unknown, wrong, disabled, or asked for more than a password.

use super::{Refusal, invalid_grant, refusal};

impl Refusal {
    pub(crate) fn user_not_found(name: &str, tenant: Option<&str>) -> Self {
        invalid_grant(
            50034,
            format!(
                "The user account {name} does not exist in the {} directory. To sign into this application, the \
                 account must be added to the directory.",
                tenant.unwrap_or("organizations")
            ),
        )
    }

    pub(crate) fn wrong_password() -> Self {
        invalid_grant(
            50126,
            "Error validating credentials due to invalid username or password.",
        )
    }

    pub(crate) fn user_disabled() -> Self {
        invalid_grant(50057, "The user account is disabled.")
    }

    /// The first endpoint still calls it `interaction_required`, as both did once.
    pub(crate) fn mfa_needed(older: bool, resource: &str) -> Self {
        let error = if older {
            "interaction_required"
        } else {
            "invalid_grant"
        };
        let mut refusal = refusal(
            50076,
            400,
            error,
            format!(
                "Due to a configuration change made by your administrator, or because you moved to a new \
                 location, you must use multi-factor authentication to access '{resource}'."
            ),
        );
        refusal.beside = &[
            ("suberror", "basic_action"),
            (
                "claims",
                r#"{"access_token":{"capolids":{"essential":true,"values":["59866338-815e-41e6-9613-0ec6218e5c3d"]}}}"#,
            ),
        ];
        refusal
    }

    pub(crate) fn consent_required(client_id: &str, name: &str) -> Self {
        let mut refusal = invalid_grant(
            65001,
            format!(
                "The user or administrator has not consented to use the application with ID '{client_id}' named \
                 '{name}'. Send an interactive authorization request for this user and resource."
            ),
        );
        refusal.beside = &[("suberror", "consent_required")];
        refusal
    }

    pub(crate) fn consent_declined() -> Self {
        refusal(
            65004,
            400,
            "access_denied",
            "User declined to consent to access the app.",
        )
    }

    /// `prompt=none` where nobody is signed in.
    pub(crate) fn silent_sign_in() -> Self {
        refusal(
            50058,
            400,
            "login_required",
            "A silent sign-in request was sent but no user is signed in. The cookies used to represent the user's \
             session were not sent in the request to Azure AD.",
        )
    }

    /// `prompt=none` where someone would have to agree.
    pub(crate) fn silent_consent(client_id: &str, name: &str) -> Self {
        Self {
            error: "interaction_required",
            ..Self::consent_required(client_id, name)
        }
    }
}
