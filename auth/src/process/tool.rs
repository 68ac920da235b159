//! Runs command-line tools such as `az` without side effects on the host process.

use crate::{Environment, os::file};
use std::{fs, path::PathBuf};

pub use crate::os::child::{launch, run, run_with_input};

/// The file of a program: a path is taken as it is, a name is searched on `PATH`.
pub fn find(program: &str, environment: &Environment) -> Option<PathBuf> {
    let is_executable = |path: &PathBuf| fs::metadata(path).is_ok_and(|found| file::is_executable(&found));
    if program.contains(std::path::is_separator) {
        return Some(PathBuf::from(program)).filter(is_executable);
    }
    // Relative directories are skipped: the host's working directory is arbitrary.
    let path = environment.get("PATH")?;
    std::env::split_paths(&path)
        .filter(|directory| directory.is_absolute())
        .flat_map(|directory| file::program_files(program).map(move |name| directory.join(name)))
        .find(is_executable)
}
