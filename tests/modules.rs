//! Every source file is compiled: cargo passes over one that no other names as its module, tests and all.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test may fail by panicking"
)]
#![allow(missing_docs, reason = "a test's name says it")]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Where sources are; each may hold several crates.
const SOURCES: [&str; 7] = ["auth", "benches", "cli", "core", "python", "src", "tests"];

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("a directory of the project") {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap();
        if path.is_dir() && name != "target" {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Whether cargo finds the file by itself: the root of a library, a program, a test, an example or a build script.
fn is_found_by_cargo(file: &Path) -> bool {
    let stem = file.file_stem().unwrap();
    let directory = file.parent().unwrap();
    let is_of_package = directory
        .parent()
        .is_some_and(|parent| parent.join("Cargo.toml").exists());
    let name = directory.file_name().unwrap();
    let is_target = ["tests", "examples", "benches"]
        .iter()
        .any(|targets| name == *targets);
    ["lib", "main", "build"].iter().any(|root| stem == *root) || is_of_package && is_target || name == "bin"
}

/// The files that may name this one as their module.
fn parents(file: &Path) -> Vec<PathBuf> {
    let directory = file.parent().unwrap();
    let mut parents: Vec<_> = ["lib.rs", "main.rs", "mod.rs"]
        .iter()
        .map(|name| directory.join(name))
        .collect();
    parents.push(directory.with_extension("rs"));
    // By a path of its own, from a folder further up.
    parents.extend(directory.ancestors().skip(1).take(2).map(|up| up.join("lib.rs")));
    parents
}

fn is_named(file: &Path) -> bool {
    let stem = file.file_stem().unwrap().to_str().unwrap();
    let directory = file.parent().unwrap();
    let inclusion = format!("include!(\"{stem}.rs\");");
    let includes = |path: &Path| fs::read_to_string(path).is_ok_and(|text| text.contains(&inclusion));
    let mut siblings = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    if siblings.any(|sibling| sibling.is_file() && includes(&sibling)) {
        return true;
    }
    let in_folder = format!("{}/{stem}.rs\"", directory.file_name().unwrap().to_str().unwrap());
    parents(file)
        .iter()
        .filter_map(|parent| fs::read_to_string(parent).ok())
        .any(|text| {
            text.lines().any(|line| {
                let line = line.trim();
                line == format!("mod {stem};")
                    || line.ends_with(&format!(" mod {stem};"))
                    || line.ends_with(&format!(" mod {stem} {{"))
                    || line.contains("path = ") && line.contains(&in_folder)
            })
        })
}

#[test]
fn every_source_file_is_a_module_or_the_root_of_a_crate() {
    let mut files = Vec::new();
    for directory in SOURCES {
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(directory), &mut files);
    }
    assert!(files.len() > 300, "{}", files.len());
    files.retain(|file| !is_found_by_cargo(file) && !is_named(file));
    assert!(files.is_empty(), "no file has them for a module: {files:#?}");
}
