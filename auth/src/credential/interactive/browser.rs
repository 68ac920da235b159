//! Opens the user's browser with the means of the platform.

use crate::{Environment, os, process::tool};
use std::{ffi::OsString, path::PathBuf, process::ExitStatus, time::Duration};
use tokio::time::timeout;
use tracing::{debug, info};

/// The time within which a failing opener exits. One that runs longer is taken for the browser itself.
const OPENER_TIMEOUT: Duration = Duration::from_secs(5);

/// The available openers, the preferred one first.
#[derive(Debug, Clone)]
pub struct Browser {
    openers: Vec<Opener>,
    environment: Environment,
}

/// A command; the address stands where it has `%s`, else at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Opener {
    program: PathBuf,
    arguments: Vec<String>,
}

impl Browser {
    /// What the environment names (`BROWSER`, as xdg-open reads it), then what a desktop has.
    pub fn from_environment(environment: &Environment) -> Self {
        let mut openers = Vec::new();
        if environment.may_run_tools() {
            let named = environment.get("BROWSER").unwrap_or_default();
            openers.extend(
                std::env::split_paths(&named)
                    .filter_map(|command| Opener::named(command.to_str()?, environment)),
            );
            openers.extend(
                os::openers(environment)
                    .filter_map(|(name, arguments)| Opener::found(name, arguments, environment)),
            );
        }
        Self {
            openers,
            environment: environment.clone(),
        }
    }

    /// Whether the user sees an opened page, so that no other prompt is needed.
    pub fn is_prompt(&self) -> bool {
        let is_named = self.environment.get("BROWSER").is_some();
        !self.openers.is_empty() && (is_named || os::has_desktop(&self.environment))
    }

    /// Opens a page by the first opener that does not fail at once; else says why the last one did.
    ///
    /// What it started lives on, also where this future is dropped.
    pub async fn open(&self, url: &str) -> Result<(), String> {
        let mut reason = "none was found".to_owned();
        for opener in &self.openers {
            match opener.open(url, &self.environment).await {
                Ok(()) => {
                    info!(target: "entra_odbc", event = "browser_opened", opener = %opener.program.display());
                    return Ok(());
                }
                Err(failure) => reason = format!("{} {failure}", opener.program.display()),
            }
            debug!(target: "entra_odbc", event = "browser_not_opened", reason);
        }
        Err(reason)
    }
}

impl Opener {
    /// A command of `BROWSER`: words, the first of them a program.
    fn named(command: &str, environment: &Environment) -> Option<Self> {
        let mut words = command.split_whitespace();
        let program = words.next()?;
        let arguments: Vec<_> = words.collect();
        Self::found(program, &arguments, environment)
    }

    fn found(program: &str, arguments: &[&str], environment: &Environment) -> Option<Self> {
        Some(Self {
            program: tool::find(program, environment)?,
            arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
        })
    }

    /// The arguments with the address among them.
    fn arguments(&self, url: &str) -> Vec<OsString> {
        let mut placed = false;
        let mut arguments: Vec<OsString> = self
            .arguments
            .iter()
            .map(|argument| {
                placed |= argument.contains("%s");
                argument.replace("%s", url).into()
            })
            .collect();
        if !placed {
            arguments.push(url.into());
        }
        arguments
    }

    async fn open(&self, url: &str, environment: &Environment) -> Result<(), String> {
        let arguments = self.arguments(url);
        let arguments: Vec<_> = arguments.iter().map(OsString::as_os_str).collect();
        let ended = tool::launch(self.program.as_os_str(), &arguments, environment)
            .map_err(|error| format!("cannot be run: {error}"))?;
        match timeout(OPENER_TIMEOUT, ended).await {
            Ok(Ok(status)) if !status.success() => Err(failure(status)),
            // It succeeded, still runs, or its exit status is unknown since the host reaped it.
            _ => Ok(()),
        }
    }
}

fn failure(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("failed (exit code {code})"),
        None => "was killed".to_owned(),
    }
}

#[cfg(test)]
mod tests;
