//! Shared parts of developers' command-line tools, which get tokens for the account that is signed in to them.

use super::{BoxFuture, Credential, CredentialContext, SignIn, TokenRequest, entra, reply};
use crate::{
    Environment, Error, ErrorKind, Keyword, Secret, Token,
    identity_key::IdentityKey,
    os::{self, file},
    process::tool,
    tenant::Tenant,
};
use ::azure_identity::Executor;
use azure_core::credentials::TokenCredential;
use serde_json::Value;
use std::{
    ffi::OsStr,
    fmt, io,
    path::{Path, PathBuf},
    process::Output,
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

/// One of the tools.
#[derive(Debug)]
pub struct Tool {
    /// The authentication mode.
    pub mode: &'static str,
    /// The command.
    pub command: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// The variable that overrides its directory.
    pub directory_variable: &'static str,
    /// The default directory, relative to the home directory.
    pub directory: &'static str,
    /// Variables that change whose token it gets, beside those of [`MACHINE_VARIABLES`].
    pub variables: &'static [&'static str],
    /// Variables by which another program, of which the profile says nothing, signs it in.
    pub external: &'static [&'static str],
    /// The files in that directory of which one changes with each sign-in, sign-out and switch of account or cloud.
    pub state: &'static [&'static str],
    /// The tool that it may be set up to ask in its place.
    pub delegate: Option<&'static Tool>,
    /// How to sign in to it.
    pub login: &'static str,
    /// Its error text if nobody is signed in.
    pub signed_out: &'static [&'static str],
    /// The command that shows the problem.
    pub trial: &'static str,
    /// Which version is needed.
    pub needs: &'static str,
}

/// By these a tool that is signed in with the machine's own identity finds it.
const MACHINE_VARIABLES: [&str; 7] = [
    "AZURE_POD_IDENTITY_AUTHORITY_HOST",
    "IDENTITY_ENDPOINT",
    "IDENTITY_HEADER",
    "IDENTITY_SERVER_THUMBPRINT",
    "IMDS_ENDPOINT",
    "MSI_ENDPOINT",
    "MSI_SECRET",
];

/// Requests a token from a tool.
pub type RequestToken =
    for<'a> fn(&'a DeveloperTool, &'a TokenRequest) -> BoxFuture<'a, Result<Token, Error>>;

/// A tool and the state of its profile.
pub struct DeveloperTool {
    pub tool: &'static Tool,
    pub tenant: Option<String>,
    environment: Environment,
    /// The state of its profile when the identity's key was made; `None` where there is none.
    state: Option<String>,
    request_token: RequestToken,
}

/// The sign-in of whoever the tool is signed in with.
pub fn sign_in(
    tool: &'static Tool,
    context: &CredentialContext<'_>,
    request_token: RequestToken,
) -> Result<SignIn, Error> {
    let environment = context.environment();
    if !environment.may_run_tools() {
        return Err(Error::new(
            ErrorKind::Unsupported,
            format!("a privileged program runs no tools, {} included", tool.command),
        )
        .remedy("Use another authentication mode there."));
    }
    let tenant = context.options.get(Keyword::TenantId);
    if let Some(tenant) = tenant {
        Tenant::named(tenant)?;
    }
    let state = tool.state(environment);
    let key = MACHINE_VARIABLES
        .iter()
        .chain(tool.variables)
        .chain(tool.external)
        .fold(IdentityKey::builder(tool.mode)?, |key, name| {
            key.with_optional(name, environment.get(name).as_deref())
        });
    let key = key
        .with_optional(
            "profile",
            tool.profile(environment).as_deref().and_then(Path::to_str),
        )
        .with_optional("state", state.as_deref())
        .with_optional("tenant", tenant)
        .with("scope", context.scope)
        .finish();
    let credential = DeveloperTool {
        tool,
        tenant: tenant.map(str::to_owned),
        environment: environment.clone(),
        state,
        request_token,
    };
    Ok(SignIn::requesting(key, tool.command, context.scope, credential))
}

/// The version of a file; none where there is no such file.
fn version(path: &Path) -> Option<String> {
    Some(file::version(&std::fs::metadata(path).ok()?))
}

impl DeveloperTool {
    /// The token that azure_identity's credential gets when the tool is run by `runner`.
    pub async fn through(
        &self,
        credential: azure_core::Result<Arc<impl TokenCredential>>,
        runner: &Runner,
        request: &TokenRequest,
    ) -> Result<Token, Error> {
        let credential = credential.map_err(|_| self.malformed("bad options"))?;
        let result = credential.get_token(&[request.scope.as_str()], None).await;
        match (runner.failure(), result) {
            (Some(failure), _) => Err(failure),
            (None, Ok(token)) if token.token.secret().is_empty() => Err(self.malformed("it is empty")),
            (None, Ok(token)) => Ok(Token::received(
                Secret::new(token.token.secret().to_owned()),
                SystemTime::from(token.expires_on),
            )),
            // The parser's message may quote the tool's output and so a token: it is not shown.
            (None, Err(_)) => Err(self.malformed("its output or the scope is not as expected")),
        }
    }

    /// Runs the tool, for azure_identity or for us.
    pub fn runner(&self) -> Arc<Runner> {
        Arc::new(Runner {
            tool: self.tool,
            environment: self.environment.clone(),
            failure: Mutex::new(None),
        })
    }

    /// The tool printed something else than a token.
    pub fn malformed(&self, what: &str) -> Error {
        let tool = self.tool;
        Error::new(
            ErrorKind::Unavailable,
            format!("{} gave no usable token: {what}", tool.command),
        )
        .remedy(tool.needs)
    }
}

