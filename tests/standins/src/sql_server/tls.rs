//! TLS the way TDS 7 does it: handshake records travel inside TDS packets, all later ones raw.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::packet::{DEFAULT_PACKET_SIZE, HEADER, kind, status};
use super::wire::{Put, length16};

/// The stream below TLS. While `wrapped`, both directions are framed.
pub(super) struct Handshake<S> {
    inner: S,
    wrapped: bool,
    header: [u8; HEADER],
    header_read: usize,
    payload_left: usize,
    /// Records not yet framed.
    gathered: Vec<u8>,
    /// Framed bytes not yet written.
    framed: Vec<u8>,
}

/// Types of TLS records are no types of TDS packets.
fn is_tls_record(first: u8) -> bool {
    (0x14..=0x17).contains(&first)
}

impl<S> Handshake<S> {
    /// For `Encrypt=strict` (TDS 8): TLS comes first and is never framed.
    pub(super) fn raw(inner: S) -> Self {
        Self {
            wrapped: false,
            ..Self::wrapped(inner)
        }
    }

    pub(super) fn wrapped(inner: S) -> Self {
        Self {
            inner,
            wrapped: true,
            header: [0; HEADER],
            header_read: 0,
            payload_left: 0,
            gathered: Vec::new(),
            framed: Vec::new(),
        }
    }

    /// To be called once the handshake is over.
    pub(super) fn unwrap_from_now_on(&mut self) {
        self.wrapped = false;
    }

    fn frame(&mut self) {
        let mut chunks = self.gathered.chunks(DEFAULT_PACKET_SIZE - HEADER).peekable();
        while let Some(chunk) = chunks.next() {
            self.framed.put_u8(kind::PRELOGIN);
            self.framed.put_u8(if chunks.peek().is_none() {
                status::END_OF_MESSAGE
            } else {
                0
            });
            self.framed.put_u16_be(length16(chunk.len() + HEADER));
            self.framed.put(&[0; 4]);
            self.framed.put(chunk);
        }
        self.gathered.clear();
    }
}

impl<S: AsyncWrite + Unpin> Handshake<S> {
    fn poll_framed(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.frame();
        while !self.framed.is_empty() {
            let written = ready!(Pin::new(&mut self.inner).poll_write(context, &self.framed))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.framed.drain(..written);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Handshake<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_framed(context))?;
        if !this.wrapped && this.payload_left == 0 {
            return Pin::new(&mut this.inner).poll_read(context, out);
        }
        // Byte-exact reads: what follows the last framed record is raw and not for us.
        while this.payload_left == 0 {
            let mut header = ReadBuf::new(&mut this.header);
            header.set_filled(this.header_read);
            ready!(Pin::new(&mut this.inner).poll_read(context, &mut header))?;
            let read = header.filled().len();
            if read == this.header_read {
                return Poll::Ready(Ok(()));
            }
            if header.filled().first().copied().is_some_and(is_tls_record) {
                // Under TLS 1.3 Driver 18.6 thinks the handshake over before we do, and its last flight comes raw.
                out.put_slice(header.filled());
                this.wrapped = false;
                this.header_read = 0;
                return Poll::Ready(Ok(()));
            }
            this.header_read = read;
            if read == HEADER {
                let [kind, _, high, low, ..] = this.header;
                let length = usize::from(u16::from_be_bytes([high, low]));
                if kind != kind::PRELOGIN || length < HEADER {
                    return Poll::Ready(Err(io::Error::new(
                        io::ErrorKind::InvalidData,
                        "TLS handshake outside a PRELOGIN packet",
                    )));
                }
                this.payload_left = length - HEADER;
                this.header_read = 0;
            }
        }
        let mut scratch = [0; 1024];
        let wanted = this.payload_left.min(out.remaining()).min(scratch.len());
        let mut part = ReadBuf::new(scratch.get_mut(..wanted).unwrap_or_default());
        ready!(Pin::new(&mut this.inner).poll_read(context, &mut part))?;
        let read = part.filled().len();
        out.put_slice(part.filled());
        this.payload_left -= read;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Handshake<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.wrapped {
            this.gathered.put(bytes);
            return Poll::Ready(Ok(bytes.len()));
        }
        ready!(this.poll_framed(context))?;
        Pin::new(&mut this.inner).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_framed(context))?;
        Pin::new(&mut this.inner).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(context)
    }
}
