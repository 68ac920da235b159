//! A manual page in the macros of man(7).

use std::fmt::Write as _;

/// A page that is being written.
pub struct Page(String);

impl Page {
    /// A page with its title line.
    pub fn new(name: &str, section: u8) -> Self {
        let version = env!("CARGO_PKG_VERSION");
        Self(format!(".TH {name} {section} \"\" \"entra-odbc {version}\"\n"))
    }

    /// Sections that follow another page's.
    pub fn more() -> Self {
        Self(String::new())
    }

    /// A heading.
    pub fn section(&mut self, title: &str) {
        let _ = writeln!(self.0, ".SH {title}");
    }

    /// A paragraph.
    pub fn text(&mut self, text: &str) {
        let _ = writeln!(self.0, ".PP\n{}", escaped(text));
    }

    /// A term and what it means.
    pub fn item(&mut self, term: &str, text: &str) {
        let _ = writeln!(self.0, ".TP\n\\fB{}\\fR\n{}", escaped(term), escaped(text));
    }

    /// The whole page.
    pub fn finish(self) -> String {
        self.0
    }
}

/// Text of which nothing is taken for a request of roff's.
fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    if text.starts_with(['.', '\'']) {
        format!("\\&{text}")
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_a_request() {
        let mut page = Page::more();
        page.item("~/.odbc.ini", ".odbc\\ini --user");
        assert_eq!(
            page.finish(),
            ".TP\n\\fB~/.odbc.ini\\fR\n\\&.odbc\\eini \\-\\-user\n"
        );
    }
}
