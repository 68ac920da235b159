//! `AzCli`: the account that the Azure CLI is signed in with.

use super::{BoxFuture, Credential, SignIn, Situation, TokenRequest, entra, reply};
use crate::{
    Environment, Error, ErrorKind, Keyword, Secret, Token, identity::IdentityKey, tenant::Tenant, tool,
};
use ::azure_identity::{AzureCliCredential, AzureCliCredentialOptions, Executor};
use azure_core::credentials::TokenCredential as _;
use std::{
    ffi::OsStr,
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::Output,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

/// With more than 5 minutes left the CLI (by MSAL's cache) hands out the token it has.
const FRESH: Duration = Duration::from_secs(270);

pub fn prepare(situation: &Situation<'_>) -> Result<SignIn, Error> {
    let environment = situation.environment;
    if !environment.may_run_tools() {
        return Err(Error::new(
            ErrorKind::Unsupported,
            "a privileged program runs no tools, az included",
        )
        .remedy("Use another kind of sign-in there."));
    }
    let tenant = situation.options.get(Keyword::TenantId);
    if let Some(tenant) = tenant {
        Tenant::named(tenant)?;
    }
    let profile = profile(environment);
    let state = profile.as_deref().and_then(state);
    let key = IdentityKey::of_kind("AzCli")?
        .with_optional("profile", profile.as_deref().and_then(Path::to_str))
        .with_optional("state", state.as_deref())
        .with_optional("tenant", tenant)
        .with("scope", situation.scope)
        .finish();
    let credential = AzureCli {
        tenant: tenant.map(str::to_owned),
        environment: environment.clone(),
        profile,
        state,
    };
    Ok(SignIn::requesting(key, "az", situation.scope, credential).in_string(false))
}

/// The directory with the CLI's accounts.
fn profile(environment: &Environment) -> Option<PathBuf> {
    environment
        .get("AZURE_CONFIG_DIR")
        .map(PathBuf::from)
        .or_else(|| Some(Path::new(&environment.get("HOME")?).join(".azure")))
}

/// Which version of the account list it is: another one after `az login` or `az account set`.
fn state(profile: &Path) -> Option<String> {
    let file = std::fs::metadata(profile.join("azureProfile.json")).ok()?;
    let changed = (file.mtime(), file.mtime_nsec());
    Some(format!(
        "{}:{}:{}:{changed:?}",
        file.dev(),
        file.ino(),
        file.len()
    ))
}

/// The CLI with its profile.
#[derive(Debug)]
struct AzureCli {
    tenant: Option<String>,
    environment: Environment,
    profile: Option<PathBuf>,
    /// Of the profile, when the identity's key was made.
    state: Option<String>,
}

impl AzureCli {
    async fn ask(&self, request: &TokenRequest) -> Result<Token, Error> {
        let runner = Arc::new(Runner {
            environment: self.environment.clone(),
            failure: Mutex::new(None),
        });
        let options = AzureCliCredentialOptions {
            tenant_id: self.tenant.clone(),
            executor: Some(Arc::clone(&runner) as Arc<dyn Executor>),
            ..AzureCliCredentialOptions::default()
        };
        let malformed = |what: &str| {
            Error::new(ErrorKind::Unavailable, format!("az gave no usable token: {what}"))
                .remedy("Update the Azure CLI to 2.54 or newer.")
        };
        let credential = AzureCliCredential::new(Some(options)).map_err(|_| malformed("bad options"))?;
        let result = credential.get_token(&[request.scope.as_str()], None).await;
        let failure = runner
            .failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        match (failure, result) {
            (Some(failure), _) => Err(failure),
            (None, Ok(token)) if token.token.secret().is_empty() => Err(malformed("it is empty")),
            (None, Ok(token)) => {
                let mut token = Token::received(
                    Secret::new(token.token.secret().to_owned()),
                    SystemTime::from(token.expires_on),
                );
                token.refresh_on = token.expires_on.checked_sub(FRESH);
                Ok(token)
            }
            // The parser's own words may quote what az printed, so they stay here.
            (None, Err(_)) => Err(malformed("its output or the scope is not as expected")),
        }
    }
}

impl Credential for AzureCli {
    fn token<'a>(&'a self, request: &'a TokenRequest) -> BoxFuture<'a, Result<Token, Error>> {
        Box::pin(self.ask(request))
    }

    fn still_holds(&self) -> bool {
        self.profile.as_deref().and_then(state) == self.state
    }
}

/// Runs `az` for azure_identity, and keeps why it failed in a form for the host.
#[derive(Debug)]
struct Runner {
    environment: Environment,
    failure: Mutex<Option<Error>>,
}

#[async_trait::async_trait]
impl Executor for Runner {
    async fn run(&self, program: &OsStr, arguments: &[&OsStr]) -> io::Result<Output> {
        let output = tool::run(program, arguments, &self.environment).await;
        let failure = match &output {
            Ok(output) if output.status.success() => None,
            Ok(output) => Some(failure(
                output.status.code(),
                &String::from_utf8_lossy(&output.stderr),
            )),
            Err(error) => Some(
                Error::new(ErrorKind::Unavailable, format!("az cannot be run: {error}"))
                    .remedy("Run az account get-access-token by hand to see."),
            ),
        };
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = failure;
        output
    }
}

/// What `az` means when it fails.
fn failure(code: Option<i32>, stderr: &str) -> Error {
    let words = reply::words(stderr);
    // The shell's 127 is lost where the host ignores SIGCHLD.
    let missing = ["az: not found", "az: command not found"];
    if code == Some(127) || missing.iter().any(|sign| stderr.contains(sign)) {
        return Error::new(
            ErrorKind::Unavailable,
            "the Azure CLI (az) is not on the PATH of this program",
        )
        .remedy("Install it, or add its directory to PATH.");
    }
    if let Some(code) = entra::number_in(stderr) {
        return entra::refusal(code).detail(words);
    }
    if stderr.contains("az login") {
        return Error::new(ErrorKind::Refused { code: 0 }, "the Azure CLI is not signed in")
            .remedy("Please run 'az login'.")
            .detail(words);
    }
    let code = code.map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"));
    Error::new(ErrorKind::Unavailable, format!("az failed ({code})"))
        .remedy("Run az account get-access-token by hand to see.")
        .detail(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        credential::{SignInSource, tests::Fixture},
        token::{Source, TokenService},
    };
    use std::{fs, os::unix::fs::PermissionsExt, time::Instant};

    /// A directory with a scripted `az`, first on the PATH, and a profile.
    struct FakeAz(PathBuf);

    impl FakeAz {
        fn new(name: &str, script: &str) -> Self {
            let directory = std::env::temp_dir().join(format!("entra-odbc-az-{}-{name}", std::process::id()));
            fs::create_dir_all(&directory).unwrap();
            let az = directory.join("az");
            fs::write(&az, format!("#!/bin/sh\n{script}\n")).unwrap();
            fs::set_permissions(&az, fs::Permissions::from_mode(0o755)).unwrap();
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
            let sign_in = prepare(&fixture.situation())?;
            assert!(!sign_in.in_string);
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

    const ANSWER: &str =
        r#"printf '{"accessToken":"from az","expires_on":4102444800,"tokenType":"Bearer"}' | tr ' ' -"#;

    /// 4102444800 s after 1970.
    fn in_2100() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_hours(1_139_568)
    }

    #[test]
    fn az_is_asked_for_the_scope_and_the_tenant() {
        let az = FakeAz::new("asked", &format!("echo \"$@\" > ${{0%az}}asked\n{ANSWER}"));
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
                "28000",
                0,
                "not signed in",
            ),
            (
                "mfa",
                "echo 'ERROR: AADSTS50076: Due to a configuration change' >&2; exit 1",
                "28000",
                50076,
                "multi-factor",
            ),
            (
                "old",
                "echo '{\"accessToken\":\"hidden\",\"tokenType\":\"Bearer\"}'",
                "08001",
                0,
                "2.54",
            ),
            ("odd", "echo hidden", "08001", 0, "2.54"),
            ("bad", "echo trouble >&2; exit 7", "08001", 0, "exit code 7"),
            ("none", "exec no-such-az", "08001", 0, "PATH"),
        ] {
            let error = FakeAz::new(name, script).token(&[]).unwrap_err();
            assert_eq!((error.sqlstate(), error.native()), (state, native), "{error}");
            let text = error.to_string();
            assert!(text.contains(words) && !text.contains("hidden"), "{text}");
        }
    }

    #[test]
    fn an_az_that_hangs_is_given_up_at_the_deadline() {
        let az = FakeAz::new("hangs", "sleep 1000");
        let fixture = Fixture::with_environment(&[], az.environment());
        let sign_in = prepare(&fixture.situation()).unwrap();
        let start = Instant::now();
        let error = TokenService::new()
            .token(&sign_in, start + Duration::from_millis(300))
            .unwrap_err();
        assert_eq!(error.sqlstate(), "HYT00");
        assert!(start.elapsed() < Duration::from_secs(2));
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
        let az = FakeAz::new("accounts", ANSWER);
        let fixture = Fixture::with_environment(&[], az.environment());
        let one = prepare(&fixture.situation()).unwrap().key;
        assert_eq!(prepare(&fixture.situation()).unwrap().key, one);
        fs::write(az.0.join("azureProfile.json"), "{ }").unwrap();
        assert_ne!(prepare(&fixture.situation()).unwrap().key, one);
    }

    #[test]
    fn a_privileged_program_runs_no_az() {
        let error = prepare(&Fixture::new(&[]).situation()).unwrap_err();
        assert_eq!(error.sqlstate(), "HYC00");
    }

    #[test]
    fn an_account_that_is_switched_is_asked_for_no_further_token_of_the_old_one() {
        let az = FakeAz::new("switched", "exit 1");
        let fixture = Fixture::with_environment(&[], az.environment());
        let sign_in = prepare(&fixture.situation()).unwrap();
        let SignInSource::Credential(credential) = sign_in.source() else {
            panic!()
        };
        assert!(credential.still_holds());
        fs::write(az.0.join("azureProfile.json"), "{ \"another\": 1 }").unwrap();
        assert!(!credential.still_holds());
    }
}
