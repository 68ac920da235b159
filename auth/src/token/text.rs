//! Which characters and how many of them a token may have.

use crate::{Error, Secret};

/// The longest token that is accepted, in characters: twice as many bytes fit into what Driver 18 takes.
pub const MAX_LENGTH: usize = 32 * 1024;

/// The characters of a token: printable ASCII without blanks, at least one and no more than [`MAX_LENGTH`].
// Small enough to be inlined, so that it is compiled for speed as its callers are, and not for size as this crate is.
#[inline]
pub fn checked(token: &Secret) -> Result<&[u8], Error> {
    let bytes = token.expose().as_bytes();
    // Without a way out in the middle, so that the compiler checks many bytes at once.
    let bad = bytes.iter().fold(0, |bad, byte| {
        bad | u8::from(byte.wrapping_sub(b'!') > b'~' - b'!')
    });
    if bad == 0 && !bytes.is_empty() && bytes.len() <= MAX_LENGTH {
        return Ok(bytes);
    }
    Err(malformed(bytes))
}

/// Why these characters are not a token.
#[cold]
fn malformed(bytes: &[u8]) -> Error {
    if bytes.is_empty() {
        // With a size of 0 Driver 18 falls back to Kerberos.
        return Error::invalid("the access token is empty");
    }
    if bytes.len() > MAX_LENGTH {
        return Error::invalid("the access token is longer than 32768 characters").remedy(
            "Have its issuer put less in it, such as fewer groups (token configuration of the application).",
        );
    }
    Error::invalid("the access token has characters that no token has (white space, controls or non-ASCII)")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn what_no_token_looks_like_is_refused_without_being_quoted() {
        for bad in ["", "a b", "a\0b", "tök€n", &"x".repeat(40_000)] {
            let token = Secret::new(bad.to_owned());
            let error = checked(&token).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid);
            assert!(bad.is_empty() || !error.to_string().contains(bad));
        }
        assert!(checked(&Secret::new("x".repeat(MAX_LENGTH))).is_ok());
    }
}
