//! Files that appear complete under their name: not available, since no directory is opened for them.

use std::{convert::Infallible, ffi::OsStr, io, marker::PhantomData};

/// A directory in which files are created and renamed: there is none.
#[derive(Debug)]
pub struct Directory(Infallible);

/// A complete file under a temporary name: there is none.
#[derive(Debug)]
pub struct TemporaryFile<'a>(Infallible, PhantomData<&'a Directory>);

impl<'a> TemporaryFile<'a> {
    /// Writes `content` to a new file.
    pub fn create(directory: &'a Directory, _: &OsStr, _: &[u8]) -> io::Result<Self> {
        match directory.0 {}
    }

    /// Waits until the content is on the disk.
    pub fn sync(&self) -> io::Result<()> {
        match self.0 {}
    }

    /// Renames the file, replacing what has that name.
    pub fn rename_to<N: AsRef<OsStr> + ?Sized>(self, _: &N) -> io::Result<()> {
        match self.0 {}
    }
}
