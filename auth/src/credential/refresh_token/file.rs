//! A file with a refresh token in it, which is replaced when Entra rotates the token.

use crate::{
    Error, Keyword, Secret,
    identity_key::IdentityKey,
    parameters::secret_file::failed,
    process::{
        fork::Lock,
        regular_file::{self, Links, SECRET},
        runtime::with_signals_blocked,
    },
};
use nix::unistd::geteuid;
use ring::rand::{SecureRandom as _, SystemRandom};
use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::Path,
    thread,
    time::{Duration, Instant},
};
use tokio::sync::oneshot;

const KEYWORD: Keyword = Keyword::RefreshTokenFile;

/// How long another process may take to replace the token.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long to wait between looks at it.
const LOOK: Duration = Duration::from_millis(10);

/// How many rotations are remembered.
const ROTATIONS: usize = 256;

/// Which token of this process's was exchanged for which: the rotated one stands for the same person.
static ROTATED: Lock<Vec<(IdentityKey, IdentityKey)>> = Lock::new(Vec::new());

/// A file that was found to be this user's alone.
#[derive(Debug, Clone)]
pub struct TokenFile(String);

impl TokenFile {
    /// Reads the token: from a regular file, no link, of this user's own, closed to all others.
    pub fn read(path: &str) -> Result<(Self, Secret), Error> {
        let token = read(Path::new(path)).map_err(|why| {
            failed(path, KEYWORD, &why.to_string())
                .remedy("Name a file of this user's own with mode 0600 and the refresh token alone in it.")
        })?;
        Ok((Self(path.to_owned()), token))
    }

    /// Puts the rotated token in the place of the one that was redeemed, if that is still there.
    pub async fn replace(&self, redeemed: &Secret, rotated: &Secret) -> io::Result<()> {
        let lock = Locked::wait(open(Path::new(&self.0))?).await?;
        let (path, redeemed, rotated) = (self.0.clone(), redeemed.clone(), rotated.clone());
        let (sender, replaced) = oneshot::channel();
        // A disk may take seconds (`fsync`), in which other identities have their turn. Whoever waits may give up
        // meanwhile: the rotated token is saved all the same.
        let work = move || {
            let outcome = exchange(Path::new(&path), &redeemed, &rotated);
            drop(lock);
            let _ = sender.send(outcome);
        };
        with_signals_blocked(|| thread::Builder::new().name("entra-odbc-save".into()).spawn(work))?;
        replaced.await.map_err(io::Error::other)?
    }
}

/// Puts the rotated token in the place of the redeemed one, under the lock.
fn exchange(path: &Path, redeemed: &Secret, rotated: &Secret) -> io::Result<()> {
    if read(path)? != *redeemed {
        // Another process, or its owner, was faster: what is there now is newer.
        return Ok(());
    }
    let mut random = [0; 8];
    SystemRandom::new()
        .fill(&mut random)
        .map_err(|_| io::Error::other("the system gives no random numbers"))?;
    let new = path.with_extension(format!("{:016x}", u64::from_le_bytes(random)));
    let written = write(&new, rotated).and_then(|()| fs::rename(&new, path));
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written
}

/// The right to replace the token, or the best that can be had.
struct Locked(File);

impl Locked {
    /// Waits for whoever replaces it now, on the background thread and so without blocking it.
    ///
    /// Not for ever: who holds the lock for longer hangs, or died and left it to a forked child. Then it is done
    /// without, by a rename, which at worst loses one of two tokens that are both good.
    async fn wait(file: File) -> io::Result<Self> {
        let until = Instant::now() + PATIENCE;
        loop {
            match file.try_lock() {
                Err(TryLockError::Error(error)) => return Err(error),
                Err(TryLockError::WouldBlock) if Instant::now() < until => tokio::time::sleep(LOOK).await,
                Ok(()) | Err(TryLockError::WouldBlock) => return Ok(Self(file)),
            }
        }
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        // By name: closing the file is not enough where a child of the host has inherited it.
        let _ = self.0.unlock();
    }
}

/// The key of the first of the tokens that this one came of by rotation.
pub fn origin(token: &IdentityKey) -> IdentityKey {
    let rotated = ROTATED.lock();
    let known = rotated.iter().find(|(new, _)| new == token);
    known.map_or(*token, |(_, origin)| *origin)
}

/// One token was exchanged for another.
pub fn rotated(old: &IdentityKey, new: IdentityKey) {
    let origin = origin(old);
    let mut rotated = ROTATED.lock();
    if rotated.len() >= ROTATIONS {
        rotated.remove(0);
    }
    rotated.push((new, origin));
}

fn open(path: &Path) -> io::Result<File> {
    let file = regular_file::open(path, Links::Refuse)?;
    let metadata = file.metadata()?;
    if metadata.uid() != geteuid().as_raw() {
        return Err(io::Error::other("it belongs to another user"));
    }
    if metadata.mode() & 0o077 != 0 {
        return Err(io::Error::other("others may read or write it"));
    }
    Ok(file)
}

fn read(path: &Path) -> io::Result<Secret> {
    let bytes = regular_file::content(&open(path)?, SECRET)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| io::Error::other("it is not UTF-8 text"))?;
    let text = text.trim();
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(io::Error::other(
            "it is empty, or has more in it than a refresh token",
        ));
    }
    Ok(Secret::new(text.to_owned()))
}

fn write(path: &Path, token: &Secret) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(token.expose().as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::user::saved_accounts::tests::block_on;
    use std::{os::unix::fs::PermissionsExt as _, path::PathBuf};

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
        let key = |text: &str| IdentityKey::of_kind("test").unwrap().with("token", text).finish();
        rotated(&key("first"), key("second"));
        rotated(&key("second"), key("third"));
        assert_eq!(origin(&key("third")), key("first"));
        assert_eq!(origin(&key("other")), key("other"));
    }
}
