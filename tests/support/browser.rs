//! A browser with a person before it, as far as signing in at the stand-in Entra goes.

use std::path::Path;

use crate::machine::{Machine, python};

/// The same machine with a `BROWSER` in which this person signs in on whatever page is opened.
///
/// As a real one it is sent from the page to where the program listens, and shows what it gets there: that page
/// is written to the file `page` of the machine's directory.
pub fn with_browser(machine: Machine, name: &str, password: &str) -> Machine {
    let browser = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hosts/browser.py");
    let page = machine.directory.join("page").to_str().unwrap().to_owned();
    machine
        .with("BROWSER", format!("{} {} %s", python(), browser.display()))
        .with("PERSON", name)
        .with("PERSONS_PASSWORD", password)
        .with("PERSONS_PAGE", page)
}
