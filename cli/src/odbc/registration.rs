//! What we write into an ini file, and how it is taken back: to the byte where nobody else wrote meanwhile, else
//! our own entries only.
//!
//! Beside the file, `odbcinst.ini.entra-odbc` keeps what was there before. It is written first, so that there is
//! no moment at which our entries stand in the file and nobody knows what they replaced.

mod backup;

use crate::{
    odbc::ini::{self, Ini},
    system::{
        file::{self, Change},
        signals::Held,
    },
    ui::failure::Failure,
};
use backup::State;
use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

/// A section as it is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Its name.
    pub name: String,
    /// The entries that are ours; others in the section stay.
    pub entries: Vec<(String, String)>,
}

impl Section {
    /// Whether these entries are what a file has in that section.
    fn holds_in(&self, ini: &Ini) -> bool {
        ini.has(&self.name)
            && self
                .entries
                .iter()
                .all(|(key, value)| ini.get(&self.name, key) == Some(value))
    }
}

/// An ini file, and what is known of its past.
#[derive(Debug)]
pub struct Registration {
    path: PathBuf,
    /// Its bytes; `None` where there is no file.
    current: Option<Vec<u8>>,
    ini: Ini,
    state: Option<State>,
}

/// Changes of a file and of what is known of its past, of which nothing is written yet.
#[derive(Debug)]
pub struct Pending {
    /// In the order in which they are to happen.
    writes: Vec<Write>,
    /// What the file will say.
    pub ini: Ini,
}

/// What is to be in a file.
#[derive(Debug)]
struct Write {
    path: PathBuf,
    /// `None` where the file is to go.
    content: Option<Vec<u8>>,
    /// For a file that is new.
    mode: u32,
}

impl Registration {
    /// Reads the file and its past.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let current = file::read(path, ini::LIMIT).map_err(|error| unusable(path, &error))?;
        let ini = Ini::parse(current.as_deref().unwrap_or_default()).map_err(|why| {
            Failure::refused(
                format!("{} is left as it is: {why}", path.display()),
                "Correct it first.",
            )
        })?;
        Ok(Self {
            state: State::read(&State::path(path))?,
            path: path.to_owned(),
            current,
            ini,
        })
    }

    /// The file's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file as it is.
    pub fn ini(&self) -> &Ini {
        &self.ini
    }

    /// The sections that we wrote.
    pub fn sections(&self) -> &[Section] {
        self.state.as_ref().map_or(&[], |state| &state.sections)
    }

    /// Those of them that someone else has changed since.
    pub fn changed_since(&self) -> impl Iterator<Item = &Section> {
        self.sections()
            .iter()
            .filter(|section| !section.holds_in(&self.ini))
    }

    /// Whether a section is one of those that we wrote.
    pub fn is_ours(&self, name: &str) -> bool {
        self.sections()
            .iter()
            .any(|section| section.name.eq_ignore_ascii_case(name))
    }

    /// Prepares that the file has these sections, beside those that we wrote before; `None` where it has them.
    pub fn with(&self, wanted: &[Section]) -> Option<Pending> {
        if wanted.iter().all(|section| section.holds_in(&self.ini)) {
            return None;
        }
        let original = self.original();
        let before = parsed(original.as_deref());
        let mut ini = self.ini.clone();
        let mut sections = self.sections().to_vec();
        for new in wanted {
            // What is wanted no longer, as far as it is still as we wrote it.
            for (key, value) in sections
                .iter()
                .filter(|old| old.is_for(new))
                .flat_map(|old| &old.entries)
            {
                if !new.has(key) && ini.get(&new.name, key) == Some(value) {
                    ini.set_as_in(&before, &new.name, key);
                }
            }
            for (key, value) in &new.entries {
                ini.set(&new.name, key, value);
            }
            match sections.iter_mut().find(|old| old.is_for(new)) {
                Some(old) => *old = new.clone(),
                None => sections.push(new.clone()),
            }
        }
        let state = State {
            original,
            written: ini.bytes(),
            sections,
        };
        let writes = vec![
            Write {
                path: State::path(&self.path),
                content: Some(state.bytes()),
                mode: self.mode(),
            },
            Write {
                path: self.path.clone(),
                content: Some(state.written),
                mode: 0o644,
            },
        ];
        Some(Pending { writes, ini })
    }

    /// Prepares that an entry of a section has this value, or is gone; what is known of the file's past stays.
    pub fn with_entry(&self, section: &str, key: &str, value: Option<&str>) -> Pending {
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
        Pending { writes, ini }
    }

    /// Prepares that nothing of ours is left; `None` where we wrote nothing.
    pub fn without(&self) -> Option<Pending> {
        self.state.as_ref()?;
        let original = self.original();
        let ini = parsed(original.as_deref());
        let mut writes = Vec::new();
        if original != self.current {
            writes.push(Write {
                path: self.path.clone(),
                content: original,
                mode: 0o644,
            });
        }
        writes.push(Write {
            path: State::path(&self.path),
            content: None,
            mode: 0,
        });
        Some(Pending { writes, ini })
    }

    /// The file without us.
    fn original(&self) -> Option<Vec<u8>> {
        let Some(state) = &self.state else {
            return self.current.clone();
        };
        if self.current.as_ref() == Some(&state.written) {
            return state.original.clone();
        }
        let before = parsed(state.original.as_deref());
        let mut ini = self.ini.clone();
        for section in &state.sections {
            if before.has(&section.name) {
                for (key, value) in &section.entries {
                    if ini.get(&section.name, key) == Some(value) {
                        ini.set_as_in(&before, &section.name, key);
                    }
                }
            } else if section.is_still_ours(&ini) {
                ini.remove(&section.name);
            }
        }
        let bytes = ini.bytes();
        let was_made_by_us = state.original.is_none() && bytes.trim_ascii().is_empty();
        if was_made_by_us {
            None
        } else {
            self.current.as_ref().map(|_| bytes)
        }
    }

    /// What was kept may hold what the file held: nobody else may read it who could not read the file.
    fn mode(&self) -> u32 {
        use std::os::unix::fs::MetadataExt as _;
        self.path
            .metadata()
            .map_or(0o644, |metadata| metadata.mode() & 0o777)
    }
}

