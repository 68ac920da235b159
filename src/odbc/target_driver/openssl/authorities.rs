//! The files that OpenSSL's default CA certificates come from, as they are at one moment.
//!
//! Two moments with equal files have equal certificates. Each file is opened, not only asked about: NFS promises that who
//! opens a file sees it as the last writer closed it, and promises no such thing for `stat`.

use std::ffi::OsStr;
use std::fs::{Metadata, OpenOptions};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::functions::OpenSsl;
use crate::os::environment;

/// How old the last change has to be. The kernel counts time of files in ticks of at most 10 ms, so a second change within
/// the tick could go unseen.
const MIN_AGE: Duration = Duration::from_millis(100);

/// The same for a file whose time has no fraction: its file system may count in steps of two seconds.
const MIN_AGE_OF_WHOLE_SECONDS: Duration = Duration::from_secs(3);

/// The bundle and the directories, and their state.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Authorities {
    bundle: (PathBuf, Option<State>),
    directories: Vec<(PathBuf, Option<State>)>,
}

/// What changes with the content of a file or directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    /// Of the inode: moves on also where a copy keeps the time of the original.
    changed: (i64, i64),
    is_file: bool,
}

impl Authorities {
    /// Those that OpenSSL would use now.
    pub(super) fn now(openssl: &OpenSsl) -> Self {
        let (variable, default) = openssl.bundle();
        let bundle = environment::even_empty(&variable).unwrap_or(default);
        let (variable, default) = openssl.directories();
        let directories = environment::even_empty(&variable).unwrap_or(default);
        Self::at(&bundle, &directories)
    }

    fn at(bundle: &OsStr, directories: &OsStr) -> Self {
        let state = |path: &OsStr| (PathBuf::from(path), State::of(Path::new(path)));
        let directories = directories.as_bytes().split(|byte| *byte == b':');
        Self {
            bundle: state(bundle),
            directories: directories
                .filter(|path| !path.is_empty())
                .map(|path| state(OsStr::from_bytes(path)))
                .collect(),
        }
    }

    /// Whether a store of these may be kept: there is a bundle that can be read, and no change of it can go unseen.
    pub(super) fn may_be_kept(&self) -> bool {
        let now = SystemTime::now();
        let states = self.directories.iter().filter_map(|(_, state)| state.as_ref());
        let bundle = self.bundle.1.as_ref();
        bundle.is_some_and(|bundle| bundle.is_file)
            && bundle
                .into_iter()
                .chain(states)
                .all(|state| state.is_settled(now))
    }

    /// The path of the bundle, for the log.
    pub(super) fn bundle(&self) -> &Path {
        &self.bundle.0
    }
}

impl State {
    /// `None` where it cannot be opened.
    fn of(path: &Path) -> Option<Self> {
        // Without waiting for the writer of a FIFO.
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
            .open(path)
            .ok()?;
        Some(Self::from(&file.metadata().ok()?))
    }

    fn is_settled(&self, now: SystemTime) -> bool {
        [self.modified, self.changed]
            .into_iter()
            .all(|(seconds, nanoseconds)| {
                let (Ok(seconds), Ok(nanoseconds)) = (u64::try_from(seconds), u64::try_from(nanoseconds))
                else {
                    // Before 1970.
                    return true;
                };
                let time = UNIX_EPOCH + Duration::from_secs(seconds) + Duration::from_nanos(nanoseconds);
                let min_age = if nanoseconds == 0 {
                    MIN_AGE_OF_WHOLE_SECONDS
                } else {
                    MIN_AGE
                };
                now.duration_since(time).is_ok_and(|age| age >= min_age)
            })
    }
}

impl From<&Metadata> for State {
    fn from(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
            is_file: metadata.is_file(),
        }
    }
}
