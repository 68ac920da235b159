//! Help, manual pages and completions, all made from the same words.

use crate::tool::{Run, run, tool};
use std::{fs, process::Stdio};

#[test]
fn help_shows_examples_and_exit_codes() {
    let out = run(&["--help"]).done();
    for part in ["Examples:", "Exit codes:", "sid", "completions", "man"] {
        assert!(out.contains(part), "{part}: {out}");
    }
    assert!(!out.contains('\u{1b}'), "colours where no terminal is");
}

#[test]
fn bad_arguments_end_with_code_2_and_a_hint() {
    let err = run(&["sod"]).refused(2);
    assert!(err.contains("sid"), "{err}");
    run(&[]).refused(2);
    run(&["sid"]).refused(2);
}

#[test]
fn the_version_is_the_packages() {
    let out = run(&["--version"]).done();
    assert_eq!(out, format!("entra-odbc {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn every_shell_gets_completions() {
    for (shell, part) in [
        ("bash", "complete -F"),
        ("zsh", "#compdef entra-odbc"),
        ("fish", "complete -c entra-odbc"),
        ("elvish", "edit:completion"),
        ("powershell", "Register-ArgumentCompleter"),
    ] {
        let out = run(&["completions", shell]).done();
        assert!(out.contains(part), "{shell}: {out}");
    }
    run(&["completions", "cmd"]).refused(2);
}

#[test]
fn every_command_has_a_manual_page() {
    let out = run(&["man"]).done();
    assert!(out.contains(".TH entra-odbc 1"), "{out}");
    let directory = std::env::temp_dir().join(format!("entra-odbc-man-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    run(&["man", "--directory", directory.to_str().unwrap()]).done();
    let page = fs::read_to_string(directory.join("entra-odbc-sid.1")).unwrap();
    assert!(page.contains("GUID") && page.contains("Examples"), "{page}");
    fs::remove_dir_all(&directory).unwrap();
    run(&["man", "--directory", directory.to_str().unwrap()]).refused(2);
}

#[test]
fn output_that_nobody_reads_is_no_error() {
    let mut child = tool(&["completions", "bash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let run = Run::ended(&child.wait_with_output().unwrap());
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""));
}
