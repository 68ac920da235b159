//! The `ACCESSTOKEN` struct that `SQL_COPT_SS_ACCESS_TOKEN` takes, as words.
//!
//! Microsoft's header msodbcsql.h: `struct AccessToken { DWORD dataSize; BYTE data[]; }`, the data
//! being the token's bytes each followed by a zero byte (that is, ASCII as UTF-16LE).

use entra_auth::{Error, Secret, token::text};

/// A token whose text is fit for the struct: printable ASCII, neither empty nor too long.
#[derive(Debug, Clone, Copy)]
pub struct AccessTokenStruct<'a>(&'a [u8]);

impl<'a> AccessTokenStruct<'a> {
    /// Checks the text.
    // Small enough to be inlined, so that it is compiled for speed as its callers are, and not for size as this crate is.
    #[inline]
    pub fn new(token: &'a Secret) -> Result<Self, Error> {
        text::checked(token).map(Self)
    }

    /// The size of the whole struct in bytes, rounded up to whole words.
    #[must_use]
    pub fn size(&self) -> usize {
        (size_of::<u32>() + self.0.len() * 2).next_multiple_of(size_of::<u64>())
    }

    /// The token's characters, all of them ASCII.
    #[must_use]
    pub fn text(&self) -> &'a [u8] {
        self.0
    }

    /// `dataSize`: the length of the characters as UTF-16, in bytes.
    #[must_use]
    pub fn data_size(&self) -> u32 {
        // At most twice `MAX_LENGTH`.
        u32::try_from(self.0.len() * 2).unwrap_or(0)
    }

    /// The struct as words in memory order: `dataSize` and two characters, then four characters a word.
    pub fn words(&self) -> impl Iterator<Item = u64> + 'a {
        let (start, rest) = self.0.split_at(self.0.len().min(2));
        let (whole, last) = rest.as_chunks::<4>();
        let first = u64::from(self.data_size()) | widened(start) << u32::BITS;
        let last = (!last.is_empty()).then(|| widened(last));
        let words = std::iter::once(first).chain(whole.iter().map(|four| spread(u32::from_le_bytes(*four))));
        words.chain(last).map(u64::to_le)
    }
}

/// Up to four characters as UTF-16, the first in the lowest bits.
fn widened(characters: &[u8]) -> u64 {
    spread(
        characters
            .iter()
            .rev()
            .fold(0, |word, byte| word << 8 | u32::from(*byte)),
    )
}

/// A zero byte after each of four.
fn spread(four: u32) -> u64 {
    let pairs = (u64::from(four) | u64::from(four) << 16) & 0x0000_ffff_0000_ffff;
    (pairs | pairs << 8) & 0x00ff_00ff_00ff_00ff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_struct_is_the_size_and_the_token_as_utf_16() {
        for length in 1..=20 {
            let text = &"abcdefghijklmnopqrstuvwxyz"[..length];
            let token = Secret::new(text.to_owned());
            let token = AccessTokenStruct::new(&token).unwrap();
            let bytes: Vec<u8> = token.words().flat_map(u64::to_ne_bytes).collect();
            assert_eq!(token.size(), bytes.len());
            let mut expected = u32::try_from(2 * length).unwrap().to_le_bytes().to_vec();
            expected.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
            expected.resize(bytes.len(), 0);
            assert_eq!(bytes, expected);
        }
    }
}
