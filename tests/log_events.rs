//! The events of the log that docs/troubleshooting.md explains are those that the code writes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail by panicking")]
#![allow(missing_docs, reason = "a test's name says it")]

use std::{fs, path::Path};

const DOCUMENT: &str = include_str!("../docs/troubleshooting.md");

/// All source text of the library.
fn sources() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut directories = ["auth/src", "core/src", "src"]
        .map(|name| root.join(name))
        .to_vec();
    let mut text = String::new();
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else {
                text.push_str(&fs::read_to_string(&path).unwrap());
            }
        }
    }
    text
}

#[test]
fn every_documented_event_is_one_that_the_code_writes() {
    let sources = sources();
    let (_, table) = DOCUMENT.split_once("| `event` | What happened |").unwrap();
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let mut count = 0;
    for row in rows {
        let names = row.split('|').nth(1).unwrap();
        for name in names.split('`').skip(1).step_by(2) {
            assert!(
                sources.contains(&format!("event = \"{name}\"")),
                "no line of the log has event={name}"
            );
            count += 1;
        }
    }
    assert!(count > 10, "{count} events");
}
