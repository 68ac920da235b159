//! One connection from the first byte to the last.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite, split};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::Shared;
use super::failure::Failure;
use super::login::{Arrival, VERSION, log_in};
use super::packet::{Incoming, Outgoing, kind};
use super::prelogin::Prelogin;
use super::tls::Handshake;

/// The first byte of a TLS record that opens a handshake.
const TLS_HANDSHAKE: u8 = 0x16;
/// User sessions start here; lower ones are the server's own.
const FIRST_SPID: u64 = 51;

pub(super) async fn serve(socket: TcpStream, connection: u64, shared: &Arc<Shared>) -> Result<(), Failure> {
    socket.set_nodelay(true)?;
    let peer = socket.peer_addr()?;
    let server_port = socket.local_addr()?.port();
    let mut first = [0];
    if socket.peek(&mut first).await? == 0 {
        // A port scan, or somebody who only waited for the server to be up.
        return Ok(());
    }
    let strict = first == [TLS_HANDSHAKE];
    let spid = u16::try_from(FIRST_SPID + connection % 30_000).unwrap_or(u16::MAX);

    let mut stream = if strict {
        accept(Handshake::raw(socket), shared).await?
    } else {
        let mut socket = socket;
        if !prelogin(&mut socket, spid, false).await? {
            return Ok(());
        }
        accept(Handshake::wrapped(socket), shared).await?
    };
    if strict {
        prelogin(&mut stream, spid, true).await?;
    }

    let tls = stream.get_ref().1.protocol_version();
    let arrival = Arrival {
        connection,
        peer,
        server_port,
        strict,
        tls: tls.map_or_else(String::new, |version| format!("{version:?}")),
    };
    let (source, sink) = split(stream);
    let incoming = Incoming::new(source);
    let outgoing = Outgoing::new(sink, spid);
    match log_in(incoming, outgoing, spid, &arrival, shared).await? {
        Some(mut conversation) => conversation.run().await,
        None => Ok(()),
    }
}

/// False if the client cannot encrypt: it was told that it must, and may go.
async fn prelogin<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    spid: u16,
    strict: bool,
) -> Result<bool, Failure> {
    let message = Incoming::new(&mut *stream).expect(kind::PRELOGIN).await?;
    let prelogin = Prelogin::parse(&message.body)?;
    let [major, minor, high, low] = VERSION;
    let mut outgoing = Outgoing::new(stream, spid);
    outgoing.tokens = prelogin.answer([major, minor, high, low, 0, 0], strict);
    outgoing.finish().await?;
    Ok(prelogin.can_encrypt())
}

async fn accept(
    stream: Handshake<TcpStream>,
    shared: &Shared,
) -> Result<TlsStream<Handshake<TcpStream>>, Failure> {
    let acceptor = TlsAcceptor::from(Arc::clone(&shared.tls));
    let mut stream = acceptor.accept(stream).await?;
    stream.get_mut().0.unwrap_from_now_on();
    Ok(stream)
}
