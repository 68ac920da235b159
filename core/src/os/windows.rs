//! What Windows has. The driver itself is not built for it, so this is what a search would find.

use std::path::{Path, PathBuf};

/// Where Microsoft's installer puts the driver, on drive C.
pub const MICROSOFT_DIRECTORIES: [&str; 1] = [r"C:\Windows\System32"];

/// What Driver 18 is called, for messages.
pub const DRIVER_NAMES: &str = "msodbcsql18.dll";

/// How the names of its files begin.
pub const DRIVER_PREFIX: &str = "msodbcsql18.";

/// The numbers of `msodbcsql18.dll`: none, since its name tells no more than that it is Driver 18.
#[must_use]
pub fn driver_version(name: &str) -> Option<Vec<u32>> {
    name.eq_ignore_ascii_case(DRIVER_NAMES).then(Vec::new)
}

/// Whether connections of the driver can share CA certificates, or what stands in the way.
pub const CA_CACHE: Result<(), &str> = Err("Windows, for which the driver is not built");

/// Where the PyPI package has its libraries.
pub const PYTHON_LIBRARIES: &str = "mssql_python_odbc/libs/windows";

/// Its directory for this processor.
pub fn python_directory(libraries: &Path, _os_release: &str) -> PathBuf {
    libraries.join(if cfg!(target_arch = "aarch64") {
        "arm64"
    } else {
        "x64"
    })
}

/// Whether a file that begins so is a library: PE.
pub fn is_library(magic: [u8; 4]) -> bool {
    magic.starts_with(b"MZ")
}
