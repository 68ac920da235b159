//! Which ini files unixODBC reads, and in which order.
//!
//! Measured with unixODBC 2.3.11: drivers are looked for in the system's odbcinst.ini and then in
//! `$HOME/.odbcinst.ini`, where the system's entry wins; data sources in the user's odbc.ini, which is `ODBCINI`
//! or `.odbc.ini` in the home directory that the system's user database names (not `HOME`), and then in the
//! system's.

use entra_auth::Environment;
use nix::unistd::{Uid, User};
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The files, whether they exist or not.
#[derive(Debug, Clone)]
pub struct IniFiles {
    /// `odbcinst.ini` of the system.
    pub system_drivers: PathBuf,
    /// `.odbcinst.ini` of the user; `None` without `HOME`.
    pub user_drivers: Option<PathBuf>,
    /// `odbc.ini` of the system.
    pub system_sources: PathBuf,
    /// `.odbc.ini` of the user; `None` where neither `ODBCINI` is set nor the user has a home directory.
    pub user_sources: Option<PathBuf>,
}

impl IniFiles {
    /// Locates them in this environment.
    pub fn locate(environment: &Environment) -> Self {
        let directory = environment
            .get("ODBCSYSINI")
            .or_else(built_in_directory)
            .unwrap_or_else(|| "/etc".to_owned());
        // Joined as unixODBC does: even an absolute ODBCINSTINI is below the directory.
        let below = |name: &str| PathBuf::from(format!("{directory}/{name}"));
        let drivers = environment.get("ODBCINSTINI");
        Self {
            system_drivers: below(drivers.as_deref().unwrap_or("odbcinst.ini")),
            user_drivers: environment
                .get("HOME")
                .map(|home| Path::new(&home).join(".odbcinst.ini")),
            system_sources: below("odbc.ini"),
            user_sources: environment
                .get("ODBCINI")
                .map(PathBuf::from)
                .or_else(|| Some(home_directory()?.join(".odbc.ini"))),
        }
    }

    /// The files with drivers, in their order of precedence.
    pub fn drivers(&self) -> impl Iterator<Item = &Path> {
        [Some(&self.system_drivers), self.user_drivers.as_ref()]
            .into_iter()
            .flatten()
            .map(PathBuf::as_path)
    }

    /// The files with data sources, in their order of precedence.
    pub fn sources(&self) -> impl Iterator<Item = &Path> {
        [self.user_sources.as_ref(), Some(&self.system_sources)]
            .into_iter()
            .flatten()
            .map(PathBuf::as_path)
    }
}

fn home_directory() -> Option<PathBuf> {
    let user = User::from_uid(Uid::current()).ok().flatten()?;
    Some(user.dir).filter(|home| home.is_dir())
}

/// The directory that unixODBC was built with: not `/etc` in conda, in Homebrew and in local builds.
fn built_in_directory() -> Option<String> {
    let output = Command::new("odbcinst")
        .arg("-j")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    system_directory(&String::from_utf8_lossy(&output.stdout))
}

fn system_directory(text: &str) -> Option<String> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("SYSTEM DATA SOURCES:"))?;
    let directory = line.trim().strip_suffix("/odbc.ini")?;
    directory.starts_with('/').then(|| directory.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_are_those_that_unixodbc_reads() {
        let ini_files = IniFiles::locate(&Environment::fixed([
            ("ODBCSYSINI", "/sys"),
            ("ODBCINI", "/mine/odbc.ini"),
            ("HOME", "/home/ada"),
        ]));
        assert_eq!(ini_files.system_drivers, Path::new("/sys/odbcinst.ini"));
        assert_eq!(ini_files.system_sources, Path::new("/sys/odbc.ini"));
        assert_eq!(
            ini_files.user_drivers.unwrap(),
            Path::new("/home/ada/.odbcinst.ini")
        );
        assert_eq!(ini_files.user_sources.unwrap(), Path::new("/mine/odbc.ini"));
        let ini_files = IniFiles::locate(&Environment::fixed([
            ("ODBCSYSINI", "/sys"),
            ("ODBCINSTINI", "/x/y.ini"),
        ]));
        assert_eq!(ini_files.system_drivers.to_str(), Some("/sys//x/y.ini"));
        assert_eq!(ini_files.user_drivers, None);
    }

    #[test]
    fn the_directory_that_odbcinst_prints_is_used() {
        let output = "unixODBC 2.3.11\nDRIVERS............: /opt/etc/odbcinst.ini\nSYSTEM DATA SOURCES: /opt/etc/odbc.ini\n";
        assert_eq!(system_directory(output).as_deref(), Some("/opt/etc"));
        assert_eq!(system_directory("odbcinst: unknown option"), None);
    }
}
