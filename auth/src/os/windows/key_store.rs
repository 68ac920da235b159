//! No store of keys is used, since no sign-ins are saved.

use crate::Environment;
use std::{path::PathBuf, process::Output};
use zeroize::Zeroizing;

/// The name of the program in messages.
pub(crate) const NAME: &str = "keyring";

/// The reason given when there is none.
pub(crate) const ABSENT: &str = "no keyring is used on Windows";

/// The program: there is none, so that the functions below are not called.
pub(crate) fn program(_: &Environment) -> Option<PathBuf> {
    None
}

/// The arguments with which it prints the key.
pub(crate) fn look_up() -> Vec<&'static str> {
    Vec::new()
}

/// The arguments and the input with which it stores the key.
pub(crate) fn store(_: &str) -> (Vec<&'static str>, Zeroizing<String>) {
    (Vec::new(), Zeroizing::new(String::new()))
}

/// Whether a failed look-up means that there is no key.
pub(crate) fn is_missing(_: &Output) -> bool {
    true
}
