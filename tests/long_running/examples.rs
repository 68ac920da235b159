//! The examples: every command that a README marks as `sh` is run as it stands there, from the repository's root.

use std::{fs, path::Path, process::Command};

use test_support::{
    drivers::{built_library, real_driver},
    process::finished,
    scratch_directory::ScratchDirectory,
    workspace::{build, root},
};

/// What the commands of `examples/<name>` print.
fn commands_of(name: &str) -> String {
    let readme = fs::read_to_string(root().join("examples").join(name).join("README.md")).unwrap();
    let blocks: Vec<_> = readme
        .split("```sh\n")
        .skip(1)
        .filter_map(|rest| rest.split_once("```"))
        .map(|(block, _)| block)
        .collect();
    assert!(!blocks.is_empty(), "{name} has no commands");
    let directory = ScratchDirectory::new("example");
    let mut command = Command::new("sh");
    command
        .args(["-euc", &blocks.concat()])
        .current_dir(root())
        // Else pytest and cargo would write into the sources' directory, and Chromium into the user's.
        .env("HOME", directory.path())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        // Where the stand-ins' program is, in a directory of its profile.
        .env("CARGO_TARGET_DIR", build("standins").parent().unwrap())
        .env("ENTRA_ODBC_TEST_LIBRARY", built_library())
        .env("LIBRARY", built_library())
        .env("ENTRA_ODBC_TEST_DRIVER", real_driver());
    // The user's own cargo and toolchain are found by variables where HOME is another.
    if let Some(home) = std::env::var_os("HOME") {
        for (variable, place) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
            if std::env::var_os(variable).is_none() {
                command.env(variable, Path::new(&home).join(place));
            }
        }
    }
    finished(&command.output().unwrap(), name)
}

/// The number of tests that pytest has run, each of which passed.
fn passed(answer: &str) -> usize {
    let last = answer.lines().last().unwrap_or_default();
    let words: Vec<_> = last.trim_matches(['=', ' ']).split(' ').collect();
    match words.as_slice() {
        [count, "passed", "in", ..] => count.parse().unwrap(),
        _ => panic!("{answer}"),
    }
}

#[test]
fn any_command_runs_among_the_stand_ins() {
    assert!(commands_of("").contains(standins::playground::TENANT_ID));
}

#[test]
fn each_user_of_a_web_application_reaches_the_database_as_themselves() {
    assert!(passed(&commands_of("fastapi-per-user")) > 20);
}

#[test]
fn a_notebook_shows_a_code_and_gets_a_frame() {
    assert!(passed(&commands_of("notebook")) >= 5);
}

#[test]
fn an_engine_of_sqlalchemy_signs_in_by_its_url() {
    let answer = commands_of("sqlalchemy");
    assert!(answer.contains(standins::playground::TENANT_ID), "{answer}");
    assert!(passed(&answer) >= 4);
}

#[test]
fn django_signs_in_by_its_settings() {
    assert!(passed(&commands_of("django")) >= 2);
}

#[test]
fn an_app_for_databricks_signs_in_with_the_secret_that_its_environment_has() {
    assert!(passed(&commands_of("databricks-app")) >= 4);
}

#[test]
fn a_rust_program_on_odbc_api_signs_in_by_its_connection_string() {
    let answer = commands_of("odbc-api");
    assert!(answer.contains(standins::playground::TENANT_ID), "{answer}");
}

#[test]
fn c_and_cpp_programs_keep_the_stock_driver() {
    for name in ["c", "cpp"] {
        let answer = commands_of(name);
        // The machine's identity, as the server names an application.
        let last = answer.lines().last().unwrap();
        assert!(
            last.ends_with(&format!("@{}", standins::playground::TENANT_ID)),
            "{answer}"
        );
    }
}
