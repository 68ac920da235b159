//! The lists of authentication modes in documents are the table in the code; `make docs` writes them anew.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use entra_auth::{
    Keyword,
    credential::{MODES, Mode},
};
use std::{env, fmt::Write, fs, path::Path};

/// A document with a list of the modes.
struct Document {
    path: &'static str,
    /// The text right before the list.
    before: &'static str,
    /// The text right after it.
    after: &'static str,
    list: fn() -> String,
}

const DOCUMENTS: [Document; 3] = [
    Document {
        path: "docs/keywords.md",
        before: "<!-- Written by `make docs` from auth/src/credential/mode.rs. -->\n",
        after: "<!-- Up to here. -->\n",
        list: table,
    },
    // What `include/entra_odbc.h` opens with.
    Document {
        path: "cbindgen.toml",
        before: " * installed in PREFIX/share/doc/entra-odbc.\n",
        after: " *\n * Contract\n",
        list: || lines(" *   "),
    },
    Document {
        path: "python/entra_odbc/__init__.py",
        before: "may have; nearly all TenantId, and all Authority, Scope, TokenTimeout, TokenCache):\n\n",
        after: "\nThe rest is printed by ",
        list: || lines("  "),
    },
];

/// The longest line of a list.
const WIDTH: usize = 120;

/// The rows of the table of `docs/keywords.md`.
fn table() -> String {
    let mut table =
        "| `ActiveDirectory…` (also) | Who signs in | Needs | May have |\n|---|---|---|---|\n".to_owned();
    let names = |keywords: &[Keyword], joint: &str| {
        let quoted = |keyword: &Keyword| format!("`{}`", keyword.name());
        keywords.iter().map(quoted).collect::<Vec<_>>().join(joint)
    };
    for mode in MODES {
        let link = mode.name.to_lowercase();
        let all = [&[mode.name], mode.aliases].concat();
        let needs: Vec<_> = mode.needs.iter().map(|group| names(group, " or ")).collect();
        writeln!(
            table,
            "| [`{}`](#activedirectory{link}) | {} | {} | {} |",
            all.join("`, `"),
            mode.who,
            needs.join("; "),
            names(mode.may_have, ", "),
        )
        .unwrap();
    }
    table
}

/// A list of plain text, each line with `margin` before it: who signs in, what the mode needs, what it may have.
fn lines(margin: &str) -> String {
    let column = 1 + MODES.iter().map(|mode| mode.name.len()).max().unwrap();
    let mut lines = String::new();
    for mode in MODES {
        let mut line = format!("{margin}{:column$}", mode.name);
        for word in description(mode).split(' ') {
            if line.chars().count() + 1 + word.chars().count() > WIDTH {
                writeln!(lines, "{line}").unwrap();
                line = format!("{margin}{:column$}", "");
            }
            write!(line, " {word}").unwrap();
        }
        writeln!(lines, "{line}").unwrap();
    }
    lines
}

fn description(mode: &Mode) -> String {
    let mut description = mode.who.to_owned();
    let needs: Vec<_> = mode.needs.iter().map(|group| short(group).join(" or ")).collect();
    if !needs.is_empty() {
        write!(description, ": {}", needs.join(", ")).unwrap();
    }
    // Said of nearly all of them, above the list.
    let others: Vec<_> = mode
        .may_have
        .iter()
        .copied()
        .filter(|one| *one != Keyword::TenantId)
        .collect();
    if !others.is_empty() {
        write!(description, " ({})", short(&others).join(", ")).unwrap();
    }
    description
}

/// The names of keywords; `PWD(File)` for two of which one names a file with the value of the other.
fn short(keywords: &[Keyword]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for keyword in keywords {
        let name = keyword.name();
        match names
            .iter_mut()
            .find(|known| name.strip_suffix("File") == Some(known))
        {
            Some(known) => known.push_str("(File)"),
            None => names.push(name.to_owned()),
        }
    }
    names
}

#[test]
fn the_lists_of_modes_are_the_table_in_the_code() {
    for document in DOCUMENTS {
        let path = root().join(document.path);
        let text = fs::read_to_string(&path).unwrap();
        let (head, rest) = text.split_once(document.before).unwrap();
        let (written, tail) = rest.split_once(document.after).unwrap();
        let list = (document.list)();
        if env::var_os("ENTRA_ODBC_WRITE_DOCS").is_some() {
            let parts = [head, document.before, &list, document.after, tail];
            fs::write(&path, parts.concat()).unwrap();
        } else {
            assert_eq!(written, list, "`make docs` brings {} up to date", document.path);
        }
    }
}

#[test]
fn every_mode_has_a_section_in_the_keywords_and_is_in_the_readme() {
    let read = |path: &str| fs::read_to_string(root().join(path)).unwrap();
    let (keywords, readme) = (read("docs/keywords.md"), read("README.md"));
    for Mode { name, .. } in MODES {
        let heading = format!("\n### `ActiveDirectory{name}`\n");
        assert!(
            keywords.contains(&heading),
            "docs/keywords.md has no section of {name}"
        );
        let is_named = ["ActiveDirectory", "…"]
            .iter()
            .any(|prefix| readme.contains(&format!("`{prefix}{name}`")));
        assert!(is_named, "README.md, \"Who signs in\", does not have {name}");
    }
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Keywords that say how someone signs in, not who.
const HOW: [Keyword; 4] = [
    Keyword::SendCertificateChain,
    Keyword::RedirectUri,
    Keyword::InteractiveTimeout,
    Keyword::SaveAccount,
];

#[test]
fn the_python_package_knows_every_keyword_that_says_who_signs_in() {
    let source = fs::read_to_string(root().join("python/entra_odbc/_connect.py")).unwrap();
    let keywords = MODES
        .iter()
        .flat_map(|mode| mode.needs.iter().copied().flatten().chain(mode.may_have));
    for keyword in keywords.filter(|keyword| !HOW.contains(keyword)) {
        for name in keyword.row().unwrap().names {
            // Blanks, `_` and `-` count for nothing in a keyword.
            let plain: String = name
                .to_lowercase()
                .chars()
                .filter(|c| !matches!(c, ' ' | '_' | '-'))
                .collect();
            let quoted = format!("\"{plain}\"");
            assert!(
                source.contains(&quoted),
                "{name} is missing in _WHO of _connect.py"
            );
        }
    }
}
