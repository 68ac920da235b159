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
            ErrorKind::Unreachable | ErrorKind::UnknownMode => "08001",
            // What is not there because nobody answers may answer later; what is not configured will not.
            ErrorKind::Unavailable if self.may_be_absent() => "08001",
            ErrorKind::TimedOut => "HYT00",
            ErrorKind::Cancelled => "HY008",
            ErrorKind::Invalid | ErrorKind::Unavailable => "HY000",
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
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DriverRecord {
    /// The SQLSTATE.
    pub sqlstate: String,
    /// The native error.
    pub native: i32,
    /// The message.
    pub message: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_configured_is_no_failure_that_passes() {
        let state = |kind| Error::new(kind, "x").sqlstate();
        assert_eq!(state(ErrorKind::Unavailable), "HY000");
        assert_eq!(state(ErrorKind::Unreachable), "08001");
        let silent = Error::new(ErrorKind::Unavailable, "x").perhaps_absent();
        assert_eq!(silent.sqlstate(), "08001");
    }
}
