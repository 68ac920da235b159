//! Reads files whose paths come from connection strings or variables: only regular files of bounded length, and
//! without blocking.
//!
//! Much of this runs on the only background thread. A FIFO without a writer or an endless device would delay the
//! tokens of all other identities.

use crate::os::file;
use std::{
    fmt,
    fs::{self, File, FileType},
    io::{self, Read as _},
    path::Path,
};
use zeroize::Zeroizing;

/// The largest file that a `...File` keyword may name, in bytes.
pub const MAX_SECRET_LENGTH: usize = 64 * 1024;

/// The maximum length of a file with certificates or keys. A chain has a few thousand bytes per certificate.
pub const MAX_CERTIFICATE_LENGTH: usize = 1024 * 1024;

/// The maximum length of a bundle of CA certificates. Those of distributions have about 250 kB.
pub const MAX_BUNDLE_LENGTH: usize = 16 * 1024 * 1024;

/// Why a file is not read.
#[derive(Debug)]
pub enum Refusal {
    /// The path names this instead of a regular file.
    Is(&'static str),
    /// The path is a symbolic link, and links are refused.
    Link,
    /// The file is longer than this many bytes.
    TooLong(usize),
    /// A system call failed.
    System(io::Error),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Is(kind) => write!(f, "it is {kind}, not a regular file"),
            Self::Link => f.write_str("it is a link"),
            Self::TooLong(limit) => write!(f, "it is longer than {limit} bytes"),
            Self::System(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Refusal {}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        if file::is_link_refused(&error) {
            Self::Link
        } else {
            Self::System(error)
        }
    }
}

impl From<Refusal> for io::Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::System(error) => error,
            refusal => Self::other(refusal),
        }
    }
}

/// Whether a symbolic link is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links {
    /// A link is followed.
    Follow,
    /// A link is refused.
    Refuse,
}

/// The content of a regular file of at most `limit` bytes.
pub fn read(path: &Path, limit: usize) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    content(&open(path, Links::Follow)?, limit)
}

/// Opens a regular file.
pub fn open(path: &Path, links: Links) -> Result<File, Refusal> {
    let status = match links {
        Links::Follow => fs::metadata(path)?,
        Links::Refuse => fs::symlink_metadata(path)?,
    };
    // Checked before opening: opening a device can start a watchdog or rewind a tape, and opening a FIFO releases a
    // writer that then receives SIGPIPE.
    check(status.file_type())?;
    let file = file::open_to_read(path, links == Links::Follow)?;
    check(file.metadata()?.file_type())?;
    Ok(file)
}

/// The content of an open file of at most `limit` bytes.
pub fn content(file: &File, limit: usize) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let length = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
    if length > limit {
        return Err(Refusal::TooLong(limit));
    }
    // Read with one allocation: copies left by a growing buffer are not zeroed. Some file systems report length 0.
    let expected = if length == 0 {
        limit.min(MAX_SECRET_LENGTH)
    } else {
        length
    };
    let mut bytes = Zeroizing::new(Vec::with_capacity(expected + 1));
    file.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > limit {
        return Err(Refusal::TooLong(limit));
    }
    Ok(bytes)
}

fn check(kind: FileType) -> Result<(), Refusal> {
    let other = if kind.is_file() {
        return Ok(());
    } else if kind.is_symlink() {
        return Err(Refusal::Link);
    } else if kind.is_dir() {
        "a directory"
    } else {
        file::special_kind(kind)
    };
    Err(Refusal::Is(other))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::{os::unix::fs::symlink, path::PathBuf, process::Command};

    /// A directory of a test's own, gone with its owner.
    pub(crate) struct Place(PathBuf);

    impl Place {
        pub(crate) fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("entra-odbc-{}-{name}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        pub(crate) fn path(&self, name: &str) -> PathBuf {
            self.0.join(name)
        }

        pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
            let path = self.path(name);
            fs::write(&path, content).unwrap();
            path
        }

        pub(crate) fn fifo(&self, name: &str) -> PathBuf {
            let path = self.path(name);
            assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
            path
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn refusal(path: &Path, limit: usize) -> String {
        read(path, limit).unwrap_err().to_string()
    }

    #[test]
    fn what_is_no_regular_file_is_refused_at_once_and_by_what_it_is() {
        let place = Place::new("regular");
        let socket = place.path("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        for (path, kind) in [
            (place.fifo("fifo"), "a FIFO"),
            (place.path(""), "a directory"),
            (socket, "a socket"),
            (PathBuf::from("/dev/zero"), "a device"),
        ] {
            assert_eq!(
                refusal(&path, MAX_SECRET_LENGTH),
                format!("it is {kind}, not a regular file")
            );
        }
        assert!(refusal(&place.path("absent"), MAX_SECRET_LENGTH).contains("No such file"));
    }

    #[test]
    fn a_file_is_read_up_to_its_limit_whatever_its_length_is_said_to_be() {
        let place = Place::new("limit");
        let path = place.file("file", "0123456789");
        assert_eq!(*read(&path, 10).unwrap(), b"0123456789");
        assert_eq!(refusal(&path, 9), "it is longer than 9 bytes");
        // Regular, and of length 0 as the kernel tells it.
        assert!(
            !read(Path::new("/proc/self/status"), MAX_SECRET_LENGTH)
                .unwrap()
                .is_empty()
        );
        assert_eq!(
            refusal(Path::new("/proc/self/status"), 9),
            "it is longer than 9 bytes"
        );
        // As sparse as it may be: it is not read at all.
        let huge = place.file("huge", "");
        fs::OpenOptions::new()
            .write(true)
            .open(&huge)
            .unwrap()
            .set_len(1 << 40)
            .unwrap();
        assert!(refusal(&huge, MAX_BUNDLE_LENGTH).contains("longer than"));
    }

    #[test]
    fn a_link_is_followed_only_where_that_is_asked_for() {
        let place = Place::new("links");
        let link = place.path("link");
        symlink(place.file("file", "x"), &link).unwrap();
        assert!(open(&link, Links::Follow).is_ok());
        assert_eq!(
            open(&link, Links::Refuse).unwrap_err().to_string(),
            "it is a link"
        );
    }
}
