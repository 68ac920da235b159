//! Help, manual pages and completions, which are generated from the same text.

use crate::tool::{Run, run, tool};
use entra_auth::{KEYWORDS, credential::MODES};
use std::{fs, process::Stdio};
use test_support::scratch_directory::ScratchDirectory;

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
        ("zsh", "Authentication=ActiveDirectoryMsi"),
        ("fish", "databricks"),
        ("elvish", "edit:completion"),
        ("powershell", "Register-ArgumentCompleter"),
    ] {
        let out = run(&["completions", shell]).done();
        assert!(out.contains(part), "{shell}: {out}");
    }
    run(&["completions", "cmd"]).refused(2);
}

#[test]
fn bash_completes_the_options_of_commands() {
    let directory = ScratchDirectory::new("bash");
    let script = directory.join("completions");
    fs::write(&script, run(&["completions", "bash"]).done()).unwrap();
    let completed = |words: &str| {
        // As bash calls it: the program, the word under the cursor, and the one before.
        let asked = "source \"$0\"; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); \
                     function=$(complete -p entra-odbc | sed 's/.*-F \\([^ ]*\\).*/\\1/'); \
                     $function entra-odbc \"${@: -1}\" \"${@: -2:1}\"; echo \"${COMPREPLY[*]}\"";
        let mut command = std::process::Command::new("bash");
        command
            .args(["--norc", "-c", asked])
            .arg(&script)
            .args(words.split(' '));
        Run::of(&mut command).done()
    };
    assert_eq!(completed("entra-odbc inst"), "install\n");
    assert_eq!(completed("entra-odbc install --rep"), "--replace\n");
    assert_eq!(completed("entra-odbc token --cloud "), "public usgov china\n");
    assert!(completed("entra-odbc completions ").contains("fish"));
    assert_eq!(completed("entra-odbc help si"), "sid\n");
    assert_eq!(completed("entra-odbc token --resource da"), "databricks\n");
    let modes = completed("entra-odbc connect Auth");
    assert!(modes.contains("Authentication=ActiveDirectoryMsi"), "{modes}");
    // As bash takes such a word apart.
    assert_eq!(
        completed("entra-odbc token Authentication = ActiveDirectoryMs"),
        "ActiveDirectoryMsi\n"
    );
    assert!(completed("entra-odbc doctor Authentication =").contains("ActiveDirectoryDefault"));
}

#[test]
fn examples_are_narrow_enough_to_be_copied() {
    let out = run(&["--help"]).done();
    let names = out
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .map_while(|line| line.strip_prefix("  ")?.split_whitespace().next());
    for name in names.filter(|name| *name != "help") {
        let help = run(&[name, "--help"]).done();
        let (_, after) = help.split_once("Examples:\n").unwrap();
        let examples = after.lines().take_while(|line| line.starts_with("  "));
        for example in examples {
            // A manual page has 71 columns for them on the narrowest of usual terminals.
            assert!(example.chars().count() <= 71, "{name}: {example}");
            let is_whole = example.starts_with("      ") || example.contains("entra-odbc ");
            assert!(is_whole, "{name}: {example}");
        }
    }
}

#[test]
fn every_command_has_a_manual_page() {
    let out = run(&["man"]).done();
    assert!(out.contains(".TH entra-odbc 1"), "{out}");
    let directory = ScratchDirectory::new("man");
    let path = directory.path().to_str().unwrap();
    run(&["man", "--directory", path]).done();
    let page = fs::read_to_string(directory.join("entra-odbc-sid.1")).unwrap();
    assert!(page.contains("GUID") && page.contains("Examples"), "{page}");
    let page = fs::read_to_string(directory.join("entra-odbc.1")).unwrap();
    for part in [
        ".SH ENVIRONMENT",
        ".SH FILES",
        ".SH \"EXIT STATUS\"",
        "ENTRA_ODBC_DRIVER",
        "odbcinst.ini",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let keywords = fs::read_to_string(directory.join("entra-odbc-keywords.5")).unwrap();
    assert_eq!(keywords, run(&["man", "keywords"]).done());
    // The tables, and not a copy of them.
    for mode in MODES {
        assert!(
            keywords.contains(&format!("ActiveDirectory{}", mode.name)),
            "{}",
            mode.name
        );
    }
    for row in KEYWORDS {
        for name in row.names {
            assert!(keywords.contains(name), "{name}");
        }
    }
    fs::remove_dir_all(path).unwrap();
    run(&["man", "--directory", path]).refused(2);
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
