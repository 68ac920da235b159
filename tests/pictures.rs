//! The pictures of the documents tell what they show to those who cannot see them, and load nothing.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
#![allow(missing_docs, reason = "a test's name says it")]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// What could load something from elsewhere or run, or is not shown by all that show SVG.
const FOREIGN: [&str; 8] = [
    "href",
    "src=",
    "url(http",
    "url(//",
    "@import",
    "@font-face",
    "<script",
    "foreignObject",
];

/// The files of a directory whose names end so.
fn files(directory: &str, extension: &str) -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
    let mut found: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|its| its == extension))
        .collect();
    found.sort();
    assert!(!found.is_empty());
    found
}

/// What stands between two marks.
fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let (_, rest) = text.split_once(start).unwrap_or_default();
    rest.split_once(end).unwrap_or_default().0
}

#[test]
fn every_picture_has_a_title_and_a_description_for_screen_readers() {
    for path in files("docs/pictures", "svg") {
        let text = fs::read_to_string(&path).unwrap();
        let opening = between(&text, "<svg", ">");
        assert!(opening.contains("role=\"img\""), "{}", path.display());
        assert!(
            opening.contains("aria-labelledby=\"title desc\""),
            "{}",
            path.display()
        );
        for element in ["title", "desc"] {
            let content = between(&text, &format!("<{element} id=\"{element}\">"), "<");
            assert!(content.len() > 5, "{} has no {element}", path.display());
        }
    }
}

#[test]
fn no_picture_loads_anything() {
    for path in files("docs/pictures", "svg") {
        let text = fs::read_to_string(&path).unwrap();
        for word in FOREIGN {
            assert!(!text.contains(word), "{word} in {}", path.display());
        }
    }
}

#[test]
fn every_diagram_was_made() {
    for source in files("docs/pictures/sources", "pikchr") {
        let name = source.file_stem().unwrap().to_str().unwrap();
        if name == "palette" {
            continue;
        }
        let made = source.ancestors().nth(2).unwrap().join(format!("{name}.svg"));
        assert!(made.is_file(), "{} is missing: make pictures", made.display());
    }
}
