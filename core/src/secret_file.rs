//! Opening the files that `…File` keywords name: they may be chosen by whoever writes the string.

use crate::{Error, Secret};
use std::{
    fs::{File, OpenOptions},
    io::Read,
    os::unix::fs::OpenOptionsExt,
};
use zeroize::Zeroizing;

/// The largest file that is read, in bytes.
const LIMIT: u64 = 64 * 1024;

/// Reads a secret from a regular file of at most 64 KiB, surrounding white space removed.
pub fn read(path: &str, keyword: &str) -> Result<Secret, Error> {
    let failed =
        |why: &str| failed(path, keyword, why).remedy("Name a readable text file with the secret in it.");
    let bytes = bytes(path, keyword)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| failed("it is not UTF-8 text"))?;
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Err(failed("it is empty"));
    }
    if text.chars().any(char::is_control) {
        return Err(failed("it has more than one line, or control characters"));
    }
    Ok(Secret::new(text.to_owned()))
}

/// Reads a regular file of at most 64 KiB.
///
/// Opened without blocking, since a FIFO would hang the host; errors name the keyword and the path,
/// never the content.
pub fn bytes(path: &str, keyword: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    let failed = |why: &str| failed(path, keyword, why).remedy("Name a readable file.");
    let file = open(path).map_err(|error| failed(&error.to_string()))?;
    let metadata = file.metadata().map_err(|error| failed(&error.to_string()))?;
    if !metadata.is_file() {
        return Err(failed("it is not a regular file"));
    }
    let mut bytes = Zeroizing::new(Vec::new());
    // All at once: what a growing buffer leaves behind is not zeroed.
    bytes.reserve_exact(usize::try_from(LIMIT).unwrap_or(0) + 1);
    file.take(LIMIT + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| failed(&error.to_string()))?;
    if bytes.len() as u64 > LIMIT {
        return Err(failed(&format!("it is longer than {LIMIT} bytes")));
    }
    Ok(bytes)
}

/// A file that cannot be used, and why.
pub fn failed(path: &str, keyword: &str, why: &str) -> Error {
    Error::invalid(format!("the file of {keyword}= cannot be used: {path}: {why}"))
}

fn open(path: &str) -> std::io::Result<File> {
    // O_CLOEXEC is std's default; O_NONBLOCK matters for FIFOs and devices only.
    OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
        .open(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, path::PathBuf};

    fn directory(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("entra-odbc-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        path
    }

    fn refusal(path: &std::path::Path) -> String {
        let error = read(path.to_str().unwrap(), "AccessTokenFile").unwrap_err();
        assert_eq!(error.sqlstate(), "HY000");
        let text = error.to_string();
        assert!(
            text.contains("AccessTokenFile") && text.contains(path.to_str().unwrap()),
            "{text}"
        );
        text
    }

    #[test]
    fn a_secret_is_read_without_its_line_end() {
        let path = directory("read").join("secret");
        fs::write(&path, "\u{feff}s3cret\r\n").unwrap();
        assert_eq!(
            read(path.to_str().unwrap(), "PWDFile").unwrap().expose(),
            "s3cret"
        );
    }

    #[test]
    fn what_is_not_a_small_text_file_is_refused_without_hanging_and_without_its_content() {
        let here = directory("refused");
        assert!(refusal(&here).contains("regular file"));
        assert!(refusal(&here.join("absent")).contains("No such file"));

        let fifo = here.join("fifo");
        let made = std::process::Command::new("mkfifo").arg(&fifo).status().unwrap();
        assert!(made.success() || fifo.exists());
        assert!(refusal(&fifo).contains("regular file"));

        let big = here.join("big");
        fs::write(&big, vec![b'a'; 1024 * 1024]).unwrap();
        assert!(refusal(&big).contains("longer"));

        let empty = here.join("empty");
        fs::write(&empty, " \n").unwrap();
        assert!(refusal(&empty).contains("empty"));

        let binary = here.join("binary");
        fs::write(&binary, b"hidden\xff").unwrap();
        assert!(!refusal(&binary).contains("hidden"));

        let lines = here.join("lines");
        fs::write(&lines, "root:x:0\nhidden:y:1\n").unwrap();
        assert!(!refusal(&lines).contains("hidden"));
        fs::remove_dir_all(here).unwrap();
    }
}
