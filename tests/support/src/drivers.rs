//! The library that the tests are about, and Microsoft's driver.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use crate::{
    process::output,
    workspace::{already_built, build},
};

/// The library, built for the profile of this test, once in each test program.
pub fn built_library() -> PathBuf {
    static LIBRARY: LazyLock<PathBuf> =
        LazyLock::new(|| already_built().unwrap_or_else(|| build("entra-odbc").join("libentra_odbc.so")));
    LIBRARY.clone()
}

/// Microsoft's driver, from the variable that `make test` sets.
pub fn real_driver() -> PathBuf {
    let path = std::env::var_os("ENTRA_ODBC_TEST_DRIVER").expect(
        "ENTRA_ODBC_TEST_DRIVER must name Microsoft's ODBC Driver 18: run the tests by `make test`, which gets it",
    );
    PathBuf::from(path)
}

/// The names that a library exports.
pub fn exports(library: &Path) -> Vec<String> {
    let text = output(
        Command::new("nm")
            .args(["-D", "--defined-only", "--format=posix"])
            .arg(library),
    );
    let mut names: Vec<String> = text
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(|name| name.split('@').next().unwrap_or(name).to_owned())
        .collect();
    names.sort();
    names
}
