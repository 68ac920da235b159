//! The `ACCESSTOKEN` struct that `SQL_COPT_SS_ACCESS_TOKEN` takes, as words.
//!
//! Microsoft's header msodbcsql.h: `struct AccessToken { DWORD dataSize; BYTE data[]; }`, the data
//! being the token's bytes each followed by a zero byte (that is, ASCII as UTF-16LE).

use crate::{Error, Secret};

/// The longest token that is accepted, in bytes of its UTF-16LE form.
pub const MAXIMUM: usize = 64 * 1024;

/// A token whose text is fit for the struct: printable ASCII, neither empty nor too long.
#[derive(Debug, Clone, Copy)]
pub struct AccessToken<'a>(&'a [u8]);

impl<'a> AccessToken<'a> {
    /// Checks the text.
    pub fn new(token: &'a Secret) -> Result<Self, Error> {
        let bytes = token.expose().as_bytes();
        // With a size of 0 Driver 18 falls back to Kerberos.
        if bytes.is_empty() {
            return Err(Error::invalid("the access token is empty"));
        }
        if bytes.len() * 2 > MAXIMUM {
            return Err(Error::invalid("the access token is longer than 32768 characters"));
        }
        if !bytes.iter().all(u8::is_ascii_graphic) {
            return Err(Error::invalid(
                "the access token has characters that no token has (white space, controls or non-ASCII)",
            ));
        }
        Ok(Self(bytes))
    }

    /// The size of the whole struct in bytes, rounded up to whole words.
    #[must_use]
    pub fn size(&self) -> usize {
        4 + (self.0.len() * 2).next_multiple_of(4)
    }

    /// The struct as little-endian words: `dataSize`, then two characters a word.
    pub fn words(&self) -> impl Iterator<Item = u32> + Clone + 'a {
        let size = u32::try_from(self.0.len() * 2).unwrap_or(0);
        let data = self.0.chunks(2).map(|pair| match pair {
            [low, high] => u32::from(*low) | u32::from(*high) << 16,
            [low] => u32::from(*low),
            _ => 0,
        });
        std::iter::once(size.to_le()).chain(data.map(u32::to_le))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_struct_is_the_size_and_the_token_as_utf_16() {
        let token = Secret::new("abc".into());
        let token = AccessToken::new(&token).unwrap();
        let bytes: Vec<u8> = token.words().flat_map(u32::to_ne_bytes).collect();
        assert_eq!(bytes, b"\x06\0\0\0a\0b\0c\0\0\0");
        assert_eq!(token.size(), bytes.len());
    }

    #[test]
    fn what_no_token_looks_like_is_refused_without_being_quoted() {
        for bad in ["", "a b", "a\0b", "tök€n", &"x".repeat(40_000)] {
            let error = AccessToken::new(&Secret::new(bad.to_owned())).unwrap_err();
            assert_eq!(error.sqlstate(), "HY000");
            assert!(bad.is_empty() || !error.to_string().contains(bad));
        }
    }
}
