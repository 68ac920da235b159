//! A short TDS login that gets as far as the server's word on where it wants its tokens from.
//!
//! Nobody logs in: the probe says that it will bring an Entra token, reads the server's answer
//! (FEDAUTHINFO: the address of its Entra tenant), and hangs up. MS-TDS 2.2.6.4 (LOGIN7), 2.2.6.5
//! (PRELOGIN), 2.2.7.12 (FEDAUTHINFO). Microsoft's drivers learn the tenant in the same way.

mod channel;
mod login7;
mod packet;
mod prelogin;
mod reply;
mod trust;

use crate::{Environment, Error, ErrorKind};
use channel::Channel;
use packet::Kind;
use rustls::{ClientConfig, crypto::CryptoProvider};
use std::{io, sync::Arc};

pub use reply::Answer;
pub use trust::Trust;

/// Where SQL Server listens unless told otherwise.
pub const PORT: u16 = 1433;

/// How the driver would go about the same login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The host, as the connection string names it.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The database, by which some servers route.
    pub database: Option<String>,
    /// Whether TLS comes before TDS (`Encrypt=strict`, TDS 8.0) and not inside it.
    pub strict: bool,
    /// Whose certificate will do.
    pub trust: Trust,
}

/// Asks a server for its tenant.
pub async fn ask(target: &Target, environment: &Environment) -> Result<Answer, Error> {
    exchange(target, environment)
        .await
        .map_err(|error| unreachable(target, &error))
}

async fn exchange(target: &Target, environment: &Environment) -> io::Result<Answer> {
    let config = config(target, environment)?;
    let mut channel = Channel::connect(&target.host, target.port).await?;
    if target.strict {
        channel.encrypt(&target.host, config.clone(), false).await?;
    }
    channel.send(Kind::Prelogin, &prelogin::request()).await?;
    let offered = prelogin::Reply::parse(&channel.message().await?)?;
    if !target.strict {
        if !offered.encrypts {
            return Err(io::Error::other("it does not encrypt"));
        }
        channel.encrypt(&target.host, config, true).await?;
    }
    let login = login7::request(&target.host, target.database.as_deref(), offered.echo);
    channel.send(Kind::Login7, &login).await?;
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
    if target.strict {
        config.alpn_protocols = vec![b"tds/8.0".to_vec()];
    }
    Ok(Arc::new(config))
}

fn unreachable(target: &Target, error: &io::Error) -> Error {
    Error::new(
        ErrorKind::Unreachable,
        format!(
            "{},{} could not be asked for its tenant: {error}",
            target.host, target.port
        ),
    )
    .remedy("Check Server= and the network, or name the tenant: TenantId=….")
}