impl Credential for DeveloperTool {
    fn token<'a>(&'a self, request: &'a TokenRequest) -> BoxFuture<'a, Result<Token, Error>> {
        (self.request_token)(self, request)
    }

    /// It may wait for something, or be slow at its first call after a start.
    fn timeout_error(&self) -> Option<Error> {
        let Tool { command, trial, .. } = self.tool;
        let error = Error::new(
            ErrorKind::TimedOut,
            format!("{command} gave no token within the login timeout"),
        );
        Some(error.remedy(format!("Raise the login timeout, or run {trial} by hand to see.")))
    }

    fn is_current(&self) -> bool {
        self.tool.state(&self.environment) == self.state
    }

    /// The state of the profile is in the key: after a sign-out or a switch of account there is another key.
    fn is_shareable(&self) -> bool {
        let is_external = |name: &&str| self.environment.get(name).is_some();
        self.state.is_some() && !self.tool.external.iter().any(is_external)
    }
}

impl fmt::Debug for DeveloperTool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeveloperTool")
            .field("command", &self.tool.command)
            .field("tenant", &self.tenant)
            .finish_non_exhaustive()
    }
}

/// Runs a tool and records the error for the host.
#[derive(Debug)]
pub struct Runner {
    tool: &'static Tool,
    environment: Environment,
    failure: Mutex<Option<Error>>,
}

impl Runner {
    /// Why the last run failed.
    pub fn failure(&self) -> Option<Error> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

#[async_trait::async_trait]
impl Executor for Runner {
    async fn run(&self, program: &OsStr, arguments: &[&OsStr]) -> io::Result<Output> {
        let output = tool::run(program, arguments, &self.environment).await;
        let tool = self.tool;
        let failure = match &output {
            Ok(output) if output.status.success() => None,
            Ok(output) => Some(tool.failure(output.status.code(), &String::from_utf8_lossy(&output.stderr))),
            Err(error) => Some(
                Error::new(
                    ErrorKind::Unavailable,
                    format!("{} cannot be run: {error}", tool.command),
                )
                .remedy(format!("Run {} by hand to see.", tool.trial)),
            ),
        };
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = failure;
        output
    }
}

/// The message on the standard error of a tool.
///
/// azd writes lines of JSON: until 1.23.6 with all of it in `data.message`, from then on with the reason in `error`.
fn stderr_text(stderr: &str) -> String {
    let reason = |line: &str| {
        let line: Value = serde_json::from_str(line).ok()?;
        let reason = line.get("error").or_else(|| line.pointer("/data/message"));
        Some(reason?.as_str()?.trim().to_owned())
    };
    let lines: Vec<_> = stderr
        .lines()
        .map(|line| reason(line).unwrap_or_else(|| line.to_owned()))
        .collect();
    lines.join("\n")
}

impl Tool {
    /// The directory of its profile.
    fn profile(&self, environment: &Environment) -> Option<PathBuf> {
        environment
            .get(self.directory_variable)
            .map(PathBuf::from)
            .or_else(|| Some(Path::new(&environment.get(os::HOME_VARIABLE)?).join(self.directory)))
    }

    /// The version of its profile, which is another one after each sign-in, sign-out and switch of account; `None` where
    /// there is no profile.
    fn state(&self, environment: &Environment) -> Option<String> {
        let profile = self.profile(environment)?;
        let versions: Vec<_> = self
            .state
            .iter()
            .map(|file| version(&profile.join(file)))
            .collect();
        let own = versions
            .iter()
            .any(Option::is_some)
            .then(|| format!("{versions:?}"));
        let delegates = self.delegate.and_then(|delegate| delegate.state(environment));
        (own.is_some() || delegates.is_some()).then(|| format!("{own:?} {delegates:?}"))
    }

    /// What the tool means when it fails.
    pub fn failure(&self, code: Option<i32>, stderr: &str) -> Error {
        let words = reply::description(&stderr_text(stderr));
        let command = self.command;
        // The shell's 127 is lost where the host ignores SIGCHLD.
        let missing = [
            format!("{command}: not found"),
            format!("{command}: command not found"),
        ];
        if code == Some(127) || missing.iter().any(|sign| stderr.contains(sign)) {
            return Error::new(
                ErrorKind::Unavailable,
                format!("{} is not on the PATH of this program", self.name),
            )
            .remedy("Install it, or add its directory to PATH.");
        }
        if let Some(code) = entra::number_in(stderr) {
            let refusal = entra::refusal(code);
            let refusal = if refusal.asks_for_sign_in() {
                // The new sign-in has to be made with this tool.
                refusal.remedy(format!("Please run '{}' again.", self.login))
            } else {
                refusal
            };
            return refusal.detail(words);
        }
        if self.signed_out.iter().any(|sign| stderr.contains(sign)) {
            return self.not_signed_in().detail(words);
        }
        let code = code.map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"));
        // Of what it says, most often that the network is to blame.
        Error::new(ErrorKind::Unreachable, format!("{command} failed ({code})"))
            .remedy(format!("Run {} by hand to see.", self.trial))
            .detail(words)
    }

    /// Nobody is signed in to it.
    pub fn not_signed_in(&self) -> Error {
        let name = self.name.split(" (").next().unwrap_or(self.name);
        Error::new(ErrorKind::Refused { code: 0 }, format!("{name} is not signed in"))
            .remedy(format!("Please run '{}'.", self.login))
    }
}
