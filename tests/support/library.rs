//! Where the library is that the tests are about.
//!
//! Tests of the root package do not link it: its exports would take the place of the driver manager's.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The library, built for the profile of this test.
///
/// `cargo test` does not build a cdylib for tests that do not link it, and would leave them with an old one.
/// So cargo is asked for it here, once in each test program; it has nothing to do if the library is up to date.
/// Unless `ENTRA_ODBC_TEST_LIBRARY` names it: `make test` has just built the whole workspace, for which cargo
/// chooses other features of the dependencies, and would here build them all again.
pub fn built_library() -> PathBuf {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY
        .get_or_init(|| {
            if let Some(library) = std::env::var_os("ENTRA_ODBC_TEST_LIBRARY") {
                return PathBuf::from(library);
            }
            // <target>/<profile>/deps/<test>
            let test = std::env::current_exe().expect("a test knows its own file");
            let profile = test.ancestors().nth(2).expect("cargo puts tests two levels deep");
            let target = profile.parent().expect("a profile has a target directory");
            let mut cargo = Command::new(env!("CARGO"));
            cargo
                .args(["build", "--quiet", "--package", "entra-odbc", "--lib"])
                .current_dir(env!("CARGO_MANIFEST_DIR"))
                .env("CARGO_TARGET_DIR", target);
            if profile.ends_with("release") {
                cargo.arg("--release");
            }
            output(&mut cargo);
            profile.join("libentra_odbc.so")
        })
        .clone()
}

/// Microsoft's driver, from the variable that `make test` sets.
pub fn real_driver() -> PathBuf {
    let path = std::env::var_os("ENTRA_ODBC_TEST_DRIVER").expect(
        "ENTRA_ODBC_TEST_DRIVER must name Microsoft's ODBC Driver 18: run the tests by `make test`, which gets it",
    );
    PathBuf::from(path)
}

/// What a program printed, which must have succeeded.
pub fn output(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{command:?} failed: {}\n{text}{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    text
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

/// The names of the table.
pub fn table() -> Vec<String> {
    macro_rules! functions {
        (
            forward { $( $forward:ident $kind:tt $( else $place:ident :: $body:ident )? ; )* }
            intercept { $(
                $intercept:ident $arguments:tt => $module:ident :: $interceptor:ident,
                    placeholder $answer:ident $handles:tt $(, else $lack:ident :: $lacking:ident )? ;
            )* }
        ) => { vec![ $( stringify!($forward).to_owned(), )* $( stringify!($intercept).to_owned(), )* ] };
    }
    let mut names = include!("../../src/odbc/functions.rs");
    names.sort();
    names
}
