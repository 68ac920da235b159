//! Where the dynamic loader finds a library.

use super::os::{LIBRARY_DIRECTORIES, LIBRARY_PATH, PRELOAD, from_cache, needs};
use entra_auth::Environment;
use std::{
    env,
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The file that the loader takes for a name such as `libodbc.so.2`.
pub fn find(name: &str, environment: &Environment) -> Option<PathBuf> {
    let paths = environment.get(LIBRARY_PATH).unwrap_or_default();
    let named = paths
        .split(':')
        .filter(|path| !path.is_empty())
        .map(PathBuf::from);
    let in_directory = |directory: PathBuf| Some(directory.join(name)).filter(|path| path.is_file());
    named
        .map(in_directory)
        .find_map(|found| found)
        .or_else(|| from_cache(name))
        .or_else(|| {
            LIBRARY_DIRECTORIES
                .iter()
                .map(PathBuf::from)
                .find_map(in_directory)
        })
}

/// Has a program load these libraries before all others.
pub fn preload<'a>(command: &'a mut Command, libraries: &[PathBuf]) -> &'a mut Command {
    if libraries.is_empty() {
        return command;
    }
    let set = env::var_os(PRELOAD).filter(|set| !set.is_empty());
    let all = libraries
        .iter()
        .map(|path| path.as_os_str().to_owned())
        .chain(set);
    command.env(PRELOAD, all.collect::<Vec<_>>().join(OsStr::new(":")))
}

/// The needed libraries of a library that the loader does not find once these are preloaded; `None` where that cannot be
/// told.
pub fn missing(library: &Path, preloaded: &[PathBuf]) -> Option<Vec<String>> {
    let output = preload(&mut needs(library)?, preloaded)
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let missing = text
        .lines()
        .filter(|line| line.contains("not found"))
        .filter_map(|line| line.split_whitespace().next())
        .map(|name| name.trim_end_matches(':').to_owned());
    Some(missing.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_of_ld_library_path_comes_first() {
        let here = env::temp_dir().join(format!("entra-odbc-loader-{}", std::process::id()));
        std::fs::create_dir_all(&here).unwrap();
        std::fs::write(here.join("libc.so.6"), "").unwrap();
        let named = Environment::fixed([("LD_LIBRARY_PATH", format!(":{}", here.display()))]);
        assert_eq!(find("libc.so.6", &named), Some(here.join("libc.so.6")));
        assert!(find("libc.so.6", &Environment::empty()).is_some());
        assert_eq!(find("libno-such-thing.so.1", &named), None);
        std::fs::remove_dir_all(here).unwrap();
    }
}
