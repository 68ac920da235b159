//! The library as `make install` installs it, and programs that are built with it.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use test_support::{
    drivers::built_library, process::output, scratch_directory::ScratchDirectory, workspace::root,
};

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

/// Where a test has installed the library, and builds its programs.
///
/// Each test has its own: others may be writing theirs in another process, and a program that runs cannot be written.
pub struct Installation {
    directory: ScratchDirectory,
}

impl Installation {
    pub fn new() -> Self {
        let directory = ScratchDirectory::new("installation");
        make("install", &[("PREFIX", directory.path())]);
        Self { directory }
    }

    /// The path of something in its directory, below which the library is installed.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// What pkg-config says of these packages.
    pub fn flags(&self, packages: &[&str]) -> Vec<String> {
        let flags = output(
            Command::new("pkg-config")
                .args(["--cflags", "--libs"])
                .args(packages)
                .env("PKG_CONFIG_PATH", self.path("lib/pkgconfig")),
        );
        flags.split_whitespace().map(str::to_owned).collect()
    }

    /// Compiles a source file of this repository by a standard, without a warning.
    pub fn compile(&self, name: &str, source: &str, standard: &str, flags: &[String]) -> PathBuf {
        let compiler = if standard.starts_with("c++") { "c++" } else { "cc" };
        let program = self.path(name);
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
    valgrind.env_clear().env("CHECKS_FOR_LEAKS", "1");
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
