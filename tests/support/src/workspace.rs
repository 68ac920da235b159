//! This repository, and what cargo builds of it while a test runs.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::process::output;

/// The repository's root directory.
pub fn root() -> &'static Path {
    // tests/support
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap()
}

/// A C or Python program of `tests/hosts`.
pub fn host_source(name: &str) -> PathBuf {
    root().join("tests/hosts").join(name)
}

/// The library that is built already, where `ENTRA_ODBC_TEST_LIBRARY` names one; then so is the whole workspace.
///
/// `make test` sets it: for a build of the whole workspace cargo chooses other features of the dependencies than for
/// one package, and would here build them all again.
pub(crate) fn already_built() -> Option<PathBuf> {
    std::env::var_os("ENTRA_ODBC_TEST_LIBRARY").map(PathBuf::from)
}

/// Has cargo build a package for the profile of this test, unless it is built already; the directory that it is in.
///
/// `cargo test` builds neither a cdylib that the tests do not link nor the programs of other packages, and would leave
/// the tests with old ones. Cargo has nothing to do if all is up to date.
pub fn build(package: &str) -> PathBuf {
    // <target>/<profile>/deps/<test>
    let test = std::env::current_exe().expect("a test knows its own file");
    let profile = test.ancestors().nth(2).expect("cargo puts tests two levels deep");
    if already_built().is_none() {
        let target = profile.parent().expect("a profile has a target directory");
        let mut cargo = Command::new(env!("CARGO"));
        cargo
            .args(["build", "--quiet", "--package", package])
            .current_dir(root())
            .env("CARGO_TARGET_DIR", target);
        if profile.ends_with("release") {
            cargo.arg("--release");
        }
        output(&mut cargo);
    }
    profile.to_owned()
}
