//! What an ODBC host is told of an error: SQLSTATE and native error number.

use entra_auth::{Error, ErrorKind};

/// The longest message text that reaches a host, in UTF-16 units.
///
/// unixODBC 2.3.11 fetches driver records into a buffer of 513 units, the last one for the
/// terminator, so what follows is lost. Messages are written to be cut there.
pub const MESSAGE_LIMIT: usize = 512;

/// An [`Error`] as a diagnostic record.
pub trait Diagnostic {
    /// The SQLSTATE, as the ODBC reference assigns them.
    fn sqlstate(&self) -> &'static str;

    /// The native error number: Entra's AADSTS number or the server's error number, or 0.
    fn native(&self) -> i32;
}

impl Diagnostic for Error {
    fn sqlstate(&self) -> &'static str {
        match self.kind() {
            ErrorKind::Refused { .. } => "28000",
            ErrorKind::Unreachable | ErrorKind::UnknownMode | ErrorKind::Unavailable => "08001",
            ErrorKind::TimedOut => "HYT00",
            ErrorKind::Cancelled => "HY008",
            ErrorKind::Invalid => "HY000",
            ErrorKind::Unsupported | ErrorKind::PromptNeeded => "HYC00",
            ErrorKind::DriverMissing => "IM003",
        }
    }

    fn native(&self) -> i32 {
        match self.kind() {
            ErrorKind::Refused { code } => i32::try_from(code).unwrap_or(0),
            _ => 0,
        }
    }
}

/// A diagnostic record of the target driver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriverRecord {
    /// The SQLSTATE.
    pub sqlstate: String,
    /// The native error.
    pub native: i32,
    /// The message.
    pub message: String,
}
