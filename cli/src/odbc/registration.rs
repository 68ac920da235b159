//! Registration in an ini file, and its removal: the original is restored to the byte, or, where someone else has
//! changed the file since, our entries alone are removed.
//!
//! The backup `odbcinst.ini.entra-odbc` beside the file keeps the original. It is written first, so that a crash in
//! between loses nothing.

mod backup;

use crate::{
    odbc::ini::{self, Ini},
    system::{
        file::{self, Change},
        own_files,
        signals::BlockedSignals,
    },
    ui::failure::Failure,
};
use backup::Backup;
use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

/// A section with the entries that this tool writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Its name.
    pub name: String,
    /// Our entries; others in the section stay.
    pub entries: Vec<(String, String)>,
}

impl Section {
    /// Whether a file has these entries in that section.
    fn is_in(&self, ini: &Ini) -> bool {
        ini.has(&self.name)
            && self
                .entries
                .iter()
                .all(|(key, value)| ini.get(&self.name, key) == Some(value))
    }
}

/// What becomes of sections that we added and someone else has edited since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edited {
    /// They go with ours, unless they name another library.
    Removed,
    /// They stay as they are.
    Kept,
}

/// An ini file and its backup.
#[derive(Debug)]
pub struct Registration {
    path: PathBuf,
    /// Its bytes; `None` where there is no file.
    current: Option<Vec<u8>>,
    ini: Ini,
    backup: Option<Backup>,
}

/// Prepared changes of a file and its backup.
#[derive(Debug)]
pub struct PendingChange {
    /// In the order in which they are written.
    writes: Vec<Write>,
    /// The content that the file will have.
    pub ini: Ini,
}

/// The new content of one file.
#[derive(Debug)]
struct Write {
    path: PathBuf,
    /// `None` where the file is to be removed.
    content: Option<Vec<u8>>,
    /// The mode of a new file.
    mode: u32,
}

impl Registration {
    /// Reads the file and its backup.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let current = file::read(path, ini::LIMIT).map_err(|error| unusable(path, &error))?;
        let ini = Ini::parse(current.as_deref().unwrap_or_default()).map_err(|why| {
            Failure::refused(
                format!("{} is left as it is: {why}", path.display()),
                "Correct it first.",
            )
        })?;
        Ok(Self {
            backup: Backup::read(&Backup::path(path))?,
            path: path.to_owned(),
            current,
            ini,
        })
    }

    /// The file's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The current content.
    pub fn ini(&self) -> &Ini {
        &self.ini
    }

    /// The sections that we wrote.
    pub fn sections(&self) -> &[Section] {
        self.backup.as_ref().map_or(&[], |backup| &backup.sections)
    }

    /// The sections that we wrote and someone else has changed.
    pub fn changed_sections(&self) -> impl Iterator<Item = &Section> {
        self.sections().iter().filter(|section| !section.is_in(&self.ini))
    }

    /// Whether the file has a section of that name with anything in it that we did not write.
    pub fn is_edited(&self, name: &str) -> bool {
        let ours = self
            .sections()
            .iter()
            .find(|section| section.name.eq_ignore_ascii_case(name));
        self.ini.has(name) && !ours.is_some_and(|ours| ours.is_all_of(&self.ini))
    }

    /// Whether we wrote a section.
    pub fn is_ours(&self, name: &str) -> bool {
        self.sections()
            .iter()
            .any(|section| section.name.eq_ignore_ascii_case(name))
    }

    /// Adds or updates sections; `None` where the file has them already.
    pub fn with_sections(&self, wanted: &[Section]) -> Option<PendingChange> {
        if wanted.iter().all(|section| section.is_in(&self.ini)) {
            return None;
        }
        let original = self.original(Edited::Removed);
        let before = parse_or_empty(original.as_deref());
        let mut ini = self.ini.clone();
        let mut sections = self.sections().to_vec();
        for new in wanted {
            // Entries that we wrote and that are no longer wanted, unless someone has changed them.
            for (key, value) in sections
                .iter()
                .filter(|old| old.has_same_name(new))
                .flat_map(|old| &old.entries)
            {
                if !new.has(key) && ini.get(&new.name, key) == Some(value) {
                    ini.copy_entry(&before, &new.name, key);
                }
            }
            for (key, value) in &new.entries {
                ini.set(&new.name, key, value);
            }
            match sections.iter_mut().find(|old| old.has_same_name(new)) {
                Some(old) => *old = new.clone(),
                None => sections.push(new.clone()),
            }
        }
        let backup = Backup {
            original,
            written: ini.bytes(),
            sections,
        };
        let writes = vec![
            Write {
                path: Backup::path(&self.path),
                content: Some(backup.bytes()),
                mode: self.backup_mode(),
            },
            Write {
                path: self.path.clone(),
                content: Some(backup.written),
                mode: 0o644,
            },
        ];
        Some(PendingChange { writes, ini })
    }

    /// Sets or removes an entry; the backup stays as it is.
    pub fn with_entry(&self, section: &str, key: &str, value: Option<&str>) -> PendingChange {
        let mut ini = self.ini.clone();
        match value {
            Some(value) => ini.set(section, key, value),
            None => ini.unset(section, key),
        }
        let writes = vec![Write {
            path: self.path.clone(),
            content: Some(ini.bytes()),
            mode: 0o644,
        }];
        PendingChange { writes, ini }
    }

    /// Removes everything that we wrote; `None` where we wrote nothing.
    pub fn restored(&self, edited: Edited) -> Option<PendingChange> {
        self.backup.as_ref()?;
        let original = self.original(edited);
        let ini = parse_or_empty(original.as_deref());
        let mut writes = Vec::new();
        if original != self.current {
            writes.push(Write {
                path: self.path.clone(),
                content: original,
                mode: 0o644,
            });
        }
        writes.push(Write {
            path: Backup::path(&self.path),
            content: None,
            mode: 0,
        });
        Some(PendingChange { writes, ini })
    }

    /// The content without our changes.
    fn original(&self, edited: Edited) -> Option<Vec<u8>> {
        let Some(backup) = &self.backup else {
            return self.current.clone();
        };
        if self.current.as_ref() == Some(&backup.written) {
            return backup.original.clone();
        }
        let before = parse_or_empty(backup.original.as_deref());
        let mut ini = self.ini.clone();
        for section in &backup.sections {
            if before.has(&section.name) {
                for (key, value) in &section.entries {
                    if ini.get(&section.name, key) == Some(value) {
                        ini.copy_entry(&before, &section.name, key);
                    }
                }
            } else if section.is_still_ours(&ini) && (edited == Edited::Removed || section.is_all_of(&ini)) {
                ini.remove(&section.name);
            }
        }
        let bytes = ini.bytes();
        let is_empty_file_of_ours = backup.original.is_none() && bytes.trim_ascii().is_empty();
        if is_empty_file_of_ours {
            None
        } else {
            self.current.as_ref().map(|_| bytes)
        }
    }

    /// The mode of the backup: it may hold secrets of the file, and must not be more readable.
    fn backup_mode(&self) -> u32 {
        use std::os::unix::fs::MetadataExt as _;
        self.path
            .metadata()
            .map_or(0o644, |metadata| metadata.mode() & 0o777)
    }
}

