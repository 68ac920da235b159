//! The committed C header: up to date, and accepted by C and C++ compilers without a warning.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail by panicking"
)]
#![allow(missing_docs, reason = "a test's name says it")]

use std::path::{Path, PathBuf};
use std::process::Command;

#[path = "support/library.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod library;

use library::{built_library, output};

const COMMITTED: &str = include_str!("../include/entra_odbc.h");
const GENERATED: &str = include_str!(env!("ENTRA_ODBC_GENERATED_HEADER"));

#[test]
fn the_committed_header_is_what_the_code_says() {
    assert!(
        COMMITTED == GENERATED,
        "include/entra_odbc.h is out of date: run `make header` and commit it"
    );
}

/// A program that uses every function of the header.
const PROGRAM: &str = r#"
#include "entra_odbc.h"
#include "entra_odbc.h"
#include <stdio.h>
#include <string.h>

int main(void)
{
    if (strcmp(entra_error_message(NULL), "") != 0 || strcmp(entra_error_sqlstate(NULL), "") != 0)
        return 1;
    if (entra_error_native(NULL) != 0)
        return 2;
    entra_error_free(NULL);
    puts(entra_odbc_version());
    return 0;
}
"#;

fn compile_and_run(compiler: &str, standard: &str, extension: &str) {
    let library = built_library();
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("header-{standard}"));
    std::fs::create_dir_all(&directory).unwrap();
    let source = directory.join(format!("program.{extension}"));
    std::fs::write(&source, PROGRAM).unwrap();
    let program: PathBuf = directory.join("program");
    // The library's soname, under which the program will look for it.
    let by_soname = directory.join("libentra_odbc.so.0");
    let _ = std::fs::remove_file(&by_soname);
    std::os::unix::fs::symlink(&library, &by_soname).unwrap();
    output(
        Command::new(compiler)
            .args([
                &format!("-std={standard}"),
                "-Wall",
                "-Wextra",
                "-Werror",
                "-pedantic",
            ])
            .arg("-I")
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("include"))
            .arg(&source)
            .arg("-o")
            .arg(&program)
            .arg(&library)
            .arg(format!("-Wl,-rpath,{}", directory.display())),
    );
    assert_eq!(
        output(&mut Command::new(&program)).trim(),
        env!("CARGO_PKG_VERSION")
    );
}

#[test]
fn a_c_program_compiles_and_runs() {
    compile_and_run("cc", "c99", "c");
}

#[test]
fn a_cpp_program_compiles_and_runs() {
    compile_and_run("c++", "c++11", "cpp");
}
