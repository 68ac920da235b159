//! A directory that only its owner can enter, with atomic replacement of its files.

use super::atomic_file::TemporaryFile;
use nix::{
    dir::Dir,
    errno::Errno,
    fcntl::{AtFlags, OFlag, openat},
    sys::stat::{Mode, SFlag, fstatat, mkdirat},
    unistd::{UnlinkatFlags, geteuid, unlinkat},
};
use std::{
    fs::{File, Metadata, OpenOptions},
    io::{self, Read},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use zeroize::Zeroizing;

/// What is known of a file without opening it.
#[derive(Debug, Clone, Copy)]
pub struct Status {
    /// Its number in the file system.
    pub inode: u64,
    /// Whether it is a regular file.
    pub is_file: bool,
    /// The time of its last change.
    pub changed: SystemTime,
}

/// The names of incomplete files start with this.
pub const TEMPORARY_PREFIX: &str = "new-";

/// The open directory. Files are opened relative to its descriptor, so a replaced path has no effect.
#[derive(Debug)]
pub struct PrivateDirectory(File);

impl PrivateDirectory {
    /// Opens the parent directory. It must belong to the user and be writable by nobody else. With `public` it may
    /// also belong to root and have the sticky bit, so that other users cannot replace our directory.
    pub fn parent(path: &Path, public: bool) -> io::Result<File> {
        let parent = OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_DIRECTORY)
            .open(path)
            .map_err(|error| refused(path, &error.to_string()))?;
        let metadata = parent.metadata()?;
        let trusted = metadata.uid() == geteuid().as_raw() || public && metadata.uid() == 0;
        let closed = metadata.mode() & 0o022 == 0 || public && metadata.mode() & 0o1000 != 0;
        if !trusted {
            return Err(refused(path, "it belongs to another user"));
        }
        if !closed {
            return Err(refused(path, "others may write there"));
        }
        Ok(parent)
    }

    /// Opens the directory of that name; creates it if it is absent.
    pub fn open(parent: &File, path: &Path, name: &str) -> io::Result<Self> {
        let open = || {
            let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
            openat(parent, name, flags, Mode::empty())
        };
        let path = path.join(name);
        let opened = match open() {
            Err(Errno::ENOENT) => match mkdirat(parent, name, Mode::S_IRWXU) {
                // EEXIST: another process created it first.
                Ok(()) | Err(Errno::EEXIST) => open(),
                Err(error) => Err(error),
            },
            opened => opened,
        };
        let directory = File::from(opened.map_err(|error| match error {
            Errno::ELOOP | Errno::ENOTDIR => refused(&path, "it is a link, or no directory"),
            error => refused(&path, &error.to_string()),
        })?);
        let metadata = directory.metadata()?;
        if metadata.uid() != geteuid().as_raw() {
            return Err(refused(&path, "it belongs to another user"));
        }
        if metadata.mode() & 0o777 != 0o700 {
            return Err(refused(&path, "its mode is not 0700"));
        }
        Ok(Self(directory))
    }

    /// The content of a file; `None` if it is absent, too long, or fails the checks of type, owner and mode.
    pub fn read(&self, name: &str, limit: usize) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        let Some(file) = self.open_file(name, OFlag::O_RDONLY)? else {
            return Ok(None);
        };
        let length = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
        if length > limit {
            return Ok(None);
        }
        // Never reallocated: a reallocation would leave a copy that is not zeroed.
        let mut bytes = Zeroizing::new(Vec::with_capacity(length + 1));
        file.take(length as u64 + 1).read_to_end(&mut bytes)?;
        Ok(Some(bytes).filter(|bytes| bytes.len() == length))
    }

    /// Opens the lock file of that name; creates it if it is absent.
    pub fn lock_file(&self, name: &str) -> io::Result<File> {
        self.open_file(name, OFlag::O_RDWR | OFlag::O_CREAT)?
            .ok_or_else(|| io::Error::other(format!("{name} in the shared directory is no file of ours")))
    }

    /// Replaces the file of that name atomically and sets the time of its last change.
    pub fn replace(&self, name: &str, content: &[u8], changed: SystemTime) -> io::Result<()> {
        let file = TemporaryFile::create(&self.0, TEMPORARY_PREFIX.as_ref(), content)?;
        file.set_modified(changed)?;
        file.rename_to(name)
    }

    /// Creates a file unless there is one; returns whether it did.
    pub fn create(&self, name: &str, content: &[u8]) -> io::Result<bool> {
        TemporaryFile::create(&self.0, TEMPORARY_PREFIX.as_ref(), content)?.link_as(name)
    }

    /// Removes a file if it exists.
    pub fn remove(&self, name: &str) {
        let _ = unlinkat(&self.0, name, UnlinkatFlags::NoRemoveDir);
    }

    /// The status of a file; links are not followed.
    #[must_use]
    pub fn status(&self, name: &str) -> Option<Status> {
        let status = fstatat(&self.0, name, AtFlags::AT_SYMLINK_NOFOLLOW).ok()?;
        let seconds = u64::try_from(status.st_mtime).unwrap_or(0);
        Some(Status {
            inode: status.st_ino,
            is_file: SFlag::from_bits_truncate(status.st_mode) & SFlag::S_IFMT == SFlag::S_IFREG,
            changed: UNIX_EPOCH + Duration::from_secs(seconds),
        })
    }

    /// The names of all entries.
    pub fn names(&self) -> io::Result<Vec<String>> {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let mut listing = Dir::openat(&self.0, ".", flags, Mode::empty())?;
        let names = listing
            .iter()
            .filter_map(|entry| entry.ok()?.file_name().to_str().ok().map(str::to_owned));
        Ok(names.collect())
    }

    fn open_file(&self, name: &str, flags: OFlag) -> io::Result<Option<File>> {
        let flags = flags | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
        match openat(&self.0, name, flags, Mode::S_IRUSR | Mode::S_IWUSR) {
            Ok(file) => {
                let file = File::from(file);
                Ok(is_ours(&file.metadata()?).then_some(file))
            }
            Err(Errno::ENOENT | Errno::ELOOP | Errno::ENXIO) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// Whether a file is regular, belongs to this user and has mode 0600.
fn is_ours(metadata: &Metadata) -> bool {
    metadata.is_file() && metadata.uid() == geteuid().as_raw() && metadata.mode() & 0o777 == 0o600
}

fn refused(path: &Path, why: &str) -> io::Error {
    io::Error::other(format!("{} is not used: {why}", path.display()))
}

#[cfg(test)]
mod tests;
