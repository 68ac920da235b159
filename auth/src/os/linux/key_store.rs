//! The desktop's keyring (Secret Service), through the program `secret-tool` of libsecret.
//!
//! A D-Bus client inside the library would add a connection, threads and about forty crates to every host, for one
//! lookup per sign-in.

use crate::{Environment, process::tool};
use std::{
    path::{Path, PathBuf},
    process::Output,
};
use zeroize::Zeroizing;

/// The name of the program in messages.
pub(crate) const NAME: &str = "secret-tool";

/// The reason given when there is none.
pub(crate) const ABSENT: &str = "no keyring is in reach (a session's D-Bus and secret-tool)";

/// The attributes that identify the key. Desktop keyring programs display them.
const ATTRIBUTES: [&str; 4] = ["service", "entra-odbc", "purpose", "saved sign-ins"];

/// The program, if this session has a D-Bus and the program is installed.
pub(crate) fn program(environment: &Environment) -> Option<PathBuf> {
    let bus = environment.get("DBUS_SESSION_BUS_ADDRESS").is_some()
        || environment
            .get("XDG_RUNTIME_DIR")
            .is_some_and(|directory| Path::new(&directory).join("bus").exists());
    bus.then(|| tool::find(NAME, environment)).flatten()
}

/// The arguments with which it prints the key.
pub(crate) fn look_up() -> Vec<&'static str> {
    ["lookup"].into_iter().chain(ATTRIBUTES).collect()
}

/// The arguments and the input with which it stores the key.
pub(crate) fn store(key: &str) -> (Vec<&'static str>, Zeroizing<String>) {
    let arguments = ["store", "--label=Saved sign-ins of entra-odbc"];
    let arguments = arguments.into_iter().chain(ATTRIBUTES).collect();
    (arguments, Zeroizing::new(key.to_owned()))
}

/// Whether a failed look-up means that there is no key. The exit status is the same for a missing key and for a failure;
/// only a failure prints a message.
pub(crate) fn is_missing(output: &Output) -> bool {
    output.stderr.trim_ascii().is_empty()
}
