//! Semicolons that belong to a value: a shell word is taken literally, and a string in which a value was cut is
//! refused or explained.

use entra_auth::Keyword;
use entra_odbc_core::connection_string::{ConnectionString, known_keyword};
use zeroize::Zeroizing;

/// What to do where a value may have a semicolon in it.
pub const REMEDY: &str = "A value with ; in it stands in braces, with } written as }}: PWD={…}. A secret can also be read from \
                          elsewhere: PWD=@FILE, PWD=- for standard input, PWD=? for a prompt.";

/// A word that is one `KEYWORD=VALUE` with semicolons in the value, and not a string of several.
///
/// What follows the semicolons decides: where it is made of keywords with values, the word is a string.
pub fn literal(word: &str) -> Option<(&str, &str)> {
    let (keyword, value) = word.split_once('=')?;
    let keyword = keyword.trim();
    let is_quoted = value.starts_with('{');
    let value = value.strip_suffix(';').unwrap_or(value);
    if is_quoted || !value.contains(';') || known_keyword(keyword).is_none() {
        return None;
    }
    let is_secret = Keyword::named(keyword).is_some_and(|row| row.secret);
    let has_another = value.split(';').skip(1).any(|part| match part.split_once('=') {
        // A password may have = in it.
        Some((next, _)) if is_secret => known_keyword(next.trim()).is_some(),
        Some(_) => true,
        None => false,
    });
    let is_text = |part: &str| !part.trim().is_empty();
    (!has_another && value.split(';').skip(1).any(is_text)).then_some((keyword, value))
}

/// Whether a string has text between its semicolons that is no `KEYWORD=VALUE`, which everyone else passes over.
pub fn has_stray_text(string: &str) -> bool {
    let units = Zeroizing::new(string.encode_utf16().collect::<Vec<_>>());
    let kept = ConnectionString::parse(&units).only(|_| true);
    let letters = |units: &[u16]| {
        let is_text = |unit: &&u16| !matches!(**unit, 0x09..=0x0d | 0x20 | 0x3b);
        units.iter().filter(is_text).count()
    };
    letters(&kept) < letters(&units)
}

/// Says so where a secret without braces is followed by something that is no keyword, and may be a part of it.
pub fn cut_secret(string: &str) -> Option<String> {
    let units = Zeroizing::new(string.encode_utf16().collect::<Vec<_>>());
    let parsed = ConnectionString::parse(&units);
    parsed.attributes().windows(2).find_map(|pair| {
        let [secret, next] = pair else { return None };
        let row = Keyword::named(secret.keyword()).filter(|row| row.secret && !secret.is_quoted())?;
        let is_known = known_keyword(next.keyword().trim()).is_some();
        (!is_known).then(|| {
            format!(
                "The value of {}= ends at its first semicolon, and what follows is no keyword. {REMEDY}",
                row.keyword.name()
            )
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_with_one_keyword_is_literal_and_one_with_several_is_a_string() {
        assert_eq!(literal("PWD=a;b"), Some(("PWD", "a;b")));
        assert_eq!(literal("pwd=a;b=c;"), Some(("pwd", "a;b=c")));
        assert_eq!(literal("PWD=a;b}c{d"), Some(("PWD", "a;b}c{d")));
        assert_eq!(literal("Database=a;b"), Some(("Database", "a;b")));
        for string in [
            "PWD=a",
            "PWD=a;",
            "PWD=a;;",
            "PWD={a;b}",
            "PWD=a;UID=x",
            "PWD=a;b;UID=x",
            "DSN=payroll;DATABASE=archive",
            "UID=x;PWD=a;b",
            "Server=x;Unknown=y",
            "no keyword; at all",
            "",
        ] {
            assert_eq!(literal(string), None, "{string}");
        }
    }

    #[test]
    fn text_that_is_no_keyword_is_found_outside_of_braces_alone() {
        for stray in ["UID=x;PWD=a;b", "PWD=a;b;UID=x", "payroll", "a;Server=x"] {
            assert!(has_stray_text(stray), "{stray}");
        }
        for string in [
            "",
            " ; ;",
            "UID=x; PWD={a;b} ;",
            "Server=a;;UID=x;",
            "PWD={open;b",
        ] {
            assert!(!has_stray_text(string), "{string}");
        }
    }

    #[test]
    fn a_secret_that_was_perhaps_cut_is_named_and_not_shown() {
        let said = cut_secret("UID=x;PWD=s3cret;part=2").unwrap();
        assert!(
            said.contains("PWD=") && !said.contains("s3cret") && !said.contains("part"),
            "{said}"
        );
        for string in ["PWD=a;UID=x", "PWD={a};part=2", "UID=x;Unknown=2", "PWD=a"] {
            assert_eq!(cut_secret(string), None, "{string}");
        }
    }
}
