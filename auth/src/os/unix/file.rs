//! Files by path: opened without waiting, checked for their owner, told apart.

use super::user_id;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::{
    fs::{DirBuilder, File, FileType, Metadata, OpenOptions},
    io,
    os::{
        fd::{AsFd as _, BorrowedFd},
        unix::fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _},
    },
    path::Path,
};

/// Opens a file for reading; with `follow`, through a symbolic link.
///
/// `O_NONBLOCK` is for a file that was replaced since its kind was looked at, for leases of other processes
/// (fcntl(2)), and for kernel logs, which look like regular files and wait for the next line. std adds `O_CLOEXEC`.
pub(crate) fn open_to_read(path: &Path, follow: bool) -> io::Result<File> {
    let links = if follow { 0 } else { libc::O_NOFOLLOW };
    OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY | links)
        .open(path)
}

/// Whether a file was not opened since it is a symbolic link.
pub(crate) fn is_link_refused(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::ELOOP)
}

/// What a file is that is neither a regular file nor a directory nor a link.
pub(crate) fn special_kind(kind: FileType) -> &'static str {
    if kind.is_fifo() {
        "a FIFO"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

/// Refuses a file of another user, and one that others may read or write.
pub(crate) fn check_private(file: &File) -> io::Result<()> {
    let metadata = file.metadata()?;
    if metadata.uid() != user_id() {
        return Err(io::Error::other("it belongs to another user"));
    }
    if metadata.mode() & 0o077 != 0 {
        return Err(io::Error::other("others may read or write it"));
    }
    Ok(())
}

/// Whether the file may be run as a program.
pub(crate) fn is_executable(file: &Metadata) -> bool {
    file.is_file() && file.mode() & 0o111 != 0
}

/// The programs that a name may stand for.
pub(crate) fn program_files(name: &str) -> impl Iterator<Item = String> {
    std::iter::once(name.to_owned())
}

/// Creates a directory that only its owner can enter, and those above it.
pub(crate) fn create_private_directories(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// The number of a file in its file system, and how many names it has.
pub(crate) fn identity(file: &File) -> io::Result<(u64, u64)> {
    let metadata = file.metadata()?;
    Ok((metadata.ino(), metadata.nlink()))
}

/// What changes with each change of a file. The time of its last change of any kind cannot be set: what is copied or
/// unpacked in its place together with its times is another version all the same.
pub(crate) fn version(file: &Metadata) -> String {
    let written = (file.mtime(), file.mtime_nsec());
    let changed = (file.ctime(), file.ctime_nsec());
    format!(
        "{}:{}:{}:{written:?}:{changed:?}",
        file.dev(),
        file.ino(),
        file.len()
    )
}

/// Opens the log for appending, created with mode 0600: the log names principals and servers.
pub(crate) fn open_log(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path)
}

/// Writes to standard error, but not where that would block.
pub(crate) fn write_to_stderr(bytes: &[u8]) -> io::Result<usize> {
    write_unless_full(io::stderr().as_fd(), bytes)
}

/// Writes only if the write cannot block: a full pipe without a reader would block the background thread and so every
/// identity. O_NONBLOCK is no option, since it would affect other programs that share the pipe.
fn write_unless_full(to: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
    let mut ready = [PollFd::new(to, PollFlags::POLLOUT)];
    if poll(&mut ready, PollTimeout::ZERO)? == 0 {
        return Err(io::ErrorKind::WouldBlock.into());
    }
    // A pipe that is ready for writing has room for at least PIPE_BUF bytes.
    let bytes = bytes.get(..libc::PIPE_BUF).unwrap_or(bytes);
    Ok(nix::unistd::write(to, bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_that_nobody_reads_holds_nobody_up() {
        let (_read, write) = nix::unistd::pipe().unwrap();
        let mut lines = 0;
        while write_unless_full(write.as_fd(), &[b'x'; 2 * libc::PIPE_BUF]).is_ok() {
            lines += 1;
        }
        assert!(lines > 0);
    }
}
