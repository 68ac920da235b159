//! The one HTTP client: how every token request leaves the process.
//!
//! Why not azure_core's own: it brings aws-lc-rs, which seeds its entropy for 28 ms at the first
//! token; it has no total time limit and no limit on bodies, retries an untrusted certificate for
//! 80 s, and panics where the machine has no CA certificates.

mod cluster;
mod failure;
pub mod pinned;
mod proxy;
pub(crate) mod retry;
pub mod roots;
mod tls_failure;

pub use cluster::Cluster;
pub use retry::Policy;
pub use roots::Places;
pub use tls_failure::TlsFailure;

use crate::{
    Environment, Error, ErrorKind,
    process::{
        fork::{Lock, Process},
        log::Milliseconds,
        name_resolution::Resolver,
    },
    token::Deadline,
};
use pinned::Thumbprint;
use reqwest::{Client, ClientBuilder, Method, header::HeaderMap};
use retry::Trouble;
use rustls::client::danger::ServerCertVerifier;
use std::{
    fmt, mem,
    sync::Arc,
    time::{Duration, Instant},
};
use tracing::debug;
use zeroize::Zeroizing;

/// The longest answer that is read, in bytes.
const MAX_BODY_LENGTH: usize = 1024 * 1024;

/// How long a connection to Entra, perhaps through a proxy, may take to come up.
const ENTRA_CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long one to an endpoint of this machine may take: IMDS is one hop away, or nowhere.
const LOCAL_CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// How long a connection is kept for the next request.
const IDLE_CONNECTION_TIMEOUT: Duration = Duration::from_secs(30);

/// Shared by all credentials; connects at the first request.
#[derive(Debug)]
pub struct HttpClient {
    environment: Environment,
    clients: Lock<Option<Clients>>,
}

/// The clients of one process; their connections belong to its background thread.
#[derive(Debug)]
struct Clients {
    process: Process,
    far: Option<Client>,
    near: Option<Client>,
    pinned: Option<(Thumbprint, Client)>,
    cluster: Option<(Arc<Cluster>, Client)>,
}

/// Which way a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// Over HTTPS, through the proxy that the environment names.
    Far,
    /// To this machine's own endpoint, which speaks plain HTTP and refuses what came by a proxy.
    Near,
    /// The same over HTTPS, to the one server that has the certificate with this thumbprint.
    Pinned(Thumbprint),
    /// Over HTTPS to an endpoint of the Kubernetes cluster.
    Cluster(Arc<Cluster>),
}

/// A request to a token endpoint.
pub struct Call {
    /// `GET` without a body, else `POST`.
    pub url: String,
    /// Headers besides the usual ones; values may be secret.
    pub headers: Vec<(String, Zeroizing<String>)>,
    /// The body of a `POST`; secret.
    pub body: Option<Zeroizing<Vec<u8>>>,
    /// Which way it goes.
    pub route: Route,
    /// When it is sent again.
    pub retry: Policy,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("url", &self.url)
            .field("route", &self.route)
            .finish_non_exhaustive()
    }
}

/// An endpoint's answer, whatever its status.
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// What kind of content it says it is.
    pub content_type: String,
    /// What it asks to wait before the next request.
    pub retry_after: Option<Duration>,
    /// How it wants the request to be proved: `WWW-Authenticate`.
    pub challenge: String,
    /// What time it is there: `Date`.
    pub date: String,
    /// At most a megabyte; holds the token.
    pub body: Zeroizing<Vec<u8>>,
}

impl HttpClient {
    /// A transport that takes proxies and certificate paths from these variables, when first used.
    #[must_use]
    pub fn new(environment: &Environment) -> Self {
        Self {
            environment: environment.clone(),
            clients: Lock::new(None),
        }
    }

    /// Sends a request, again where that may help, until it is answered or `deadline` has come.
    ///
    /// An answer of any status is a success here: what it means is the endpoint's business.
    pub async fn send(&self, call: &Call, deadline: &Deadline) -> Result<Reply, Error> {
        let host = match &call.route {
            // The URL names the host of the certificate.
            Route::Cluster(cluster) => format!("{} at {}", host(&call.url), cluster.host),
            _ => host(&call.url),
        };
        deadline
            .bound(self.tries(call, &host, deadline))
            .await
            .unwrap_or_else(|| {
                Err(
                    Error::new(ErrorKind::TimedOut, format!("{host} did not answer in time")).remedy(
                        "Check the network and proxies, or allow more time (a connect: the login timeout).",
                    ),
                )
            })
    }

    async fn tries(&self, call: &Call, host: &str, deadline: &Deadline) -> Result<Reply, Error> {
        for sent in 1.. {
            let start = Instant::now();
            let result = self.exchange(call, host).await;
            let took = Milliseconds(start.elapsed());
            let (trouble, retry_after) = match &result {
                Ok(reply) => {
                    debug!(target: "entra_odbc", event = "http_answer", host, status = reply.status, ms = %took, sent);
                    (Trouble::Status(reply.status), reply.retry_after)
                }
                Err(Failed { error, may_retry }) => {
                    debug!(target: "entra_odbc", event = "http_failed", host, %error, ms = %took, sent);
                    if !may_retry {
                        return Err(error.clone());
                    }
                    (Trouble::Connection, None)
                }
            };
            let wait = call.retry.wait(sent, trouble, retry_after, deadline.remaining());
            let Some(wait) = wait else {
                return result.map_err(|failed| failed.error);
            };
            tokio::time::sleep(wait).await;
        }
        // The policy ends the loop long before the counter does.
        Err(Error::new(
            ErrorKind::Unreachable,
            format!("{host} cannot be reached"),
        ))
    }

