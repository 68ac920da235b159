//! Saved sign-ins: people who signed in once, for the processes that come later.
//!
//! A saved sign-in is a refresh token with the name of its person, one file each (0600) in a directory of
//! the user's own (0700): `$XDG_STATE_HOME/entra-odbc/accounts`, else below `~/.local/state`. Files are
//! replaced as a whole, and a lock per account keeps two processes from redeeming one refresh token at a
//! time, since the second might hold one that the first has just spent. Where a keyring runs, the refresh
//! token is sealed with a key that lies there.

mod keyring;
mod record;
mod seal;

use crate::{
    Environment, Error, ErrorKind, Secret,
    process::{
        file_lock::{Attempt, FileLock, acquire_before},
        private_directory::PrivateDirectory,
    },
    token::Claims,
};
use keyring::Keyring;
use record::{Kept, Record};
use ring::digest;
use std::{
    fs, io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime},
};
use tracing::info;

/// The longest file that is read.
const MAX_FILE_LENGTH: usize = 64 * 1024;

/// What the files of accounts end in.
const FILE_SUFFIX: &str = ".account";

/// How long another process may take to make a key.
const KEY_CREATION_TIMEOUT: Duration = Duration::from_secs(2);

/// A person who has signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The Entra host.
    pub authority: String,
    /// The tenant that the person belongs to.
    pub tenant: String,
    /// The application that they signed in to.
    pub client: String,
    /// Their name, `ada@contoso.com`.
    pub username: String,
    /// Their object id.
    pub object_id: String,
    /// When they signed in, or a token was last renewed.
    pub saved: SystemTime,
}

impl Account {
    /// The account that an id token tells of.
    #[must_use]
    pub fn signed_in(authority: &str, client: &str, id_token: &Secret) -> Option<Self> {
        let claims = Claims::parse(id_token.expose());
        Some(Self {
            authority: authority.to_owned(),
            tenant: claims.tid?,
            client: client.to_owned(),
            username: claims.principal?,
            object_id: claims.oid?,
            saved: SystemTime::now(),
        })
    }

    /// The same for one person, application and Entra, whenever they sign in.
    #[must_use]
    pub fn id(&self) -> String {
        let mut context = digest::Context::new(&digest::SHA256);
        for part in [&self.authority, &self.tenant, &self.client, &self.object_id] {
            context.update(&(part.len() as u64).to_le_bytes());
            context.update(part.to_ascii_lowercase().as_bytes());
        }
        let digest = context.finish();
        let half = digest
            .as_ref()
            .first_chunk::<16>()
            .map_or(0, |half| u128::from_be_bytes(*half));
        format!("{half:032x}")
    }
}

/// The saved sign-ins of this user.
#[derive(Debug, Clone)]
pub struct Accounts {
    state: PathBuf,
    environment: Environment,
}

impl Accounts {
    /// Where this environment has them; nothing is opened yet.
    pub fn from_environment(environment: &Environment) -> Result<Self, Error> {
        if !environment.may_run_tools() {
            return Err(Error::new(
                ErrorKind::Unavailable,
                "a privileged program uses no saved sign-in",
            )
            .remedy("Use another kind of sign-in there."));
        }
        let state = environment
            .get("XDG_STATE_HOME")
            .map(PathBuf::from)
            .or_else(|| Some(Path::new(&environment.get("HOME")?).join(".local/state")))
            .filter(|path| path.is_absolute());
        let environment = environment.clone();
        state.map(|state| Self { state, environment }).ok_or_else(|| {
            Error::new(
                ErrorKind::Unavailable,
                "neither HOME nor XDG_STATE_HOME is set, so there is no place for saved sign-ins",
            )
            .remedy("Set HOME or XDG_STATE_HOME to a directory of this user's own.")
        })
    }

