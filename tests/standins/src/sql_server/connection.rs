//! One connection from the first byte to the last.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite, split};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::failure::Failure;
use super::login::{Arrival, VERSION, log_in};
use super::packet::{Incoming, Outgoing, kind};
use super::prelogin::{Encryption, Prelogin};
use super::tls::Handshake;
use super::{Shared, TlsByAddress};

/// The first byte of a TLS record that opens a handshake.
const TLS_HANDSHAKE: u8 = 0x16;
/// User sessions start here; lower ones are the server's own.
const FIRST_SPID: u64 = 51;

pub(super) async fn serve(socket: TcpStream, connection: u64, shared: &Arc<Shared>) -> Result<(), Failure> {
    socket.set_nodelay(true)?;
    let local = socket.local_addr()?;
    let mut arrival = Arrival {
        connection,
        peer: socket.peer_addr()?,
        destination: SocketAddr::new(local.ip().to_canonical(), local.port()),
        strict: false,
        encryption: 0,
        tls: String::new(),
        tls_name: None,
    };
    let mut first = [0];
    if socket.peek(&mut first).await? == 0 {
        // A port scan, or somebody who only waited for the server to be up.
        return Ok(());
    }
    arrival.strict = first == [TLS_HANDSHAKE];
    let spid = u16::try_from(FIRST_SPID + connection % 30_000).unwrap_or(u16::MAX);

    let mut stream = if arrival.strict {
        accept(Handshake::raw(socket), &arrival, shared).await?
    } else {
        let server = shared.options.encryption;
        let mut socket = socket;
        let asked = prelogin(&mut socket, spid, Some(server)).await?;
        arrival.encryption = asked.encryption;
        if !asked.can_go_on(server) {
            return Ok(());
        }
        if server == Encryption::NotSupported {
            return log_in_and_run(socket, spid, &arrival, shared).await;
        }
        accept(Handshake::wrapped(socket), &arrival, shared).await?
    };
    if arrival.strict {
        prelogin(&mut stream, spid, None).await?;
    }
    let session = stream.get_ref().1;
    arrival.tls = session
        .protocol_version()
        .map_or_else(String::new, |version| format!("{version:?}"));
    arrival.tls_name = session.server_name().map(str::to_owned);
    log_in_and_run(stream, spid, &arrival, shared).await
}

async fn log_in_and_run<S: AsyncRead + AsyncWrite + Unpin + Send>(
    stream: S,
    spid: u16,
    arrival: &Arrival,
    shared: &Arc<Shared>,
) -> Result<(), Failure> {
    let (source, sink) = split(stream);
    let incoming = Incoming::new(source);
    let outgoing = Outgoing::new(sink, spid);
    match log_in(incoming, outgoing, spid, arrival, shared).await? {
        Some(mut conversation) => conversation.run().await,
        None => Ok(()),
    }
}

/// What the client asked for; it was told how the server encrypts, and may go.
async fn prelogin<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    spid: u16,
    encryption: Option<Encryption>,
) -> Result<Prelogin, Failure> {
    let message = Incoming::new(&mut *stream).expect(kind::PRELOGIN).await?;
    let prelogin = Prelogin::parse(&message.body)?;
    let [major, minor, high, low] = VERSION;
    let mut outgoing = Outgoing::new(stream, spid);
    outgoing.tokens = prelogin.answer([major, minor, high, low, 0, 0], encryption);
    outgoing.finish().await?;
    Ok(prelogin)
}

async fn accept(
    stream: Handshake<TcpStream>,
    arrival: &Arrival,
    shared: &Shared,
) -> Result<TlsStream<Handshake<TcpStream>>, Failure> {
    let tls = match &shared.options.tls_by_address {
        Some(TlsByAddress(choose)) => choose(arrival.destination.ip()),
        None => Arc::clone(&shared.tls),
    };
    let mut stream = TlsAcceptor::from(tls).accept(stream).await?;
    stream.get_mut().0.unwrap_from_now_on();
    Ok(stream)
}
