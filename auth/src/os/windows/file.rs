//! Files by path.

use super::unavailable;
use std::{
    fs::{DirBuilder, File, FileType, Metadata, OpenOptions},
    io::{self, Write as _},
    os::windows::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::Path,
};

/// Opens the link itself.
const FILE_FLAG_OPEN_REPARSE_POINT: u32 = 0x0020_0000;

/// Opens a file for reading; with `follow`, through a symbolic link. Without it, a link is opened itself, which the
/// check of its kind then refuses.
pub(crate) fn open_to_read(path: &Path, follow: bool) -> io::Result<File> {
    let links = if follow { 0 } else { FILE_FLAG_OPEN_REPARSE_POINT };
    OpenOptions::new().read(true).custom_flags(links).open(path)
}

/// Whether a file was not opened since it is a symbolic link: it is always opened.
pub(crate) fn is_link_refused(_: &io::Error) -> bool {
    false
}

/// What a file is that is neither a regular file nor a directory nor a link.
pub(crate) fn special_kind(_: FileType) -> &'static str {
    "a device"
}

/// Refuses a file of another user, and one that others may read or write: each file, since neither can be told.
pub(crate) fn check_private(_: &File) -> io::Result<()> {
    Err(unavailable("checking who else may read a file"))
}

/// Whether the file may be run as a program: its name says so.
pub(crate) fn is_executable(file: &Metadata) -> bool {
    file.is_file()
}

/// The programs that a name may stand for. `az` is a script, `az.cmd`.
pub(crate) fn program_files(name: &str) -> impl Iterator<Item = String> {
    let name = name.to_owned();
    let suffixes: &[&str] = if Path::new(&name).extension().is_some() {
        &[""]
    } else {
        &[".exe", ".cmd", ".bat"]
    };
    suffixes.iter().map(move |suffix| format!("{name}{suffix}"))
}

/// Creates a directory and those above it. They have the rights of the one in which they are made, which for a user's
/// profile are those of that user.
pub(crate) fn create_private_directories(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).create(path)
}

/// The number of a file in its file system, and how many names it has: not told by the standard library.
pub(crate) fn identity(_: &File) -> io::Result<(u64, u64)> {
    Err(unavailable("telling one file from another"))
}

/// What changes with each change of a file.
pub(crate) fn version(file: &Metadata) -> String {
    format!(
        "{}:{}:{}",
        file.file_size(),
        file.creation_time(),
        file.last_write_time()
    )
}

/// Opens the log for appending, with the rights of its directory.
pub(crate) fn open_log(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).open(path)
}

/// Writes to standard error. Where that is a pipe that is full and nobody reads, it waits: Windows cannot tell.
pub(crate) fn write_to_stderr(bytes: &[u8]) -> io::Result<usize> {
    io::stderr().write(bytes)
}