impl Section {
    fn has_same_name(&self, other: &Self) -> bool {
        self.name.eq_ignore_ascii_case(&other.name)
    }

    fn has(&self, key: &str) -> bool {
        self.entries
            .iter()
            .any(|(known, _)| known.eq_ignore_ascii_case(key))
    }

    /// Whether that section of a file has these entries and no others.
    fn is_all_of(&self, ini: &Ini) -> bool {
        self.is_in(ini) && ini.entries(&self.name).len() == self.entries.len()
    }

    /// Whether a section that we added still names our library.
    fn is_still_ours(&self, ini: &Ini) -> bool {
        let library = |entries: &[(String, String)]| {
            let driver = entries.iter().find(|(key, _)| key.eq_ignore_ascii_case("Driver"));
            driver.map(|(_, value)| value.clone())
        };
        library(&self.entries) == library(&ini.entries(&self.name))
    }
}

impl Write {
    fn prepare(&self) -> io::Result<Change> {
        match &self.content {
            Some(content) => Change::replacement(&self.path, content, self.mode),
            None => Change::removal(&self.path),
        }
    }
}

/// Writes all changes, or none where one of them cannot be prepared; Ctrl-C takes effect afterwards.
///
/// The lock is that of [`file::lock_directory_of`], taken before the files were read.
pub fn apply(pending: &[PendingChange], lock: Option<File>) -> Result<(), Failure> {
    let _signals = BlockedSignals::block();
    let writes = || pending.iter().flat_map(|pending| &pending.writes);
    if lock.is_some() {
        writes().for_each(|write| file::remove_leftovers(&write.path));
    }
    let mut changes = Vec::new();
    for write in writes() {
        let change = write.prepare().map_err(|error| unusable(&write.path, &error))?;
        changes.push((&write.path, change));
    }
    for (path, change) in changes {
        change.commit().map_err(|error| {
            Failure::failed(
                format!("{} could not be replaced: {error}", path.display()),
                "Run the same command again.",
            )
        })?;
    }
    drop(lock);
    Ok(())
}

fn parse_or_empty(bytes: Option<&[u8]>) -> Ini {
    Ini::parse(bytes.unwrap_or_default()).unwrap_or_default()
}

fn unusable(path: &Path, error: &io::Error) -> Failure {
    let remedy = match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            format!(
                "Run it as root ({}), or for yourself alone with --user.",
                own_files::as_root("…")
            )
        }
        io::ErrorKind::NotFound => "Make the directory first.".to_owned(),
        _ => "Nothing was changed.".to_owned(),
    };
    Failure::refused(
        format!("{} cannot be used: {}", path.display(), reason(error)),
        remedy,
    )
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::NotFound => "its directory does not exist".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "the file system is read-only".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests;
