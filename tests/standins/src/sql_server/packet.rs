//! Packets: messages read from a stream and responses cut into packets of the negotiated size.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::failure::Failure;
use super::wire::{Malformed, Put, Reader, length16};

pub(super) const HEADER: usize = 8;
/// What both sides use until LOGIN7 has agreed on another size.
pub(super) const DEFAULT_PACKET_SIZE: usize = 4096;
/// More than any test sends; keeps a garbled length from filling the memory.
const LONGEST_MESSAGE: usize = 64 << 20;

/// Packet types (MS-TDS 2.2.3.1.1).
pub(super) mod kind {
    pub(in crate::sql_server) const SQL_BATCH: u8 = 0x01;
    pub(in crate::sql_server) const RPC: u8 = 0x03;
    pub(in crate::sql_server) const RESPONSE: u8 = 0x04;
    pub(in crate::sql_server) const ATTENTION: u8 = 0x06;
    pub(in crate::sql_server) const BULK_LOAD: u8 = 0x07;
    pub(in crate::sql_server) const FEDAUTH_TOKEN: u8 = 0x08;
    pub(in crate::sql_server) const TRANSACTION: u8 = 0x0E;
    pub(in crate::sql_server) const LOGIN7: u8 = 0x10;
    pub(in crate::sql_server) const PRELOGIN: u8 = 0x12;
}

/// Status bits of a packet header (MS-TDS 2.2.3.1.2).
pub(super) mod status {
    pub(in crate::sql_server) const END_OF_MESSAGE: u8 = 0x01;
    pub(in crate::sql_server) const IGNORE: u8 = 0x02;
    pub(in crate::sql_server) const RESET: u8 = 0x08;
    pub(in crate::sql_server) const RESET_KEEPING_TRANSACTION: u8 = 0x10;
}

/// One message, its packets joined.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) kind: u8,
    /// Of the first packet: the reset bits are allowed there only.
    pub(super) status: u8,
    pub(super) body: Vec<u8>,
}

/// The receiving half. Dropping an unfinished `message()` loses nothing, so that a response can be
/// written while an attention is awaited.
pub(super) struct Incoming<R> {
    source: R,
    buffer: Vec<u8>,
    partial: Option<Message>,
}

impl<R: AsyncRead + Unpin> Incoming<R> {
    pub(super) fn new(source: R) -> Self {
        Self {
            source,
            buffer: Vec::new(),
            partial: None,
        }
    }

    /// The next message; `None` when the client has closed between two messages.
    ///
    /// Of a bulk load, which may be longer than fits into memory, it is the first packet.
    pub(super) async fn message(&mut self) -> Result<Option<Message>, Failure> {
        while let Some(packet) = self.packet().await? {
            if self.partial.is_none() && packet.kind == kind::BULK_LOAD {
                return Ok(Some(packet));
            }
            if let Some(message) = self.add(packet)? {
                return Ok(Some(message));
            }
        }
        Ok(None)
    }

    /// The next packet by itself.
    pub(super) async fn packet(&mut self) -> Result<Option<Message>, Failure> {
        loop {
            if let Some(packet) = take_packet(&mut self.buffer)? {
                return Ok(Some(packet));
            }
            self.buffer.reserve(DEFAULT_PACKET_SIZE);
            let ended = match self.source.read_buf(&mut self.buffer).await {
                Ok(read) => read == 0,
                // Driver 18 closes the socket without closing TLS first.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => true,
                Err(error) => return Err(error.into()),
            };
            if ended && self.buffer.is_empty() && self.partial.is_none() {
                return Ok(None);
            }
            if ended {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
        }
    }

    /// As `message`, where the client has no business to close.
    pub(super) async fn expect(&mut self, wanted: u8) -> Result<Message, Failure> {
        let message = self.message().await?.ok_or(Failure::Closed)?;
        if message.kind == wanted {
            Ok(message)
        } else {
            let text = format!("packet type {:#04x} where {wanted:#04x} is due", message.kind);
            Err(Malformed(text).into())
        }
    }

    fn add(&mut self, packet: Message) -> Result<Option<Message>, Malformed> {
        let ends = packet.status & status::END_OF_MESSAGE != 0;
        let ignored = packet.status & status::IGNORE != 0;
        let message = match self.partial.take() {
            None => packet,
            Some(mut message) if message.kind == packet.kind => {
                message.body.extend_from_slice(&packet.body);
                message
            }
            Some(message) => {
                let text = format!(
                    "packet type {:#04x} inside a message of type {:#04x}",
                    packet.kind, message.kind
                );
                return Err(Malformed(text));
            }
        };
        if message.body.len() > LONGEST_MESSAGE {
            return Err(Malformed("message longer than 64 MiB".into()));
        }
        if ends {
            // A client that gives up in mid-message ends it with "ignore"; an attention follows.
            return Ok((!ignored).then_some(message));
        }
        self.partial = Some(message);
        Ok(None)
    }
}

/// Takes the first complete packet off the buffer.
fn take_packet(buffer: &mut Vec<u8>) -> Result<Option<Message>, Malformed> {
    let mut header = Reader::new(buffer);
    if header.remaining() < HEADER {
        return Ok(None);
    }
    let (kind, status) = (header.u8()?, header.u8()?);
    let length = usize::from(header.u16_be()?);
    if length < HEADER {
        return Err(Malformed(format!("packet length {length}")));
    }
    if buffer.len() < length {
        return Ok(None);
    }
    let rest = buffer.split_off(length);
    let mut packet = std::mem::replace(buffer, rest);
    packet.drain(..HEADER);
    Ok(Some(Message {
        kind,
        status,
        body: packet,
    }))
}

/// The sending half: tokens gather in `tokens` and leave as packets.
pub(super) struct Outgoing<W> {
    sink: W,
    /// Whole tokens only, so that an attention can end the response at any time.
    pub(super) tokens: Vec<u8>,
    pub(super) packet_size: usize,
    spid: u16,
    sequence: u8,
    /// Kept between writes for its capacity.
    packets: Vec<u8>,
}

impl<W: AsyncWrite + Unpin> Outgoing<W> {
    pub(super) fn new(sink: W, spid: u16) -> Self {
        Self {
            sink,
            tokens: Vec::new(),
            packet_size: DEFAULT_PACKET_SIZE,
            spid,
            sequence: 0,
            packets: Vec::new(),
        }
    }

