//! The user's login keychain, through the program `security` of macOS.
//!
//! The keychain knows an item by the program that made it, and asks the user before another one reads it. Made and read
//! by `security`, the key is open to each program into which the library is loaded, and to all others that the user runs,
//! as with the keyrings of Linux.

use crate::Environment;
use std::{
    path::{Path, PathBuf},
    process::Output,
};
use zeroize::Zeroizing;

/// The name of the program in messages.
pub(crate) const NAME: &str = "security";

/// The reason given when there is none.
pub(crate) const ABSENT: &str = "/usr/bin/security is missing";

const PROGRAM: &str = "/usr/bin/security";

/// `errSecItemNotFound` as an exit code: its lowest byte.
const NOT_FOUND: i32 = 44;

/// The program: part of macOS.
pub(crate) fn program(_: &Environment) -> Option<PathBuf> {
    Some(PathBuf::from(PROGRAM)).filter(|path| Path::exists(path))
}

/// The arguments with which it prints the key.
pub(crate) fn look_up() -> Vec<&'static str> {
    vec![
        "find-generic-password",
        "-s",
        "entra-odbc",
        "-a",
        "saved sign-ins",
        "-w",
    ]
}

/// The arguments and the input with which it stores the key: as a command that it reads, since other users see
/// arguments.
pub(crate) fn store(key: &str) -> (Vec<&'static str>, Zeroizing<String>) {
    let command = format!(
        "add-generic-password -U -s entra-odbc -a \"saved sign-ins\" -l \"Saved sign-ins of entra-odbc\" -w {key}\n"
    );
    (vec!["-i"], Zeroizing::new(command))
}

/// Whether a failed look-up means that there is no key.
pub(crate) fn is_missing(output: &Output) -> bool {
    output.status.code() == Some(NOT_FOUND)
}
