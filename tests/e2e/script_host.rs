//! Hosts in C: programs of tests/hosts, and the one of them that does what its arguments say.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::LazyLock,
};

use test_support::{machine::Machine, process::finished, workspace::host_source};

/// A C program of tests/hosts, compiled once per test run.
pub fn compile(source: &str, arguments: &[&str]) -> PathBuf {
    compile_as(source, source, arguments)
}

/// The same under another name: one source, compiled in several ways.
pub fn compile_as(name: &str, source: &str, arguments: &[&str]) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    let compiler = Command::new("cc")
        .args(["-std=gnu99", "-Wall", "-Wextra", "-Werror", "-O1", "-o"])
        .arg(&target)
        .arg(host_source(source))
        .args(arguments)
        .output()
        .expect("a C compiler: `make test` installs gcc");
    finished(&compiler, source);
    target
}

/// The scripted host's file.
pub static SCRIPT_HOST: LazyLock<PathBuf> = LazyLock::new(|| compile("script.c", &["-ldl"]));

/// A machine that runs the scripted host.
pub trait ScriptHost {
    /// Its output, which must not be a failure.
    fn script(&self, steps: &[&str]) -> String {
        finished(&self.script_output(steps), &format!("{steps:?}"))
    }

    /// The same, whether it fails or not.
    fn script_output(&self, steps: &[&str]) -> Output;
}

impl ScriptHost for Machine {
    fn script_output(&self, steps: &[&str]) -> Output {
        self.command(&*SCRIPT_HOST).args(steps).output().unwrap()
    }
}
