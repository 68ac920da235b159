//! Our own library, the driver that is registered: where it is, and which version.

use crate::ui::failure::Failure;
use entra_odbc_core::real_driver;
use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

/// What it is called.
const NAME: &str = "libentra_odbc.so";

/// Names that it exports: no other driver has the first, and what C programs are linked with lacks the second.
const MARKS: [&[u8]; 2] = [b"entra_odbc_version\0", b"SQLDriverConnectW\0"];

/// How it introduces itself to token endpoints, with its version.
const AGENT: &[u8] = b"entra-odbc/";

/// The library and its version.
#[derive(Debug, Clone)]
pub struct Library {
    /// The file.
    pub path: PathBuf,
    /// Its version, where it tells.
    pub version: Option<String>,
}

impl Library {
    /// The library at `path`; a reason where it is none of ours.
    pub fn at(path: &Path) -> Result<Self, String> {
        real_driver::check(path)?;
        let bytes = fs::read(path).map_err(|error| error.to_string())?;
        if !MARKS.iter().all(|mark| contains(&bytes, mark)) {
            return Err("is not entra-odbc's library".to_owned());
        }
        Ok(Self {
            path: path.to_owned(),
            version: version(&bytes),
        })
    }

    /// The library that someone named, else the one that this tool was installed with.
    pub fn find(named: Option<&Path>) -> Result<Self, Failure> {
        if let Some(named) = named {
            return absolute(named).and_then(|path| Self::at(&path)).map_err(|why| {
                Failure::refused(
                    format!("{} {why}", named.display()),
                    "Name the library: --library PATH.",
                )
            });
        }
        let places = places();
        places.iter().find_map(|path| Self::at(path).ok()).ok_or_else(|| {
            let tried: Vec<_> = places.iter().map(|path| path.display().to_string()).collect();
            Failure::refused(
                format!(
                    "the library {NAME} is not beside this tool; looked at: {}",
                    tried.join(", ")
                ),
                "Name it: --library PATH.",
            )
        })
    }

    /// Whether a path leads to this very file, or to a copy of it.
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

/// The directory that this tool was started from; by its name, where there is no /proc to tell.
pub fn directory_of_tool() -> Option<PathBuf> {
    let by_name = || {
        let name = PathBuf::from(std::env::args_os().next()?);
        name.is_absolute().then_some(name)
    };
    let tool = std::env::current_exe().ok().or_else(by_name)?;
    Some(tool.parent()?.to_owned())
}

/// Beside the tool, or in the directory for libraries beside that for programs.
fn places() -> Vec<PathBuf> {
    let Some(here) = directory_of_tool() else {
        return Vec::new();
    };
    let mut places = vec![here.join(NAME)];
    if let Some(prefix) = here.parent() {
        places.push(prefix.join("lib").join(NAME));
        places.push(prefix.join("lib/entra-odbc").join(NAME));
    }
    places
}

/// The path as it can be written down: absolute, links as they are, so that an upgrade may move what is behind.
fn absolute(path: &Path) -> Result<PathBuf, String> {
    std::path::absolute(path).map_err(|error| error.to_string())
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    position(bytes, part).is_some()
}

fn position(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

fn version(bytes: &[u8]) -> Option<String> {
    let mut rest = bytes;
    while let Some(at) = position(rest, AGENT) {
        rest = rest.get(at + AGENT.len()..)?;
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
    fn the_version_is_that_of_the_agent() {
        assert_eq!(
            version(b"\0entra-odbc/accounts \0entra-odbc/1.20.3-rc.1 (odbc)x").as_deref(),
            Some("1.20.3-rc.1")
        );
        assert_eq!(version(b"nothing here"), None);
    }

    #[test]
    fn another_library_is_none_of_ours() {
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
        // This test names the mark, so it would be taken for it: another program is not.
        assert!(!is_ours(Path::new("/bin/sh")), "{own:?}");
    }
}
