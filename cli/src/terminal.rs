//! What is written where: results on standard output, everything else on standard error, colours on terminals.

use crate::progress;
use clap::builder::styling::{AnsiColor, Style as Look};
use std::io::{self, Write as _};

/// How a word is to look; plain where no terminal reads it, or where `NO_COLOR` is set.
#[derive(Debug, Clone, Copy)]
pub enum Style {
    /// All is well.
    Ok,
    /// Something to know.
    Warning,
    /// Something that does not work.
    Failure,
    /// Something that matters less.
    Faint,
}

impl Style {
    fn look(self) -> Look {
        let color = |color: AnsiColor| color.on_default();
        match self {
            Self::Ok => color(AnsiColor::Green),
            Self::Warning => color(AnsiColor::Yellow),
            Self::Failure => color(AnsiColor::Red).bold(),
            Self::Faint => Look::new().dimmed(),
        }
    }

    /// The text with its escapes, which [`print()`] and [`note`] leave out where they do not belong.
    pub fn paint(self, text: &str) -> String {
        let look = self.look();
        format!("{look}{text}{look:#}")
    }
}

/// Prints a result: `text` and a line end, on standard output.
pub fn print(text: &str) -> io::Result<()> {
    let mut out = anstream::AutoStream::auto(io::stdout().lock());
    writeln!(out, "{text}")?;
    out.flush()
}

/// Prints a result exactly as it is, whoever reads it.
pub fn print_bytes(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

/// Tells the person at the terminal something, on standard error.
pub fn note(text: &str) {
    let erased = if progress::is_shown() { progress::ERASE } else { "" };
    // If standard error is gone, there is nobody to tell that.
    let _ = writeln!(anstream::AutoStream::auto(io::stderr().lock()), "{erased}{text}");
}

/// Prints a value as JSON.
pub fn print_json(value: &serde_json::Value) -> io::Result<()> {
    print_bytes(format!("{value:#}\n").as_bytes())
}

/// Text of others as it may be shown: without control characters, by which a terminal could be led astray.
pub fn shown(text: &str) -> String {
    let harmless = |c: char| !c.is_control() || c == '\n' || c == '\t';
    text.chars()
        .map(|c| if harmless(c) { c } else { '\u{fffd}' })
        .collect()
}
