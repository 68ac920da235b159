//! A SQL Server that Microsoft's driver logs in to: TDS 7.4 over TLS, tokens checked as Azure SQL checks them.
//!
//! ```no_run
//! use std::sync::Arc;
//! use standins::{certificates::CertificateAuthority, jwt::Issuer, sql_server::{SqlServer, SqlServerOptions}};
//!
//! let authority = CertificateAuthority::new();
//! let tls = authority.server_config(&["127.0.0.1", "localhost"]);
//! let server = SqlServer::start(SqlServerOptions::new(tls, Arc::new(Issuer::new())))?;
//! // … connect to server.address() …
//! assert_eq!(server.logins().len(), 1);
//! # Ok::<(), std::io::Error>(())
//! ```

mod bulk;
mod change;
mod column;
mod connection;
mod conversation;
mod failure;
mod fault;
mod identity;
mod login;
mod login7;
mod packet;
mod prelogin;
mod record;
mod request;
mod rows;
mod session;
mod sql;
mod statement;
mod storage;
mod tls;
mod tokens;
mod value;
mod wire;

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio::runtime::{self, Handle, Runtime};
use tokio::task::AbortHandle;

use crate::jwt::Issuer;
use failure::Failure;
use fault::Faults;
use record::Journal;
use storage::Storage;

pub use fault::Fault;
pub use prelogin::Encryption;
pub use record::{Broken, Hidden, Login, LoginKind, Outcome, Record, Request};
pub use tokens::SqlError;

/// What Azure SQL in its three clouds accepts as `aud`; a final slash makes no difference.
pub const AUDIENCES: [&str; 3] = [
    "https://database.windows.net/",
    "https://database.usgovcloudapi.net/",
    "https://database.chinacloudapi.cn/",
];

/// A SQL login.
#[derive(Debug, Clone)]
pub struct User {
    /// Its name, compared without regard to case.
    pub name: String,
    /// Its password.
    pub password: Hidden,
}

/// The certificate and key for the address that a client has connected to.
#[derive(Clone)]
pub struct TlsByAddress(Arc<dyn Fn(IpAddr) -> Arc<ServerConfig> + Send + Sync>);

impl TlsByAddress {
    /// What `choose` says for each address.
    pub fn new(choose: impl Fn(IpAddr) -> Arc<ServerConfig> + Send + Sync + 'static) -> Self {
        Self(Arc::new(move |address| for_tds(&choose(address))))
    }
}

impl fmt::Debug for TlsByAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TlsByAddress").finish_non_exhaustive()
    }
}

/// How the server is to be.
#[derive(Debug, Clone)]
pub struct SqlServerOptions {
    /// Certificate and key.
    pub tls: Arc<ServerConfig>,
    /// Others in their place, by the address that the client has connected to: a server that listens on all
    /// addresses stands for many.
    pub tls_by_address: Option<TlsByAddress>,
    /// Whether the server encrypts.
    pub encryption: Encryption,
    /// Whose tokens are believed.
    pub issuer: Arc<Issuer>,
    /// Accepted values of `aud`.
    pub audiences: Vec<String>,
    /// SQL logins.
    pub users: Vec<User>,
    /// Told to clients that ask where tokens are issued; its first path segment is the tenant.
    pub sts_url: String,
    /// Told to them as what to ask a token for.
    pub spn: String,
    /// The databases there are; `None` opens any.
    pub databases: Option<Vec<String>>,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
}

impl SqlServerOptions {
    /// A server on a free port of 127.0.0.1, with every database and no SQL login.
    #[must_use]
    pub fn new(tls: Arc<ServerConfig>, issuer: Arc<Issuer>) -> Self {
        Self {
            tls,
            tls_by_address: None,
            encryption: Encryption::Required,
            issuer,
            audiences: AUDIENCES.map(str::to_owned).into(),
            users: Vec::new(),
            sts_url: "https://login.microsoftonline.com/00000000-0000-0000-0000-000000000000/".to_owned(),
            spn: "https://database.windows.net/".to_owned(),
            databases: None,
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
        }
    }

    /// Adds a SQL login.
    #[must_use]
    pub fn with_user(mut self, name: &str, password: &str) -> Self {
        self.users.push(User {
            name: name.to_owned(),
            password: Hidden::new(password),
        });
        self
    }
}

/// A running server; dropping it closes everything.
#[derive(Debug)]
pub struct SqlServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    runtime: Option<Runtime>,
}

/// What the connections have in common.
#[derive(Debug)]
struct Shared {
    options: SqlServerOptions,
    tls: Arc<ServerConfig>,
    journal: Journal,
    faults: Faults,
    connections: Connections,
    storage: Arc<Storage>,
}

