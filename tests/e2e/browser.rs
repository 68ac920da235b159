//! A browser with a person before it, as far as signing in at the stand-in Entra goes.

use std::{fs, os::unix::fs::PermissionsExt};

use crate::machine::Machine;

/// The same machine with a `BROWSER` in which this person signs in on whatever page is opened.
///
/// As a real one it is sent from the page to where the program listens, and shows what it gets there: that page
/// is written to the file `page` of the machine's directory.
pub fn with_browser(machine: Machine, name: &str, password: &str) -> Machine {
    let browser = machine.file("browser", BROWSER);
    fs::set_permissions(&browser, fs::Permissions::from_mode(0o755)).unwrap();
    let page = machine.directory.join("page").to_str().unwrap().to_owned();
    machine
        .with("BROWSER", browser)
        .with("PERSON", name)
        .with("PERSONS_PASSWORD", password)
        .with("PERSONS_PAGE", page)
}

/// Takes the form of the page as it is, fills it in and sends it back, redirects followed.
const BROWSER: &str = r#"#!/usr/bin/env python3
import html.parser, os, sys, urllib.parse, urllib.request

class Form(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.fields = {}
    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "input":
            self.fields[attributes["name"]] = attributes.get("value", "")

page = sys.argv[1]
form = Form()
form.feed(urllib.request.urlopen(page).read().decode())
# Whoever the program hinted at, unless it did not.
form.fields["username"] = form.fields["username"] or os.environ["PERSON"]
form.fields["password"] = os.environ["PERSONS_PASSWORD"]
answer = urllib.request.urlopen(page, urllib.parse.urlencode(form.fields).encode())
with open(os.environ["PERSONS_PAGE"], "wb") as shown:
    shown.write(answer.read())
"#;
