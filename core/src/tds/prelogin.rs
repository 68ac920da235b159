//! PRELOGIN: what is agreed on before a login (MS-TDS 2.2.6.5).

use std::io;

const VERSION: u8 = 0;
const ENCRYPTION: u8 = 1;
const FEDAUTHREQUIRED: u8 = 6;
const TERMINATOR: u8 = 0xff;

/// `ENCRYPT_OFF`: the login alone.
const OFF: u8 = 0;
/// `ENCRYPT_ON` and `ENCRYPT_REQ`.
const ON: [u8; 2] = [1, 3];

/// Our offer: encrypted throughout, or the login alone where that is what the driver will ask for; and a token will come.
pub fn request(encrypted: bool) -> Vec<u8> {
    let encryption = [u8::from(encrypted)];
    let options: [(u8, &[u8]); 3] = [
        (VERSION, &[18, 6, 0, 0, 0, 0]),
        (ENCRYPTION, &encryption),
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

/// What is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Nothing.
    Nothing,
    /// The login.
    Login,
    /// Everything.
    Everything,
}

/// The server's part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reply {
    /// What is to be encrypted.
    pub encrypts: Extent,
    /// Whether the server spoke of tokens, which the login has to repeat.
    pub echo: bool,
}

impl Reply {
    /// Reads it; an error where it is none.
    pub fn parse(bytes: &[u8]) -> io::Result<Self> {
        let garbled = || io::Error::other("its PRELOGIN answer is garbled");
        let mut reply = Self {
            encrypts: Extent::Nothing,
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
                        (ENCRYPTION, [value]) => {
                            reply.encrypts = match *value {
                                OFF => Extent::Login,
                                value if ON.contains(&value) => Extent::Everything,
                                _ => Extent::Nothing,
                            }
                        }
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
        let encrypts = |encrypted| {
            let reply = Reply::parse(&request(encrypted)).unwrap();
            assert!(reply.echo);
            reply.encrypts
        };
        assert_eq!(
            (encrypts(true), encrypts(false)),
            (Extent::Everything, Extent::Login)
        );
    }

    #[test]
    fn whatever_a_server_says_is_read_within_bounds() {
        let good = request(true);
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
