//! What Linux and macOS have in common.

pub(crate) mod atomic_file;
pub(crate) mod child;
pub(crate) mod file;
pub(crate) mod private_directory;
pub(crate) mod signals;

use nix::unistd::{getegid, geteuid, getgid, getuid};
use std::io;

/// Whether the program runs with rights that its caller lacks: those of a set-user-id or set-group-id program. One that
/// is privileged by file capabilities is not recognised without unsafe code.
pub(crate) fn is_privileged() -> bool {
    getuid() != geteuid() || getgid() != getegid()
}

/// The number of the user whose files a process creates.
pub(crate) fn user_id() -> u32 {
    geteuid().as_raw()
}

/// Whether this machine lacks the address family of a socket.
pub(crate) fn is_family_absent(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::EAFNOSUPPORT | libc::EADDRNOTAVAIL | libc::EPROTONOSUPPORT)
    )
}

/// The agent of Azure Arc. The SDKs detect it by its program if the variables are not set: services and cron jobs do not
/// read the profile that sets them.
pub(crate) const ARC_AGENT_PROGRAM: &str = "/opt/azcmagent/bin/himds";

/// The directory of the agent's key files.
pub(crate) const ARC_KEY_DIRECTORY: &str = "/var/opt/azcmagent/tokens";

/// The variable that names the user's home directory.
pub(crate) const HOME_VARIABLE: &str = "HOME";
