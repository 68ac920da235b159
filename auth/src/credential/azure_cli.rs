//! `AzCli`: the account that the Azure CLI is signed in with.

use super::{
    BoxFuture, CredentialContext, SignIn, TokenRequest,
    developer_tool::{self, DeveloperTool, Tool},
};
use crate::{Error, Token};
use ::azure_identity::{AzureCliCredential, AzureCliCredentialOptions, Executor};
use std::{sync::Arc, time::Duration};

/// MSAL's cache in the CLI returns the same token until 5 minutes before it expires, so a renewal must come later.
const REUSE_MARGIN: Duration = Duration::from_secs(270);

/// The Azure CLI. Its subscriptions, and whose they are, are in `azureProfile.json`; which cloud is chosen, in `config`.
pub const AZ: Tool = Tool {
    mode: "AzCli",
    command: "az",
    name: "the Azure CLI (az)",
    directory_variable: "AZURE_CONFIG_DIR",
    directory: ".azure",
    variables: &["AZURE_CLOUD_NAME"],
    external: &[],
    state: &["azureProfile.json", "config"],
    delegate: None,
    login: "az login",
    signed_out: &["az login", "az account set"],
    trial: "az account get-access-token",
    needs: "Update the Azure CLI to 2.54 or newer.",
};

pub fn prepare(context: &CredentialContext<'_>) -> Result<SignIn, Error> {
    developer_tool::sign_in(&AZ, context, |az, request| {
        Box::pin(request_token(az, request)) as BoxFuture<'_, _>
    })
}

