//! The files that `...File` keywords name: they may be chosen by whoever writes the string, and what is in them is sent
//! somewhere. So each must look like what its keyword is for, and no error quotes it.

use super::token_form;
use crate::{
    Error, Keyword, Secret, Text, ValueName,
    process::regular_file::{self, MAX_SECRET_LENGTH},
    token::Claims,
};
use std::path::Path;
use zeroize::Zeroizing;

/// What a file must look like to be taken for what it is to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One line of text: passwords and client secrets.
    Line,
    /// Characters of tokens alone: printable ASCII, no blanks.
    Token,
    /// The same, or such a token as [`token_form`] finds it.
    AccessToken,
    /// A signed JWT, which all assertions for Entra are (RFC 7523).
    Jwt,
}

impl Shape {
    /// That of what this keyword's file holds.
    #[must_use]
    pub fn for_keyword(file: Keyword) -> Self {
        match file {
            Keyword::ClientAssertionFile | Keyword::UserAssertionFile => Self::Jwt,
            Keyword::AccessTokenFile => Self::AccessToken,
            Keyword::SystemTokenFile | Keyword::RefreshTokenFile => Self::Token,
            _ => Self::Line,
        }
    }

    fn check(self, text: &str) -> Result<(), &'static str> {
        if text.is_empty() {
            return Err("it is empty");
        }
        if text.chars().any(char::is_control) {
            return Err("it has more than one line, or control characters");
        }
        if self != Self::Line && !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("it has characters that no token has");
        }
        if self == Self::Jwt && !Claims::are_in(text) {
            return Err("it is no signed assertion (JWT)");
        }
        Ok(())
    }

    fn remedy(self) -> &'static str {
        match self {
            Self::Line => "Name a readable text file with the secret in it.",
            Self::Token | Self::AccessToken => {
                "Name a readable text file with the token alone in it, as its issuer gave it."
            }
            Self::Jwt => "Name a readable text file with the assertion alone in it, as its issuer gave it.",
        }
    }
}

/// Reads a secret from a regular file of at most 64 KiB, surrounding white space removed.
pub fn read(path: &str, named_by: impl Into<ValueName>, shape: Shape) -> Result<Secret, Error> {
    let named_by = named_by.into();
    let failed = |why: &str| failed(path, named_by, why).remedy(shape.remedy());
    let bytes =
        regular_file::read(Path::new(path), MAX_SECRET_LENGTH).map_err(|why| failed(&why.to_string()))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| failed("it is not UTF-8 text"))?;
    let text = text.trim_start_matches('\u{feff}').trim();
    let secret = match shape {
        Shape::AccessToken => token_form::bare(text),
        _ => Secret::new(text.to_owned()),
    };
    shape.check(secret.expose()).map_err(failed)?;
    Ok(secret)
}

/// Reads a regular file of at most `limit` bytes, whatever is in it.
pub fn bytes(path: &str, named_by: impl Into<ValueName>, limit: usize) -> Result<Zeroizing<Vec<u8>>, Error> {
    regular_file::read(Path::new(path), limit)
        .map_err(|why| failed(path, named_by, &why.to_string()).remedy("Name a readable file."))
}

/// A file that cannot be used, and why.
#[must_use]
pub fn failed(path: &str, named_by: impl Into<ValueName>, why: &str) -> Error {
    Error::invalid(
        Text::from("the file of ")
            .value(named_by)
            .words(&format!("= cannot be used: {path}: {why}")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{process::regular_file::tests::Place, token::jwt};

    fn refusal(path: &Path, shape: Shape) -> String {
        let error = read(path.to_str().unwrap(), Keyword::AccessTokenFile, shape).unwrap_err();
        assert_eq!(error.kind().name(), "invalid");
        let text = error.to_string();
        assert!(
            text.contains("AccessTokenFile") && text.contains(path.to_str().unwrap()),
            "{text}"
        );
        text
    }

    #[test]
    fn a_secret_is_read_without_its_line_end() {
        let place = Place::new("secret");
        let path = place.file("secret", "\u{feff}s3cret\r\n");
        for shape in [Shape::Line, Shape::Token] {
            let secret = read(path.to_str().unwrap(), Keyword::PasswordFile, shape).unwrap();
            assert_eq!(secret.expose(), "s3cret");
        }
        let path = place.file("jwt", jwt(&serde_json::json!({})));
        assert!(read(path.to_str().unwrap(), Keyword::ClientAssertionFile, Shape::Jwt).is_ok());
    }

    #[test]
    fn what_does_not_look_as_its_keyword_says_is_refused_without_its_content() {
        let place = Place::new("shapes");
        for (content, shape, why) in [
            (" \n", Shape::Line, "empty"),
            ("root:x:0\nhidden:y:1\n", Shape::Line, "more than one line"),
            ("hidden words", Shape::Token, "characters that no token has"),
            ("hidd\u{e9}n", Shape::Token, "characters that no token has"),
            ("hidden.hidden.hidden", Shape::Jwt, "no signed assertion"),
            ("hidden", Shape::Jwt, "no signed assertion"),
        ] {
            let text = refusal(&place.file("file", content), shape);
            assert!(text.contains(why) && !text.contains("hidden"), "{text}");
        }
        let binary = refusal(&place.file("binary", b"hidden\xff"), Shape::Line);
        assert!(binary.contains("UTF-8") && !binary.contains("hidden"), "{binary}");
        assert!(
            refusal(&place.file("big", vec![b'a'; MAX_SECRET_LENGTH + 1]), Shape::Line).contains("longer")
        );
        assert!(refusal(&place.fifo("fifo"), Shape::Line).contains("FIFO"));
    }
}
