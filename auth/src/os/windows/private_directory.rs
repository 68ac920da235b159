//! A directory that only its owner can enter: not available, since nothing here reads access control lists.

use super::{atomic_file::Directory, unavailable};
use std::{convert::Infallible, fs::File, io, path::Path, time::SystemTime};
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

/// The open directory: there is none, so that its functions are not called.
#[derive(Debug)]
pub struct PrivateDirectory(Infallible);

impl PrivateDirectory {
    /// Opens the parent directory.
    pub fn parent(_: &Path, _: bool) -> io::Result<Directory> {
        Err(unavailable("a directory of this user alone"))
    }

    /// Opens the directory of that name.
    pub fn open(_: &Directory, _: &Path, _: &str) -> io::Result<Self> {
        Err(unavailable("a directory of this user alone"))
    }

    /// The content of a file.
    pub fn read(&self, _: &str, _: usize) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        match self.0 {}
    }

    /// Opens the lock file of that name.
    pub fn lock_file(&self, _: &str) -> io::Result<File> {
        match self.0 {}
    }

    /// Replaces the file of that name.
    pub fn replace(&self, _: &str, _: &[u8], _: SystemTime) -> io::Result<()> {
        match self.0 {}
    }

    /// Creates a file unless there is one.
    pub fn create(&self, _: &str, _: &[u8]) -> io::Result<bool> {
        match self.0 {}
    }

    /// Removes a file if it exists.
    pub fn remove(&self, _: &str) {
        match self.0 {}
    }

    /// The status of a file.
    #[must_use]
    pub fn status(&self, _: &str) -> Option<Status> {
        match self.0 {}
    }

    /// The names of all entries.
    pub fn names(&self) -> io::Result<Vec<String>> {
        match self.0 {}
    }
}
