//! The table of Entra's AADSTS codes with a short cause and a remedy.
//!
//! <https://learn.microsoft.com/entra/identity-platform/reference-error-codes>, and where that is silent
//! <https://login.microsoftonline.com/error?code=…>.

mod application;
mod person;

use crate::{
    Error,
    error::{Remedy, text::Template},
};

/// A refusal by its AADSTS code.
pub fn refusal(code: u32) -> Error {
    let row = rows().find(|row| row.numbers.contains(&code));
    let error = Error::entra_refused(code, row.map(|row| row.cause));
    match row {
        Some(Row {
            remedy,
            action: Action::SignIn,
            ..
        }) => error.remedy(Remedy::SignIn((*remedy).into())),
        Some(Row { remedy, .. }) => error.remedy(*remedy),
        None => error.remedy("See Entra's own words."),
    }
}

/// Numbers with one cause and one remedy.
struct Row {
    numbers: &'static [u32],
    cause: &'static str,
    action: Action,
    remedy: Template,
}

/// What the remedy is about.
enum Action {
    /// Signing in: the remedy says how, after the words "Sign in".
    SignIn,
    /// Anything else: the remedy is a whole sentence.
    Other,
}

const fn row(numbers: &'static [u32], cause: &'static str, remedy: Template) -> Row {
    Row {
        numbers,
        cause,
        action: Action::Other,
        remedy,
    }
}

const fn sign_in(numbers: &'static [u32], cause: &'static str, how: Template) -> Row {
    Row {
        numbers,
        cause,
        action: Action::SignIn,
        remedy: how,
    }
}

/// The numbers that people meet.
fn rows() -> impl Iterator<Item = &'static Row> {
    application::REFUSALS.iter().chain(person::REFUSALS)
}

#[cfg(test)]
mod tests;
