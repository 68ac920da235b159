//! `explain`: the documents that messages refer to.

use crate::tool::run;
use std::{
    fs,
    path::{Path, PathBuf},
};
use test_support::workspace::root;

#[test]
fn a_document_is_printed_as_it_stands() {
    let text = fs::read_to_string(root().join("docs/trust.md")).unwrap();
    assert_eq!(run(&["explain", "trust"]).done(), text);
}

#[test]
fn without_a_name_there_is_a_list() {
    let list = run(&["explain"]).done();
    for name in ["trust ", "keywords ", "troubleshooting "] {
        assert!(list.lines().any(|line| line.starts_with(name)), "{name}: {list}");
    }
}

#[test]
fn another_name_is_refused_with_those_that_there_are() {
    let err = run(&["explain", "trusst"]).refused(2);
    assert!(err.contains("trust") && err.contains("keywords"), "{err}");
}

/// Files below a directory that have one of these endings.
fn files(directory: &Path, endings: &[&str], found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, endings, found);
        } else if endings
            .iter()
            .any(|ending| path.to_string_lossy().ends_with(ending))
        {
            found.push(path);
        }
    }
}

#[test]
fn what_messages_and_documents_refer_to_is_there() {
    let mut found = vec![root().join("README.md")];
    for directory in [
        "auth/src",
        "core/src",
        "cli/src",
        "src",
        "docs",
        "python/entra_odbc",
    ] {
        files(&root().join(directory), &[".rs", ".md", ".py"], &mut found);
    }
    let mut names = Vec::new();
    for path in &found {
        let text = fs::read_to_string(path).unwrap();
        names.extend(text.split("entra-odbc explain ").skip(1).filter_map(|rest| {
            let name: String = rest
                .chars()
                .take_while(|letter| letter.is_ascii_lowercase() || *letter == '-')
                .collect();
            (!name.is_empty()).then_some(name)
        }));
    }
    assert!(names.len() > 20, "{names:?}");
    names.sort();
    names.dedup();
    for name in names {
        run(&["explain", &name]).done();
    }
}
