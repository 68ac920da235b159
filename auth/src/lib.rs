//! Microsoft Entra sign-ins and their access tokens.
//!
//! [`credential`] has an authentication mode per file and the table of them all; [`token`] gets tokens, keeps them and
//! renews them; [`parameters`] are the keywords that say who signs in; [`user`] is about the people who are asked;
//! [`http`] and [`process`] are what all of that stands on. Nothing here knows of ODBC or TDS: a server that can
//! tell its tenant is a [`tenant::TenantDiscovery`].

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
pub use error::{Error, ErrorKind, Remedy, Text, ValueName};
pub use parameters::{
    keyword::{KEYWORDS, Keyword},
    options::Options,
};
pub use secret::Secret;
pub use services::Services;
pub use token::{Token, TokenService};