async fn request_token(az: &DeveloperTool, request: &TokenRequest) -> Result<Token, Error> {
    let runner = az.runner();
    let credential = AzureCliCredential::new(Some(AzureCliCredentialOptions {
        tenant_id: az.tenant.clone(),
        executor: Some(Arc::clone(&runner) as Arc<dyn Executor>),
        ..AzureCliCredentialOptions::default()
    }));
    let mut token = az.through(credential, &runner, request).await?;
    token.refresh_on = token.expires_on.checked_sub(REUSE_MARGIN);
    Ok(token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Environment, Keyword,
        credential::{SignInSource, scripted_tool::ScriptedTool, tests::Fixture},
        os::child::tests::write_script,
        token::{Source, TokenService},
    };
    use std::{
        fs,
        os::unix::fs::MetadataExt as _,
        path::PathBuf,
        time::{Instant, SystemTime},
    };

    /// A directory with a scripted `az`, first on the PATH, and a profile.
    struct FakeAz(PathBuf);

    impl FakeAz {
        fn new(name: &str, script: &str) -> Self {
            let directory = std::env::temp_dir().join(format!("entra-odbc-az-{}-{name}", std::process::id()));
            fs::create_dir_all(&directory).unwrap();
            let az = directory.join("az");
            write_script(&az, script);
            fs::write(directory.join("azureProfile.json"), "{}").unwrap();
            Self(directory)
        }

        fn environment(&self) -> Environment {
            let here = self.0.to_str().unwrap();
            Environment::fixed([
                ("PATH", format!("{here}:/usr/bin:/bin")),
                ("AZURE_CONFIG_DIR", here.to_owned()),
            ])
            .with_tools()
        }

        fn token(&self, pairs: &[(Keyword, &str)]) -> Result<Arc<Token>, Error> {
            let fixture = Fixture::with_environment(pairs, self.environment());
            let sign_in = prepare(&fixture.context())?;
            assert_eq!(
                sign_in.identity_origin,
                crate::credential::IdentityOrigin::Context
            );
            let issued = TokenService::new().token(&sign_in, Instant::now() + Duration::from_secs(5))?;
            assert_eq!(issued.source, Source::Requested);
            Ok(issued.token)
        }
    }

    impl Drop for FakeAz {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    const TOKEN_SCRIPT: &str =
        r#"printf '{"accessToken":"from az","expires_on":4102444800,"tokenType":"Bearer"}' | tr ' ' -"#;

    /// 4102444800 s after 1970.
    fn in_2100() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_hours(1_139_568)
    }

    #[test]
    fn az_is_asked_for_the_scope_and_the_tenant() {
        let az = FakeAz::new("asked", &format!("echo \"$@\" > ${{0%az}}asked\n{TOKEN_SCRIPT}"));
        let token = az.token(&[(Keyword::TenantId, "tenant.example")]).unwrap();
        assert_eq!(token.text.expose(), "from-az");
        assert_eq!(token.expires_on, in_2100());
        assert_eq!(
            fs::read_to_string(az.0.join("asked")).unwrap().trim(),
            "account get-access-token -o json --scope https://database.windows.net/.default --tenant tenant.example"
        );
    }

    #[test]
    fn each_way_to_fail_has_its_own_words() {
        for (name, script, state, native, words) in [
            (
                "login",
                "echo \"ERROR: Please run 'az login' to setup account.\" >&2; exit 1",
                "refused",
                0,
                "not signed in",
            ),
            (
                "subscription",
                "echo \"ERROR: No subscription found. Run 'az account set' to select one.\" >&2; exit 1",
                "refused",
                0,
                "is not signed in. Please run 'az login'. ERROR: No subscription found.",
            ),
            (
                "mfa",
                "echo 'ERROR: AADSTS50076: Due to a configuration change' >&2; exit 1",
                "refused",
                50076,
                "multi-factor authentication is needed. Please run 'az login' again.",
            ),
            (
                "ended",
                "echo 'ERROR: AADSTS700082: The refresh token has expired' >&2; exit 1",
                "refused",
                700_082,
                "has expired. Please run 'az login' again.",
            ),
            (
                "consent",
                "echo 'ERROR: AADSTS65001: The user or administrator has not consented' >&2; exit 1",
                "refused",
                65001,
                "consent is missing. Let a user or administrator consent",
            ),
            (
                "old",
                "echo '{\"accessToken\":\"hidden\",\"tokenType\":\"Bearer\"}'",
                "unavailable",
                0,
                "2.54",
            ),
            ("odd", "echo hidden", "unavailable", 0, "2.54"),
            ("bad", "echo trouble >&2; exit 7", "unreachable", 0, "exit code 7"),
            ("none", "exec no-such-az", "unavailable", 0, "PATH"),
        ] {
            let error = FakeAz::new(name, script).token(&[]).unwrap_err();
            assert_eq!((error.kind().name(), error.code()), (state, native), "{error}");
            let text = error.to_string();
            assert!(text.contains(words) && !text.contains("hidden"), "{text}");
        }
    }

    #[test]
    fn an_az_that_hangs_is_given_up_at_the_deadline() {
        let az = FakeAz::new("hangs", "sleep 1000");
        let fixture = Fixture::with_environment(&[], az.environment());
        let sign_in = prepare(&fixture.context()).unwrap();
        let start = Instant::now();
        let error = TokenService::new()
            .token(&sign_in, start + Duration::from_millis(300))
            .unwrap_err();
        assert_eq!(error.kind().name(), "timed_out");
        assert!(
            error
                .to_string()
                .contains("az gave no token within the login timeout"),
            "{error}"
        );
        assert!(start.elapsed() < Duration::from_secs(8));
    }

    #[test]
    fn a_host_that_ignores_sigchld_gets_its_token_all_the_same() {
        // The test of that name once more, in a process that has been started so.
        let name = "credential::azure_cli::tests::az_is_asked_for_the_scope_and_the_tenant";
        let output = std::process::Command::new("/bin/sh")
            .args(["-c", "trap '' CHLD; exec \"$0\" --exact \"$1\""])
            .arg(std::env::current_exe().unwrap())
            .arg(name)
            .output()
            .unwrap();
        let stdout = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && stdout.contains("1 passed"), "{stdout}");
    }

    #[test]
    fn another_account_is_another_identity() {
        let az = FakeAz::new("accounts", TOKEN_SCRIPT);
        let fixture = Fixture::with_environment(&[], az.environment());
        let one = prepare(&fixture.context()).unwrap().key;
        assert_eq!(prepare(&fixture.context()).unwrap().key, one);
        fs::write(az.0.join("azureProfile.json"), "{ }").unwrap();
        assert_ne!(prepare(&fixture.context()).unwrap().key, one);
    }

    #[test]
    fn another_cloud_and_another_machine_identity_are_other_identities() {
        let az = ScriptedTool::new("az", "AZURE_CONFIG_DIR", TOKEN_SCRIPT);
        assert!(az.notices_another_account(prepare, "config"));
        let one = az.key(prepare, &[]);
        for variable in [
            ("AZURE_CLOUD_NAME", "AzureUSGovernment"),
            ("IDENTITY_ENDPOINT", "http://localhost:1"),
            ("MSI_ENDPOINT", "http://localhost:1"),
        ] {
            assert_ne!(az.key(prepare, &[variable]), one, "{variable:?}");
        }
    }

    /// As `cp -p` of a profile that was put aside does it.
    #[test]
    fn a_profile_that_is_restored_with_its_times_is_another_one() {
        let az = ScriptedTool::new("az", "AZURE_CONFIG_DIR", TOKEN_SCRIPT);
        let file = "azureProfile.json";
        assert!(az.notices_another_account(prepare, file));
        assert!(az.notices(prepare, file, |path| {
            let written = fs::metadata(path).unwrap().modified().unwrap();
            // The clock of the file system ticks every few milliseconds.
            let changed = || fs::metadata(path).unwrap().ctime_nsec();
            let before = changed();
            while changed() == before {
                fs::write(path, "[]").unwrap();
            }
            fs::File::options()
                .write(true)
                .open(path)
                .unwrap()
                .set_modified(written)
                .unwrap();
        }));
    }

    #[test]
    fn a_privileged_program_runs_no_az() {
        let error = prepare(&Fixture::new(&[]).context()).unwrap_err();
        assert_eq!(error.kind().name(), "unsupported");
    }

    #[test]
    fn an_account_that_is_switched_is_asked_for_no_further_token_of_the_old_one() {
        let az = FakeAz::new("switched", "exit 1");
        let fixture = Fixture::with_environment(&[], az.environment());
        let sign_in = prepare(&fixture.context()).unwrap();
        let SignInSource::Credential(credential) = sign_in.source() else {
            panic!()
        };
        assert!(credential.is_current());
        fs::write(az.0.join("azureProfile.json"), "{ \"another\": 1 }").unwrap();
        assert!(!credential.is_current());
    }
}
