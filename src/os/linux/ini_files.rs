//! Where odbc.ini and odbcinst.ini are, for the reader that does without libodbcinst.

use std::path::PathBuf;

/// The directory in which unixODBC looks without being told otherwise, and where alone a privileged program does.
const SYSTEM_DIRECTORY: &str = "/etc";

/// The directories of the system's files, the one that counts first.
pub(crate) fn directories() -> Vec<PathBuf> {
    vec![PathBuf::from(SYSTEM_DIRECTORY)]
}

/// The user's files of that name: none, as this reader is for privileged programs and machines without unixODBC.
pub(crate) fn of_user(_: &str) -> Vec<PathBuf> {
    Vec::new()
}
