//! One candidate for the target driver: checked, then loaded.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use entra_odbc_core::driver as real_driver;

use super::TargetDriver;
use crate::os::library::{self, Library};

/// Loads the driver at `path`, or says why it cannot be the target driver.
pub(super) fn load(named: &Path) -> Result<TargetDriver, String> {
    let path = if is_bare_name(named) {
        find_by_name(named)?
    } else {
        named.to_owned()
    };
    // The real path: loaded through a link, Driver 18 looks for its resource file beside the link (IM004).
    let real = path.canonicalize();
    let path = real.as_deref().unwrap_or(&path);
    real_driver::check(path)?;
    if is_ourselves(path) {
        return Err(OURSELVES.to_owned());
    }
    let library = Library::open(path)?;
    check_library(library).inspect_err(|_| library.close())?;
    Ok(TargetDriver {
        path: path.to_owned(),
        named: named.to_owned(),
        overridden: false,
        library,
    })
}

/// A name without a directory, which the loader looks for in its own places.
pub(super) fn is_bare_name(path: &Path) -> bool {
    !path.as_os_str().as_encoded_bytes().contains(&b'/')
}

fn find_by_name(name: &Path) -> Result<PathBuf, String> {
    let library = Library::open(name)?;
    let file = library
        .symbol(c"SQLDriverConnectW")
        .and_then(|symbol| library::file_containing(symbol.as_ptr()))
        .ok_or_else(|| NOT_UNICODE.to_owned());
    // Closed so that it can be loaded again by its real path.
    library.close();
    file
}

const OURSELVES: &str = "is entra-odbc itself, not the driver to wrap";
const NOT_UNICODE: &str = "is not a Unicode ODBC driver: it has no SQLDriverConnectW";

fn check_library(library: Library) -> Result<(), String> {
    if library.symbol(c"entra_odbc_version").is_some() {
        return Err("is a copy of entra-odbc itself, not the driver to wrap".to_owned());
    }
    if library.symbol(c"SQLDriverConnectW").is_none() {
        return Err(NOT_UNICODE.to_owned());
    }
    if library.symbol(c"SQLAllocHandle").is_none() {
        return Err("is a driver of ODBC 2: it has no SQLAllocHandle".to_owned());
    }
    Ok(())
}

/// Whether `path` leads to the file that this library was loaded from.
// Inlined, so that loading touches fewer pages.
#[inline]
pub(super) fn is_ourselves(path: &Path) -> bool {
    let Some(own) = library::own_file() else {
        return false;
    };
    match (path.metadata(), own.metadata()) {
        (Ok(a), Ok(b)) => a.dev() == b.dev() && a.ino() == b.ino(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

    use super::*;

    fn reason(path: &str) -> String {
        load(Path::new(path)).unwrap_err()
    }

    #[test]
    fn what_is_no_driver_is_refused_with_its_reason() {
        assert_eq!(reason("/nonexistent/driver.so"), "not found");
        assert_eq!(reason("/usr/lib"), "is a directory");
        assert_eq!(reason("/dev/null"), "is not a regular file");
        assert_eq!(reason("/etc/passwd"), "is not a shared library");
        assert_eq!(reason("libc.so.6"), NOT_UNICODE);
        assert!(reason("libno-such-driver.so").contains("cannot open shared object file"));
    }

    #[test]
    fn this_very_file_is_refused() {
        let own = library::own_file().unwrap();
        assert_eq!(load(&own).unwrap_err(), OURSELVES);
    }
}