    /// The directory with the files.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.state.join("entra-odbc/accounts")
    }

    /// All of them, the one that was saved last first.
    pub fn list(&self) -> Result<Vec<Account>, Error> {
        let Some(directory) = self.existing().map_err(|why| self.failed(&why))? else {
            return Ok(Vec::new());
        };
        let names = directory.names().map_err(|why| self.failed(&why))?;
        let mut accounts: Vec<_> = names
            .iter()
            .filter(|name| name.ends_with(FILE_SUFFIX))
            .filter_map(|name| Some(read(&directory, name).ok()??.account))
            .collect();
        accounts.sort_by_key(|account| std::cmp::Reverse(account.saved));
        Ok(accounts)
    }

    /// Whether there is an account of that id now.
    pub fn has(&self, id: &str) -> Result<bool, Error> {
        Ok(self.record(id)?.is_some())
    }

    /// The account of that id, as it is now, and the refresh token by which its tokens are had.
    pub async fn open(&self, id: &str) -> Result<Option<(Account, Secret)>, Error> {
        let Some(Record { account, kept }) = self.record(id)? else {
            return Ok(None);
        };
        let sealed = match kept {
            Kept::Plain(refresh_token) => return Ok(Some((account, refresh_token))),
            Kept::Sealed(sealed) => sealed,
        };
        let locked = |why: String| {
            Error::new(
                ErrorKind::Unavailable,
                format!("the saved sign-in is sealed: {why}"),
            )
            .detail(format!("It is that of {}.", account.username))
            .remedy("Unlock the desktop's keyring, or sign in again with: entra-odbc login.")
        };
        let keyring = Keyring::detect(&self.environment).ok_or_else(|| locked(keyring::absent()))?;
        let key = keyring.key().await.map_err(locked)?;
        let refresh_token = key
            .and_then(|key| seal::open(&key, &sealed, id))
            .ok_or_else(|| locked("its key is not in the keyring".to_owned()))?;
        Ok(Some((account, refresh_token)))
    }

    /// Saves an account, in the place of what was saved of it before.
    ///
    /// Sealed where a keyring runs; where that fails, the file's mode alone protects it.
    pub async fn save(&self, account: &Account, refresh_token: &Secret) -> Result<(), Error> {
        let id = account.id();
        let key = match Keyring::detect(&self.environment) {
            Some(keyring) => self.key_or_new(&keyring).await.unwrap_or_else(|why| {
                info!(target: "entra_odbc", event = "keyring_unavailable", why);
                None
            }),
            None => None,
        };
        let sealed = key.and_then(|key| seal::seal(&key, refresh_token, &id));
        let kept = sealed.map_or_else(|| Kept::Plain(refresh_token.clone()), Kept::Sealed);
        let save = || {
            let written = record::written(account, &kept)?;
            self.made()?
                .replace(&format!("{id}{FILE_SUFFIX}"), &written, account.saved)
        };
        save().map_err(|why| self.failed(&why))
    }

    /// The key, made if there is none, by one process at a time: the second would seal with one that is overwritten.
    async fn key_or_new(&self, keyring: &Keyring) -> Result<Option<keyring::Key>, String> {
        if let Some(key) = keyring.key().await? {
            return Ok(Some(key));
        }
        let _lock = acquire_before(Instant::now() + KEY_CREATION_TIMEOUT, || self.lock("key"))
            .await
            .map_err(|error| error.to_string())?
            .ok_or("another process makes its key and comes to no end")?;
        if let Some(key) = keyring.key().await? {
            return Ok(Some(key));
        }
        keyring.make_key().await?;
        keyring.key().await
    }

    fn record(&self, id: &str) -> Result<Option<Record>, Error> {
        let read = || match self.existing()? {
            Some(directory) => read(&directory, &format!("{id}{FILE_SUFFIX}")),
            None => Ok(None),
        };
        read().map_err(|why| self.failed(&why))
    }

    /// Forgets an account; whether there was one.
    pub fn remove(&self, id: &str) -> Result<bool, Error> {
        let name = format!("{id}{FILE_SUFFIX}");
        let Some(directory) = self.existing().map_err(|why| self.failed(&why))? else {
            return Ok(false);
        };
        let known = directory.status(&name).is_some();
        directory.remove(&name);
        Ok(known)
    }

    /// The right to redeem the account's refresh token; `None` while another process has it.
    pub fn lock(&self, id: &str) -> Result<Option<FileLock>, Error> {
        self.made()
            .and_then(|directory| FileLock::try_acquire_in(&directory, &format!("{id}.lock")))
            .map(Attempt::acquired)
            .map_err(|why| self.failed(&why))
    }

    fn existing(&self) -> io::Result<Option<PrivateDirectory>> {
        if self.path().symlink_metadata().is_err() {
            return Ok(None);
        }
        self.made().map(Some)
    }

    fn made(&self) -> io::Result<PrivateDirectory> {
        let parent = self.state.join("entra-odbc");
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&parent)?;
        PrivateDirectory::open(&PrivateDirectory::parent(&parent, false)?, &parent, "accounts")
    }

    fn failed(&self, why: &io::Error) -> Error {
        Error::new(
            ErrorKind::Unavailable,
            format!(
                "the saved sign-ins in {} cannot be used: {why}",
                self.path().display()
            ),
        )
        .remedy(
            "Make the directory one of this user's own that nobody else may enter, or set XDG_STATE_HOME.",
        )
    }
}

fn read(directory: &PrivateDirectory, name: &str) -> io::Result<Option<Record>> {
    Ok(directory
        .read(name, MAX_FILE_LENGTH)?
        .and_then(|bytes| record::read(&bytes)))
}

#[cfg(test)]
pub(crate) mod tests;