    /// Sends what fills whole packets and is certainly not the end.
    pub(super) async fn flush_full_packets(&mut self) -> io::Result<()> {
        let payload = self.packet_size - HEADER;
        let full = self.tokens.len().saturating_sub(1) / payload * payload;
        if full == 0 {
            return Ok(());
        }
        let rest = self.tokens.split_off(full);
        let tokens = std::mem::replace(&mut self.tokens, rest);
        self.pack(&tokens, false);
        self.write().await
    }

    /// Ends the response.
    pub(super) async fn finish(&mut self) -> io::Result<()> {
        let mut tokens = std::mem::take(&mut self.tokens);
        self.pack(&tokens, true);
        self.sequence = 0;
        tokens.clear();
        self.tokens = tokens;
        self.write().await
    }

    fn pack(&mut self, tokens: &[u8], ends: bool) {
        let mut chunks = tokens.chunks(self.packet_size - HEADER).peekable();
        while let Some(chunk) = chunks.next() {
            let last = ends && chunks.peek().is_none();
            self.sequence = self.sequence.wrapping_add(1);
            self.packets.put_u8(kind::RESPONSE);
            self.packets.put_u8(if last { status::END_OF_MESSAGE } else { 0 });
            self.packets.put_u16_be(length16(chunk.len() + HEADER));
            self.packets.put_u16_be(self.spid);
            self.packets.put_u8(self.sequence);
            self.packets.put_u8(0);
            self.packets.put(chunk);
        }
    }

    async fn write(&mut self) -> io::Result<()> {
        self.sink.write_all(&self.packets).await?;
        self.packets.clear();
        self.sink.flush().await
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]
    use super::*;

    fn packet(kind: u8, status: u8, body: &[u8]) -> Vec<u8> {
        let mut packet = vec![kind, status];
        packet.put_u16_be(length16(body.len() + HEADER));
        packet.put(&[0, 0, 1, 0]);
        packet.put(body);
        packet
    }

    async fn read(bytes: Vec<u8>) -> Result<Option<Message>, Failure> {
        Incoming::new(bytes.as_slice()).message().await
    }

    #[tokio::test]
    async fn packets_of_one_message_are_joined() {
        let bytes = [packet(1, 0x08, b"ab"), packet(1, 1, b"cd")].concat();
        let message = read(bytes).await.unwrap().unwrap();
        assert_eq!(message.body, b"abcd");
        assert_eq!(message.status, 0x08);
    }

    #[tokio::test]
    async fn an_ignored_message_is_skipped() {
        let bytes = [packet(1, 0, b"ab"), packet(1, 3, b"c"), packet(6, 1, b"")].concat();
        assert_eq!(read(bytes).await.unwrap().unwrap().kind, kind::ATTENTION);
    }

    #[tokio::test]
    async fn a_length_shorter_than_the_header_is_refused() {
        let bytes = vec![1, 1, 0, 7, 0, 0, 0, 0];
        assert!(matches!(read(bytes).await, Err(Failure::Malformed(_))));
    }

    #[tokio::test]
    async fn an_end_inside_a_message_is_an_error_and_between_two_is_not() {
        assert!(read(vec![1, 1, 0]).await.is_err());
        assert!(read(packet(1, 0, b"ab")).await.is_err());
        assert_eq!(read(Vec::new()).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_response_is_cut_into_packets_of_the_negotiated_size() {
        let mut sent = Vec::new();
        let mut outgoing = Outgoing::new(&mut sent, 51);
        outgoing.packet_size = 512;
        outgoing.tokens = vec![7; 504 * 2];
        outgoing.flush_full_packets().await.unwrap();
        assert_eq!(outgoing.tokens.len(), 504, "one packet stays for the end");
        outgoing.finish().await.unwrap();
        let message = read(sent.clone()).await.unwrap().unwrap();
        assert_eq!(message.body.len(), 504 * 2);
        assert_eq!(sent.len(), 512 * 2);
    }
}
