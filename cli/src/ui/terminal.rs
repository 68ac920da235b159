//! Output: results on standard output, messages on standard error, colours on terminals only.

use crate::ui::progress;
use clap::builder::styling::{AnsiColor, Style as Look};
use entra_auth::plain_text::is_harmful;
use std::io::{self, Write as _};

/// The colour of a word; none where no terminal reads it, or where `NO_COLOR` is set.
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

    /// The text with escape sequences, which [`print()`] and [`note`] leave out where no terminal reads.
    pub fn paint(self, text: &str) -> String {
        let look = self.look();
        format!("{look}{text}{look:#}")
    }
}

/// Prints a result: `text` and a line end, on standard output.
pub fn print(text: &str) -> io::Result<()> {
    let mut out = anstream::AutoStream::auto(io::stdout().lock());
    writeln!(out, "{}", only_colours(text))?;
    out.flush()
}

/// Prints a result exactly as it is, also to a terminal.
pub fn print_bytes(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

/// Prints a message on standard error.
pub fn note(text: &str) {
    let erase = if progress::take_shown() {
        progress::ERASE_LINE
    } else {
        ""
    };
    // An error of standard error cannot be reported anywhere.
    let _ = writeln!(
        anstream::AutoStream::auto(io::stderr().lock()),
        "{erase}{}",
        only_colours(text)
    );
}

/// Prints a value as JSON.
pub fn print_json(value: &serde_json::Value) -> io::Result<()> {
    print_bytes(format!("{value:#}\n").as_bytes())
}

/// Text from elsewhere with its control and invisible characters replaced, which could steer a terminal or mislead its
/// reader.
pub fn printable(text: &str) -> String {
    let harmless = |c: char| !is_harmful(c) || c == '\n' || c == '\t';
    text.chars()
        .map(|c| if harmless(c) { c } else { '\u{fffd}' })
        .collect()
}

/// Removes all escape sequences but the colours of [`Style::paint`].
fn only_colours(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for (at, piece) in text.split('\u{1b}').enumerate() {
        let is_colour = piece.strip_prefix('[').is_some_and(|rest| {
            let end = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
            end.starts_with('m')
        });
        if at > 0 {
            safe.push(if is_colour { '\u{1b}' } else { '\u{fffd}' });
        }
        safe.push_str(&printable(piece));
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_all_control_characters_only_colours_reach_the_terminal() {
        for c in (0..=0x000e_0fff)
            .filter_map(char::from_u32)
            .filter(|c| is_harmful(*c))
        {
            let text = only_colours(&format!("a{c}b"));
            match c {
                '\n' | '\t' => assert_eq!(text, format!("a{c}b")),
                _ => assert_eq!(text, "a\u{fffd}b", "{c:?}"),
            }
        }
        let painted = Style::Failure.paint("error:");
        assert_eq!(only_colours(&painted), painted);
        assert_eq!(
            only_colours("\u{1b}]0;title\u{7}\u{1b}[2J"),
            "\u{fffd}]0;title\u{fffd}\u{fffd}[2J"
        );
    }
}
