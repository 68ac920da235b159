//! How the tool ends when it does not succeed: a message on standard error, and an exit code.

use crate::ui::terminal::{self, Style};
use entra_odbc_core::{Error, ErrorKind, plain_text::fit};
use std::{io, process::ExitCode};

/// It was tried, and failed.
const FAILED: u8 = 1;

/// It was not even tried: what was asked for makes no sense, or cannot be done here. Nothing is changed.
const REFUSED: u8 = 2;

/// What a shell reports of a program that SIGINT ended.
const INTERRUPTED: u8 = 130;

/// Why the tool ends early.
#[derive(Debug)]
pub enum Failure {
    /// Tried and failed.
    Failed {
        /// What happened, and why.
        what: String,
        /// What to do.
        remedy: String,
    },
    /// Not tried, with nothing changed.
    Refused {
        /// What is wrong with what was asked for.
        what: String,
        /// What to do.
        remedy: String,
    },
    /// By Ctrl-C, at a prompt; elsewhere the signal ends the tool at once.
    Interrupted,
    /// Failed, and everything has been said already.
    Told,
    /// Nobody reads our output any more (`entra-odbc … | head`).
    Unread,
}

impl Failure {
    /// It was tried, and failed.
    pub fn failed(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Failed {
            what: what.into(),
            remedy: remedy.into(),
        }
    }

    /// It is not tried: bad input, or a machine that is not ready for it.
    pub fn refused(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Refused {
            what: what.into(),
            remedy: remedy.into(),
        }
    }

    /// Says it on standard error, and gives the exit code.
    pub fn told(&self) -> ExitCode {
        let (code, what, remedy) = match self {
            Self::Failed { what, remedy } => (FAILED, what, remedy),
            Self::Refused { what, remedy } => (REFUSED, what, remedy),
            Self::Interrupted => return INTERRUPTED.into(),
            Self::Told => return FAILED.into(),
            Self::Unread => return ExitCode::SUCCESS,
        };
        let what = fit(what);
        let stop = if what.ends_with(['.', '!', '?']) { "" } else { "." };
        let label = Style::Failure.paint("error:");
        terminal::note(&format!("{label} {what}{stop}"));
        if !remedy.is_empty() {
            // Commands stand on lines of their own here, and nothing of others does.
            terminal::note(&terminal::printable(remedy));
        }
        code.into()
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let [what, remedy, detail] = error.words();
        let remedy = match (remedy, detail) {
            (remedy, "") => remedy.to_owned(),
            ("", detail) => detail.to_owned(),
            (remedy, detail) => format!("{remedy}\n{detail}"),
        };
        match error.kind() {
            ErrorKind::Invalid | ErrorKind::UnknownMode => Self::refused(what, remedy),
            _ => Self::failed(what, remedy),
        }
    }
}

/// Only of what is written to standard output; other files have messages of their own.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::Unread;
        }
        Self::failed(
            format!("standard output cannot be written: {error}"),
            "Check where it goes.",
        )
    }
}
