//! A name server for one network namespace: it answers every question for an address as the test says (RFC 1035).

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

const HEADER: usize = 12;
/// A record type, and the class that all questions have.
const A: u16 = 1;
const AAAA: u16 = 28;
const IN: u16 = 1;
/// A response, authoritative; the questioner's own flag for recursion is repeated.
const RESPONSE: u16 = 0x8400;
const NAME_ERROR: u16 = 3;
/// A pointer to the name of the question, which begins right after the header.
const NAME: [u8; 2] = [0xC0, 12];
/// Short enough that no client keeps an answer from one question to the next.
const TIME_TO_LIVE: u32 = 0;

/// A running name server; dropping it stops it.
#[derive(Debug)]
pub struct Dns {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    stopped: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Dns {
    /// Listens on `address`; `resolve` gives the addresses of a name in lower case, none for a name that is unknown.
    ///
    /// # Errors
    ///
    /// When the address cannot be listened on.
    pub fn start(
        address: SocketAddr,
        resolve: impl Fn(&str) -> Vec<IpAddr> + Send + 'static,
    ) -> io::Result<Self> {
        let socket = UdpSocket::bind(address)?;
        let address = socket.local_addr()?;
        let asked = Arc::new(Mutex::new(Vec::new()));
        let stopped = Arc::new(AtomicBool::new(false));
        let thread = {
            let (asked, stopped) = (Arc::clone(&asked), Arc::clone(&stopped));
            std::thread::spawn(move || {
                let mut question = [0; 512];
                while let Ok((length, from)) = socket.recv_from(&mut question) {
                    if stopped.load(Ordering::SeqCst) {
                        return;
                    }
                    let question = question.get(..length).unwrap_or_default();
                    let Some((name, kind)) = read(question) else {
                        continue;
                    };
                    let answer = answer(question, kind, &resolve(&name));
                    asked.lock().unwrap_or_else(PoisonError::into_inner).push(name);
                    // Who has gone away meanwhile needs no answer.
                    let _ = socket.send_to(&answer, from);
                }
            })
        };
        Ok(Self {
            address,
            asked,
            stopped,
            thread: Some(thread),
        })
    }

    /// The names that were asked for since the last call, in lower case, oldest first.
    #[must_use]
    pub fn take_asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        // Wakes the thread; where that fails it ends with the process.
        let woken =
            UdpSocket::bind((self.address.ip(), 0)).and_then(|socket| socket.send_to(&[], self.address));
        if let (Ok(_), Some(thread)) = (woken, self.thread.take()) {
            let _ = thread.join();
        }
    }
}

/// The name and the type of the first question.
fn read(message: &[u8]) -> Option<(String, u16)> {
    let mut labels = Vec::new();
    let mut rest = message.get(HEADER..)?;
    loop {
        let (length, after) = rest.split_first()?;
        let (label, after) = after.split_at_checked(usize::from(*length))?;
        rest = after;
        if label.is_empty() {
            break;
        }
        labels.push(String::from_utf8_lossy(label).to_lowercase());
    }
    let kind = rest.first_chunk().map(|kind| u16::from_be_bytes(*kind))?;
    Some((labels.join("."), kind))
}

fn answer(question: &[u8], kind: u16, addresses: &[IpAddr]) -> Vec<u8> {
    let records: Vec<Vec<u8>> = addresses
        .iter()
        .filter_map(|address| match (kind, address) {
            (A, IpAddr::V4(address)) => Some(address.octets().to_vec()),
            (AAAA, IpAddr::V6(address)) => Some(address.octets().to_vec()),
            _ => None,
        })
        .collect();
    let code = if addresses.is_empty() { NAME_ERROR } else { 0 };
    let count = u16::try_from(records.len()).unwrap_or(0);
    // The question goes back without what a client may have put behind it (EDNS).
    let end = HEADER + question.get(HEADER..).and_then(question_length).unwrap_or(0);
    let mut answer = question.get(..2).unwrap_or_default().to_vec();
    for number in [RESPONSE | code, 1, count, 0, 0] {
        answer.extend(number.to_be_bytes());
    }
    answer.extend(question.get(HEADER..end).unwrap_or_default());
    for record in records {
        answer.extend(NAME);
        answer.extend(kind.to_be_bytes());
        answer.extend(IN.to_be_bytes());
        answer.extend(TIME_TO_LIVE.to_be_bytes());
        answer.extend(u16::try_from(record.len()).unwrap_or(0).to_be_bytes());
        answer.extend(record);
    }
    answer
}

/// The name up to the empty label, then type and class.
fn question_length(question: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let length = usize::from(*question.get(at)?);
        at += 1 + length;
        if length == 0 {
            return Some(at + 4);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a failure here is a failed test"
    )]
    use super::*;

    fn question(name: &str, kind: u16) -> Vec<u8> {
        let mut message = vec![0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in name.split('.') {
            message.push(u8::try_from(label.len()).unwrap());
            message.extend(label.as_bytes());
        }
        message.push(0);
        message.extend(kind.to_be_bytes());
        message.extend(IN.to_be_bytes());
        message
    }

    #[test]
    fn a_known_name_has_its_address_and_an_unknown_one_an_error() {
        let local = SocketAddr::from(([127, 0, 0, 1], 0));
        let dns = Dns::start(local, |name| match name {
            "db.example" => vec![IpAddr::from([10, 1, 2, 3])],
            _ => Vec::new(),
        })
        .unwrap();
        let client = UdpSocket::bind(local).unwrap();
        let ask = |name: &str| {
            client.send_to(&question(name, A), dns.address).unwrap();
            let mut answer = [0; 512];
            let length = client.recv(&mut answer).unwrap();
            answer[..length].to_vec()
        };
        let known = ask("DB.example");
        assert_eq!(known[..4], [0x12, 0x34, 0x84, 0]);
        assert!(known.ends_with(&[0, 4, 10, 1, 2, 3]), "{known:?}");
        assert_eq!(ask("other.example")[3], 3);
        assert_eq!(dns.take_asked(), ["db.example", "other.example"]);
    }
}
