//! What macOS has.

use nix::{
    errno::Errno,
    sys::{
        event::{EvFlags, EventFilter, FilterFlag, KEvent, Kqueue},
        select::{FdSet, select},
        signal::{SigSet, Signal},
    },
};
use std::{
    io,
    os::fd::AsFd,
    path::{Path, PathBuf},
    process::Command,
};

/// The file name of our library.
pub const OUR_LIBRARY: &str = "libentra_odbc.dylib";

/// unixODBC's library.
pub const DRIVER_MANAGER: &str = "libodbc.2.dylib";

/// What programs and Driver 18 need, and the Python package brings for systems that lack it. Kerberos is part of macOS.
pub const BUNDLED: [&str; 2] = [DRIVER_MANAGER, "libodbcinst.2.dylib"];

/// The versions of OpenSSL that Driver 18 opens by itself, newest first.
pub const OPENSSL: [&str; 2] = ["libssl.3.dylib", "libssl.1.1.dylib"];

/// The variable with directories in which the loader looks first.
pub const LIBRARY_PATH: &str = "DYLD_LIBRARY_PATH";

/// The variable that has the loader load libraries before all others. Programs of the system and those with a hardened
/// runtime do not heed it.
pub const PRELOAD: &str = "DYLD_INSERT_LIBRARIES";

/// Where libraries are: Homebrew's on Apple's processors and on Intel's, its OpenSSL, which it links nowhere else, and the
/// system's.
pub const LIBRARY_DIRECTORIES: &[&str] = &[
    "/opt/homebrew/lib",
    "/usr/local/lib",
    "/opt/homebrew/opt/openssl@3/lib",
    "/usr/local/opt/openssl@3/lib",
    "/usr/lib",
];

/// The system, in the words of Linux's `/etc/os-release`.
pub fn release() -> String {
    "ID=macos\n".to_owned()
}

/// The file of that name in the loader's cache, in which there are the system's own libraries only.
pub fn from_cache(_: &str) -> Option<PathBuf> {
    None
}

/// The program whose output names the needed libraries of a library that are missing: none is part of macOS.
pub fn needs(_: &Path) -> Option<Command> {
    None
}

/// The signals that this process was started to ignore, as by `nohup`: macOS tells no program without unsafe code.
pub fn ignored_signals() -> impl Fn(Signal) -> bool {
    |_| false
}

/// Tells of signals that are blocked.
#[derive(Debug)]
pub struct SignalWatch(Kqueue);

impl SignalWatch {
    /// Watches for these.
    pub fn on(signals: SigSet) -> nix::Result<Self> {
        let queue = Kqueue::new()?;
        let watched: Vec<_> = signals
            .iter()
            .map(|signal| {
                KEvent::new(
                    signal as usize,
                    EventFilter::EVFILT_SIGNAL,
                    EvFlags::EV_ADD,
                    FilterFlag::empty(),
                    0,
                    0,
                )
            })
            .collect();
        queue.kevent(&watched, &mut [], None)?;
        Ok(Self(queue))
    }
}

/// Waits until `file` is readable, or a signal has come: `true`.
///
/// By `select`, since `poll` of macOS does not take terminals.
pub fn wait_for_input(file: impl AsFd, watch: Option<&SignalWatch>) -> io::Result<bool> {
    loop {
        let mut ready = FdSet::new();
        ready.insert(file.as_fd());
        if let Some(watch) = watch {
            ready.insert(watch.0.as_fd());
        }
        match select(None, &mut ready, None, None, None) {
            Ok(_) => return Ok(watch.is_some_and(|watch| ready.contains(watch.0.as_fd()))),
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
