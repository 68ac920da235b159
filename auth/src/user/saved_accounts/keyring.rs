//! The system's keyring, which stores the encryption key of saved accounts: a program that prints and stores it.

use crate::{
    Environment,
    os::key_store::{self, NAME},
    process::tool,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use ring::rand::{SecureRandom as _, SystemRandom};
use std::{ffi::OsStr, mem, path::PathBuf, process::Output, time::Duration};
use tokio::time::timeout;
use zeroize::Zeroizing;

/// The length of the key in bytes.
pub const KEY_LENGTH: usize = 32;

/// The encryption key of saved accounts.
pub type Key = Zeroizing<[u8; KEY_LENGTH]>;

/// The time limit of the program. A locked keyring shows a dialog, and nobody may be there to answer it.
const PROGRAM_TIMEOUT: Duration = Duration::from_secs(10);

/// A keyring that is probably running.
#[derive(Debug)]
pub struct Keyring {
    program: PathBuf,
    environment: Environment,
}

/// The reason given when no keyring is available.
pub fn absent() -> String {
    key_store::ABSENT.to_owned()
}

impl Keyring {
    /// The keyring of this session, if there is one.
    pub fn detect(environment: &Environment) -> Option<Self> {
        if !environment.may_run_tools() {
            return None;
        }
        Some(Self {
            program: key_store::program(environment)?,
            environment: environment.clone(),
        })
    }

    /// The key; `None` if it does not exist or the keyring does not release it.
    pub async fn key(&self) -> Result<Option<Key>, String> {
        let mut output = self.run(&key_store::look_up(), &[]).await?;
        let answer = Zeroizing::new(mem::take(&mut output.stdout));
        if !output.status.success() && !key_store::is_missing(&output) {
            let stderr = String::from_utf8_lossy(&output.stderr);
            return Err(format!("{NAME}: {}", first_line(&stderr)));
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
        let (arguments, input) = key_store::store(&text);
        let output = self.run(&arguments, input.as_bytes()).await?;
        if output.status.success() {
            return Ok(());
        }
        let stderr = String::from_utf8_lossy(&output.stderr);
        Err(format!("{NAME}: {}", first_line(&stderr)))
    }

    async fn run(&self, arguments: &[&str], input: &[u8]) -> Result<Output, String> {
        let arguments: Vec<_> = arguments.iter().map(OsStr::new).collect();
        let program = self.program.as_os_str();
        let output = tool::run_with_input(program, &arguments, &self.environment, input);
        match timeout(PROGRAM_TIMEOUT, output).await {
            Ok(output) => output.map_err(|why| format!("{NAME}: {why}")),
            Err(_) => Err(format!(
                "it did not answer within {} s",
                PROGRAM_TIMEOUT.as_secs()
            )),
        }
    }
}

fn first_line(text: &str) -> &str {
    text.trim().lines().next().unwrap_or("it failed")
}
