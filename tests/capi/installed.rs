//! The library as `make install` installs it, once for all tests, and programs that are built with it.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::LazyLock,
};

use test_support::{drivers::built_library, process::output};

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Runs a target of the Makefile, with a library that is built already.
pub fn make(target: &str, variables: &[(&str, &Path)]) {
    let mut make = Command::new("make");
    make.args(["--silent", target])
        .current_dir(root())
        .env("LIBRARY", built_library());
    for (name, value) in variables {
        make.arg(format!("{name}={}", value.display()));
    }
    output(&mut make);
}

/// A directory for these tests, that the next run uses again.
pub fn directory(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("capi").join(name);
    std::fs::create_dir_all(&directory).unwrap();
    directory
}

/// Where the library is installed.
pub static PREFIX: LazyLock<PathBuf> = LazyLock::new(|| {
    let prefix = directory("prefix");
    make("install", &[("PREFIX", &prefix)]);
    prefix
});

/// What pkg-config says of these packages.
pub fn flags(packages: &[&str]) -> Vec<String> {
    let flags = output(
        Command::new("pkg-config")
            .args(["--cflags", "--libs"])
            .args(packages)
            .env("PKG_CONFIG_PATH", PREFIX.join("lib/pkgconfig")),
    );
    flags.split_whitespace().map(str::to_owned).collect()
}

/// Compiles a source file of this repository by a standard, without a warning.
pub fn compile(name: &str, source: &str, standard: &str, flags: &[String]) -> PathBuf {
    let compiler = if standard.starts_with("c++") { "c++" } else { "cc" };
    let program = directory("programs").join(name);
    output(
        Command::new(compiler)
            .arg(format!("-std={standard}"))
            .args([
                "-g",
                "-O1",
                "-Wall",
                "-Wextra",
                "-Werror",
                "-pedantic",
                "-pthread",
            ])
            .arg(root().join(source))
            .arg("-o")
            .arg(&program)
            .args(flags),
    );
    program
}

/// The same program under valgrind, which answers 99 where it finds a fault or memory that nobody can free any more.
///
/// Whether values are defined is not looked at: valgrind 3.19 loses track of that in the assembly of TLS.
pub fn valgrind(command: &Command) -> Command {
    let mut valgrind = Command::new("valgrind");
    valgrind
        .args([
            "--quiet",
            "--error-exitcode=99",
            "--leak-check=full",
            "--undef-value-errors=no",
        ])
        .args(["--errors-for-leak-kinds=definite", "--show-leak-kinds=definite"])
        .arg(format!(
            "--suppressions={}",
            root().join("tests/capi/valgrind.supp").display()
        ))
        .arg(command.get_program())
        .args(command.get_args());
    valgrind.env_clear();
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            valgrind.env(name, value);
        }
    }
    if let Some(directory) = command.get_current_dir() {
        valgrind.current_dir(directory);
    }
    valgrind
}

/// What a program said.
pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.clone(), output.stderr.clone()].concat()).into_owned()
}
