//! Why a connection ended otherwise than by the client's wish.

use std::{fmt, io};

use super::wire::Malformed;

#[derive(Debug)]
pub(super) enum Failure {
    Io(io::Error),
    Malformed(Malformed),
    /// The client closed where it owed us a message.
    Closed,
    /// A fault that a test asked for.
    Injected,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "{error}"),
            Self::Malformed(malformed) => write!(f, "{malformed}"),
            Self::Closed => f.write_str("closed by the client"),
            Self::Injected => f.write_str("injected fault"),
        }
    }
}

impl std::error::Error for Failure {}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Malformed> for Failure {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}
