//! Text of others, made fit for a message or a line of the log.
//!
//! Values of connection strings, variables, paths, and what servers, tools and Entra answer may all hold line breaks,
//! by which one message looks like two, escape sequences, by which a terminal is led astray, and marks that nobody sees
//! but which turn the order of what is read. Where a semicolon is missing, a value may even hold the next keyword and
//! its secret.

use crate::parameters::keyword::KEYWORDS;
use std::borrow::Cow;

/// What stands in place of a secret.
const REDACTED: &str = "***";

/// Whether a character steers, breaks or hides text instead of being part of it.
#[must_use]
pub fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            // Soft hyphen, Arabic letter mark, Hangul and Khmer fillers, Mongolian vowel separator and selectors.
            '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            // Zero-width characters and the marks of direction.
            | '\u{200b}'..='\u{200f}'
            // Line and paragraph separators, embeddings and overrides of direction.
            | '\u{2028}'..='\u{202e}'
            // Invisible operators, isolates of direction, deprecated format characters.
            | '\u{2060}'..='\u{206f}'
            // Hangul fillers, byte order mark, interlinear annotations, tags.
            | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
        )
}

/// The text on one line: each harmful character becomes a blank.
#[must_use]
pub fn one_line(text: &str) -> Cow<'_, str> {
    if text.contains(is_harmful) {
        text.replace(is_harmful, " ").into()
    } else {
        text.into()
    }
}

/// The text as it may stand in a message: on one line, and without the values of keywords that hold secrets.
#[must_use]
pub fn fit(text: &str) -> String {
    let line = one_line(text);
    let mut fit = String::with_capacity(line.len());
    let mut rest = &*line;
    while let Some((before, value)) = rest.split_once('=') {
        fit.push_str(before);
        fit.push('=');
        rest = value;
        // Our own words write `PWD=` and go on.
        if ends_in_secret(before)
            && value.starts_with(|c: char| c.is_alphanumeric() || !" .,:;)'\"`".contains(c))
        {
            fit.push_str(REDACTED);
            rest = after_value(value);
        }
    }
    fit.push_str(rest);
    fit
}

/// Whether the text ends in a keyword that holds a secret.
fn ends_in_secret(text: &str) -> bool {
    let names = KEYWORDS.iter().filter(|row| row.secret).flat_map(|row| row.names);
    names.chain(&["KeystoreSecret"]).any(|name| {
        let start = text.len().checked_sub(name.len());
        let parts = start.and_then(|start| text.split_at_checked(start));
        parts.is_some_and(|(before, word)| {
            word.eq_ignore_ascii_case(name)
                && !before.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        })
    })
}

/// What follows a value as connection strings have them: it ends at a semicolon, or at its brace, or never.
fn after_value(value: &str) -> &str {
    let quoted = value.strip_prefix('{').and_then(|inner| {
        let end = inner.replace("}}", "  ").find('}')?;
        inner.get(end + 1..)
    });
    quoted
        .or_else(|| value.get(value.find(';')?..))
        .unwrap_or_default()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Every kind of character that must not reach a message, each between two letters.
    pub(crate) fn hostile() -> Vec<String> {
        let ranges = [
            '\0'..='\u{1f}',
            '\u{7f}'..='\u{9f}',
            '\u{ad}'..='\u{ad}',
            '\u{61c}'..='\u{61c}',
            '\u{180e}'..='\u{180e}',
            '\u{200b}'..='\u{200f}',
            '\u{2028}'..='\u{202e}',
            '\u{2060}'..='\u{206f}',
            '\u{feff}'..='\u{feff}',
            '\u{fff9}'..='\u{fffb}',
            '\u{e0001}'..='\u{e007f}',
        ];
        let all: Vec<_> = ranges.into_iter().flatten().collect();
        let mut texts: Vec<_> = all.iter().map(|c| format!("a{c}b")).collect();
        texts.push(all.iter().collect());
        texts.push(
            "x\r\n2026-01-01T00:00:00Z ERROR entra_odbc: forged \u{1b}[2J\u{1b}]0;title\u{7}".to_owned(),
        );
        texts
    }

    #[test]
    fn no_harmful_character_is_left_and_no_other_is_lost() {
        for text in hostile() {
            let line = one_line(&text);
            assert!(!line.contains(is_harmful), "{line:?}");
            assert_eq!(line.chars().count(), text.chars().count());
        }
        let kept = "Zoë 中文 עברית emoji 😀 \u{e9} e\u{301} {a}={b};";
        assert_eq!(one_line(kept), kept);
        assert_eq!(fit(kept), kept);
    }

    #[test]
    fn values_of_secret_keywords_are_hidden_wherever_they_ended_up() {
        for (text, expected) in [
            (
                "the server contoso PWD=s3cret does not answer",
                "the server contoso PWD=***",
            ),
            ("x pwd={a;b}} c} and more", "x pwd=*** and more"),
            ("Password=a b;SERVER=c", "Password=***;SERVER=c"),
            (
                "AccessToken=eyJ.x.y;ClientSecret=z",
                "AccessToken=***;ClientSecret=***",
            ),
            ("PWD={open", "PWD=***"),
            ("PWD==x", "PWD=***"),
        ] {
            assert_eq!(fit(text), expected);
        }
        for own in [
            "PWD= is missing",
            "PWD=, PWDFile= and ClientCertificate=",
            "both PWD= (or Password=): keep one",
            "the file of PWDFile=/run/secret is empty",
            "no_pwd=x",
        ] {
            assert_eq!(fit(own), own);
        }
    }
}