    /// Sends a request once.
    async fn exchange(&self, call: &Call, host: &str) -> Result<Reply, Failed> {
        let client = self.client(&call.route).map_err(Failed::permanent)?;
        let method = if call.body.is_some() {
            Method::POST
        } else {
            Method::GET
        };
        let mut request = client.request(method, &call.url);
        for (name, value) in &call.headers {
            request = request.header(name, value.as_str());
        }
        if let Some(body) = &call.body {
            request = request.body(body.to_vec());
        }
        let mut response = request.send().await.map_err(|error| Failed::new(&error, host))?;
        let mut reply = Reply {
            status: response.status().as_u16(),
            content_type: header(response.headers(), "content-type").to_owned(),
            retry_after: retry::retry_after(header(response.headers(), "retry-after")),
            challenge: header(response.headers(), "www-authenticate").to_owned(),
            date: header(response.headers(), "date").to_owned(),
            body: Zeroizing::default(),
        };
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| Failed::new(&error, host))?
        {
            if reply.body.len() + chunk.len() > MAX_BODY_LENGTH {
                return Err(Failed::permanent(
                    Error::new(
                        ErrorKind::Unreachable,
                        format!("{host} answered with more than a megabyte"),
                    )
                    .remedy("Check that a token endpoint is there."),
                ));
            }
            reply.body.extend_from_slice(&chunk);
        }
        Ok(reply)
    }

    fn client(&self, route: &Route) -> Result<Client, Error> {
        let mut clients = self.clients.lock();
        let process = Process::current();
        if let Some(old) = clients.take_if(|old| old.process != process) {
            // Their connections are the parent's: closing them here would speak into its TLS.
            mem::forget(old);
        }
        let clients = clients.get_or_insert(Clients {
            process,
            far: None,
            near: None,
            pinned: None,
            cluster: None,
        });
        let client = match route {
            Route::Far => &mut clients.far,
            Route::Near => &mut clients.near,
            Route::Pinned(thumbprint) => {
                if let Some((_, client)) = clients.pinned.as_ref().filter(|(known, _)| known == thumbprint) {
                    return Ok(client.clone());
                }
                let (_, client) = clients.pinned.insert((*thumbprint, self.build(route)?));
                return Ok(client.clone());
            }
            Route::Cluster(cluster) => {
                if let Some((_, client)) = clients.cluster.as_ref().filter(|(known, _)| known == cluster) {
                    return Ok(client.clone());
                }
                let (_, client) = clients.cluster.insert((Arc::clone(cluster), self.build(route)?));
                return Ok(client.clone());
            }
        };
        if let Some(client) = client {
            return Ok(client.clone());
        }
        Ok(client.insert(self.build(route)?).clone())
    }

    fn build(&self, route: &Route) -> Result<Client, Error> {
        let unusable = |error: String| {
            Error::new(
                ErrorKind::Unreachable,
                format!("the HTTP client cannot be set up: {error}"),
            )
        };
        // Given per configuration: a process-wide default is the host's to choose.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier: Arc<dyn ServerCertVerifier> = match route {
            Route::Far | Route::Near => {
                Arc::new(roots::Verifier::new(&self.environment, Arc::clone(&provider)))
            }
            Route::Pinned(thumbprint) => Arc::new(pinned::Special::new(
                pinned::Rule::Thumbprint(*thumbprint),
                Arc::clone(&provider),
            )),
            Route::Cluster(cluster) => cluster.verifier(&self.environment, &provider).map_err(unusable)?,
        };
        let mut tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable(error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let mut builder = ClientBuilder::new()
            .tls_backend_preconfigured(tls)
            // Turns the process's own variables off; ours come through the seam.
            .no_proxy()
            // Its own waits for one of a few threads.
            .dns_resolver(Arc::new(Resolver))
            .redirect(reqwest::redirect::Policy::none())
            // `entra-odbc status` reads the version of a library from this, up to the blank.
            .user_agent(concat!("entra-odbc/", env!("CARGO_PKG_VERSION"), " (odbc)"))
            .pool_idle_timeout(IDLE_CONNECTION_TIMEOUT)
            .pool_max_idle_per_host(2);
        builder = match route {
            Route::Far => builder.https_only(true).connect_timeout(ENTRA_CONNECT_TIMEOUT),
            Route::Near => builder.connect_timeout(LOCAL_CONNECT_TIMEOUT),
            Route::Pinned(_) => builder.https_only(true).connect_timeout(LOCAL_CONNECT_TIMEOUT),
            Route::Cluster(cluster) => builder
                .https_only(true)
                .connect_timeout(ENTRA_CONNECT_TIMEOUT)
                .dns_resolver(Arc::clone(cluster)),
        };
        if *route == Route::Far
            && let Some(proxy) = proxy::from_environment(&self.environment)?
        {
            builder = builder.proxy(proxy);
        }
        builder.build().map_err(|error| unusable(error.to_string()))
    }
}

/// A try that got no answer.
struct Failed {
    error: Error,
    may_retry: bool,
}

impl Failed {
    fn new(error: &reqwest::Error, host: &str) -> Self {
        let (classified, may_retry) = failure::classify(error, host);
        // A near endpoint that does not take a connection in a second is not there.
        let absent = error.is_timeout() && error.is_connect();
        Self {
            error: classified,
            may_retry: may_retry && !absent,
        }
    }

    fn permanent(error: Error) -> Self {
        Self {
            error,
            may_retry: false,
        }
    }
}

/// The part of a URL that may be shown and says where the request went.
fn host(url: &str) -> String {
    let scheme = url.find("://").map_or(0, |at| at + 3);
    let end = url
        .get(scheme..)
        .and_then(|rest| rest.find(['/', '?', '#']))
        .map_or(url.len(), |at| scheme + at);
    url.get(..end).unwrap_or(url).to_owned()
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
