//! A machine for tests.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::SearchContext;

/// A machine made of maps.
#[derive(Default)]
pub(super) struct Machine {
    pub(super) variables: BTreeMap<&'static str, &'static str>,
    pub(super) entries: BTreeMap<(&'static str, &'static str), &'static str>,
    pub(super) directories: BTreeMap<&'static str, Vec<&'static str>>,
    pub(super) sources: BTreeMap<&'static str, &'static str>,
    pub(super) gone: Vec<&'static str>,
}

pub(super) const OWN_FILE: &str = "/venv/site-packages/entra_odbc/libentra_odbc.so";

impl SearchContext for Machine {
    fn variable(&self, name: &str) -> Option<OsString> {
        self.variables.get(name).map(OsString::from)
    }
    fn driver_entry(&self, section: &str, key: &str) -> Option<String> {
        self.entries
            .iter()
            .find(|(at, _)| **at == (section, key))
            .map(|(_, value)| (*value).to_owned())
    }
    fn driver_sections(&self) -> Vec<String> {
        self.entries
            .keys()
            .map(|(section, _)| (*section).to_owned())
            .collect()
    }
    fn real_path(&self, path: &Path) -> PathBuf {
        path.to_owned()
    }
    fn is_gone(&self, path: &Path) -> bool {
        self.gone.iter().any(|gone| Path::new(gone) == path)
    }
    fn own_file(&self) -> Option<PathBuf> {
        Some(OWN_FILE.into())
    }
    fn is_ourselves(&self, path: &Path) -> bool {
        path == Path::new(OWN_FILE)
    }
    fn list(&self, directory: &Path) -> Vec<OsString> {
        let names = directory
            .to_str()
            .and_then(|directory| self.directories.get(directory));
        names.into_iter().flatten().map(OsString::from).collect()
    }
    fn os_release(&self) -> String {
        "ID=rocky".to_owned()
    }
}
