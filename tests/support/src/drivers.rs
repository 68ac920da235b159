//! The library that the tests are about, and Microsoft's driver.

use std::{
    env::consts::DLL_SUFFIX,
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use object::{BinaryFormat, Object as _};

use crate::workspace::{already_built, build};

/// The library, built for the profile of this test, once in each test program.
pub fn built_library() -> PathBuf {
    static LIBRARY: LazyLock<PathBuf> = LazyLock::new(|| {
        already_built().unwrap_or_else(|| build("entra-odbc").join(format!("libentra_odbc{DLL_SUFFIX}")))
    });
    LIBRARY.clone()
}

/// Microsoft's driver, from the variable that `make test` sets.
pub fn real_driver() -> PathBuf {
    let path = std::env::var_os("ENTRA_ODBC_TEST_DRIVER").expect(
        "ENTRA_ODBC_TEST_DRIVER must name Microsoft's ODBC Driver 18: run the tests by `make test`, which gets it",
    );
    PathBuf::from(path)
}

/// The names that a library exports, of ELF or Mach-O. The symbols of the latter begin with an underscore that C does not
/// see.
pub fn exports(library: &Path) -> Vec<String> {
    let content = fs::read(library).expect("a library can be read");
    let file = object::File::parse(content.as_slice()).expect("a library of ELF or Mach-O");
    let prefix = match file.format() {
        BinaryFormat::MachO => "_",
        _ => "",
    };
    let exports = file.exports().expect("a library has a table of symbols");
    let mut names: Vec<String> = exports
        .iter()
        .map(|export| String::from_utf8_lossy(export.name()))
        .map(|name| name.strip_prefix(prefix).unwrap_or(&name).to_owned())
        .collect();
    names.sort();
    names.dedup();
    names
}
