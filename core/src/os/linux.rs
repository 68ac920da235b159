//! What Linux has.

#[cfg_attr(target_env = "musl", path = "linux/musl.rs")]
#[cfg_attr(not(target_env = "musl"), path = "linux/gnu.rs")]
mod c_library;

use std::path::{Path, PathBuf};

/// Where Microsoft's packages put the driver.
pub const MICROSOFT_DIRECTORIES: [&str; 1] = ["/opt/microsoft/msodbcsql18/lib64"];

/// What Driver 18 is called, for messages.
pub const DRIVER_NAMES: &str = "libmsodbcsql-18.*.so.*";

/// How the names of its files begin.
pub const DRIVER_PREFIX: &str = "libmsodbcsql-18.";

/// The numbers of `libmsodbcsql-18.6.so.2.1`; none for any other name.
#[must_use]
pub fn driver_version(name: &str) -> Option<Vec<u32>> {
    let (minor, patch) = name.strip_prefix(DRIVER_PREFIX)?.split_once(".so.")?;
    minor
        .split('.')
        .chain(patch.split('.'))
        .map(|number| number.parse().ok())
        .collect()
}

/// Whether connections of the driver can share CA certificates, or what stands in the way.
pub const CA_CACHE: Result<(), &str> = Ok(());

/// Where the PyPI package has its libraries.
pub const PYTHON_LIBRARIES: &str = "mssql_python_odbc/libs/linux";

/// Its directory for this processor and a distribution with this `/etc/os-release`.
pub fn python_directory(libraries: &Path, os_release: &str) -> PathBuf {
    let architecture = if cfg!(target_arch = "aarch64") {
        "arm64"
    } else {
        "x86_64"
    };
    libraries
        .join(c_library::variant(os_release))
        .join(architecture)
        .join("lib")
}

/// Whether a file that begins so is a library: ELF.
pub fn is_library(magic: [u8; 4]) -> bool {
    magic == *b"\x7fELF"
}
