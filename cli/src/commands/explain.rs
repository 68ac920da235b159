//! `explain`: the documents, as they stand in `docs/`, on any machine that has the tool.

use crate::ui::{failure::Failure, terminal};
use clap::{ValueEnum, builder::PossibleValue};

const HELP: &str = "\
Examples:
  entra-odbc explain trust
  entra-odbc explain keywords | less";

/// A document, and the name that it is asked for by: that of its file in `docs/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Page {
    name: &'static str,
    text: &'static str,
}

macro_rules! pages {
    ($($name:literal)*) => {
        &[$(Page { name: $name, text: include_str!(concat!("../../../docs/", $name, ".md")) }),*]
    };
}

const PAGES: &[Page] = pages! {
    "ca-certificates"
    "comparison"
    "data-frames"
    "databricks"
    "databricks-app"
    "fabric-notebooks"
    "figures"
    "hosts"
    "install"
    "interception"
    "keywords"
    "networks"
    "pools"
    "release-notes-0.1.0"
    "saved-sign-ins"
    "shared-token-cache"
    "spark"
    "systems"
    "tested-systems"
    "token-life"
    "troubleshooting"
    "trust"
    "upgrading"
};

impl Page {
    /// Its heading.
    fn title(self) -> &'static str {
        self.text
            .lines()
            .find_map(|line| line.strip_prefix("# "))
            .unwrap_or(self.name)
    }
}

impl ValueEnum for Page {
    fn value_variants<'a>() -> &'a [Self] {
        PAGES
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name).help(self.title()))
    }
}

/// Print a document that error messages and findings refer to
///
/// The documents are part of the tool, so they need neither a network nor a package.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub struct Arguments {
    /// The document; without it, the list of documents
    #[arg(value_enum, value_name = "DOCUMENT")]
    page: Option<Page>,
}

/// Prints the document, or the list.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    match arguments.page {
        Some(page) => terminal::print_bytes(page.text.as_bytes())?,
        None => terminal::print(&list())?,
    }
    Ok(())
}

fn list() -> String {
    let width = PAGES.iter().map(|page| page.name.len()).max().unwrap_or(0);
    let lines = PAGES
        .iter()
        .map(|page| format!("{:width$}  {}", page.name, page.title()));
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{collections::BTreeSet, fs, path::Path};

    /// For those who work on the project.
    const FOR_CONTRIBUTORS: [&str; 1] = ["architecture"];

    #[test]
    fn every_document_is_a_page() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
        let files = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
        let documents: BTreeSet<_> = files
            .filter(|path| path.extension().is_some_and(|ending| ending == "md"))
            .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
            .filter(|name| !FOR_CONTRIBUTORS.contains(&name.as_str()))
            .collect();
        let pages: BTreeSet<_> = PAGES.iter().map(|page| page.name.to_owned()).collect();
        assert_eq!(pages, documents);
        assert!(PAGES.iter().all(|page| page.title() != page.name), "{}", list());
    }
}
