//! What a server answers to a login that announces a token (MS-TDS 2.2.7).

use entra_auth::plain_text::one_line;
use std::io;

const ERROR: u8 = 0xaa;
const INFO: u8 = 0xab;
const LOGINACK: u8 = 0xad;
const ENVCHANGE: u8 = 0xe3;
const FEDAUTHINFO: u8 = 0xee;

/// `STSURL` among the pieces of FEDAUTHINFO.
const STS_URL: u8 = 0x01;
/// `Routing` among the kinds of ENVCHANGE.
const ROUTING: u8 = 20;

/// What the server wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A token that is got here.
    TokenFrom(String),
    /// That somebody else is asked.
    Elsewhere {
        /// The host.
        host: String,
        /// Its port.
        port: u16,
    },
    /// Neither; its own words, where it had some.
    Nothing(String),
}

/// Reads the answer; an error where it is garbled.
pub fn parse(bytes: &[u8]) -> io::Result<Answer> {
    let mut rest = Bytes(bytes);
    let mut words = String::new();
    let (mut routed, mut token_from) = (None, None);
    while let Some(token) = rest.byte() {
        match token {
            FEDAUTHINFO => {
                let length = rest.long()?;
                token_from = Some(sts_url(rest.take(length)?)?);
            }
            ENVCHANGE => {
                let length = rest.short()?;
                routed = routed.or(routing(rest.take(length)?)?);
            }
            ERROR | INFO => {
                let length = rest.short()?;
                let text = message(rest.take(length)?)?;
                if token == ERROR && words.is_empty() {
                    words = text;
                }
            }
            LOGINACK => {
                let length = rest.short()?;
                rest.take(length)?;
            }
            // DONE, or what comes after a login alone.
            _ => break,
        }
    }
    // A route counts wherever it stands: the driver follows it.
    Ok(routed.or(token_from).unwrap_or(Answer::Nothing(words)))
}

fn sts_url(info: &[u8]) -> io::Result<Answer> {
    let mut rest = Bytes(info);
    for _ in 0..rest.long()?.min(16) {
        let id = rest.byte().ok_or_else(garbled)?;
        let (length, offset) = (rest.long()?, rest.long()?);
        if id == STS_URL {
            let end = offset.checked_add(length).ok_or_else(garbled)?;
            let text = info.get(offset..end).ok_or_else(garbled)?;
            return Ok(Answer::TokenFrom(utf16(text)));
        }
    }
    Ok(Answer::Nothing(String::new()))
}

fn routing(change: &[u8]) -> io::Result<Option<Answer>> {
    let mut rest = Bytes(change);
    if rest.byte() != Some(ROUTING) {
        return Ok(None);
    }
    let _length = rest.short()?;
    // TCP is the only protocol there is.
    let _protocol = rest.byte();
    let port = u16::try_from(rest.short()?).map_err(|_| garbled())?;
    let units = rest.short()?;
    let host = utf16(rest.take(units * 2)?);
    Ok(Some(Answer::Elsewhere { host, port }))
}

/// The text of ERROR and INFO.
fn message(body: &[u8]) -> io::Result<String> {
    let mut rest = Bytes(body);
    rest.take(6)?;
    let units = rest.short()?;
    Ok(utf16(rest.take(units * 2)?))
}

/// Text of the server's, in one line: it may become part of a message.
fn utf16(bytes: &[u8]) -> String {
    let (pairs, _) = bytes.as_chunks();
    let units: Vec<u16> = pairs.iter().map(|pair| u16::from_le_bytes(*pair)).collect();
    one_line(&String::from_utf16_lossy(&units)).into_owned()
}

fn garbled() -> io::Error {
    io::Error::other("its answer to the login is garbled")
}

/// Bytes that are read off one after another.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, length: usize) -> io::Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or_else(garbled)?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn short(&mut self) -> io::Result<usize> {
        let bytes = self.take(2)?.try_into().map_err(|_| garbled())?;
        Ok(u16::from_le_bytes(bytes).into())
    }

    fn long(&mut self) -> io::Result<usize> {
        let bytes = self.take(4)?.try_into().map_err(|_| garbled())?;
        usize::try_from(u32::from_le_bytes(bytes)).map_err(|_| garbled())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    fn fedauthinfo(url: &str) -> Vec<u8> {
        let url = text(url);
        let mut info = 1u32.to_le_bytes().to_vec();
        info.push(STS_URL);
        info.extend(u32::try_from(url.len()).unwrap().to_le_bytes());
        info.extend(13u32.to_le_bytes());
        info.extend(url);
        let mut token = vec![FEDAUTHINFO];
        token.extend(u32::try_from(info.len()).unwrap().to_le_bytes());
        token.extend(info);
        token
    }

    fn routing(host: &str, port: u16) -> Vec<u8> {
        let name = text(host);
        let mut change = vec![ROUTING, 0, 0, 0];
        change.extend(port.to_le_bytes());
        change.extend(u16::try_from(host.len()).unwrap().to_le_bytes());
        change.extend(name);
        change.extend([0, 0]);
        let mut token = vec![ENVCHANGE];
        token.extend(u16::try_from(change.len()).unwrap().to_le_bytes());
        token.extend(change);
        token
    }

    #[test]
    fn the_address_the_route_and_the_refusal_are_read() {
        let url = "https://login.example/tenant";
        assert_eq!(parse(&fedauthinfo(url)).unwrap(), Answer::TokenFrom(url.into()));
        let elsewhere = Answer::Elsewhere {
            host: "other.example".into(),
            port: 11_000,
        };
        assert_eq!(parse(&routing("other.example", 11_000)).unwrap(), elsewhere);
        let mut error = vec![ERROR];
        let body = [&[0; 6][..], &[4, 0], &text("no\r\n")].concat();
        error.extend(u16::try_from(body.len()).unwrap().to_le_bytes());
        error.extend(body);
        error.extend([0xfd; 13]);
        assert_eq!(parse(&error).unwrap(), Answer::Nothing("no  ".into()));
        assert_eq!(parse(&[]).unwrap(), Answer::Nothing(String::new()));
    }

    #[test]
    fn a_route_counts_wherever_it_stands() {
        let elsewhere = Answer::Elsewhere {
            host: "other.example".into(),
            port: 1,
        };
        let (route, info) = (
            routing("other.example", 1),
            fedauthinfo("https://login.example/t"),
        );
        for answer in [[&route[..], &info].concat(), [&info[..], &route].concat()] {
            assert_eq!(parse(&answer).unwrap(), elsewhere);
        }
    }

    #[test]
    fn whatever_a_server_says_is_read_within_bounds() {
        for good in [
            fedauthinfo("https://login.example/t"),
            routing("other.example", 1),
        ] {
            for cut in 0..good.len() {
                let _ = parse(&good[..cut]);
            }
            for at in 0..good.len() {
                for value in [0, 1, 0x7f, 0xff] {
                    let mut changed = good.clone();
                    changed[at] = value;
                    let _ = parse(&changed);
                }
            }
        }
    }
}
