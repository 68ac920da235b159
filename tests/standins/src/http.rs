//! The HTTP server under the stand-ins: plain or TLS, on a thread of its own, able to misbehave on demand.

mod body;
mod connection;
mod fault;
mod message;
mod spoil;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread::JoinHandle;

use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

pub use fault::{Fault, Faults, Gate, Times};
pub use message::{Parameters, Request, Response};

use crate::record::Record;

/// A port of the system's choice on the loopback address.
pub const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

type Handler = dyn Fn(&Request) -> Response + Send + Sync;

/// What every connection of a server needs.
struct Endpoint {
    handler: Box<Handler>,
    record: Arc<Record>,
    faults: Arc<Faults>,
}

/// A running server; dropped, it is stopped and its connections are closed.
pub struct Server {
    address: SocketAddr,
    record: Arc<Record>,
    faults: Arc<Faults>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts a server that answers with what `handler` says, over TLS where there is a configuration.
    #[must_use]
    pub fn start(
        listen: SocketAddr,
        tls: Option<Arc<ServerConfig>>,
        handler: impl Fn(&Request) -> Response + Send + Sync + 'static,
    ) -> Self {
        let listener = std::net::TcpListener::bind(listen).expect("an address to listen on");
        listener
            .set_nonblocking(true)
            .expect("a socket that does not block");
        let address = listener.local_addr().expect("the address of a bound socket");
        let (record, faults) = (Arc::<Record>::default(), Arc::<Faults>::default());
        let endpoint = Endpoint {
            handler: Box::new(handler),
            record: record.clone(),
            faults: faults.clone(),
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::Builder::new()
            .name("stand-in".to_owned())
            .spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                let runtime = runtime.expect("a runtime");
                runtime.block_on(async {
                    tokio::select! {
                        () = accept(listener, tls.map(TlsAcceptor::from), Arc::new(endpoint)) => {}
                        _ = stopped => {}
                    }
                });
            })
            .expect("a thread");
        Self {
            address,
            record,
            faults,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What arrived.
    #[must_use]
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// What is to go wrong.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the server has already been printed.
            let _ = thread.join();
        }
    }
}

async fn accept(listener: std::net::TcpListener, tls: Option<TlsAcceptor>, endpoint: Arc<Endpoint>) {
    let listener = TcpListener::from_std(listener).expect("a socket that does not block");
    loop {
        // Out of file descriptors is the one error to expect; it passes when connections end.
        let Ok((stream, _)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        let number = endpoint.record.connection();
        tokio::spawn(serve(stream, number, tls.clone(), endpoint.clone()));
    }
}

async fn serve(stream: TcpStream, number: u64, tls: Option<TlsAcceptor>, endpoint: Arc<Endpoint>) {
    // Small answers at once, as a test of latency expects.
    let _ = stream.set_nodelay(true);
    match tls {
        None => connection::serve(stream, number, &endpoint).await,
        Some(tls) => {
            if let Ok(stream) = tls.accept(stream).await {
                connection::serve(stream, number, &endpoint).await;
            }
        }
    }
}

#[cfg(test)]
mod tests;
