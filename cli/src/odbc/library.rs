//! Our library, which is registered as the driver: its path and its version.

use crate::{
    odbc::drivers::Drivers,
    system::{os::OUR_LIBRARY as FILE_NAME, own_files},
    ui::failure::Failure,
};
use entra_odbc_core::driver::{self as real_driver, MICROSOFT_SECTION, OUR_SECTION};
use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

/// Names of its exports: the first sets it apart from other drivers, the second from our library for C programs.
const EXPORTS: [&[u8]; 2] = [b"entra_odbc_version\0", b"SQLDriverConnectW\0"];

/// The start of its user agent, which the version follows.
const USER_AGENT: &[u8] = b"entra-odbc/";

/// The library and its version.
#[derive(Debug, Clone)]
pub struct Library {
    /// The file.
    pub path: PathBuf,
    /// Its version, where it is known.
    pub version: Option<String>,
}

impl Library {
    /// The library at `path`, or why it is not ours.
    pub fn at(path: &Path) -> Result<Self, String> {
        real_driver::check(path)?;
        let bytes = fs::read(path).map_err(|error| error.to_string())?;
        if !EXPORTS.iter().all(|name| contains(&bytes, name)) {
            return Err("is not entra-odbc's library".to_owned());
        }
        Ok(Self {
            path: path.to_owned(),
            version: version(&bytes),
        })
    }

    /// The library that was named, else the one that was installed with this tool.
    pub fn find(named: Option<&Path>) -> Result<Self, Failure> {
        if let Some(named) = named {
            return absolute(named).and_then(|path| Self::at(&path)).map_err(|why| {
                Failure::refused(
                    format!("{} {why}", named.display()),
                    "Name the library: --library PATH.",
                )
            });
        }
        // Beside the tool, or in the library directory of the same prefix: Debian's packages have one for each
        // architecture, Red Hat's one for 64 bits.
        let of_architecture = format!("lib/{}-linux-gnu", std::env::consts::ARCH);
        let paths = own_files::candidates(FILE_NAME, &["lib", "lib/entra-odbc", &of_architecture, "lib64"]);
        paths.iter().find_map(|path| Self::at(path).ok()).ok_or_else(|| {
            let tried: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
            Failure::refused(
                format!(
                    "the library {FILE_NAME} is not beside this tool; looked at: {}",
                    tried.join(", ")
                ),
                "Name it: --library PATH.",
            )
        })
    }

    /// The library that programs load by our name; where none is registered, the one that was installed with this tool.
    pub fn of_programs(drivers: &Drivers) -> Result<Self, String> {
        let by_stock_name = || {
            let (path, _) = drivers.library(MICROSOFT_SECTION)?;
            Self::at(Path::new(path)).ok()
        };
        match drivers.library(OUR_SECTION) {
            Some((path, _)) => Self::at(Path::new(path)).map_err(|why| format!("{path} {why}")),
            None => by_stock_name()
                .or_else(|| Self::find(None).ok())
                .ok_or_else(|| "it is neither registered nor beside this tool".to_owned()),
        }
    }

    /// Whether a path leads to this file, or to another copy of our library.
    pub fn is_at(&self, path: &Path) -> bool {
        match (path.metadata(), self.path.metadata()) {
            (Ok(a), Ok(b)) if (a.dev(), a.ino()) == (b.dev(), b.ino()) => true,
            _ => is_ours(path),
        }
    }
}

/// Whether the library at a path is ours.
pub fn is_ours(path: &Path) -> bool {
    Library::at(path).is_ok()
}

/// The absolute path with its links, so that an upgrade may change where they lead.
fn absolute(path: &Path) -> Result<PathBuf, String> {
    std::path::absolute(path).map_err(|error| error.to_string())
}

/// Whether the file has this text in it, such as the name of a function that it exports.
pub fn mentions(path: &Path, text: &[u8]) -> bool {
    fs::read(path).is_ok_and(|bytes| contains(&bytes, text))
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    position(bytes, part).is_some()
}

fn position(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

fn version(bytes: &[u8]) -> Option<String> {
    let mut rest = bytes;
    while let Some(at) = position(rest, USER_AGENT) {
        rest = rest.get(at + USER_AGENT.len()..)?;
        let end = rest.iter().position(|byte| *byte == b' ')?;
        let text = std::str::from_utf8(rest.get(..end)?).unwrap_or_default();
        let is_version = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+');
        if text.starts_with(|c: char| c.is_ascii_digit()) && text.len() < 32 && text.chars().all(is_version) {
            return Some(text.to_owned());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_that_of_the_user_agent() {
        assert_eq!(
            version(b"\0entra-odbc/accounts \0entra-odbc/1.20.3-rc.1 (odbc)x").as_deref(),
            Some("1.20.3-rc.1")
        );
        assert_eq!(version(b"nothing here"), None);
    }

    #[test]
    fn other_files_are_not_taken_for_our_library() {
        let own = std::env::current_exe().unwrap();
        assert!(
            Library::at(Path::new("/etc/passwd"))
                .unwrap_err()
                .contains("shared library")
        );
        assert!(
            Library::at(Path::new("/nowhere"))
                .unwrap_err()
                .contains("not found")
        );
        // Not this test's own program, which has the names as text.
        assert!(!is_ours(Path::new("/bin/sh")), "{own:?}");
    }
}
