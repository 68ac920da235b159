//! A short TDS login that gets as far as the server's word on where it wants its tokens from.
//!
//! Nobody logs in: the probe says that it will bring an Entra token, reads the server's answer
//! (FEDAUTHINFO: the address of its Entra tenant), and hangs up. MS-TDS 2.2.6.4 (LOGIN7), 2.2.6.5
//! (PRELOGIN), 2.2.7.12 (FEDAUTHINFO). Microsoft's drivers learn the tenant in the same way.

mod channel;
pub mod diagnosis;
mod instance;
mod login7;
mod packet;
mod prelogin;
mod redirect;
mod reply;
#[cfg(test)]
mod scripted;
mod tenant;
mod trust;

use crate::connection_string::server::Server;
use channel::Channel;
use entra_auth::{Environment, Error, ErrorKind, http::TlsFailure, process::name_resolution};
use packet::Kind;
use prelogin::Extent;
use rustls::{ClientConfig, crypto::CryptoProvider};
use std::{io, sync::Arc};

pub use redirect::RedirectCache;
pub use reply::Answer;
pub use tenant::ServerTenant;
pub use trust::Trust;

/// Where SQL Server listens unless told otherwise.
pub const PORT: u16 = 1433;

/// How a connection is encrypted, in the words of `Encrypt=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encryption {
    /// `no` or `optional`: then the certificate is not looked at either.
    No,
    /// `yes` or `mandatory`, Driver 18's default: TLS inside TDS.
    Yes,
    /// `strict` (TDS 8.0): TLS before TDS, and the certificate validated whatever `TrustServerCertificate=` says.
    Strict,
}

impl Encryption {
    /// The word for `Encrypt=`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Yes => "yes",
            Self::Strict => "strict",
        }
    }
}

/// How many redirects of one login Driver 18.6 follows.
const MAX_REDIRECTS: usize = 10;

/// What a login asks for, by which some servers choose where to send it on, or whom to take tokens from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct LoginOptions {
    /// `Database=`.
    pub database: Option<String>,
    /// `Language=`, in which Azure Data Explorer takes a tenant: `any@AadAuthority:contoso.com`.
    pub language: Option<String>,
}

/// How the driver would go about the same login.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    /// The host, as the driver is told it.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Where the connection is made to in place of them.
    pub connect_to: Option<(String, u16)>,
    /// What the login asks for.
    pub options: LoginOptions,
    /// What is encrypted, and when.
    pub encryption: Encryption,
    /// Whose certificate will do.
    pub trust: Trust,
}

/// Asks a server where it wants its tokens from, and whether it redirects.
pub async fn probe(target: &Target, environment: &Environment) -> io::Result<Answer> {
    let config = config(target, environment)?;
    let (host, port) = target.address();
    let addresses = name_resolution::addresses(host).await?;
    let channel = Channel::connect(addresses, port).await?;
    log_in(channel, target, config).await
}

impl Target {
    /// Where this one redirects to. The certificate there has to be for that host's own name or `HostnameInCertificate=`, as
    /// Driver 18.6 has it; where no authority vouches for it, only what may be the same host is asked.
    fn redirected(&self, host: String, port: u16) -> Option<Self> {
        let is_validated = matches!(self.trust, Trust::Authorities { .. });
        if !is_validated && !may_redirect_to(&self.host, &host) {
            return None;
        }
        let mut next = Self {
            port,
            connect_to: None,
            ..self.clone()
        };
        if let Trust::Authorities { names } = &mut next.trust {
            names.retain(|name| *name != self.host);
            names.push(host.clone());
        }
        next.host = host;
        Some(next)
    }

    /// The host and port to which the connection is made.
    fn address(&self) -> (&str, u16) {
        match &self.connect_to {
            Some((host, port)) => (host, *port),
            None => (&self.host, self.port),
        }
    }
}

/// A login up to the server's first answer.
async fn log_in(mut channel: Channel, target: &Target, config: Arc<ClientConfig>) -> io::Result<Answer> {
    if target.encryption == Encryption::Strict {
        channel.encrypt(&target.host, config.clone(), false).await?;
    }
    let offer = prelogin::request(target.encryption != Encryption::No);
    channel.send(Kind::Prelogin, &offer).await?;
    let offered = prelogin::Reply::parse(&channel.message().await?)?;
    let extent = match target.encryption {
        // What else the server says of it counts under TLS no more.
        Encryption::Strict => Extent::Nothing,
        Encryption::Yes if offered.encrypts != Extent::Everything => {
            return Err(io::Error::other("it does not encrypt"));
        }
        Encryption::Yes | Encryption::No => offered.encrypts,
    };
    if extent != Extent::Nothing {
        channel.encrypt(&target.host, config, true).await?;
    }
    let login = login7::request(&target.host, &target.options, offered.echo);
    channel.send(Kind::Login7, &login).await?;
    if extent == Extent::Login {
        channel.decrypted();
    }
    reply::parse(&channel.message().await?)
}

fn config(target: &Target, environment: &Environment) -> io::Result<Arc<ClientConfig>> {
    let provider: Arc<CryptoProvider> = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = target.trust.verifier(environment, &provider)?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    if target.encryption == Encryption::Strict {
        config.alpn_protocols = vec![b"tds/8.0".to_vec()];
    }
    Ok(Arc::new(config))
}

/// Whether a server may redirect the question for its tenant to another host: within its cloud, or this machine.
fn may_redirect_to(from: &str, to: &str) -> bool {
    let (Some(from), Some(to)) = (Server::parse(from), Server::parse(to)) else {
        return false;
    };
    match from.cloud() {
        Some(cloud) => cloud.has(&to.host),
        None => from.host == to.host || from.is_loopback() && to.is_loopback(),
    }
}

fn unreachable(target: &Target, what: &str, error: &io::Error, remedy: &str) -> Error {
    // A file that the string names could not be used: that error is told as it is, since no server was asked.
    if let Some(ours) = error.get_ref().and_then(|error| error.downcast_ref::<Error>()) {
        return ours.clone();
    }
    let why = TlsFailure::find(error).map_or_else(|| error.to_string(), |failure| failure.to_string());
    let text = format!("{},{} {what}: {why}", target.host, target.port);
    Error::new(ErrorKind::Unreachable, text).remedy(remedy)
}
