//! Failures: the message on standard error and the exit code.

use crate::ui::terminal::{self, Style};
use entra_auth::{Error, ErrorKind, plain_text::fit};
use serde_json::{Value, json};
use std::{io, process::ExitCode};

/// Tried, and failed.
pub const FAILED: u8 = 1;

/// Not tried: bad arguments, or a machine on which it cannot be done. Nothing is changed.
pub const REFUSED: u8 = 2;

/// What a shell reports of a program that SIGINT ended.
pub const INTERRUPTED: u8 = 130;

/// What a script can tell a failure by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cause {
    /// The kind of an error of the sign-in, else `failed` or `invalid`.
    kind: &'static str,
    /// The number of Entra's AADSTS message, else 0.
    code: u32,
}

/// Why the tool ends early.
#[derive(Debug)]
pub enum Failure {
    /// Tried and failed.
    Failed {
        /// What happened, and why.
        what: String,
        /// What to do.
        remedy: String,
        /// What a script can tell it by.
        cause: Cause,
    },
    /// Not tried, with nothing changed.
    Refused {
        /// What is wrong with what was asked for.
        what: String,
        /// What to do.
        remedy: String,
        /// What a script can tell it by.
        cause: Cause,
    },
    /// Ctrl-C while signals were blocked; elsewhere the signal ends the process at once.
    Interrupted,
    /// Failed, and the output has told it already.
    Reported,
    /// The reader of standard output has gone (`entra-odbc … | head`).
    OutputClosed,
}

impl Failure {
    /// Tried, and failed.
    pub fn failed(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Failed {
            what: what.into(),
            remedy: remedy.into(),
            cause: Cause {
                kind: "failed",
                code: 0,
            },
        }
    }

    /// Not tried: bad input, or a machine on which it cannot be done.
    pub fn refused(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Refused {
            what: what.into(),
            remedy: remedy.into(),
            cause: Cause {
                kind: "invalid",
                code: 0,
            },
        }
    }

    /// The same with another sentence on what to do.
    pub fn and(mut self, hint: Option<String>) -> Self {
        if let (Self::Failed { remedy, .. } | Self::Refused { remedy, .. }, Some(hint)) = (&mut self, hint) {
            if !remedy.is_empty() {
                remedy.push('\n');
            }
            remedy.push_str(&hint);
        }
        self
    }

    /// The same as a JSON object; `None` where the output has told it already, or there is nothing to tell.
    pub fn json(&self) -> Option<Value> {
        let (Self::Failed { what, remedy, cause } | Self::Refused { what, remedy, cause }) = self else {
            return None;
        };
        Some(json!({
            "error": {
                "kind": cause.kind, "code": cause.code,
                "message": fit(what), "remedy": terminal::printable(remedy),
            }
        }))
    }

    /// Prints it on standard error, and returns the exit code.
    pub fn report(&self) -> ExitCode {
        let (code, what, remedy) = match self {
            Self::Failed { what, remedy, .. } => (FAILED, what, remedy),
            Self::Refused { what, remedy, .. } => (REFUSED, what, remedy),
            Self::Interrupted => return INTERRUPTED.into(),
            Self::Reported => return FAILED.into(),
            Self::OutputClosed => return ExitCode::SUCCESS,
        };
        let what = fit(what);
        let full_stop = if what.ends_with(['.', '!', '?']) { "" } else { "." };
        let label = Style::Failure.paint("error:");
        terminal::note(&format!("{label} {what}{full_stop}"));
        if !remedy.is_empty() {
            // Not `fit`, which makes one line of it: commands are on lines of their own.
            terminal::note(&terminal::printable(remedy));
        }
        code.into()
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let [what, remedy, detail] = error.words();
        let parts = [remedy, detail];
        let parts: Vec<_> = parts
            .iter()
            .filter(|part| !part.is_empty())
            .map(String::as_str)
            .collect();
        let remedy = parts.join("\n");
        let cause = Cause {
            kind: error.kind().name(),
            code: error.code(),
        };
        match error.kind() {
            ErrorKind::Invalid | ErrorKind::UnknownMode => Self::Refused { what, remedy, cause },
            _ => Self::Failed { what, remedy, cause },
        }
    }
}

/// Only for errors of standard output; errors of other files have messages of their own.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::OutputClosed;
        }
        Self::failed(
            format!("standard output cannot be written: {error}"),
            "Check where it goes.",
        )
    }
}
