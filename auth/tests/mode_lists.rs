//! The table of sign-in kinds in `docs/keywords.md` is the one in the code; `make docs` writes it anew.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use entra_auth::{Keyword, credential::MODES};
use std::{env, fmt::Write, fs, path::Path};

const BEGIN: &str = "<!-- Written by `make docs` from auth/src/credential/mode.rs. -->\n";
const END: &str = "<!-- Up to here. -->\n";

fn keywords(keywords: &[Keyword], joint: &str) -> String {
    let names: Vec<_> = keywords
        .iter()
        .map(|keyword| format!("`{}`", keyword.name()))
        .collect();
    names.join(joint)
}

fn table() -> String {
    let mut table =
        "| `ActiveDirectory…` (also) | Who signs in | Needs | May have |\n|---|---|---|---|\n".to_owned();
    for mode in MODES {
        let link = mode.name.to_lowercase();
        let names = [&[mode.name], mode.aliases].concat();
        let needs: Vec<_> = mode.needs.iter().map(|group| keywords(group, " or ")).collect();
        writeln!(
            table,
            "| [`{}`](#activedirectory{link}) | {} | {} | {} |",
            names.join("`, `"),
            mode.who,
            needs.join("; "),
            keywords(mode.may_have, ", "),
        )
        .unwrap();
    }
    table
}

#[test]
fn the_table_of_kinds_is_the_one_in_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/keywords.md");
    let document = fs::read_to_string(&path).unwrap();
    let (before, rest) = document.split_once(BEGIN).unwrap();
    let (written, after) = rest.split_once(END).unwrap();
    if env::var_os("ENTRA_ODBC_WRITE_DOCS").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{}{END}{after}", table())).unwrap();
    } else {
        assert_eq!(written, table(), "`make docs` brings docs/keywords.md up to date");
    }
}
