//! Which ini files unixODBC reads, and in which order.
//!
//! Measured with unixODBC 2.3.11: drivers are looked for in the system's odbcinst.ini and then in
//! `$HOME/.odbcinst.ini`, where the system's entry wins; data sources in the user's odbc.ini, which is `ODBCINI`
//! or `.odbc.ini` in the home directory that the system's user database names (not `HOME`), and then in the
//! system's.

use entra_odbc_core::Environment;
use nix::unistd::{Uid, User};
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The files, whether they exist or not.
#[derive(Debug, Clone)]
pub struct Places {
    /// `odbcinst.ini` of the system.
    pub system_drivers: PathBuf,
    /// `.odbcinst.ini` of the user; `None` without `HOME`.
    pub user_drivers: Option<PathBuf>,
    /// `odbc.ini` of the system.
    pub system_sources: PathBuf,
    /// `.odbc.ini` of the user; `None` where neither `ODBCINI` is set nor the user has a home directory.
    pub user_sources: Option<PathBuf>,
}

impl Places {
    /// As this environment has them.
    pub fn of(environment: &Environment) -> Self {
        let directory = environment
            .get("ODBCSYSINI")
            .or_else(built_in)
            .unwrap_or_else(|| "/etc".to_owned());
        // Put together as unixODBC does: an absolute ODBCINSTINI ends up below the directory, too.
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
                .or_else(|| Some(home()?.join(".odbc.ini"))),
        }
    }
}

fn home() -> Option<PathBuf> {
    let user = User::from_uid(Uid::current()).ok().flatten()?;
    Some(user.dir).filter(|home| home.is_dir())
}

/// The directory that unixODBC was built with, which conda, Homebrew and builds of one's own have elsewhere.
fn built_in() -> Option<String> {
    let output = Command::new("odbcinst")
        .arg("-j")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    directory_in(&String::from_utf8_lossy(&output.stdout))
}

fn directory_in(text: &str) -> Option<String> {
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
        let places = Places::of(&Environment::fixed([
            ("ODBCSYSINI", "/sys"),
            ("ODBCINI", "/mine/odbc.ini"),
            ("HOME", "/home/ada"),
        ]));
        assert_eq!(places.system_drivers, Path::new("/sys/odbcinst.ini"));
        assert_eq!(places.system_sources, Path::new("/sys/odbc.ini"));
        assert_eq!(places.user_drivers.unwrap(), Path::new("/home/ada/.odbcinst.ini"));
        assert_eq!(places.user_sources.unwrap(), Path::new("/mine/odbc.ini"));
        let places = Places::of(&Environment::fixed([
            ("ODBCSYSINI", "/sys"),
            ("ODBCINSTINI", "/x/y.ini"),
        ]));
        assert_eq!(places.system_drivers.to_str(), Some("/sys//x/y.ini"));
        assert_eq!(places.user_drivers, None);
    }

    #[test]
    fn the_directory_that_odbcinst_tells_is_taken() {
        let told = "unixODBC 2.3.11\nDRIVERS............: /opt/etc/odbcinst.ini\nSYSTEM DATA SOURCES: /opt/etc/odbc.ini\n";
        assert_eq!(directory_in(told).as_deref(), Some("/opt/etc"));
        assert_eq!(directory_in("odbcinst: unknown option"), None);
    }
}
