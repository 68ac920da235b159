//! TDS packets: an eight-byte header, then a piece of a message (MS-TDS 2.2.3).

use std::io;

/// The type of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What the server sends.
    Reply = 0x04,
    /// The login.
    Login7 = 0x10,
    /// What is agreed on before it; TLS' handshake travels in such packets as well.
    Prelogin = 0x12,
}

/// The length of a header.
pub const HEADER_LENGTH: usize = 8;

/// The longest packet before another length is agreed on.
const MAX_PACKET_LENGTH: usize = 4096;

/// The status bit of a message's last packet.
const END_OF_MESSAGE: u8 = 0x01;

/// A message cut into packets.
pub fn packets(kind: Kind, message: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(message.len() + HEADER_LENGTH);
    let mut pieces = message.chunks(MAX_PACKET_LENGTH - HEADER_LENGTH).peekable();
    let mut number = 1u8;
    while let Some(piece) = pieces.next() {
        let status = if pieces.peek().is_none() {
            END_OF_MESSAGE
        } else {
            0
        };
        let [high, low] = u16::try_from(piece.len() + HEADER_LENGTH)
            .unwrap_or(u16::MAX)
            .to_be_bytes();
        bytes.extend([kind as u8, status, high, low, 0, 0, number, 0]);
        bytes.extend(piece);
        number = number.wrapping_add(1);
    }
    bytes
}

/// A header, read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// How many bytes follow it.
    pub length: usize,
    /// Whether the message ends with them.
    pub last: bool,
    /// The byte of the type.
    pub kind: u8,
}

impl Header {
    /// Reads a header; an error where it cannot be one.
    pub fn parse(bytes: [u8; HEADER_LENGTH]) -> io::Result<Self> {
        let [kind, status, high, low, ..] = bytes;
        let length = usize::from(u16::from_be_bytes([high, low]));
        let length = length
            .checked_sub(HEADER_LENGTH)
            .filter(|_| kind == Kind::Reply as u8 || kind == Kind::Prelogin as u8)
            .ok_or_else(|| io::Error::other("it does not speak TDS"))?;
        Ok(Self {
            length,
            last: status & END_OF_MESSAGE != 0,
            kind,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_message_is_cut_and_its_end_marked() {
        let bytes = packets(Kind::Login7, &[7; 5000]);
        assert_eq!(bytes[..8], [0x10, 0, 0x10, 0, 0, 0, 1, 0]);
        assert_eq!(bytes[4096..4104], [0x10, 1, 0x03, 0x98, 0, 0, 2, 0]);
        assert_eq!(bytes.len(), 5016);
    }

    #[test]
    fn what_is_no_header_is_refused() {
        let header = Header::parse([4, 1, 0, 20, 0, 0, 1, 0]).unwrap();
        assert_eq!((header.length, header.last), (12, true));
        assert!(Header::parse(*b"HTTP/1.1").is_err());
        assert!(Header::parse([4, 1, 0, 7, 0, 0, 1, 0]).is_err());
    }
}
