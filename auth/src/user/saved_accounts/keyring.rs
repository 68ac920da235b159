//! The desktop's keyring (Secret Service), which stores the encryption key of saved accounts.
//!
//! Accessed through the program `secret-tool` of libsecret. A D-Bus client inside the library would add a
//! connection, threads and about forty crates to every host, for one lookup per sign-in.

use crate::{Environment, process::tool};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use ring::rand::{SecureRandom as _, SystemRandom};
use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Output,
    time::Duration,
};
use tokio::time::timeout;
use zeroize::Zeroizing;

/// The length of the key in bytes.
pub const KEY_LENGTH: usize = 32;

/// The encryption key of saved accounts.
pub type Key = Zeroizing<[u8; KEY_LENGTH]>;

/// The time limit of `secret-tool`. A locked keyring shows a dialog, and nobody may be there to answer it.
const SECRET_TOOL_TIMEOUT: Duration = Duration::from_secs(10);

/// The attributes that identify the key. Desktop keyring programs display them.
const ATTRIBUTES: [&str; 4] = ["service", "entra-odbc", "purpose", "saved sign-ins"];

/// A keyring that is probably running.
#[derive(Debug)]
pub struct Keyring {
    secret_tool: PathBuf,
    environment: Environment,
}

/// The reason given when no keyring is available.
pub fn absent() -> String {
    "no keyring is in reach (a session's D-Bus and secret-tool)".to_owned()
}

impl Keyring {
    /// The keyring of this session, if it has a D-Bus and `secret-tool` is installed.
    pub fn detect(environment: &Environment) -> Option<Self> {
        let bus = environment.get("DBUS_SESSION_BUS_ADDRESS").is_some()
            || environment
                .get("XDG_RUNTIME_DIR")
                .is_some_and(|directory| Path::new(&directory).join("bus").exists());
        if !bus || !environment.may_run_tools() {
            return None;
        }
        Some(Self {
            secret_tool: tool::find("secret-tool", environment)?,
            environment: environment.clone(),
        })
    }

    /// The key; `None` if it does not exist or the keyring does not release it.
    pub async fn key(&self) -> Result<Option<Key>, String> {
        let output = self.run(&["lookup"], &[]).await?;
        let answer = Zeroizing::new(output.stdout);
        let stderr = String::from_utf8_lossy(&output.stderr);
        // The exit status is the same for a missing key and for a failure; only a failure prints a message.
        if !output.status.success() && !stderr.trim().is_empty() {
            return Err(format!("secret-tool: {}", first_line(&stderr)));
        }
        let decoded = BASE64_STANDARD.decode(answer.trim_ascii()).map(Zeroizing::new);
        Ok(decoded
            .ok()
            .and_then(|bytes| bytes.as_slice().try_into().ok())
            .map(Zeroizing::new))
    }

    /// Creates a key and stores it in the keyring.
    pub async fn make_key(&self) -> Result<(), String> {
        let mut key = Zeroizing::new([0; KEY_LENGTH]);
        SystemRandom::new()
            .fill(&mut *key)
            .map_err(|_| "no random numbers".to_owned())?;
        let text = Zeroizing::new(BASE64_STANDARD.encode(key.as_slice()));
        let label = "--label=Saved sign-ins of entra-odbc";
        let output = self.run(&["store", label], text.as_bytes()).await?;
        if output.status.success() {
            return Ok(());
        }
        let stderr = String::from_utf8_lossy(&output.stderr);
        Err(format!("secret-tool: {}", first_line(&stderr)))
    }

    async fn run(&self, command: &[&str], input: &[u8]) -> Result<Output, String> {
        let arguments: Vec<_> = command.iter().chain(&ATTRIBUTES).map(OsStr::new).collect();
        let program = self.secret_tool.as_os_str();
        let output = tool::run_with_input(program, &arguments, &self.environment, input);
        match timeout(SECRET_TOOL_TIMEOUT, output).await {
            Ok(output) => output.map_err(|why| format!("secret-tool: {why}")),
            Err(_) => Err(format!(
                "it did not answer within {} s",
                SECRET_TOOL_TIMEOUT.as_secs()
            )),
        }
    }
}

fn first_line(text: &str) -> &str {
    text.trim().lines().next().unwrap_or("it failed")
}
