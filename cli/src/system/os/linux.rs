//! What Linux has.

use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::{
        signal::{SigSet, Signal},
        signalfd::{SfdFlags, SignalFd},
    },
};
use std::{
    fs, io,
    os::fd::AsFd,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The file name of our library.
pub const OUR_LIBRARY: &str = "libentra_odbc.so";

/// unixODBC's library.
pub const DRIVER_MANAGER: &str = "libodbc.so.2";

/// What programs and Driver 18 need, and the Python package brings for systems that lack it.
pub const BUNDLED: [&str; 4] = [
    DRIVER_MANAGER,
    "libodbcinst.so.2",
    "libkrb5.so.3",
    "libgssapi_krb5.so.2",
];

/// The versions of OpenSSL that Driver 18 opens by itself, newest first.
pub const OPENSSL: [&str; 2] = ["libssl.so.3", "libssl.so.1.1"];

/// The variable with directories in which the loader looks first.
pub const LIBRARY_PATH: &str = "LD_LIBRARY_PATH";

/// The variable that has the loader load libraries before all others.
pub const PRELOAD: &str = "LD_PRELOAD";

/// Where the loader looks without a cache: glibc's, and musl's, which has none.
pub const LIBRARY_DIRECTORIES: &[&str] = &[
    "/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu",
    "/lib/aarch64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/lib64",
    "/usr/lib64",
    "/lib",
    "/usr/lib",
    "/usr/local/lib",
];

/// What `/etc/os-release` says of the distribution.
pub fn release() -> String {
    fs::read_to_string("/etc/os-release").unwrap_or_default()
}

/// The file of that name in the loader's cache.
pub fn from_cache(name: &str) -> Option<PathBuf> {
    // Not in the PATH of ordinary users on Debian.
    let output = ["/sbin/ldconfig", "/usr/sbin/ldconfig", "ldconfig"]
        .iter()
        .find_map(|ldconfig| {
            Command::new(ldconfig)
                .arg("-p")
                .stdin(Stdio::null())
                .stderr(Stdio::null())
                .output()
                .ok()
        })?;
    in_cache(&String::from_utf8_lossy(&output.stdout), name).filter(|path| path.is_file())
}

fn in_cache(text: &str, name: &str) -> Option<PathBuf> {
    let line = text
        .lines()
        .find(|line| line.split_whitespace().next().is_some_and(|first| first == name))?;
    let (_, path) = line.split_once("=> ")?;
    Some(PathBuf::from(path.trim()))
}

/// The program, with its arguments, whose output names the needed libraries of a library that are missing.
#[expect(clippy::unnecessary_wraps, reason = "other systems have no such program")]
pub fn needs(library: &Path) -> Option<Command> {
    let mut command = Command::new("ldd");
    command.arg(library);
    Some(command)
}

/// The signals that this process was started to ignore, as by `nohup`: blocked ones would stay pending.
pub fn ignored_signals() -> impl Fn(Signal) -> bool {
    ignored_in(&fs::read_to_string("/proc/self/status").unwrap_or_default())
}

fn ignored_in(status: &str) -> impl Fn(Signal) -> bool + use<> {
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0);
    move |signal| mask >> (signal as i32 - 1) & 1 == 1
}

/// Tells of signals that are blocked.
#[derive(Debug)]
pub struct SignalWatch(SignalFd);

impl SignalWatch {
    /// Watches for these.
    pub fn on(signals: SigSet) -> nix::Result<Self> {
        SignalFd::with_flags(&signals, SfdFlags::SFD_CLOEXEC).map(Self)
    }
}

/// Waits until `file` is readable, or a signal has come: `true`.
pub fn wait_for_input(file: impl AsFd, watch: Option<&SignalWatch>) -> io::Result<bool> {
    let mut watched = vec![PollFd::new(file.as_fd(), PollFlags::POLLIN)];
    watched.extend(watch.map(|watch| PollFd::new(watch.0.as_fd(), PollFlags::POLLIN)));
    while let Err(error) = poll(&mut watched, PollTimeout::NONE) {
        if error != Errno::EINTR {
            return Err(error.into());
        }
    }
    Ok(watched.get(1).and_then(PollFd::any) == Some(true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loaders_cache_is_read() {
        let text = "2 libs found in cache `/etc/ld.so.cache'\n\
                    \tlibodbcinst.so.2 (libc6,x86-64) => /lib/x86_64-linux-gnu/libodbcinst.so.2\n\
                    \tlibodbc.so.2 (libc6,x86-64) => /lib/x86_64-linux-gnu/libodbc.so.2\n";
        assert_eq!(
            in_cache(text, "libodbc.so.2").as_deref(),
            Some(Path::new("/lib/x86_64-linux-gnu/libodbc.so.2"))
        );
        assert_eq!(in_cache(text, "libodbc.so"), None);
    }

    #[test]
    fn signals_that_are_ignored_are_known() {
        let ignored = ignored_in("SigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\n");
        assert!(ignored(Signal::SIGHUP) && ignored(Signal::SIGPIPE) && !ignored(Signal::SIGINT));
    }
}
