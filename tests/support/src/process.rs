//! What programs print, and how they end.

use std::process::{Command, Output};

/// What a program printed, which must have succeeded.
pub fn output(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    succeeded(&output, &format!("{command:?}"))
}

/// The standard output of a program that must have succeeded, without its last line end.
pub fn finished(output: &Output, what: &str) -> String {
    succeeded(output, what).trim_end().to_owned()
}

fn succeeded(output: &Output, what: &str) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{what}: {}\n{text}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    text
}

/// All that a program printed, on standard output and then on standard error, whether it succeeded or not.
pub fn printed(output: &Output) -> String {
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    text
}
