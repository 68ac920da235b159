//! What macOS has.

use std::path::{Path, PathBuf};

/// Where Homebrew has the driver of Microsoft's formula `msodbcsql18`: on Apple's processors, and on Intel's.
pub const MICROSOFT_DIRECTORIES: [&str; 2] = ["/opt/homebrew/lib", "/usr/local/lib"];

/// What Driver 18 is called, for messages.
pub const DRIVER_NAMES: &str = "libmsodbcsql.18.dylib";

/// How the names of its files begin.
pub const DRIVER_PREFIX: &str = "libmsodbcsql.18.";

/// The numbers of `libmsodbcsql.18.dylib`: none, since its name tells no more than that it is Driver 18.
#[must_use]
pub fn driver_version(name: &str) -> Option<Vec<u32>> {
    (name == DRIVER_NAMES).then(Vec::new)
}

/// Whether connections of the driver can share CA certificates, or what stands in the way.
pub const CA_CACHE: Result<(), &str> = Err("macOS, where calls of the driver are not redirected");

/// Where the PyPI package has its libraries.
pub const PYTHON_LIBRARIES: &str = "mssql_python_odbc/libs/macos";

/// Its directory for this processor (18.6.2.2).
pub fn python_directory(libraries: &Path, _os_release: &str) -> PathBuf {
    let architecture = if cfg!(target_arch = "aarch64") {
        "arm64"
    } else {
        "x86_64"
    };
    libraries.join(architecture).join("lib")
}

/// Whether a file that begins so is a library: Mach-O of 64 bits, for one processor or several.
pub fn is_library(magic: [u8; 4]) -> bool {
    matches!(magic, [0xcf, 0xfa, 0xed, 0xfe] | [0xca, 0xfe, 0xba, 0xbe])
}
