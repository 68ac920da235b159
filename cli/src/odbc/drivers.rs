//! The registered drivers as unixODBC sees them: those of the system's file, then those of the user's.

use crate::{
    odbc::{
        ini::{self, Ini},
        ini_files::IniFiles,
    },
    system::file,
    ui::failure::Failure,
};
use std::path::{Path, PathBuf};

/// An ini file of unixODBC.
#[derive(Debug)]
pub struct IniFile {
    /// Its path, whether it exists or not.
    pub path: PathBuf,
    /// Its content; empty where there is no file.
    pub ini: Ini,
}

/// The files in their order of precedence.
#[derive(Debug)]
pub struct Drivers(pub Vec<IniFile>);

impl IniFile {
    /// Reads it, and refuses a file that cannot be read or parsed.
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
    pub fn read(ini_files: &IniFiles) -> Result<Self, Failure> {
        let files: Result<_, _> = ini_files.drivers().map(IniFile::read).collect();
        files.map(Self)
    }

    /// The value of an entry, and the file that has it.
    pub fn entry(&self, section: &str, key: &str) -> Option<(&str, &Path)> {
        self.0
            .iter()
            .find_map(|file| Some((file.ini.get(section, key)?, file.path.as_path())))
    }

    /// The library of a driver: `Driver64` wins in a 64-bit unixODBC.
    pub fn library(&self, section: &str) -> Option<(&str, &Path)> {
        let entry = |key| self.entry(section, key).filter(|(value, _)| !value.is_empty());
        entry("Driver64").or_else(|| entry("Driver"))
    }

    /// The names of all drivers.
    pub fn sections(&self) -> Vec<String> {
        let all = self.0.iter().flat_map(|file| file.ini.sections());
        all.map(str::to_owned).collect()
    }
}
