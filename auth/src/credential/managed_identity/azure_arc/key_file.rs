//! The key file of Azure Arc's challenge, readable by the agent's group only.
//!
//! Another program may answer in place of the agent to obtain the content of one of our files. A file is therefore
//! read only if it is in the agent's directory, has the agent's extension, is small and is not a link.

use crate::{
    Error, ErrorKind,
    process::regular_file::{self, Links, Refusal},
};
use std::{
    ffi::OsStr,
    io,
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// The maximum length of a key file in bytes, as in the SDKs.
const MAX_KEY_LENGTH: usize = 4096;

/// The key in the file that `challenge` names: `Basic realm=/var/opt/azcmagent/tokens/….key`.
pub fn key(challenge: &str, directory: &Path) -> Result<Zeroizing<String>, Error> {
    let path = path(challenge, directory)?;
    let failed = |why: &str| {
        Error::invalid(format!(
            "the key file of Azure Arc's agent cannot be used: {}: {why}",
            path.display()
        ))
    };
    let bytes = regular_file::open(&path, Links::Refuse)
        .and_then(|file| regular_file::content(&file, MAX_KEY_LENGTH))
        .map_err(|why| match why {
            Refusal::System(error) => unread(&path, &error),
            why => failed(&why.to_string()),
        })?;
    let text = std::str::from_utf8(&bytes).map_err(|_| failed("it is not text"))?;
    let key = text.trim_end();
    if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(failed("it does not hold a key"));
    }
    Ok(Zeroizing::new(key.to_owned()))
}

/// The error for a file that is absent or not readable by this user.
///
/// A user without access to the agent has no managed identity here, so the default chain continues: the user may be
/// signed in to a developer tool.
fn unread(path: &Path, error: &io::Error) -> Error {
    let (kind, remedy) = match error.kind() {
        io::ErrorKind::PermissionDenied => (
            ErrorKind::Unavailable,
            "Add this user to the group himds (sudo usermod -aG himds <user>), and start the program anew.",
        ),
        _ => (
            ErrorKind::Invalid,
            "Check that the agent runs on this machine (azcmagent show).",
        ),
    };
    Error::new(
        kind,
        format!(
            "the key file of Azure Arc's agent cannot be read: {}: {error}",
            path.display()
        ),
    )
    .remedy(remedy)
}

/// The path in the challenge, if it can be that of a key file.
fn path(challenge: &str, directory: &Path) -> Result<PathBuf, Error> {
    let odd = |why: &str| {
        Error::new(
            ErrorKind::Unreachable,
            format!("what answers as Azure Arc's agent is not trusted: {why}"),
        )
        .remedy("Check which program listens there (azcmagent show), and IDENTITY_ENDPOINT if that is set.")
    };
    let named = realm(challenge).ok_or_else(|| odd("it names no key file"))?;
    let path = Path::new(named);
    if path.parent() != Some(directory) {
        return Err(odd(&format!(
            "it asks for a file outside {}",
            directory.display()
        )));
    }
    match path.file_name() {
        Some(name) if path.extension() == Some(OsStr::new("key")) => Ok(directory.join(name)),
        _ => Err(odd("it asks for a file that is no .key file")),
    }
}

