//! What Linux alone has, with glibc and with musl.

pub(crate) mod key_store;

use super::Roots;
use crate::Environment;
use nix::time::{ClockId, clock_gettime};
use std::{
    fs::{File, OpenOptions, read_link},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    time::Duration,
};

/// The time since the machine was started, in which it slept or not: the same for all its processes, and
/// nobody can set it.
pub(crate) fn since_boot() -> io::Result<Duration> {
    Ok(clock_gettime(ClockId::CLOCK_BOOTTIME)?.into())
}

/// On which network and by which clock this process is: containers that share memory may differ in both.
pub(crate) fn surroundings() -> io::Result<String> {
    let network = read_link("/proc/self/ns/net")?;
    // Linux 5.6 was the first to have them.
    let clock = read_link("/proc/self/ns/time").unwrap_or_default();
    Ok(format!("{} {}", network.display(), clock.display()))
}

/// Where processes without a runtime directory meet: in memory, and everyone may make a directory there.
pub(crate) const SHARED_MEMORY_DIRECTORY: Option<&str> = Some("/dev/shm");

/// Opens a directory in which files are created and renamed. `O_PATH`: one that may be searched and written need not
/// be readable.
pub(crate) fn open_directory(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_PATH | libc::O_DIRECTORY)
        .open(path)
}

/// Where the distributions keep their certificate authorities.
pub(crate) const ROOTS: Roots = Roots {
    // Debian, Ubuntu, Alpine, Gentoo; Fedora, RHEL (new and old); openSUSE, SLES; others with OpenSSL.
    bundles: &[
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        "/etc/ssl/ca-bundle.pem",
        "/var/lib/ca-certificates/ca-bundle.pem",
        "/etc/ssl/cert.pem",
    ],
    directories: &["/etc/ssl/certs", "/etc/pki/tls/certs"],
    store: None,
};

/// What opens pages on a desktop, in the order of `xdg-open`'s own preference for what it wraps.
const DESKTOP_OPENERS: [(&str, &[&str]); 4] = [
    ("xdg-open", &[]),
    ("wslview", &[]),
    ("gio", &["open"]),
    ("x-www-browser", &[]),
];

/// The programs that open a page in the user's browser, the preferred one first, with their arguments.
pub(crate) fn openers(
    environment: &Environment,
) -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    let desktop = has_desktop(environment);
    // Without a display, all but the Windows openers would start a text browser without a terminal.
    DESKTOP_OPENERS
        .into_iter()
        .filter(move |(name, _)| desktop || *name == "wslview")
}

/// Whether the user sees the windows that this process opens.
pub(crate) fn has_desktop(environment: &Environment) -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| environment.get(name).is_some())
}
