//! The log of the driver in the connecting program, from which the times of a connect's parts are read.

use crate::system::file;
use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::DirBuilderExt as _,
    path::PathBuf,
};

/// A log file in a private directory; both are removed on drop.
pub struct Log {
    directory: PathBuf,
    /// The log file.
    pub path: PathBuf,
    /// The level that the user has set.
    user_level: Option<String>,
    /// The file that the user has set.
    user_file: Option<String>,
}

impl Log {
    /// Makes the directory; `None` where that fails, and then the parts of a connect have no times.
    pub fn new() -> Option<Self> {
        let directory = std::env::temp_dir().join(format!("entra-odbc-{}", std::process::id()));
        DirBuilder::new().mode(0o700).create(&directory).ok()?;
        let set = |name| {
            std::env::var(name)
                .ok()
                .filter(|value: &String| !value.is_empty())
        };
        Some(Self {
            path: directory.join("log"),
            directory,
            user_level: set("ENTRA_ODBC_LOG"),
            user_file: set("ENTRA_ODBC_LOG_FILE"),
        })
    }

    /// The level that the user has set, and at least that of the lines with the times.
    pub fn level(&self) -> &str {
        match self.user_level.as_deref() {
            Some(more @ ("debug" | "trace")) => more,
            _ => "info",
        }
    }

    /// The log, which is passed on to where the user has set it.
    pub fn read(&self) -> String {
        let bytes = file::read(&self.path, 64 * 1024 * 1024)
            .ok()
            .flatten()
            .unwrap_or_default();
        if self.user_level.is_some() {
            let file = self
                .user_file
                .as_ref()
                .and_then(|path| OpenOptions::new().append(true).create(true).open(path).ok());
            let _ = match file {
                Some(mut file) => file.write_all(&bytes),
                None => io::stderr().lock().write_all(&bytes),
            };
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}
