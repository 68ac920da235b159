//! Tools that are shell scripts.

use super::*;
use std::{
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

/// Makes a file that is a shell script and may be run.
///
/// Another process writes it: what this one opens for writing, a tool that another test starts just then has for a
/// moment as well, and the script could not be run meanwhile (`ETXTBSY`).
pub(crate) fn write_script(path: &Path, script: &str) {
    let mut writer = Command::new("/bin/sh")
        .args(["-c", "cat >\"$0\" && chmod 755 \"$0\""])
        .arg(path)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let text = format!("#!/bin/sh\n{script}\n");
    writer.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(writer.wait().unwrap().success());
}

fn shell(script: &str, environment: &Environment) -> io::Result<Output> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(run(
        "/bin/sh".as_ref(),
        &["-c".as_ref(), script.as_ref()],
        environment,
    ))
}

#[test]
fn a_tool_gets_exactly_the_variables_no_input_and_a_clean_signal_state() {
    let environment = Environment::fixed([("PATH", "/usr/bin:/bin"), ("ANSWER", "42")]);
    let script = "echo $ANSWER $HOME; cat; grep -E '^Sig(Blk|Ign)' /proc/self/status; echo oh >&2; exit 3";
    let output = crate::process::runtime::with_signals_blocked(|| shell(script, &environment)).unwrap();
    assert_eq!(output.status.code(), Some(3));
    let stdout = String::from_utf8(output.stdout).unwrap();
    let (printed, signals) = stdout.split_once("SigBlk:\t").unwrap();
    assert_eq!(printed, "42\n");
    let (blocked, ignored) = signals.split_once("\nSigIgn:\t").unwrap();
    assert_eq!(blocked, "0000000000000000");
    // Without 32 and 33, which are glibc's own and cannot be set from outside it.
    let ignored = u64::from_str_radix(ignored.trim(), 16).unwrap();
    assert_eq!(ignored & !0x1_8000_0000, 0);
    assert_eq!(output.stderr, b"oh\n");
}

#[test]
fn a_program_that_is_let_go_lives_on_and_is_reaped() {
    let (mut read, write) = io::pipe().unwrap();
    nix::fcntl::fcntl(&write, nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::empty())).unwrap();
    let script = format!("echo here >/proc/self/fd/{}; exit 7", write.as_raw_fd());
    let arguments: [&OsStr; 2] = ["-c".as_ref(), script.as_ref()];
    let ended = launch("/bin/sh".as_ref(), &arguments, &Environment::empty()).unwrap();
    drop(write);
    let mut output = String::new();
    read.read_to_string(&mut output).unwrap();
    assert_eq!(output, "here\n");
    assert_eq!(ended.blocking_recv().unwrap().code(), Some(7));
}

#[test]
fn a_tool_that_prints_without_end_is_stopped() {
    let error = shell(
        "while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done",
        &Environment::empty(),
    )
    .unwrap_err();
    assert!(error.to_string().contains("megabyte"), "{error}");
}

#[test]
fn what_is_not_there_is_said_to_be_so() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let error = runtime
        .block_on(run("/nowhere/az".as_ref(), &[], &Environment::empty()))
        .unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
}

#[test]
fn a_tool_that_nobody_waits_for_any_more_is_killed_with_all_it_started() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    // Both shells hold the pipe open; it closes when both are gone.
    let (mut read, write) = io::pipe().unwrap();
    let held = write.try_clone().unwrap();
    nix::fcntl::fcntl(&held, nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::empty())).unwrap();
    let environment = Environment::fixed([("PATH", "/usr/bin:/bin")]);
    let arguments: [&OsStr; 2] = ["-c".as_ref(), "sleep 1000 & sleep 1000".as_ref()];
    let ended = runtime.block_on(async {
        let tool = run("/bin/sh".as_ref(), &arguments, &environment);
        tokio::time::timeout(Duration::from_millis(200), tool).await
    });
    assert!(ended.is_err());
    drop((write, held));
    assert_eq!(read.read(&mut [0]).unwrap(), 0);
}
