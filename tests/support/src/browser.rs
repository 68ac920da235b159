//! A browser with a person before it, as far as signing in at the stand-in Entra goes.

use crate::{hosts::python, machine::Machine, workspace::host_source};

/// The same machine with a `BROWSER` in which this person signs in on whatever page is opened.
///
/// As a real one it is sent from the page to where the program listens, and shows what it gets there: that page
/// is written to the file `page` of the machine's directory.
pub fn with_browser(machine: Machine, name: &str, password: &str) -> Machine {
    let page = machine.path("page").to_str().unwrap().to_owned();
    machine
        .with(
            "BROWSER",
            format!("{} {} %s", python(), host_source("browser.py").display()),
        )
        .with("PERSON", name)
        .with("PERSONS_PASSWORD", password)
        .with("PERSONS_PAGE", page)
}