impl Section {
    fn is_for(&self, other: &Self) -> bool {
        self.name.eq_ignore_ascii_case(&other.name)
    }

    fn has(&self, key: &str) -> bool {
        self.entries
            .iter()
            .any(|(known, _)| known.eq_ignore_ascii_case(key))
    }

    /// Whether a section that we made is still for our library.
    fn is_still_ours(&self, ini: &Ini) -> bool {
        let of = |entries: &[(String, String)]| {
            let driver = entries.iter().find(|(key, _)| key.eq_ignore_ascii_case("Driver"));
            driver.map(|(_, value)| value.clone())
        };
        of(&self.entries) == of(&ini.entries(&self.name))
    }
}

impl Write {
    fn ready(&self) -> io::Result<Change> {
        match &self.content {
            Some(content) => Change::to(&self.path, content, self.mode),
            None => Change::removal(&self.path),
        }
    }
}

/// Has everything happen, or nothing where one of the files cannot be written; Ctrl-C waits until it is over.
///
/// The lock is that of [`file::lock_beside`], held since before the files were read.
pub fn carry_out(pending: &[Pending], lock: Option<File>) -> Result<(), Failure> {
    let _held = Held::back();
    let writes = || pending.iter().flat_map(|pending| &pending.writes);
    if lock.is_some() {
        writes().for_each(|write| file::tidy(&write.path));
    }
    let mut ready = Vec::new();
    for write in writes() {
        let change = write.ready().map_err(|error| unusable(&write.path, &error))?;
        ready.push((&write.path, change));
    }
    for (path, change) in ready {
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

fn parsed(bytes: Option<&[u8]>) -> Ini {
    Ini::parse(bytes.unwrap_or_default()).unwrap_or_default()
}

fn unusable(path: &Path, error: &io::Error) -> Failure {
    let remedy = match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "Run it as root (sudo entra-odbc …), or for yourself alone with --user."
        }
        io::ErrorKind::NotFound => "Make the directory first.",
        _ => "Nothing was changed.",
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
