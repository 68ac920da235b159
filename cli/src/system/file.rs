//! Atomic replacement of files, which keeps the owner and mode of the file that is replaced.
//!
//! Unlike the core's private directory, this writes into directories of the system and of users: it follows links,
//! syncs to disk, and prepares several changes before the first one is committed.

use entra_auth::process::regular_file;
use nix::unistd::geteuid;
use std::{
    fs::{self, File, OpenOptions, Permissions, TryLockError},
    io::{self, Write as _},
    mem,
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

/// The content of a regular file of at most `limit` bytes; `None` where there is no file.
pub fn read(path: &Path, limit: usize) -> io::Result<Option<Vec<u8>>> {
    match regular_file::read(path, limit).map_err(io::Error::from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        read => read.map(|mut bytes| Some(mem::take(&mut *bytes))),
    }
}

/// The suffix of temporary files.
const TEMPORARY_SUFFIX: &str = ".new";

/// A prepared change of one file; dropped without a commit, it leaves nothing behind.
#[derive(Debug)]
pub struct Change {
    path: PathBuf,
    /// The new content; `None` where the file is to be removed.
    temporary: Option<TemporaryFile>,
}

#[derive(Debug)]
struct TemporaryFile(PathBuf);

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

impl Change {
    /// Writes `content` to a temporary file beside the file; a new file gets `mode`.
    pub fn replacement(path: &Path, content: &[u8], mode: u32) -> io::Result<Self> {
        let path = resolve_links(path)?;
        let old = match path.metadata() {
            Ok(metadata) if !metadata.is_file() => return Err(io::Error::other("it is not a regular file")),
            Ok(metadata) => Some(metadata),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        // Its owner has protected it, and a rename would ignore that.
        if old
            .as_ref()
            .is_some_and(|old| old.mode() & 0o200 == 0 && !geteuid().is_root())
        {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let temporary = path.with_file_name(format!(".{name}.{}{TEMPORARY_SUFFIX}", std::process::id()));
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&temporary)?;
        let temporary = TemporaryFile(temporary);
        file.write_all(content)?;
        if let Some(old) = &old {
            let new = file.metadata()?;
            if (old.uid(), old.gid()) != (new.uid(), new.gid()) {
                fchown(&file, Some(old.uid()), Some(old.gid()))?;
            }
        }
        let mode = old.map_or(mode, |old| old.mode() & 0o7777);
        file.set_permissions(Permissions::from_mode(mode))?;
        file.sync_all()?;
        Ok(Self {
            path,
            temporary: Some(temporary),
        })
    }

    /// Prepares the removal of the file.
    pub fn removal(path: &Path) -> io::Result<Self> {
        Ok(Self {
            path: resolve_links(path)?,
            temporary: None,
        })
    }

    /// Makes the change visible, atomically.
    pub fn commit(self) -> io::Result<()> {
        match &self.temporary {
            Some(temporary) => fs::rename(&temporary.0, &self.path)?,
            None => match fs::remove_file(&self.path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            },
        }
        // A rename is durable once its directory is synced; not every file system can do that.
        if let Some(directory) = self.path.parent().and_then(|parent| File::open(parent).ok()) {
            let _ = directory.sync_all();
        }
        Ok(())
    }
}

/// The path behind links, so that a link stays a link; the last one may dangle.
fn resolve_links(path: &Path) -> io::Result<PathBuf> {
    let found = path.canonicalize();
    match (&found, path.read_link()) {
        (Err(error), Ok(target)) if error.kind() == io::ErrorKind::NotFound => {
            let target = path.parent().unwrap_or(Path::new("")).join(target);
            let directory = target.parent().unwrap_or(Path::new("")).canonicalize()?;
            Ok(directory.join(target.file_name().unwrap_or_default()))
        }
        (Err(error), Err(_)) if error.kind() == io::ErrorKind::NotFound => Ok(path.to_owned()),
        _ => found,
    }
}

/// Removes the temporary files that killed runs of this tool have left beside a file.
///
/// The caller must hold the lock: another run that is under way has a temporary file, too.
pub fn remove_leftovers(path: &Path) {
    let Ok(path) = resolve_links(path) else { return };
    let (Some(directory), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str()))
    else {
        return;
    };
    let is_leftover = |found: &str| {
        let number = found
            .strip_prefix('.')
            .and_then(|rest| rest.strip_prefix(name)?.strip_prefix('.'))
            .and_then(|rest| rest.strip_suffix(TEMPORARY_SUFFIX));
        number.is_some_and(|number| number.parse::<u32>().is_ok())
    };
    let entries = directory.read_dir().into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name().to_str().is_some_and(is_leftover)) {
        let _ = fs::remove_file(entry.path());
    }
}

