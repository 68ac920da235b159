//! The listener for the redirect of the browser (RFC 8252, 7.3), on loopback addresses only.

mod request;

use super::page;
use crate::{Error, ErrorKind, Secret, os::is_family_absent};
use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinSet,
    time::timeout,
};
use tracing::debug;
use url::Url;

/// The host in the redirect URI, literally: Entra lets public clients have any port there, and there only.
const REDIRECT_HOST: &str = "http://localhost";

/// The maximum number of concurrent connections per address. Browsers open some speculatively.
const MAX_CONNECTIONS: usize = 32;

/// The time limit for receiving a request and for sending a response.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(10);

/// The maximum number of ports tried to find one that is free on both addresses.
const MAX_PORT_ATTEMPTS: u32 = 16;

/// The redirect URI: `http://localhost` with an optional port and path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    port: Option<u16>,
    /// The path as configured: Entra compares it literally.
    path: String,
}

impl Redirect {
    /// `RedirectUri=`, or any port where that is not given.
    pub fn parse(value: Option<&str>) -> Result<Self, Error> {
        let Some(value) = value else {
            return Ok(Self {
                port: None,
                path: String::new(),
            });
        };
        Self::parse_uri(value).ok_or_else(|| {
            Error::invalid(
                "RedirectUri= must be http://localhost, with a port or path where the application has one",
            )
            .remedy("Correct or remove it.")
        })
    }

    fn parse_uri(value: &str) -> Option<Self> {
        let url = Url::parse(value).ok()?;
        let rest = value.strip_prefix(REDIRECT_HOST)?;
        let (port, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let port = match port {
            "" => None,
            port => Some(port.strip_prefix(':')?.parse().ok().filter(|port| *port != 0)?),
        };
        // Only in the normalized form, so that the path that Entra compares is the one in the browser's request.
        let same = url.path() == if path.is_empty() { "/" } else { path };
        let path = path.to_owned();
        (same && url.query().is_none() && url.fragment().is_none()).then_some(Self { port, path })
    }
}

/// A listener for one sign-in. The port is released on drop.
#[derive(Debug)]
pub struct Loopback {
    listeners: Vec<TcpListener>,
    uri: String,
    wanted: Wanted,
}

/// The properties of the expected request.
#[derive(Debug, Clone)]
struct Wanted {
    path: String,
    state: String,
}

/// The connection of the browser, which waits for a page.
#[derive(Debug)]
pub struct Visitor {
    stream: TcpStream,
    returned: Returned,
}

/// The parameters of the redirect.
#[derive(Debug, PartialEq, Eq)]
pub enum Returned {
    /// The authorization code.
    Code(Secret),
    /// The sign-in failed.
    Refused {
        /// OAuth's name for the reason.
        error: String,
        /// Entra's own words.
        description: String,
    },
}

impl Loopback {
    /// Listens for the request that comes back with `state`.
    pub async fn listen(redirect: &Redirect, state: &str) -> Result<Self, Error> {
        let (listeners, port) = bind(redirect.port).await.map_err(|error| {
            let port = redirect
                .port
                .map_or_else(String::new, |port| format!(" on port {port}"));
            let remedy = match redirect.port {
                Some(_) => "End the program that has the port, or use a RedirectUri without one.",
                None => "Check that this program may listen on 127.0.0.1 (sandbox, ulimit -n).",
            };
            Error::new(
                ErrorKind::Unsupported,
                format!("the browser cannot come back: nobody can listen on this machine{port}: {error}"),
            )
            .remedy(remedy)
        })?;
        let path = if redirect.path.is_empty() {
            "/"
        } else {
            &redirect.path
        };
        Ok(Self {
            listeners,
            uri: format!("{REDIRECT_HOST}:{port}{}", redirect.path),
            wanted: Wanted {
                path: path.to_owned(),
                state: state.to_owned(),
            },
        })
    }

