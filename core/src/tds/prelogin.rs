//! PRELOGIN: what is agreed on before a login (MS-TDS 2.2.6.5).

use std::io;

const VERSION: u8 = 0;
const ENCRYPTION: u8 = 1;
const FEDAUTHREQUIRED: u8 = 6;
const TERMINATOR: u8 = 0xff;

/// `ENCRYPT_ON`, `ENCRYPT_REQ`.
const ENCRYPTS: [u8; 2] = [1, 3];

/// Our offer: encrypted throughout, and a token will come.
pub fn request() -> Vec<u8> {
    let options: [(u8, &[u8]); 3] = [
        (VERSION, &[18, 6, 0, 0, 0, 0]),
        (ENCRYPTION, &[1]),
        (FEDAUTHREQUIRED, &[1]),
    ];
    let mut table = Vec::new();
    let mut data: Vec<u8> = Vec::new();
    for (option, value) in options {
        let offset = options.len() * 5 + 1 + data.len();
        table.push(option);
        table.extend(u16::try_from(offset).unwrap_or(0).to_be_bytes());
        table.extend(u16::try_from(value.len()).unwrap_or(0).to_be_bytes());
        data.extend(value);
    }
    table.push(TERMINATOR);
    table.extend(data);
    table
}

/// The server's part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reply {
    /// Whether everything is to be encrypted.
    pub encrypts: bool,
    /// Whether the server spoke of tokens, which the login has to repeat.
    pub echo: bool,
}

impl Reply {
    /// Reads it; an error where it is none.
    pub fn parse(bytes: &[u8]) -> io::Result<Self> {
        let garbled = || io::Error::other("its PRELOGIN answer is garbled");
        let mut reply = Self {
            encrypts: false,
            echo: false,
        };
        let mut rest = bytes;
        loop {
            match *rest {
                [TERMINATOR, ..] => return Ok(reply),
                [
                    option,
                    offset_high,
                    offset_low,
                    length_high,
                    length_low,
                    ref further @ ..,
                ] => {
                    let offset = usize::from(u16::from_be_bytes([offset_high, offset_low]));
                    let length = usize::from(u16::from_be_bytes([length_high, length_low]));
                    let value = bytes.get(offset..offset + length).ok_or_else(garbled)?;
                    match (option, value) {
                        (ENCRYPTION, [value]) => reply.encrypts = ENCRYPTS.contains(value),
                        (FEDAUTHREQUIRED, [value]) => reply.echo = *value == 1,
                        _ => {}
                    }
                    rest = further;
                }
                _ => return Err(garbled()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_offer_reads_as_it_was_meant() {
        let reply = Reply::parse(&request()).unwrap();
        assert!(reply.encrypts && reply.echo);
    }

    #[test]
    fn whatever_a_server_says_is_read_within_bounds() {
        let good = request();
        for cut in 0..good.len() {
            let _ = Reply::parse(&good[..cut]);
        }
        for bad in [
            &[][..],
            &[1],
            &[1, 0xff, 0xff, 0xff, 0xff],
            &[1, 0, 9, 0, 1, 0xff],
        ] {
            assert!(Reply::parse(bad).is_err());
        }
    }
}
