//! The target driver: where it may be, and what can be told of it without loading it.

pub mod access_token_struct;
mod ca_cache;
mod file;
mod manager;
#[cfg(test)]
mod scripted;
mod search;
mod sections;

pub use ca_cache::ca_cache;
pub use file::check;
pub use search::{Candidate, Search, search};
pub use sections::{Loaded, Named, agree, others};

pub use crate::os::{DRIVER_NAMES, DRIVER_PREFIX, MICROSOFT_DIRECTORIES, driver_version as version};

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

/// The name that we are registered under.
pub const OUR_SECTION: &str = "ODBC Driver 18 Entra for SQL Server";
/// The name that Microsoft's package registers.
pub const MICROSOFT_SECTION: &str = "ODBC Driver 18 for SQL Server";

/// The machine as the search sees it.
pub trait SearchContext {
    /// An environment variable, unless the program is privileged.
    fn variable(&self, name: &str) -> Option<OsString>;
    /// An entry of odbcinst.ini.
    fn driver_entry(&self, section: &str, key: &str) -> Option<String>;
    /// The sections of odbcinst.ini.
    fn driver_sections(&self) -> Vec<String>;
    /// The file of our library.
    fn own_file(&self) -> Option<PathBuf>;
    /// Whether a path leads to that file.
    fn is_ourselves(&self, path: &Path) -> bool;
    /// Where a path leads once all links are resolved; the path itself where it leads nowhere.
    fn real_path(&self, path: &Path) -> PathBuf {
        path.canonicalize().unwrap_or_else(|_| path.to_owned())
    }
    /// Whether a file is there no longer.
    fn is_gone(&self, path: &Path) -> bool {
        !path.exists()
    }
    /// The file names in a directory; none if it cannot be read.
    fn list(&self, directory: &Path) -> Vec<OsString> {
        let Ok(entries) = std::fs::read_dir(directory) else {
            return Vec::new();
        };
        entries.flatten().map(|entry| entry.file_name()).collect()
    }
    /// The text of `/etc/os-release`.
    fn os_release(&self) -> String {
        std::fs::read_to_string("/etc/os-release").unwrap_or_default()
    }
}
