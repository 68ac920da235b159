//! Files that appear whole or not at all, with the owner and mode of those that they replace.

use entra_odbc_core::regular_file;
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

/// How names end of what is not put in its place yet.
const UNFINISHED: &str = ".new";

/// A change of a file that is ready to happen; dropped before that, it leaves nothing behind.
#[derive(Debug)]
pub struct Change {
    path: PathBuf,
    /// The new content under another name; `None` where the file is to go.
    unfinished: Option<Unfinished>,
}

#[derive(Debug)]
struct Unfinished(PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

impl Change {
    /// Writes `content` beside the file, to be put in its place; a file that is new gets `mode`.
    pub fn to(path: &Path, content: &[u8], mode: u32) -> io::Result<Self> {
        let path = real(path)?;
        let old = match path.metadata() {
            Ok(metadata) if !metadata.is_file() => return Err(io::Error::other("it is not a regular file")),
            Ok(metadata) => Some(metadata),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        // A file that its owner made unwritable is not to be replaced behind their back.
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
        let unfinished = path.with_file_name(format!(".{name}.{}{UNFINISHED}", std::process::id()));
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&unfinished)?;
        let unfinished = Unfinished(unfinished);
        file.write_all(content)?;
        if let Some(old) = &old {
            let mine = file.metadata()?;
            if (old.uid(), old.gid()) != (mine.uid(), mine.gid()) {
                fchown(&file, Some(old.uid()), Some(old.gid()))?;
            }
        }
        let mode = old.map_or(mode, |old| old.mode() & 0o7777);
        file.set_permissions(Permissions::from_mode(mode))?;
        file.sync_all()?;
        Ok(Self {
            path,
            unfinished: Some(unfinished),
        })
    }

    /// The file is to go.
    pub fn removal(path: &Path) -> io::Result<Self> {
        Ok(Self {
            path: real(path)?,
            unfinished: None,
        })
    }

    /// Happens: at once for whoever reads the file.
    pub fn commit(self) -> io::Result<()> {
        match &self.unfinished {
            Some(unfinished) => fs::rename(&unfinished.0, &self.path)?,
            None => match fs::remove_file(&self.path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            },
        }
        // The new name is on disk with its directory; where that cannot be had, it is as good as it gets.
        if let Some(directory) = self.path.parent().and_then(|parent| File::open(parent).ok()) {
            let _ = directory.sync_all();
        }
        Ok(())
    }
}

/// Where a link leads, so that the link stays one, even where nothing is there yet.
fn real(path: &Path) -> io::Result<PathBuf> {
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

/// Removes what runs of this tool that were killed have left beside a file; only for who has locked it, since a run
/// that goes on has such a file, too.
pub fn tidy(path: &Path) {
    let Ok(path) = real(path) else { return };
    let (Some(directory), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str()))
    else {
        return;
    };
    let is_left = |found: &str| {
        let number = found
            .strip_prefix('.')
            .and_then(|rest| rest.strip_prefix(name)?.strip_prefix('.'))
            .and_then(|rest| rest.strip_suffix(UNFINISHED));
        number.is_some_and(|number| number.parse::<u32>().is_ok())
    };
    let entries = directory.read_dir().into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name().to_str().is_some_and(is_left)) {
        let _ = fs::remove_file(entry.path());
    }
}

/// How long another one who changes a file by this tool may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// Keeps others who change a file by this tool waiting until it is dropped; none where that cannot be had.
///
/// Nor where someone keeps it for long: whoever may read a directory may lock it, on `/etc` that is everyone.
pub fn lock_beside(path: &Path) -> Option<File> {
    let directory = File::open(path.parent()?).ok()?;
    let until = Instant::now() + PATIENCE;
    loop {
        match directory.try_lock() {
            Ok(()) => return Some(directory),
            Err(TryLockError::WouldBlock) if Instant::now() < until => {
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
        Change::to(&link, b"new", 0o600).unwrap().commit().unwrap();
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
        let change = Change::to(&here.join("file"), b"new", 0o644).unwrap();
        assert_eq!(names(&here).len(), 1);
        drop(change);
        assert!(names(&here).is_empty());
        Change::to(&here.join("file"), b"new", 0o644)
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
        Change::to(&link, b"new", 0o600).unwrap().commit().unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert!(link.is_symlink());
        Change::removal(&link).unwrap().commit().unwrap();
        assert_eq!(names(&here), ["link"]);
        std::os::unix::fs::symlink("nowhere/file", here.join("astray")).unwrap();
        assert!(Change::to(&here.join("astray"), b"new", 0o600).is_err());
        fs::remove_dir_all(here).unwrap();
    }

    #[test]
    fn what_killed_runs_have_left_is_removed_and_nothing_else() {
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
        tidy(&here.join("file"));
        assert_eq!(names(&here), [".file.new", ".file.x.new", ".other.1.new", "file"]);
        fs::remove_dir_all(here).unwrap();
    }

    #[test]
    fn a_lock_is_waited_for_and_done_without_where_someone_keeps_it() {
        let here = directory("kept");
        let held = File::open(&here).unwrap();
        held.lock().unwrap();
        assert!(lock_beside(&here.join("file")).is_none());
        held.unlock().unwrap();
        assert!(lock_beside(&here.join("file")).is_some());
        fs::remove_dir_all(here).unwrap();
    }

    #[test]
    fn what_is_no_file_is_not_read_and_not_replaced() {
        let here = directory("odd");
        assert_eq!(read(&here.join("absent"), 10).unwrap(), None);
        assert!(read(&here, 10).is_err());
        assert!(Change::to(&here, b"", 0o644).is_err());
        fs::write(here.join("long"), "0123456789a").unwrap();
        assert!(read(&here.join("long"), 10).is_err());
        fs::remove_dir_all(here).unwrap();
    }
}
