//! What the search for the real driver asks of the machine, so that its tests can answer instead.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::candidate;
use crate::odbc::ini;
use crate::os::{environment, library};

/// The machine as the search sees it.
pub(super) trait Surroundings {
    /// An environment variable, unless the program is privileged.
    fn variable(&self, name: &str) -> Option<OsString>;
    /// An entry of odbcinst.ini.
    fn driver_entry(&self, section: &str, key: &str) -> Option<String>;
    /// The sections of odbcinst.ini.
    fn driver_sections(&self) -> Vec<String>;
    /// The file that this library was loaded from.
    fn own_file(&self) -> Option<PathBuf>;
    /// Whether a path leads to that file.
    fn is_ourselves(&self, path: &Path) -> bool;
    /// The file names in a directory; none if it cannot be read.
    fn list(&self, directory: &Path) -> Vec<OsString>;
    /// The text of `/etc/os-release`.
    fn os_release(&self) -> String;
}

/// The real machine.
pub(super) struct Process;

impl Surroundings for Process {
    fn variable(&self, name: &str) -> Option<OsString> {
        environment::variable(name)
    }

    fn driver_entry(&self, section: &str, key: &str) -> Option<String> {
        ini::get(section, key, ini::ODBCINST_INI)
    }

    fn driver_sections(&self) -> Vec<String> {
        ini::sections(ini::ODBCINST_INI)
    }

    fn own_file(&self) -> Option<PathBuf> {
        library::own_file()
    }

    fn is_ourselves(&self, path: &Path) -> bool {
        candidate::is_ourselves(path)
    }

    fn list(&self, directory: &Path) -> Vec<OsString> {
        let Ok(entries) = std::fs::read_dir(directory) else {
            return Vec::new();
        };
        entries.flatten().map(|entry| entry.file_name()).collect()
    }

    fn os_release(&self) -> String {
        std::fs::read_to_string("/etc/os-release").unwrap_or_default()
    }
}