    /// The redirect URI, with the port.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// Waits for the first request with the expected state. Other requests get a response and are ignored.
    pub async fn visitor(self) -> Option<Visitor> {
        let (found, mut visitors) = mpsc::channel(1);
        let wanted = Arc::new(self.wanted);
        let mut doors = JoinSet::new();
        for listener in self.listeners {
            doors.spawn(serve(listener, Arc::clone(&wanted), found.clone()));
        }
        drop(found);
        visitors.recv().await
    }
}

/// Binds the same port on both loopback addresses, since `localhost` may resolve to either; on one if the machine has
/// only one of them.
async fn bind(port: Option<u16>) -> io::Result<(Vec<TcpListener>, u16)> {
    let (four, six) = (IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST));
    let mut result = Err(io::ErrorKind::AddrInUse.into());
    for _ in 0..MAX_PORT_ATTEMPTS {
        let first = match TcpListener::bind(SocketAddr::new(four, port.unwrap_or(0))).await {
            Err(error) if is_family_absent(&error) => {
                let only = TcpListener::bind(SocketAddr::new(six, port.unwrap_or(0))).await?;
                let port = only.local_addr()?.port();
                return Ok((vec![only], port));
            }
            first => first?,
        };
        let same = first.local_addr()?.port();
        match TcpListener::bind(SocketAddr::new(six, same)).await {
            Ok(second) => return Ok((vec![first, second], same)),
            Err(error) if is_family_absent(&error) => return Ok((vec![first], same)),
            // Another program on the second address would receive some of the browser's requests.
            Err(error) => result = Err(error),
        }
        if port.is_some() {
            break;
        }
    }
    result
}

async fn serve(listener: TcpListener, wanted: Arc<Wanted>, found: mpsc::Sender<Visitor>) {
    let mut visits = JoinSet::new();
    loop {
        while visits.try_join_next().is_some() {}
        if visits.len() >= MAX_CONNECTIONS {
            visits.join_next().await;
        }
        match listener.accept().await {
            Ok((stream, _)) => {
                visits.spawn(visit(stream, Arc::clone(&wanted), found.clone()));
            }
            Err(error) => {
                // Probably out of file descriptors; the end of other connections frees some.
                debug!(target: "entra_odbc", event = "browser_connection_failed", %error);
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn visit(mut stream: TcpStream, wanted: Arc<Wanted>, found: mpsc::Sender<Visitor>) {
    let Ok(Some(head)) = timeout(CONNECTION_TIMEOUT, request::head(&mut stream)).await else {
        return;
    };
    match request::returned(&head, &wanted.path, &wanted.state) {
        Some(returned) => drop(found.send(Visitor { stream, returned }).await),
        None => answer(&mut stream, "404 Not Found", &page::unknown()).await,
    }
}

impl Visitor {
    /// The parameters of the redirect.
    pub fn returned(&self) -> &Returned {
        &self.returned
    }

    /// Sends the page and closes the connection.
    pub async fn respond(mut self, page: &str) {
        answer(&mut self.stream, "200 OK", page).await;
    }
}

async fn answer(stream: &mut TcpStream, status: &str, page: &str) {
    let answer = format!(
        "HTTP/1.1 {status}\r\n\
         Content-Type: text/html; charset=utf-8\r\n\
         Content-Length: {}\r\n\
         Cache-Control: no-store\r\n\
         Content-Security-Policy: {}\r\n\
         Referrer-Policy: no-referrer\r\n\
         X-Content-Type-Options: nosniff\r\n\
         Connection: close\r\n\r\n{page}",
        page.len(),
        page::CONTENT_SECURITY_POLICY,
    );
    let write = async {
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await
    };
    if !matches!(timeout(CONNECTION_TIMEOUT, write).await, Ok(Ok(()))) {
        debug!(target: "entra_odbc", event = "browser_page_not_sent");
    }
}

#[cfg(test)]
mod tests;
