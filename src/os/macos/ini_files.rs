//! Where odbc.ini and odbcinst.ini are, for the reader that does without libodbcinst.

use std::path::PathBuf;

use crate::os::environment::{is_privileged, variable};

/// Homebrew's unixODBC on Apple's processors and on Intel's. Whoever installed Homebrew may write there, so a privileged
/// program does not look there.
const HOMEBREW_DIRECTORIES: [&str; 2] = ["/opt/homebrew/etc", "/usr/local/etc"];

/// iODBC's, and unixODBC's as it is built without being told otherwise.
const SYSTEM_DIRECTORIES: [&str; 2] = ["/Library/ODBC", "/etc"];

/// The directories of the system's files, the one that counts first.
pub(crate) fn directories() -> Vec<PathBuf> {
    let homebrew: &[&str] = if is_privileged() {
        &[]
    } else {
        &HOMEBREW_DIRECTORIES
    };
    homebrew
        .iter()
        .chain(&SYSTEM_DIRECTORIES)
        .map(PathBuf::from)
        .collect()
}

/// The user's files of that name, the one that counts first: unixODBC's, then iODBC's.
pub(crate) fn of_user(name: &str) -> Vec<PathBuf> {
    let Some(home) = variable("HOME").map(PathBuf::from) else {
        return Vec::new();
    };
    vec![
        home.join(format!(".{name}")),
        home.join("Library/ODBC").join(name),
    ]
}
