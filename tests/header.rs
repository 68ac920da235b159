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

use test_support::{drivers::built_library, process::output};

const COMMITTED: &str = include_str!("../include/entra_odbc.h");
const GENERATED: &str = include_str!(env!("ENTRA_ODBC_GENERATED_HEADER"));

#[test]
fn the_committed_header_is_what_the_code_says() {
    assert!(
        COMMITTED == GENERATED,
        "include/entra_odbc.h is out of date: run `make header` and commit it"
    );
}

/// A program that names every type and many a function of the header; `tests/capi` has those that use them.
const PROGRAM: &str = r#"
#include "entra_odbc.h"
#include "entra_odbc.h"
#include <stdio.h>
#include <string.h>

static void shown(void *user, const entra_prompt *prompt)
{
    (void)user;
    (void)prompt;
}

static void ended(void *user, const entra_prompt *prompt, const char *account)
{
    (void)user;
    (void)prompt;
    (void)account;
}

int main(void)
{
    struct entra_option option = { "Authentication", "none of ours" };
    entra_credential *credential = NULL;
    entra_token *token = NULL;
    entra_text *text = NULL;
    entra_error *error = NULL;
    entra_cancellation *cancellation = entra_cancellation_new();
    entra_prompt_callback callback = shown;
    entra_prompt_end_callback end = ended;

    if (strcmp(entra_error_message(NULL), "") != 0 || strcmp(entra_error_sqlstate(NULL), "") != 0)
        return 1;
    if (entra_error_native(NULL) != 0)
        return 2;
    if (entra_credential_from_options(&option, 1, &credential, &error) != -1 || credential != NULL)
        return 3;
    if (strcmp(entra_error_sqlstate(error), "08001") != 0)
        return 4;
    entra_error_free(error);
    if (entra_stock_connection_string("SERVER=localhost", &text, &error) != 0 || error != NULL)
        return 5;
    if (strncmp(entra_text_value(text), "SERVER=127.0.0.1;ADDRESS=127.0.0.1;", 35) != 0)
        return 6;
    entra_on_prompt(callback, NULL);
    entra_on_prompt(NULL, NULL);
    entra_on_prompt_end(end, NULL);
    entra_on_prompt_end(NULL, NULL);
    entra_text_free(text);
    entra_token_free(token);
    entra_cancellation_free(cancellation);
    entra_credential_free(credential);
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
    compile_and_run("c++", "c++17", "cpp");
}
