//! Files that appear complete under their name, or not at all.
//!
//! The content goes to a temporary file in the same directory, which is then renamed or linked.
//! The directory is an open descriptor, so that a replaced path cannot redirect the write.

use nix::{
    NixPath,
    errno::Errno,
    fcntl::{AtFlags, OFlag, openat, renameat},
    sys::stat::Mode,
    unistd::{UnlinkatFlags, linkat, unlinkat},
};
use ring::rand::{SecureRandom as _, SystemRandom};
use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io::{self, Write as _},
    time::SystemTime,
};

/// A complete file with mode 0600 under a temporary name, which is removed on drop.
#[derive(Debug)]
pub struct TemporaryFile<'a> {
    directory: &'a File,
    name: OsString,
    file: File,
}

impl<'a> TemporaryFile<'a> {
    /// Writes `content` to a new file whose name is `prefix` and a random number.
    pub fn create(directory: &'a File, prefix: &OsStr, content: &[u8]) -> io::Result<Self> {
        let mut bytes = [0; 8];
        SystemRandom::new()
            .fill(&mut bytes)
            .map_err(|_| io::Error::other("the system gives no random numbers"))?;
        let mut name = prefix.to_owned();
        name.push(format!("{:016x}", u64::from_le_bytes(bytes)));
        let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let file = openat(directory, name.as_os_str(), flags, Mode::S_IRUSR | Mode::S_IWUSR)?;
        let mut temporary = Self {
            directory,
            name,
            file: file.into(),
        };
        temporary.file.write_all(content)?;
        Ok(temporary)
    }

    /// Sets the time of the last change.
    pub fn set_modified(&self, time: SystemTime) -> io::Result<()> {
        self.file.set_modified(time)
    }

    /// Waits until the content is on the disk.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_all()
    }

    /// Renames the file to `name`, replacing what has that name.
    pub fn rename_to<P: NixPath + ?Sized>(self, name: &P) -> io::Result<()> {
        Ok(renameat(
            self.directory,
            self.name.as_os_str(),
            self.directory,
            name,
        )?)
    }

    /// Gives the file the name `name` unless that exists; returns whether it did.
    pub fn link_as<P: NixPath + ?Sized>(self, name: &P) -> io::Result<bool> {
        let linked = linkat(
            self.directory,
            self.name.as_os_str(),
            self.directory,
            name,
            AtFlags::empty(),
        );
        match linked {
            Ok(()) => Ok(true),
            Err(Errno::EEXIST) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

impl Drop for TemporaryFile<'_> {
    fn drop(&mut self) {
        // Fails after a rename, when the name no longer exists.
        let _ = unlinkat(self.directory, self.name.as_os_str(), UnlinkatFlags::NoRemoveDir);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::regular_file::tests::Place;
    use std::{
        fs,
        os::unix::fs::{MetadataExt as _, symlink},
    };

    fn create(directory: &File, content: &str) -> TemporaryFile<'static> {
        let directory = Box::leak(Box::new(directory.try_clone().unwrap()));
        TemporaryFile::create(directory, OsStr::new("new-"), content.as_bytes()).unwrap()
    }

    fn names(place: &Place) -> Vec<String> {
        let entries = fs::read_dir(place.path("")).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_renamed_file_replaces_the_old_one_and_is_private() {
        let place = Place::new("atomic-rename");
        let path = place.file("file", "old");
        let directory = File::open(place.path("")).unwrap();
        let file = create(&directory, "new");
        file.sync().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        file.rename_to("file").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(names(&place), ["file"]);
    }

    #[test]
    fn a_link_in_place_of_the_old_file_is_replaced_and_not_followed() {
        let place = Place::new("atomic-link");
        let target = place.file("target", "kept");
        symlink(&target, place.path("file")).unwrap();
        create(&File::open(place.path("")).unwrap(), "new")
            .rename_to("file")
            .unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "kept");
        assert!(
            fs::symlink_metadata(place.path("file"))
                .unwrap()
                .file_type()
                .is_file()
        );
    }

    #[test]
    fn an_existing_file_is_kept_by_link_as() {
        let place = Place::new("atomic-create");
        let directory = File::open(place.path("")).unwrap();
        assert!(create(&directory, "first").link_as("file").unwrap());
        assert!(!create(&directory, "second").link_as("file").unwrap());
        assert_eq!(fs::read_to_string(place.path("file")).unwrap(), "first");
        assert_eq!(names(&place), ["file"]);
    }

    #[test]
    fn an_abandoned_file_is_removed() {
        let place = Place::new("atomic-abandoned");
        drop(create(&File::open(place.path("")).unwrap(), "new"));
        assert!(names(&place).is_empty());
    }
}
