//! The drivers that are registered, as unixODBC sees them: the system's file first, the user's after it.

use crate::{
    odbc::{
        ini::{self, Ini},
        ini_files::Places,
    },
    system::file,
    ui::failure::Failure,
};
use std::path::{Path, PathBuf};

/// One of the files.
#[derive(Debug)]
pub struct File {
    /// Where it is, or would be.
    pub path: PathBuf,
    /// What is in it; empty where there is none.
    pub ini: Ini,
}

/// The files in the order in which they win.
#[derive(Debug)]
pub struct Drivers(pub Vec<File>);

impl File {
    /// Reads it; a file that cannot be read or understood is refused, and stays as it is.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let unusable = |why: String| {
            Failure::refused(
                format!("{} is left as it is: {why}", path.display()),
                "Correct it, or name another one (ODBCSYSINI, ODBCINI).",
            )
        };
        let bytes = file::read(path, ini::LIMIT).map_err(|error| unusable(error.to_string()))?;
        let ini = Ini::parse(&bytes.unwrap_or_default()).map_err(|why| unusable(why.to_string()))?;
        Ok(Self {
            path: path.to_owned(),
            ini,
        })
    }
}

impl Drivers {
    /// Reads both files.
    pub fn read(places: &Places) -> Result<Self, Failure> {
        let paths = [Some(&places.system_drivers), places.user_drivers.as_ref()];
        let files: Result<_, _> = paths.into_iter().flatten().map(|path| File::read(path)).collect();
        files.map(Self)
    }

    /// The value of an entry, and the file that has it.
    pub fn entry(&self, section: &str, key: &str) -> Option<(&str, &Path)> {
        self.0
            .iter()
            .find_map(|file| Some((file.ini.get(section, key)?, file.path.as_path())))
    }

    /// The library of a driver, as unixODBC on a 64-bit machine takes it.
    pub fn library(&self, section: &str) -> Option<(&str, &Path)> {
        let set = |key| self.entry(section, key).filter(|(value, _)| !value.is_empty());
        set("Driver64").or_else(|| set("Driver"))
    }

    /// The names of all drivers.
    pub fn sections(&self) -> Vec<String> {
        let all = self.0.iter().flat_map(|file| file.ini.sections());
        all.map(str::to_owned).collect()
    }
}
