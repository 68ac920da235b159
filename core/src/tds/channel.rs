//! The connection that the probe is made over: TCP, and TLS inside TDS packets or around them.

use super::packet::{HEADER_LENGTH, Header, Kind, packets};
use rustls::{ClientConfig, ClientConnection, pki_types::ServerName};
use std::{
    io::{self, Read as _, Write as _},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// The longest message that is read: a server has little to say before it knows who comes.
const MAX_MESSAGE_LENGTH: usize = 64 * 1024;

/// How long one of a host's addresses may take to answer, so that the next one has its turn.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection.
pub struct Channel {
    tcp: TcpStream,
    tls: Option<ClientConnection>,
}

impl Channel {
    /// Connects to the first of a host's addresses that answers.
    ///
    /// The error is that of the last address, but `ConnectionRefused` only where all of them refuse.
    pub async fn connect(addresses: Vec<SocketAddr>, port: u16) -> io::Result<Self> {
        let mut last: Option<io::Error> = None;
        for mut address in addresses {
            address.set_port(port);
            let error = match timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await {
                Ok(Ok(tcp)) => {
                    let _ = tcp.set_nodelay(true);
                    return Ok(Self { tcp, tls: None });
                }
                Ok(Err(error)) => error,
                Err(_) => io::ErrorKind::TimedOut.into(),
            };
            if last.is_none() || error.kind() != io::ErrorKind::ConnectionRefused {
                last = Some(error);
            }
        }
        Err(last.unwrap_or_else(|| io::Error::other("its name has no address")))
    }

    /// Shakes hands; `wrapped` in PRELOGIN packets where TLS comes after TDS has begun.
    pub async fn encrypt(&mut self, host: &str, config: Arc<ClientConfig>, wrapped: bool) -> io::Result<()> {
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let mut tls = ClientConnection::new(config, name).map_err(io::Error::other)?;
        while tls.is_handshaking() {
            let mut in_flight = Vec::new();
            while tls.wants_write() {
                tls.write_tls(&mut in_flight)?;
            }
            if !in_flight.is_empty() {
                let bytes = if wrapped {
                    packets(Kind::Prelogin, &in_flight)
                } else {
                    in_flight
                };
                self.tcp.write_all(&bytes).await?;
            }
            if tls.is_handshaking() {
                let bytes = if wrapped {
                    self.packet().await?.1
                } else {
                    self.some().await?
                };
                feed(&mut tls, &bytes)?;
            }
        }
        let mut last = Vec::new();
        while tls.wants_write() {
            tls.write_tls(&mut last)?;
        }
        if !last.is_empty() {
            let bytes = if wrapped {
                packets(Kind::Prelogin, &last)
            } else {
                last
            };
            self.tcp.write_all(&bytes).await?;
        }
        self.tls = Some(tls);
        Ok(())
    }

    /// From now on nothing is encrypted: the login was.
    pub fn decrypted(&mut self) {
        self.tls = None;
    }

    /// Sends a message.
    pub async fn send(&mut self, kind: Kind, message: &[u8]) -> io::Result<()> {
        let plain = packets(kind, message);
        let bytes = match &mut self.tls {
            None => plain,
            Some(tls) => {
                tls.writer().write_all(&plain)?;
                let mut bytes = Vec::new();
                while tls.wants_write() {
                    tls.write_tls(&mut bytes)?;
                }
                bytes
            }
        };
        self.tcp.write_all(&bytes).await
    }

    /// The next message, whole.
    pub async fn message(&mut self) -> io::Result<Vec<u8>> {
        let mut message = Vec::new();
        loop {
            let (header, piece) = self.packet().await?;
            message.extend(piece);
            if header.last {
                return Ok(message);
            }
            if message.len() > MAX_MESSAGE_LENGTH {
                return Err(io::Error::other("it says too much"));
            }
        }
    }

    async fn packet(&mut self) -> io::Result<(Header, Vec<u8>)> {
        let mut header = [0; HEADER_LENGTH];
        self.fill(&mut header).await?;
        let header = Header::parse(header)?;
        let mut piece = vec![0; header.length];
        self.fill(&mut piece).await?;
        Ok((header, piece))
    }

    async fn fill(&mut self, mut target: &mut [u8]) -> io::Result<()> {
        if self.tls.is_none() {
            self.tcp.read_exact(target).await?;
            return Ok(());
        }
        while !target.is_empty() {
            let read = self.tls.as_mut().map_or(Ok(0), |tls| tls.reader().read(target));
            match read {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(read) => target = target.get_mut(read..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let bytes = self.some().await?;
                    if let Some(tls) = &mut self.tls {
                        feed(tls, &bytes)?;
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Whatever has arrived.
    async fn some(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; 4096];
        let read = self.tcp.read(&mut bytes).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes.truncate(read);
        Ok(bytes)
    }
}

/// Hands received bytes to TLS; its refusal of a certificate comes out here.
fn feed(tls: &mut ClientConnection, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        tls.read_tls(&mut bytes)?;
        tls.process_new_packets().map_err(io::Error::other)?;
    }
    Ok(())
}
