//! The safe core of entra-odbc: what a connect needs, without a pointer in sight.

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

pub mod access_token;
pub mod account;
mod asked;
pub mod calendar;
pub mod connect;
pub mod connection_string;
pub mod credential;
pub mod data_source;
mod directory;
mod environment;
mod error;
pub mod fork;
pub mod identity;
mod keyword;
pub mod log;
pub mod login_refusal;
mod names;
mod opened;
mod options;
pub mod plain_text;
pub mod plan;
pub mod prompt;
pub mod provider;
pub mod real_driver;
pub mod regular_file;
mod respelling;
mod runtime;
mod scope;
mod secret;
mod secret_file;
pub mod server;
pub mod sign_in;
mod tds;
pub mod tenant;
pub mod token;
mod tool;
pub mod transport;
pub mod trust;

pub use environment::Environment;
pub use error::{Error, ErrorKind, MESSAGE_LIMIT};
pub use keyword::{KEYWORDS, Keyword, known as known_keyword};
pub use opened::Opened;
pub use options::Options;
pub use secret::Secret;
pub use sign_in::KeywordSignIn;
pub use token::{Token, TokenService};
