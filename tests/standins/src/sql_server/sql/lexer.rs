//! Text into tokens.

use crate::sql_server::tokens::SqlError;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// An unquoted word: keyword or name.
    Word(String),
    /// `[name]` or `"name"`.
    Quoted(String),
    Text {
        content: String,
        national: bool,
    },
    Number(String),
    Binary(Vec<u8>),
    /// `@name` or `@@NAME`, signs included.
    Variable(String),
    Symbol(&'static str),
}

const SYMBOLS: [&str; 25] = [
    "<>", "!=", "<=", ">=", "!<", "!>", "+=", "(", ")", ",", ";", ".", "=", "<", ">", "+", "-", "*", "/",
    "%", "&", "|", "^", "~", "?",
];

pub(super) fn syntax_error(near: &str) -> SqlError {
    SqlError::new(102, format!("Incorrect syntax near '{near}'.")).with_class(15)
}

pub(super) fn tokens(sql: &str) -> Result<Vec<Token>, SqlError> {
    let mut tokens = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        if first.is_whitespace() || first == '\u{feff}' || first == '\0' {
            rest = skip(rest, first.len_utf8());
        } else if rest.starts_with("--") {
            rest = rest.find('\n').map_or("", |end| skip(rest, end));
        } else if rest.starts_with("/*") {
            rest = skip(rest, comment_length(rest)?);
        } else {
            let (token, length) = next_token(rest, first)?;
            tokens.push(token);
            rest = skip(rest, length);
        }
    }
    Ok(tokens)
}

fn next_token(rest: &str, first: char) -> Result<(Token, usize), SqlError> {
    match first {
        '\'' => quoted(rest, 0, '\'').map(|(content, length)| {
            let national = false;
            (Token::Text { content, national }, length)
        }),
        'N' | 'n' if rest.get(1..2) == Some("'") => quoted(rest, 1, '\'').map(|(content, length)| {
            let national = true;
            (Token::Text { content, national }, length)
        }),
        '[' => quoted(rest, 0, ']').map(|(name, length)| (Token::Quoted(name), length)),
        '"' => quoted(rest, 0, '"').map(|(name, length)| (Token::Quoted(name), length)),
        '@' | '_' | '#' => Ok(word(rest)),
        _ if first.is_alphabetic() => Ok(word(rest)),
        _ if rest.starts_with("0x") || rest.starts_with("0X") => binary(rest),
        _ if first.is_ascii_digit() => Ok(number(rest)),
        '.' if rest
            .get(1..2)
            .is_some_and(|next| next.as_bytes().first().is_some_and(u8::is_ascii_digit)) =>
        {
            Ok(number(rest))
        }
        _ => SYMBOLS
            .iter()
            .find(|symbol| rest.starts_with(**symbol))
            .map(|symbol| (Token::Symbol(symbol), symbol.len()))
            .ok_or_else(|| syntax_error(&first.to_string())),
    }
}

fn skip(text: &str, length: usize) -> &str {
    text.get(length..).unwrap_or_default()
}

/// Block comments nest.
fn comment_length(text: &str) -> Result<usize, SqlError> {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(rest) = text.as_bytes().get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return Ok(at);
            }
        } else {
            at += 1;
        }
    }
    Err(SqlError::new(113, "Missing end comment mark '*/'.").with_class(15))
}

/// What stands between the quote at `start` and its end; the end doubled stands for itself.
fn quoted(text: &str, start: usize, end: char) -> Result<(String, usize), SqlError> {
    let mut content = String::new();
    let mut characters = text.char_indices().skip(start + 1).peekable();
    while let Some((at, character)) = characters.next() {
        if character != end {
            content.push(character);
        } else if characters.next_if(|(_, next)| *next == end).is_some() {
            content.push(end);
        } else {
            return Ok((content, at + end.len_utf8()));
        }
    }
    let text = format!("Unclosed quotation mark after the character string '{content}'.");
    Err(SqlError::new(105, text).with_class(15))
}

fn word(text: &str) -> (Token, usize) {
    let belongs = |character: char| character.is_alphanumeric() || "_@#$".contains(character);
    let length = text.find(|character| !belongs(character)).unwrap_or(text.len());
    let word = text.get(..length).unwrap_or_default().to_owned();
    if word.starts_with('@') {
        (Token::Variable(word), length)
    } else {
        (Token::Word(word), length)
    }
}

fn number(text: &str) -> (Token, usize) {
    let mut length = 0;
    let mut previous = ' ';
    for character in text.chars() {
        let exponent_sign = "+-".contains(character) && "eE".contains(previous);
        if !(character.is_ascii_digit() || ".eE".contains(character) || exponent_sign) {
            break;
        }
        length += 1;
        previous = character;
    }
    let digits = text.get(..length).unwrap_or_default();
    (Token::Number(digits.to_owned()), length)
}

fn binary(text: &str) -> Result<(Token, usize), SqlError> {
    let digits = text
        .get(2..)
        .map(|rest| {
            let end = rest
                .find(|character: char| !character.is_ascii_hexdigit())
                .unwrap_or(rest.len());
            rest.get(..end).unwrap_or_default()
        })
        .unwrap_or_default();
    // An odd number of digits starts with half a byte.
    let padded = format!("{}{digits}", if digits.len() % 2 == 0 { "" } else { "0" });
    let bytes = (0..padded.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(padded.get(at..at + 2).unwrap_or_default(), 16))
        .collect::<Result<_, _>>()
        .map_err(|_| syntax_error(digits))?;
    Ok((Token::Binary(bytes), 2 + digits.len()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]
    use super::*;

    #[test]
    fn quotes_comments_and_numbers_are_told_apart() {
        let found = tokens("SELECT N'O''K' /* a /* b */ */, [a]]b], 1.5e-3, 0xABC -- end").unwrap();
        let expected = [
            Token::Word("SELECT".into()),
            Token::Text {
                content: "O'K".into(),
                national: true,
            },
            Token::Symbol(","),
            Token::Quoted("a]b".into()),
            Token::Symbol(","),
            Token::Number("1.5e-3".into()),
            Token::Symbol(","),
            Token::Binary(vec![0x0A, 0xBC]),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn text_beyond_ascii_keeps_its_places() {
        let found = tokens("'é😀' x").unwrap();
        assert_eq!(found.get(1), Some(&Token::Word("x".into())));
    }

    #[test]
    fn unclosed_quotes_and_comments_are_errors() {
        assert_eq!(tokens("SELECT 'abc").unwrap_err().number, 105);
        assert_eq!(tokens("/* abc").unwrap_err().number, 113);
    }
}
