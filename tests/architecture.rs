//! docs/architecture.md names files and functions that exist, and texts for programs keep to ASCII.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail by panicking"
)]
#![allow(missing_docs, reason = "a test's name says it")]

use std::{fs, path::Path};

const DOCUMENT: &str = include_str!("../docs/architecture.md");

/// The sections that lead a reader through files, and how much of them there may be to read.
const PATHS: [&str; 2] = ["One connect", "One renewal"];
const MAX_FILES: usize = 10;
const MAX_LINES: usize = 1500;

/// A name in backticks, with the source file that was named last before it.
struct Mention {
    file: Option<String>,
    name: String,
}

/// What stands in backticks outside of blocks, in order.
fn mentions() -> Vec<Mention> {
    let mut file = None;
    let outside = DOCUMENT.split("```").step_by(2);
    outside
        .flat_map(|text| text.split('`').skip(1).step_by(2))
        .map(|name| {
            if is_path(name) {
                file = Some(name.to_owned());
            }
            Mention {
                file: file.clone(),
                name: name.to_owned(),
            }
        })
        .collect()
}

fn is_path(name: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|extension| extension == "rs")
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn source(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Whether the source defines a function of this name.
fn has_function(source: &str, name: &str) -> bool {
    [format!("fn {name}("), format!("fn {name}<")]
        .iter()
        .any(|start| source.contains(start))
}

/// Whether the source defines something other than a function by this name.
fn has_definition(source: &str, name: &str) -> bool {
    ["struct", "enum", "trait", "type", "const"].iter().any(|kind| {
        source
            .split(&format!("{kind} {name}"))
            .skip(1)
            .any(|rest| !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_'))
    })
}

/// How many lines the functions and macros of a row are: a file, then the names in it; the whole file if it names none.
fn lines_to_read(names: &[&str]) -> usize {
    let (file, names) = names.split_first().unwrap();
    let source = source(file);
    let lengths: Vec<usize> = names
        .iter()
        .filter_map(|name| match (name.strip_suffix("()"), name.strip_suffix('!')) {
            (Some(name), _) => Some([format!("fn {name}("), format!("fn {name}<")]),
            (_, Some(name)) => Some([format!("macro_rules! {name} "), format!("macro_rules! {name}{{")]),
            _ => None,
        })
        .map(|starts| length(&source, &starts))
        .collect();
    if lengths.is_empty() {
        return source.lines().count();
    }
    lengths.iter().sum()
}

/// The lines of all definitions that begin like this: to the closing brace below each one's first letter.
fn length(source: &str, starts: &[String]) -> usize {
    let lines: Vec<&str> = source.lines().collect();
    let is_start = |line: &str| starts.iter().any(|start| line.contains(start.as_str()));
    let begins = lines.iter().enumerate().filter(|(_, line)| is_start(line));
    begins
        .map(|(at, line)| {
            let end = format!("{}}}", &line[..line.len() - line.trim_start().len()]);
            let body = lines[at..].iter().position(|line| *line == end);
            // A trait's declaration has no body.
            body.filter(|_| !line.ends_with(';')).map_or(1, |last| last + 1)
        })
        .sum()
}

#[test]
fn every_file_function_and_type_that_is_named_exists() {
    let mut count = 0;
    for Mention { file, name } in mentions() {
        if is_path(&name) {
            assert!(root().join(&name).is_file(), "{name} does not exist");
            continue;
        }
        let Some(file) = file else { continue };
        let exists = if let Some(function) = name.strip_suffix("()") {
            has_function(&source(&file), function)
        } else if let Some(name) = name.strip_suffix('!') {
            source(&file).contains(&format!("macro_rules! {name} "))
        } else {
            continue;
        };
        assert!(exists, "{file} has no {name}");
        count += 1;
    }
    assert!(count > 50, "{count} functions");
    let (_, terms) = DOCUMENT.split_once("\n## Terms\n").unwrap();
    for row in terms.lines() {
        let Some((place, names)) = row.rsplit('|').nth(1).and_then(|cell| cell.split_once("`: ")) else {
            continue;
        };
        let file = place.trim().trim_start_matches('`');
        for name in names
            .split('`')
            .skip(1)
            .step_by(2)
            .filter(|name| !name.ends_with("()"))
        {
            assert!(has_definition(&source(file), name), "{file} defines no {name}");
        }
    }
}

#[test]
fn a_path_through_the_code_is_short_enough_to_be_read() {
    for section in PATHS {
        let (_, text) = DOCUMENT.split_once(&format!("\n## {section}\n")).unwrap();
        let (text, _) = text.split_once("\n## ").unwrap();
        let rows: Vec<Vec<&str>> = text
            .lines()
            .filter(|line| line.starts_with("| ") && line.contains(".rs`"))
            .map(|line| line.split('`').skip(1).step_by(2).collect())
            .collect();
        assert!(
            !rows.is_empty() && rows.len() <= MAX_FILES,
            "{section}: {} files",
            rows.len()
        );
        let lines: usize = rows.iter().map(|names| lines_to_read(names)).sum();
        println!("{section}: {lines} lines in {} files", rows.len());
        assert!(lines <= MAX_LINES, "{section}: {lines} lines");
    }
}

/// The crates whose texts reach programs as diagnostic records.
const CRATES: [&str; 3] = ["src", "auth/src", "core/src"];

/// The source files below a directory, without those of tests alone.
fn product_files(directory: &Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let of_tests = name.ends_with("tests") || name.starts_with("scripted");
        if path.is_dir() {
            if !of_tests {
                product_files(&path, files);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") && !of_tests {
            files.push(path);
        }
    }
}

/// An ANSI program without a locale gets the lower byte of each character: `&` for the one-character ellipsis.
#[test]
fn no_text_of_the_product_has_characters_beyond_ascii() {
    let mut files = Vec::new();
    for directory in CRATES {
        product_files(&root().join(directory), &mut files);
    }
    assert!(files.len() > 150, "{}", files.len());
    let mut found = Vec::new();
    for path in files {
        let source = fs::read_to_string(&path).unwrap();
        // What the file's own tests say is behind all that it does.
        let is_test_module = |(at, _): &(usize, &str)| {
            let item = source[*at..].lines().nth(1).unwrap_or_default();
            item.contains("mod tests")
        };
        let end = source.match_indices("#[cfg(test)]\n").find(is_test_module);
        let product = end.map_or(source.as_str(), |(at, _)| &source[..at]);
        for (number, line) in product.lines().enumerate() {
            if !line.is_ascii() && !line.trim_start().starts_with("//") {
                found.push(format!("{}:{}: {line}", path.display(), number + 1));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
