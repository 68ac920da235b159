//! Whether tokens are shared, and in which directory.

use crate::os::{self, private_directory::PrivateDirectory};
use crate::{Environment, Error, Keyword, Options};
use std::{io, path::PathBuf};
use tracing::{debug, warn};

/// What says it for all connections of a program.
const VARIABLE: &str = "ENTRA_ODBC_TOKEN_CACHE";

/// Where the user's processes share their tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sharing {
    /// The user's own runtime directory, which systemd makes at login.
    runtime: Option<PathBuf>,
    /// What takes its place, on a system that has such a place.
    memory: Option<PathBuf>,
}

impl Sharing {
    /// Where this connect shares its token; `None` where nobody asked for it, and in privileged programs.
    pub fn from_options(options: &Options, environment: &Environment) -> Result<Option<Self>, Error> {
        let shared = match options.get(Keyword::TokenCache) {
            Some(value) => means_shared(value).ok_or_else(|| {
                Error::invalid("TokenCache= must be shared or process")
                    .remedy("Correct the connection string.")
            })?,
            None => environment.get(VARIABLE).is_some_and(|value| {
                means_shared(&value).unwrap_or_else(|| {
                    warn!(target: "entra_odbc", event = "sharing_setting_invalid", variable = VARIABLE);
                    false
                })
            }),
        };
        if shared && !environment.may_run_tools() {
            debug!(target: "entra_odbc", event = "sharing_refused", reason = "privileged_program");
        }
        Ok((shared && environment.may_run_tools()).then(|| Self {
            runtime: environment.get("XDG_RUNTIME_DIR").map(PathBuf::from),
            memory: os::SHARED_MEMORY_DIRECTORY.map(PathBuf::from),
        }))
    }

    /// Opens the directory, made where it is not there yet; an error where it is not to be trusted.
    pub fn open(&self) -> io::Result<PrivateDirectory> {
        if let Some(runtime) = self.runtime.as_deref().filter(|path| path.is_absolute()) {
            // After `su` the variable still names that of another user.
            match PrivateDirectory::parent(runtime, false) {
                Ok(parent) => return PrivateDirectory::open(&parent, runtime, "entra-odbc"),
                Err(why) => debug!(target: "entra_odbc", event = "runtime_directory_unused", %why),
            }
        }
        let memory = self.memory.as_deref().ok_or_else(|| {
            io::Error::other(
                "this system has no directory in memory; XDG_RUNTIME_DIR can name one of this user's own",
            )
        })?;
        let parent = PrivateDirectory::parent(memory, true)?;
        PrivateDirectory::open(&parent, memory, &format!("entra-odbc-{}", os::user_id()))
    }

    /// Shares in a directory of the test's own.
    #[cfg(test)]
    pub(crate) fn within(runtime: &std::path::Path, memory: &std::path::Path) -> Self {
        Self {
            runtime: Some(runtime.into()),
            memory: Some(memory.into()),
        }
    }
}

fn means_shared(value: &str) -> Option<bool> {
    match value.trim().to_ascii_lowercase().as_str() {
        "shared" => Some(true),
        "process" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(keyword: Option<&str>, variable: Option<&str>) -> Result<Option<Sharing>, Error> {
        let mut options = Options::default();
        if let Some(value) = keyword {
            options.add(Keyword::TokenCache, value.to_owned());
        }
        let variables = variable.map(|value| (VARIABLE, value));
        Sharing::from_options(&options, &Environment::fixed(variables).with_tools())
    }

    #[test]
    fn tokens_are_shared_only_where_that_is_asked_for_and_the_string_has_the_last_word() {
        let shared = |keyword, variable| asked(keyword, variable).unwrap().is_some();
        assert!(!shared(None, None));
        assert!(shared(Some("Shared"), None));
        assert!(shared(None, Some("shared")));
        assert!(!shared(Some("process"), Some("shared")));
        assert!(shared(Some("shared"), Some("process")));
        assert!(!shared(None, Some("yes, please")));
        let error = asked(Some("yes"), None).unwrap_err().to_string();
        assert!(error.contains("TokenCache="), "{error}");
    }

    #[test]
    fn a_privileged_program_shares_nothing() {
        let mut options = Options::default();
        options.add(Keyword::TokenCache, "shared".into());
        assert_eq!(Sharing::from_options(&options, &Environment::empty()), Ok(None));
    }
}