/// How long to wait for another run of this tool.
const LOCK_TIMEOUT: Duration = Duration::from_secs(3);

/// Locks a file's directory against other runs of this tool until the result is dropped; `None` where that fails.
///
/// A lock that is held for longer is ignored: everyone who may read a directory may lock it, and `/etc` is read by all.
pub fn lock_directory_of(path: &Path) -> Option<File> {
    let directory = File::open(path.parent()?).ok()?;
    let deadline = Instant::now() + LOCK_TIMEOUT;
    loop {
        match directory.try_lock() {
            Ok(()) => return Some(directory),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                thread::sleep(Duration::from_millis(10));
            }
            Err(_) => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("entra-odbc-file-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        path
    }

    fn names(directory: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_replaced_with_its_mode_and_through_its_link() {
        let here = directory("replace");
        let (file, link) = (here.join("file"), here.join("link"));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink("file", &link).unwrap();
        Change::replacement(&link, b"new", 0o600)
            .unwrap()
            .commit()
            .unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert_eq!(file.metadata().unwrap().mode() & 0o777, 0o640);
        assert!(link.is_symlink());
        assert_eq!(names(&here), ["file", "link"]);
        Change::removal(&link).unwrap().commit().unwrap();
        assert!(!file.exists());
        fs::remove_dir_all(here).unwrap();
    }

    #[test]
    fn a_change_that_does_not_happen_leaves_nothing_behind() {
        let here = directory("dropped");
        let change = Change::replacement(&here.join("file"), b"new", 0o644).unwrap();
        assert_eq!(names(&here).len(), 1);
        drop(change);
        assert!(names(&here).is_empty());
        Change::replacement(&here.join("file"), b"new", 0o644)
            .unwrap()
            .commit()
            .unwrap();
        assert_eq!(here.join("file").metadata().unwrap().mode() & 0o777, 0o644);
        fs::remove_dir_all(here).unwrap();
    }

    #[test]
    fn a_link_to_a_file_that_is_not_there_yet_stays_a_link() {
        let here = directory("dangling");
        let (file, link) = (here.join("file"), here.join("link"));
        std::os::unix::fs::symlink("file", &link).unwrap();
        Change::replacement(&link, b"new", 0o600)
            .unwrap()
            .commit()
            .unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert!(link.is_symlink());
        Change::removal(&link).unwrap().commit().unwrap();
        assert_eq!(names(&here), ["link"]);
        std::os::unix::fs::symlink("nowhere/file", here.join("astray")).unwrap();
        assert!(Change::replacement(&here.join("astray"), b"new", 0o600).is_err());
        fs::remove_dir_all(here).unwrap();
    }

    #[test]
    fn temporary_files_of_killed_runs_are_removed_and_nothing_else() {
        let here = directory("left");
        let names_before = [
            ".file.1.new",
            ".file.77.new",
            ".file.new",
            ".file.x.new",
            ".other.1.new",
            "file",
        ];
        for name in names_before {
            fs::write(here.join(name), "").unwrap();
        }
        remove_leftovers(&here.join("file"));
        assert_eq!(names(&here), [".file.new", ".file.x.new", ".other.1.new", "file"]);
        fs::remove_dir_all(here).unwrap();
    }

    #[test]
    fn a_lock_is_waited_for_and_ignored_where_someone_holds_it_for_long() {
        let here = directory("kept");
        let held = File::open(&here).unwrap();
        held.lock().unwrap();
        assert!(lock_directory_of(&here.join("file")).is_none());
        held.unlock().unwrap();
        assert!(lock_directory_of(&here.join("file")).is_some());
        fs::remove_dir_all(here).unwrap();
    }

    #[test]
    fn what_is_no_file_is_not_read_and_not_replaced() {
        let here = directory("odd");
        assert_eq!(read(&here.join("absent"), 10).unwrap(), None);
        assert!(read(&here, 10).is_err());
        assert!(Change::replacement(&here, b"", 0o644).is_err());
        fs::write(here.join("long"), "0123456789a").unwrap();
        assert!(read(&here.join("long"), 10).is_err());
        fs::remove_dir_all(here).unwrap();
    }
}
