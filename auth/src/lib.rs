//! Microsoft Entra sign-ins and their access tokens.
//!
//! - [`credential`]: one file per authentication mode, and the table of all modes. A mode checks its keywords and
//!   resolves them to a [`credential::SignIn`]: an identity key, and the credential that requests tokens for it.
//! - [`token`]: the [`TokenService`] caches one token per identity, makes one request for all callers, and renews.
//! - [`parameters`]: the keywords that say who signs in.
//! - [`user`]: prompts, saved accounts and token providers.
//! - [`http`], [`process`]: the HTTP client, and what a guest in another program's process needs.
//!
//! Nothing here knows of ODBC or TDS: a server that can name its tenant is a [`tenant::TenantDiscovery`].
//! `docs/architecture.md` follows one connect and one renewal through all crates.

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

pub mod calendar;
pub mod cloud;
pub mod credential;
mod environment;
mod error;
pub mod http;
pub mod identity_key;
pub mod parameters;
pub mod plain_text;
pub mod process;
mod secret;
mod services;
pub mod tenant;
pub mod token;
pub mod user;

pub use environment::Environment;
pub use error::{Error, ErrorKind};
pub use parameters::{
    keyword::{KEYWORDS, Keyword},
    options::Options,
};
pub use secret::Secret;
pub use services::Services;
pub use token::{Token, TokenService};
