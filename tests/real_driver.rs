//! What a host sees when the real driver cannot be loaded, through unixODBC and isql.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail by panicking"
)]
#![allow(missing_docs, reason = "a test's name says it")]

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

#[path = "support/library.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod library;

use library::built_library;

/// A directory with an odbcinst.ini of its own, whose driver `Shim` is the library.
fn registration(test: &str, more: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    std::fs::create_dir_all(&directory).unwrap();
    let section = format!("[Shim]\nDriver={}\n{more}\n", built_library().display());
    std::fs::write(directory.join("odbcinst.ini"), section).unwrap();
    directory
}

/// What isql says, which cannot connect.
fn isql(directory: &Path, driver: Option<&OsStr>) -> String {
    let mut command = Command::new("timeout");
    command
        .args([
            "60",
            "isql",
            "-v",
            "-k",
            "DRIVER=Shim;SERVER=127.0.0.1,1;UID=a;PWD=b",
        ])
        .env("ODBCSYSINI", directory)
        .env("HOME", directory)
        .env_remove("ODBCINSTINI")
        .env_remove("ODBCINI")
        .env_remove("ENTRA_ODBC_DRIVER");
    if let Some(driver) = driver {
        command.env("ENTRA_ODBC_DRIVER", driver);
    }
    let output = command.output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn assert_refused(answer: &str, reason: &str) {
    assert!(
        answer.contains("[IM003][entra-odbc] the real driver could not be loaded. Tried: "),
        "{answer}"
    );
    assert!(answer.contains(reason), "{reason} is not in: {answer}");
}

#[test]
fn a_driver_that_cannot_be_wrapped_is_refused_with_its_path_and_reason() {
    let directory = registration("refused", "");
    let copy = directory.join("copy.so");
    std::fs::copy(built_library(), &copy).unwrap();
    let link = directory.join("link.so");
    let _ = std::fs::remove_file(&link);
    std::os::unix::fs::symlink(built_library(), &link).unwrap();
    for (path, reason) in [
        (
            "/nonexistent/driver.so".as_ref(),
            "/nonexistent/driver.so (ENTRA_ODBC_DRIVER): not found",
        ),
        (directory.as_os_str(), "is a directory"),
        (
            "/etc/passwd".as_ref(),
            "/etc/passwd (ENTRA_ODBC_DRIVER): is not a shared library",
        ),
        (copy.as_os_str(), "is a copy of entra-odbc itself"),
        (link.as_os_str(), "is entra-odbc itself"),
        ("Shim".as_ref(), "is entra-odbc itself"),
        (
            "No Such Driver".as_ref(),
            "neither a path nor a driver in odbcinst.ini",
        ),
    ] {
        assert_refused(&isql(&directory, Some(path)), reason);
    }
}

#[test]
fn without_any_driver_the_places_that_were_tried_are_named() {
    let answer = isql(&registration("nothing", ""), None);
    assert_refused(
        &answer,
        "[ODBC Driver 18 for SQL Server] of odbcinst.ini: not registered",
    );
    assert!(
        answer.contains("or name its library in ENTRA_ODBC_DRIVER."),
        "{answer}"
    );
}

#[test]
fn the_real_driver_of_our_own_section_is_loaded_through_a_link() {
    let directory = registration("own-section", "");
    let link = directory.join("real.so");
    let _ = std::fs::remove_file(&link);
    std::os::unix::fs::symlink(library::real_driver(), &link).unwrap();
    let directory = registration("own-section", &format!("RealDriver={}", link.display()));
    let answer = isql(&directory, None);
    // Driver 18's own words: it found its resource file, which it looks for beside its real path.
    assert!(
        answer.contains("[Microsoft][ODBC Driver 18 for SQL Server]"),
        "{answer}"
    );
    assert!(!answer.contains("IM004"), "{answer}");
}
