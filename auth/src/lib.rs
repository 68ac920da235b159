//! Microsoft Entra sign-ins and their access tokens.
//!
//! An [`EntraCredential`] is someone who signs in by one of the [authentication modes](credential::MODES), said by the
//! mode's name and its keywords. It gives tokens for any scope, from a cache that requests each token once for all who
//! wait for it, and renews it in the background before it ends:
//!
//! ```no_run
//! use entra_auth::EntraCredential;
//!
//! # fn main() -> Result<(), entra_auth::Error> {
//! let credential = EntraCredential::builder("ServicePrincipal")
//!     .option("TenantId", "contoso.onmicrosoft.com")
//!     .option("ClientId", "1d0f6a3e-90a4-4f6b-8f8e-0a54b1c7d2e3")
//!     .option("ClientSecretFile", "/run/secrets/payroll")
//!     .build()?;
//! let issued = credential.token("https://database.windows.net/.default")?;
//! println!("a token of {}", issued.token.claims());
//! # Ok(())
//! # }
//! ```
//!
//! In asynchronous programs [`EntraCredential::token_async`] waits on any executor, and clients of Azure's SDK take the
//! credential as it is:
//!
//! ```no_run
//! use azure_core::credentials::TokenCredential;
//! use entra_auth::EntraCredential;
//! use std::sync::Arc;
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let credential: Arc<dyn TokenCredential> = Arc::new(EntraCredential::builder("Default").build()?);
//! let token = credential.get_token(&["https://storage.azure.com/.default"], None).await?;
//! # Ok(())
//! # }
//! ```
//!
//! The other way round, [`azure_core::provider`] has connections of the ODBC driver sign in by any `TokenCredential`.
//!
//! # Modules
//! - [`credential`]: one file per authentication mode, and the table of all modes. A mode checks its keywords and
//!   resolves them to a [`credential::SignIn`]: an identity key, and the credential that requests tokens for it.
//! - [`token`]: the [`TokenService`] caches one token per identity, makes one request for all callers, and renews.
//! - [`parameters`]: the keywords that say who signs in.
//! - [`user`]: prompts, saved accounts and token providers.
//! - [`http`], [`process`]: the HTTP client, and what a guest in another program's process needs.
//! - `os`: what differs by operating system.
//!
//! Nothing here knows of ODBC or TDS: a server that can name its tenant is a [`tenant::TenantDiscovery`].
//! `docs/architecture.md` follows one connect and one renewal through all crates.
//!
//! # What it does to a process
//! The first token request starts one thread, with all signals but those of faults blocked. A forked child goes on with
//! its parent's tokens, once the functions of [`process::fork`] are called around the fork. Secrets are zeroed when
//! dropped, and are in no error, log line or `Debug` output. The log is [`tracing`](https://docs.rs/tracing), target
//! `entra_odbc`.

#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        reason = "a test fails by panicking"
    )
)]

pub mod azure_core;
pub mod calendar;
pub mod cloud;
pub mod credential;
mod entra_credential;
mod environment;
mod error;
pub mod http;
pub mod identity_key;
mod os;
pub mod parameters;
pub mod plain_text;
pub mod process;
mod secret;
mod services;
pub mod tenant;
pub mod token;
pub mod user;

pub use entra_credential::{EntraCredential, EntraCredentialBuilder};
pub use environment::Environment;
pub use error::{Error, ErrorKind, Remedy, Text, ValueName};
pub use parameters::{
    keyword::{KEYWORDS, Keyword},
    options::Options,
};
pub use secret::Secret;
pub use services::Services;
pub use token::{Token, TokenService};
