//! What can be told of a library without running its initialisers.

use crate::os;
use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

/// Why the file cannot be a driver, where that shows.
pub fn check(path: &Path) -> Result<(), String> {
    let metadata = path.metadata().map_err(|error| explain(&error))?;
    if metadata.is_dir() {
        return Err("is a directory".to_owned());
    }
    if !metadata.is_file() {
        return Err("is not a regular file".to_owned());
    }
    let mut magic = [0; 4];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut magic));
    match read {
        Ok(()) if os::is_library(magic) => Ok(()),
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => Err(explain(&error)),
        _ => Err("is not a shared library".to_owned()),
    }
}

/// The reason without Rust's "(os error 2)".
fn explain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "not found".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_library_is_told_with_its_reason() {
        let reason = |path| check(Path::new(path)).unwrap_err();
        assert_eq!(reason("/nonexistent/driver.so"), "not found");
        assert_eq!(reason("/usr/lib"), "is a directory");
        assert_eq!(reason("/dev/null"), "is not a regular file");
        assert_eq!(reason("/etc/passwd"), "is not a shared library");
        assert_eq!(check(&std::env::current_exe().unwrap()), Ok(()));
    }
}
