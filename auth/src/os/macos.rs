//! What macOS alone has.

pub(crate) mod key_store;

use super::Roots;
use crate::Environment;
use nix::time::{ClockId, clock_gettime};
use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    time::Duration,
};

/// The time since the machine was started, in which it slept or not: the same for all its processes, and
/// nobody can set it (`mach_continuous_time`). `CLOCK_MONOTONIC` would follow the wall clock where that is set.
pub(crate) fn since_boot() -> io::Result<Duration> {
    Ok(clock_gettime(ClockId::from_raw(libc::CLOCK_MONOTONIC_RAW))?.into())
}

/// On which network and by which clock this process is: all of a machine are on the same.
#[expect(clippy::unnecessary_wraps, reason = "other systems may fail to tell")]
pub(crate) fn surroundings() -> io::Result<String> {
    Ok("macos".to_owned())
}

/// macOS has no directory in memory. Who has made one (a RAM disk) names it by `XDG_RUNTIME_DIR`.
pub(crate) const SHARED_MEMORY_DIRECTORY: Option<&str> = None;

/// Opens a directory in which files are created and renamed.
pub(crate) fn open_directory(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_DIRECTORY)
        .open(path)
}

/// The certificate authorities of the keychains, as their trust settings say. `/etc/ssl/cert.pem` lacks those that the
/// user or an administrator added.
pub(crate) const ROOTS: Roots = Roots {
    bundles: &[],
    directories: &[],
    store: Some(super::RootStore {
        name: "the keychains",
        load: super::root_store::load,
    }),
};

/// The programs that open a page in the user's browser, with their arguments.
pub(crate) fn openers(_: &Environment) -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    [("/usr/bin/open", &[] as &[&str])].into_iter()
}

/// Whether the user sees the windows that this process opens: not over SSH.
pub(crate) fn has_desktop(environment: &Environment) -> bool {
    environment.get("SSH_CONNECTION").is_none()
}