impl SqlServer {
    /// Starts it on threads of its own.
    ///
    /// # Errors
    ///
    /// When the address cannot be listened on.
    pub fn start(options: SqlServerOptions) -> io::Result<Self> {
        let runtime = runtime::Builder::new_multi_thread()
            .worker_threads(2)
            // Deep expressions are evaluated by recursion, with the large frames of a debug build.
            .thread_stack_size(8 << 20)
            .thread_name("sql-server")
            .enable_all()
            .build()?;
        let listener = std::net::TcpListener::bind(options.listen)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            tls: for_tds(&options.tls),
            options,
            journal: Journal::default(),
            faults: Faults::default(),
            connections: Connections::default(),
            storage: Arc::default(),
        });
        let listener = {
            let _entered = runtime.enter();
            TcpListener::from_std(listener)?
        };
        runtime.spawn(listen(listener, Arc::clone(&shared)));
        Ok(Self {
            address,
            shared,
            runtime: Some(runtime),
        })
    }

    /// The port it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// All that arrived.
    #[must_use]
    pub fn record(&self) -> Record {
        self.shared.journal.read().clone()
    }

    /// Every login so far, refused ones too.
    #[must_use]
    pub fn logins(&self) -> Vec<Login> {
        self.shared.journal.read().logins.clone()
    }

    /// The same, and forgets them.
    #[must_use]
    pub fn take_logins(&self) -> Vec<Login> {
        std::mem::take(&mut self.shared.journal.read().logins)
    }

    /// Every request so far.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.shared.journal.read().requests.clone()
    }

    /// Connections that ended in an error.
    #[must_use]
    pub fn broken(&self) -> Vec<Broken> {
        self.shared.journal.read().broken.clone()
    }

    /// Forgets what arrived.
    pub fn forget(&self) {
        *self.shared.journal.read() = Record::default();
    }

    /// Waits for the first login that fits; `None` after `timeout`.
    #[must_use]
    pub fn wait_for_login(&self, timeout: Duration, fits: impl Fn(&Login) -> bool) -> Option<Login> {
        self.shared.journal.wait_for(timeout, |record| {
            record.logins.iter().find(|login| fits(login)).cloned()
        })
    }

    /// Adds a fault for one login or request; several wait in line.
    pub fn inject(&self, fault: Fault) {
        self.shared.faults.add(fault);
    }

    /// Takes back the faults that have not happened.
    pub fn clear_faults(&self) {
        self.shared.faults.clear();
    }

    /// Closes all connections without a word, and returns once they are closed.
    ///
    /// Driver 18.6 looks for a closed socket before a request, and restores the session, only if the connection was
    /// idle for 5 ms; a request that follows more quickly fails with `08S01`.
    pub fn drop_connections(&self) {
        self.shared.connections.abort();
    }

    /// How many connections are open.
    #[must_use]
    pub fn open_connections(&self) -> usize {
        self.shared.connections.lock().len()
    }
}

impl Drop for SqlServer {
    fn drop(&mut self) {
        let Some(runtime) = self.runtime.take() else {
            return;
        };
        if Handle::try_current().is_ok() {
            // Waiting is not allowed inside another runtime.
            runtime.shutdown_background();
        } else {
            runtime.shutdown_timeout(Duration::from_secs(5));
        }
    }
}

/// The configuration with what TDS asks for.
fn for_tds(tls: &ServerConfig) -> Arc<ServerConfig> {
    let mut tls = tls.clone();
    // What `Encrypt=strict` negotiates; others do not ask.
    tls.alpn_protocols = vec![b"tds/8.0".to_vec()];
    // Tickets would follow the handshake, where framed and raw records meet.
    tls.send_tls13_tickets = 0;
    Arc::new(tls)
}

async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    let mut connection = 0;
    loop {
        let socket = match listener.accept().await {
            Ok((socket, _)) => socket,
            Err(error) => {
                // Out of file descriptors, most likely: others will end.
                shared.journal.broken(0, format!("accept: {error}"));
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            }
        };
        connection += 1;
        let guard = Open {
            connection,
            shared: Arc::clone(&shared),
        };
        // Held until the handle is there, so that the guard cannot go before it comes.
        let mut open = shared.connections.lock();
        let task = tokio::spawn(async move {
            let shared = Arc::clone(&guard.shared);
            match connection::serve(socket, connection, &shared).await {
                Ok(()) | Err(Failure::Injected) => {}
                Err(failure) => shared.journal.broken(connection, failure.to_string()),
            }
            drop(guard);
        });
        open.insert(connection, task.abort_handle());
    }
}

/// The open connections.
#[derive(Debug, Default)]
struct Connections {
    open: Mutex<HashMap<u64, AbortHandle>>,
    closed: Condvar,
}

impl Connections {
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, AbortHandle>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn abort(&self) {
        let mut open = self.lock();
        let doomed: Vec<u64> = open.keys().copied().collect();
        for handle in open.values() {
            handle.abort();
        }
        while doomed.iter().any(|connection| open.contains_key(connection)) {
            open = self.closed.wait(open).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Takes its connection off the list when the task ends, however it ends.
struct Open {
    connection: u64,
    shared: Arc<Shared>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.shared.connections.lock().remove(&self.connection);
        self.shared.connections.closed.notify_all();
    }
}

#[cfg(test)]
mod tests;
