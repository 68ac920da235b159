//! What Windows has.
//!
//! What is kept in files of one user alone (saved sign-ins, shared tokens, refresh tokens in files) is refused: who else
//! may read a file is in access control lists, which nothing here reads.

pub(crate) mod atomic_file;
pub(crate) mod child;
pub(crate) mod file;
pub(crate) mod key_store;
pub(crate) mod private_directory;
pub(crate) mod signals;

use super::{RootStore, Roots, root_store};
use crate::Environment;
use atomic_file::Directory;
use std::{io, path::Path, time::Duration};

/// Whether the program runs with rights that its caller lacks: Windows has no set-user-id programs.
pub(crate) fn is_privileged() -> bool {
    false
}

/// The number of a user is not used: no directory is shared.
pub(crate) fn user_id() -> u32 {
    0
}

/// The time since the machine was started; not told, as no tokens are shared.
pub(crate) fn since_boot() -> io::Result<Duration> {
    Err(unavailable("sharing tokens between processes"))
}

/// On which network and by which clock this process is; not told, as no tokens are shared.
pub(crate) fn surroundings() -> io::Result<String> {
    Err(unavailable("sharing tokens between processes"))
}

/// Windows has no directory in memory.
pub(crate) const SHARED_MEMORY_DIRECTORY: Option<&str> = None;

/// Opens a directory in which files are created and renamed.
pub(crate) fn open_directory(_: &Path) -> io::Result<Directory> {
    Err(unavailable("replacing a file of this user's own"))
}

/// The certificate authorities of the current user's certificate store.
pub(crate) const ROOTS: Roots = Roots {
    bundles: &[],
    directories: &[],
    store: Some(RootStore {
        name: "the certificate store of Windows",
        load: root_store::load,
    }),
};

/// The programs that open a page in the user's browser, with their arguments.
pub(crate) fn openers(_: &Environment) -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    [("rundll32.exe", &["url.dll,FileProtocolHandler"] as &[&str])].into_iter()
}

/// Whether the user sees the windows that this process opens: not where it runs as a service.
pub(crate) fn has_desktop(environment: &Environment) -> bool {
    environment
        .get("SESSIONNAME")
        .is_some_and(|session| !session.eq_ignore_ascii_case("Services"))
}

/// Whether this machine lacks the address family of a socket: `WSAEAFNOSUPPORT`, `WSAEADDRNOTAVAIL`,
/// `WSAEPROTONOSUPPORT`.
pub(crate) fn is_family_absent(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(10047 | 10049 | 10043))
}

/// The agent of Azure Arc. The SDKs detect it by its program if the variables are not set: services and cron jobs do not
/// read the profile that sets them. Both paths are those of an installation on drive C.
pub(crate) const ARC_AGENT_PROGRAM: &str = r"C:\Program Files\AzureConnectedMachineAgent\himds.exe";

/// The directory of the agent's key files.
pub(crate) const ARC_KEY_DIRECTORY: &str = r"C:\ProgramData\AzureConnectedMachineAgent\Tokens";

/// The variable that names the user's home directory.
pub(crate) const HOME_VARIABLE: &str = "USERPROFILE";

/// What is refused on this system.
fn unavailable(what: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::Unsupported,
        format!("{what} is not available on Windows"),
    )
}
