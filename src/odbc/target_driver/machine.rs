//! What the search for the target driver asks of the machine.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use entra_odbc_core::driver::SearchContext;

use super::candidate;
use crate::odbc::ini;
use crate::os::{environment, library};

/// The machine that this process runs on; tests of the search have others.
pub(super) struct Machine;

impl SearchContext for Machine {
    fn variable(&self, name: &str) -> Option<OsString> {
        environment::variable(name)
    }

    fn driver_entry(&self, section: &str, key: &str) -> Option<String> {
        ini::get(section, key, ini::ODBCINST_INI)
    }

    fn driver_sections(&self) -> Vec<String> {
        ini::sections(ini::ODBCINST_INI)
    }

    fn real_path(&self, path: &Path) -> PathBuf {
        let file = if candidate::is_bare_name(path) {
            library::with_loaded(path, |library| {
                let symbol = library.symbol(c"SQLDriverConnectW")?;
                library::file_containing(symbol.as_ptr())
            })
            .flatten()
        } else {
            path.canonicalize().ok()
        };
        file.unwrap_or_else(|| path.to_owned())
    }

    fn own_file(&self) -> Option<PathBuf> {
        library::own_file()
    }

    fn is_ourselves(&self, path: &Path) -> bool {
        candidate::is_ourselves(path)
    }
}
