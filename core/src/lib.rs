//! The safe core of entra-odbc: what a connect needs, without a pointer in sight.

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

mod environment;
mod error;
mod keyword;
mod options;
mod secret;
mod secret_file;

pub use environment::Environment;
pub use error::{Error, ErrorKind, MESSAGE_LIMIT};
pub use keyword::{KEYWORDS, Keyword};
pub use options::Options;
pub use secret::Secret;