/// The value of `Basic realm=…`, with or without quotes.
fn realm(challenge: &str) -> Option<&str> {
    let challenge = challenge.trim();
    let (scheme, rest) = challenge.split_at_checked("Basic ".len())?;
    let (name, value) = rest.trim_start().split_once('=')?;
    let value = value.trim();
    let value = value
        .strip_prefix('"')
        .and_then(|value| value.strip_suffix('"'))
        .unwrap_or(value);
    let fits = scheme.eq_ignore_ascii_case("Basic ") && name.trim_end().eq_ignore_ascii_case("realm");
    (fits && !value.is_empty()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, os::unix};

    /// A directory of keys, gone with its owner.
    struct Keys(PathBuf);

    impl Keys {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("entra-odbc-arc-{}-{name}", std::process::id()));
            fs::create_dir_all(path.join("tokens")).unwrap();
            Self(path)
        }

        fn directory(&self) -> PathBuf {
            self.0.join("tokens")
        }

        fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
            let path = self.directory().join(name);
            fs::write(&path, content).unwrap();
            path.to_str().unwrap().to_owned()
        }

        fn key(&self, path: &str) -> Result<String, Error> {
            key(&format!("Basic realm={path}"), &self.directory()).map(|key| key.to_string())
        }

        fn refusal(&self, path: &str) -> String {
            let text = self.key(path).unwrap_err().to_string();
            assert!(!text.contains("hidden"), "{text}");
            text
        }
    }

    impl Drop for Keys {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_key_in_the_agents_directory_is_read() {
        let keys = Keys::new("good");
        let path = keys.write("1f.key", "s3cret\n");
        assert_eq!(keys.key(&path).unwrap(), "s3cret");
        for challenge in [
            format!("basic Realm=\"{path}\""),
            format!(" Basic  realm = {path} "),
        ] {
            assert_eq!(
                key(&challenge, &keys.directory()).unwrap().as_str(),
                "s3cret",
                "{challenge}"
            );
        }
        let longest = keys.write("2.key", "k".repeat(4096));
        assert_eq!(keys.key(&longest).unwrap().len(), 4096);
    }

    #[test]
    fn nobody_gets_another_file_sent() {
        let keys = Keys::new("elsewhere");
        fs::write(keys.0.join("other.key"), "hidden").unwrap();
        fs::create_dir(keys.directory().join("deeper")).unwrap();
        let tokens = keys.directory();
        let tokens = tokens.display();
        for elsewhere in [
            "/etc/passwd".to_owned(),
            "other.key".to_owned(),
            format!("{tokens}/../other.key"),
            format!("{tokens}/deeper/../../other.key"),
            format!("{tokens}/deeper/other.key"),
            format!("{tokens}x/other.key"),
            String::new(),
            "/".to_owned(),
        ] {
            assert!(keys.refusal(&elsewhere).contains("not trusted"), "{elsewhere}");
        }
        for name in ["passwd", "hidden.key.txt", ".key", "x.KEY"] {
            let path = keys.write(name, "hidden");
            assert!(keys.refusal(&path).contains("no .key file"), "{name}");
        }
        for odd in [
            "",
            "Basic",
            "Basic realm",
            "Bearer realm=/x.key",
            "Basic charset=/x.key",
            "ä=ö",
        ] {
            let error = key(odd, &keys.directory()).unwrap_err();
            assert!(error.to_string().contains("names no key file"), "{odd}");
            assert_eq!(error.kind().name(), "unreachable");
        }
    }

    #[test]
    fn links_fifos_and_large_files_are_no_keys() {
        let keys = Keys::new("kinds");
        fs::write(keys.0.join("target"), "hidden").unwrap();
        let link = keys.directory().join("link.key");
        unix::fs::symlink(keys.0.join("target"), &link).unwrap();
        assert!(keys.refusal(link.to_str().unwrap()).contains("it is a link"));

        let fifo = keys.directory().join("fifo.key");
        let made = std::process::Command::new("mkfifo").arg(&fifo).status().unwrap();
        assert!(made.success());
        assert!(keys.refusal(fifo.to_str().unwrap()).contains("regular file"));

        let large = keys.write("large.key", "k".repeat(4097));
        assert!(keys.refusal(&large).contains("longer than 4096"));
        for (name, content) in [
            ("empty.key", b"\n".as_slice()),
            ("two.key", b"hidden\nlines"),
            ("binary.key", b"hidden\xff"),
        ] {
            let path = keys.write(name, content);
            assert!(keys.refusal(&path).contains("cannot be used"), "{name}");
        }
        assert!(
            keys.refusal(keys.directory().join("absent.key").to_str().unwrap())
                .contains("azcmagent")
        );
    }

    #[test]
    fn a_user_who_may_not_read_the_key_has_no_identity_here_and_is_told_how_to_get_one() {
        let denied = io::Error::from(io::ErrorKind::PermissionDenied);
        let error = unread(Path::new("/var/opt/azcmagent/tokens/1.key"), &denied);
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(error.to_string().contains("group himds"), "{error}");
        let absent = unread(Path::new("/1.key"), &io::Error::from(io::ErrorKind::NotFound));
        assert_eq!(absent.kind().name(), "invalid");
    }
}
