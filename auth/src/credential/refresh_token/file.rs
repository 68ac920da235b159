//! A file that contains a refresh token and is replaced when Entra rotates the token.

use crate::{
    Error, Keyword, Secret,
    identity_key::IdentityKey,
    os::{self, atomic_file::TemporaryFile},
    parameters::secret_file::failed,
    process::{
        file_lock::{Attempt, FileLock, acquire_before},
        fork::Lock,
        regular_file::{self, Links, MAX_SECRET_LENGTH},
        runtime::with_signals_blocked,
    },
};
use std::{
    fs::File,
    io,
    path::Path,
    thread,
    time::{Duration, Instant},
};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

const KEYWORD: Keyword = Keyword::RefreshTokenFile;

/// How long to wait for another process that replaces the token.
const LOCK_TIMEOUT: Duration = Duration::from_secs(1);

/// The maximum number of remembered rotations.
const MAX_ROTATIONS: usize = 256;

/// Pairs of a rotated token and the token that it descends from: both are the same user's.
static ROTATED: Lock<Vec<(IdentityKey, IdentityKey)>> = Lock::new(Vec::new());

/// A file that only this user can access.
#[derive(Debug, Clone)]
pub struct TokenFile(String);

impl TokenFile {
    /// Reads the token. The file must be regular, not a link, belong to this user and be inaccessible to others.
    pub fn read(path: &str) -> Result<(Self, Secret), Error> {
        let token = read(Path::new(path)).map_err(|why| {
            failed(path, KEYWORD, &why.to_string())
                .remedy("Name a file of this user's own with mode 0600 and the refresh token alone in it.")
        })?;
        Ok((Self(path.to_owned()), token))
    }

    /// Replaces the redeemed token by the rotated one if the file still contains the redeemed one.
    pub async fn replace(&self, redeemed: &Secret, rotated: &Secret) -> io::Result<()> {
        // A holder that exceeds the time limit hangs, or died and left the lock to a forked child. The token is then
        // replaced without the lock, which at worst loses one of two valid tokens.
        let lock = acquire_before(Instant::now() + LOCK_TIMEOUT, || {
            FileLock::try_acquire(open(Path::new(&self.0))?).map(Attempt::acquired)
        })
        .await?;
        let (path, redeemed, rotated) = (self.0.clone(), redeemed.clone(), rotated.clone());
        let (sender, replaced) = oneshot::channel();
        // On a separate thread, since `fsync` may take seconds and must not delay other identities. The rotated token
        // is saved even if the caller times out.
        let work = move || {
            let outcome = exchange(Path::new(&path), &redeemed, &rotated);
            drop(lock);
            let _ = sender.send(outcome);
        };
        with_signals_blocked(|| thread::Builder::new().name("entra-odbc-save".into()).spawn(work))?;
        replaced.await.map_err(io::Error::other)?
    }
}

/// Replaces the redeemed token; the caller holds the lock.
fn exchange(path: &Path, redeemed: &Secret, rotated: &Secret) -> io::Result<()> {
    if read(path)? != *redeemed {
        // Another process or the owner has replaced the token: the one in the file is newer.
        return Ok(());
    }
    replace(path, rotated)
}

/// The key of the first token in the chain of rotations that led to this one.
pub fn origin(token: &IdentityKey) -> IdentityKey {
    let rotated = ROTATED.lock();
    let known = rotated.iter().find(|(new, _)| new == token);
    known.map_or(*token, |(_, origin)| *origin)
}

/// Records that one token was replaced by another.
pub fn rotated(old: &IdentityKey, new: IdentityKey) {
    let origin = origin(old);
    let mut rotated = ROTATED.lock();
    if rotated.len() >= MAX_ROTATIONS {
        rotated.remove(0);
    }
    rotated.push((new, origin));
}

fn open(path: &Path) -> io::Result<File> {
    let file = regular_file::open(path, Links::Refuse)?;
    os::file::check_private(&file)?;
    Ok(file)
}

fn read(path: &Path) -> io::Result<Secret> {
    let bytes = regular_file::content(&open(path)?, MAX_SECRET_LENGTH)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| io::Error::other("it is not UTF-8 text"))?;
    let text = text.trim();
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(io::Error::other(
            "it is empty, or has more in it than a refresh token",
        ));
    }
    Ok(Secret::new(text.to_owned()))
}

/// Replaces the file atomically, after its new content is on the disk.
fn replace(path: &Path, token: &Secret) -> io::Result<()> {
    let (Some(stem), Some(name)) = (path.file_stem(), path.file_name()) else {
        return Err(io::Error::other("the path has no file name"));
    };
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let directory = os::open_directory(parent)?;
    let mut prefix = stem.to_owned();
    prefix.push(".");
    let content = Zeroizing::new(format!("{}\n", token.expose()));
    let file = TemporaryFile::create(&directory, &prefix, content.as_bytes())?;
    file.sync()?;
    file.rename_to(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::user::saved_accounts::tests::block_on;
    use std::{
        fs,
        os::unix::fs::{MetadataExt as _, PermissionsExt as _},
        path::PathBuf,
    };

    fn file(name: &str, content: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("entra-odbc-refresh-{}-{name}", std::process::id()));
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    fn refusal(path: &Path) -> String {
        let error = TokenFile::read(path.to_str().unwrap()).unwrap_err();
        assert_eq!(error.kind().name(), "invalid");
        error.to_string()
    }

    #[test]
    fn a_token_is_replaced_only_if_it_is_the_one_that_was_redeemed() {
        let path = file("replace", "old\n");
        let (token_file, old) = TokenFile::read(path.to_str().unwrap()).unwrap();
        let secret = |text: &str| Secret::new(text.to_owned());
        block_on(token_file.replace(&old, &secret("new"))).unwrap();
        block_on(token_file.replace(&old, &secret("late"))).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new\n");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_lock_that_its_holder_keeps_holds_nobody_up_for_long() {
        let path = file("locked", "old\n");
        let (token_file, old) = TokenFile::read(path.to_str().unwrap()).unwrap();
        let held = File::open(&path).unwrap();
        held.lock().unwrap();
        block_on(token_file.replace(&old, &Secret::new("new".to_owned()))).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new\n");
        fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_file_that_others_could_have_a_part_in_is_refused_without_its_content() {
        let path = file("open", "hidden");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(refusal(&path).contains("others may read"));
        let link = path.with_extension("link");
        let _ = fs::remove_file(&link);
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(refusal(&link).contains("it is a link"));
        assert!(refusal(&std::env::temp_dir()).contains("regular file"));
        fs::remove_file(&link).unwrap();
        fs::remove_file(&path).unwrap();
        let odd = file("odd", "root:x:0\nhidden:y:1\n");
        assert!(!refusal(&odd).contains("hidden"));
        fs::remove_file(&odd).unwrap();
    }

    #[test]
    fn a_rotated_token_stands_for_the_person_of_the_first() {
        let key = |text: &str| IdentityKey::builder("test").unwrap().with("token", text).finish();
        rotated(&key("first"), key("second"));
        rotated(&key("second"), key("third"));
        assert_eq!(origin(&key("third")), key("first"));
        assert_eq!(origin(&key("other")), key("other"));
    }
}
