//! Reading and writing the little-endian pieces that every TDS message is made of.

use std::fmt;

/// A message that does not keep to the protocol; it ends its connection and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Malformed(pub(super) String);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "malformed message: {}", self.0)
    }
}

impl std::error::Error for Malformed {}

/// A cursor over received bytes; every read is checked.
#[derive(Debug, Clone)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn remaining(&self) -> usize {
        self.rest.len()
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(super) fn bytes(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or_else(|| Malformed(format!("{count} bytes wanted, {} left", self.rest.len())))?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let mut array = [0; N];
        array.copy_from_slice(self.bytes(N)?);
        Ok(array)
    }

    pub(super) fn u8(&mut self) -> Result<u8, Malformed> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    pub(super) fn u16(&mut self) -> Result<u16, Malformed> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u16_be(&mut self) -> Result<u16, Malformed> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Malformed> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, Malformed> {
        self.array().map(u64::from_le_bytes)
    }

    /// A `u32` that counts bytes of this very message.
    pub(super) fn length(&mut self) -> Result<usize, Malformed> {
        let length = self.u32()?;
        usize::try_from(length).map_err(|_| Malformed(format!("length {length}")))
    }

    /// `B_VARCHAR`: a byte that counts UTF-16 units, then the units.
    pub(super) fn b_varchar(&mut self) -> Result<String, Malformed> {
        let units = usize::from(self.u8()?);
        self.text(units)
    }

    /// `US_VARCHAR`: as `B_VARCHAR` with a two-byte count.
    pub(super) fn us_varchar(&mut self) -> Result<String, Malformed> {
        let units = usize::from(self.u16()?);
        self.text(units)
    }

    pub(super) fn text(&mut self, units: usize) -> Result<String, Malformed> {
        Ok(String::from_utf16_lossy(&units_of(self.bytes(units * 2)?)))
    }
}

/// UTF-16 units of little-endian bytes; an odd last byte is dropped.
pub(super) fn units_of(bytes: &[u8]) -> Vec<u16> {
    bytes
        .chunks_exact(2)
        .filter_map(|pair| pair.try_into().ok().map(u16::from_le_bytes))
        .collect()
}

/// Writing; lengths that do not fit their field are cut with what they count.
pub(super) trait Put {
    fn put_u8(&mut self, value: u8);
    fn put(&mut self, bytes: &[u8]);

    fn put_u16(&mut self, value: u16) {
        self.put(&value.to_le_bytes());
    }

    fn put_u16_be(&mut self, value: u16) {
        self.put(&value.to_be_bytes());
    }

    fn put_u32(&mut self, value: u32) {
        self.put(&value.to_le_bytes());
    }

    fn put_u64(&mut self, value: u64) {
        self.put(&value.to_le_bytes());
    }

    fn put_utf16(&mut self, text: &str) {
        for unit in text.encode_utf16() {
            self.put_u16(unit);
        }
    }

    fn put_b_varchar(&mut self, text: &str) {
        let units: Vec<u16> = text.encode_utf16().take(usize::from(u8::MAX)).collect();
        self.put_u8(length8(units.len()));
        for unit in units {
            self.put_u16(unit);
        }
    }

    fn put_us_varchar(&mut self, text: &str) {
        // Half of what the field could count: the token around it has a two-byte length as well.
        let units: Vec<u16> = text.encode_utf16().take(0x4000).collect();
        self.put_u16(length16(units.len()));
        for unit in units {
            self.put_u16(unit);
        }
    }
}

impl Put for Vec<u8> {
    fn put_u8(&mut self, value: u8) {
        self.push(value);
    }

    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

pub(super) fn length8(length: usize) -> u8 {
    u8::try_from(length).unwrap_or(u8::MAX)
}

pub(super) fn length16(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}

pub(super) fn length32(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_past_the_end_is_an_error_and_takes_nothing() {
        let mut reader = Reader::new(&[1, 2, 3]);
        assert!(reader.u32().is_err());
        assert_eq!(reader.remaining(), 3);
        assert_eq!(reader.u8(), Ok(1));
    }

    #[test]
    fn text_is_counted_in_utf16_units() {
        let mut bytes = Vec::new();
        bytes.put_b_varchar("a😀");
        assert_eq!(bytes, [3, b'a', 0, 0x3D, 0xD8, 0x00, 0xDE]);
        assert_eq!(Reader::new(&bytes).b_varchar().as_deref(), Ok("a😀"));
    }

    #[test]
    fn text_too_long_for_its_count_is_cut() {
        let mut bytes = Vec::new();
        bytes.put_b_varchar(&"x".repeat(300));
        assert_eq!(bytes.len(), 1 + 255 * 2);
    }
}
