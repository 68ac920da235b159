//! `AzureDeveloperCli`: the account that the Azure Developer CLI (azd) is signed in with.

use super::{
    BoxFuture, CredentialContext, SignIn, TokenRequest,
    azure_cli::AZ,
    developer_tool::{self, DeveloperTool, Tool},
};
use crate::{Error, Token};
use ::azure_identity::{AzureDeveloperCliCredential, AzureDeveloperCliCredentialOptions, Executor};
use std::sync::Arc;

/// azd keeps who is signed in in `auth.json` since 0.4, and in `config.json` before; there it is set up to ask az instead
/// (`auth.useAzCliAuth`), and for another cloud.
const AZD: Tool = Tool {
    mode: "AzureDeveloperCli",
    command: "azd",
    name: "the Azure Developer CLI (azd)",
    directory_variable: "AZD_CONFIG_DIR",
    directory: ".azd",
    variables: &[],
    // Editors sign azd in by these (its docs, "External Authentication").
    external: &["AZD_AUTH_ENDPOINT", "AZD_AUTH_KEY"],
    state: &["auth.json", "config.json"],
    delegate: Some(&AZ),
    login: "azd auth login",
    signed_out: &["azd auth login", "not logged in"],
    trial: "azd auth token",
    needs: "Update the Azure Developer CLI.",
};

pub fn prepare(context: &CredentialContext<'_>) -> Result<SignIn, Error> {
    developer_tool::sign_in(&AZD, context, |azd, request| {
        Box::pin(request_token(azd, request)) as BoxFuture<'_, _>
    })
}

async fn request_token(azd: &DeveloperTool, request: &TokenRequest) -> Result<Token, Error> {
    let runner = azd.runner();
    let credential = AzureDeveloperCliCredential::new(Some(AzureDeveloperCliCredentialOptions {
        tenant_id: azd.tenant.clone(),
        executor: Some(Arc::clone(&runner) as Arc<dyn Executor>),
    }));
    azd.through(credential, &runner, request).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Keyword, credential::scripted_tool::ScriptedTool};

    const TOKEN_SCRIPT: &str = r#"echo '{"token":"from-azd","expiresOn":"2100-01-01T00:00:00Z"}'"#;

    #[test]
    fn azd_is_asked_for_the_scope_and_the_tenant() {
        let azd = ScriptedTool::new("azd", "AZD_CONFIG_DIR", TOKEN_SCRIPT);
        let token = azd
            .token(prepare, &[(Keyword::TenantId, "tenant.example")])
            .unwrap();
        assert_eq!(token.text.expose(), "from-azd");
        let asked = azd.asked();
        for part in [
            "auth token",
            "https://database.windows.net/.default",
            "tenant.example",
        ] {
            assert!(asked.contains(part), "{asked}");
        }
    }

    #[test]
    fn each_way_to_fail_has_its_own_words() {
        for (script, state, words) in [
            (
                "echo 'ERROR: not logged in, run `azd auth login` to login' >&2; exit 1",
                "refused",
                "azd auth login",
            ),
            // As azd writes them: until 1.23.6, and since.
            (
                r#"printf '%s\n' '{"type":"consoleMessage","data":{"message":"\nERROR: not logged in\n"}}' >&2; exit 1"#,
                "refused",
                "Please run 'azd auth login'. ERROR: not logged in",
            ),
            (
                r#"printf '%s\n' '{"type":"consoleMessage","data":{"message":"\n"}}' '{"error":"fetching token:\n(invalid_tenant) AADSTS90002: Tenant not found.\n","suggestion":"Run azd auth login to sign in again."}' >&2; exit 1"#,
                "refused",
                "and that the cloud is the right one. fetching token: (invalid_tenant) AADSTS90002: Tenant not found.",
            ),
            ("echo 'AADSTS50076: no' >&2; exit 1", "refused", "multi-factor"),
            ("echo '{\"token\":\"hidden\"}'", "unavailable", "no usable token"),
            ("exec no-such-program", "unavailable", "PATH"),
        ] {
            let azd = ScriptedTool::new("azd", "AZD_CONFIG_DIR", script);
            let error = azd.token(prepare, &[]).unwrap_err();
            assert_eq!(error.kind().name(), state, "{error}");
            let text = error.to_string();
            assert!(text.contains(words) && !text.contains("hidden"), "{text}");
        }
    }

    #[test]
    fn another_account_is_another_identity() {
        let azd = ScriptedTool::new("azd", "AZD_CONFIG_DIR", TOKEN_SCRIPT);
        for file in ["auth.json", "config.json"] {
            assert!(azd.notices_another_account(prepare, file), "{file}");
        }
    }

    #[test]
    fn another_account_of_az_is_another_identity_as_azd_may_be_set_up_to_ask_it() {
        let azd = ScriptedTool::new("azd", "AZD_CONFIG_DIR", TOKEN_SCRIPT);
        assert!(azd.notices_another_account(prepare, ".azure/azureProfile.json"));
    }

    #[test]
    fn tokens_are_shared_where_the_profile_says_whose_they_are() {
        let azd = ScriptedTool::new("azd", "AZD_CONFIG_DIR", TOKEN_SCRIPT);
        assert!(!azd.is_shareable(prepare, &[]), "there is no profile");
        assert!(azd.notices_another_account(prepare, "auth.json"));
        assert!(azd.is_shareable(prepare, &[]));
        let editor = [("AZD_AUTH_ENDPOINT", "http://localhost:1"), ("AZD_AUTH_KEY", "x")];
        assert!(
            !azd.is_shareable(prepare, &editor),
            "an editor says whose they are"
        );
    }
}
