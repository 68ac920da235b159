//! Accounts saved on disk, so that later processes sign in without a prompt.
//!
//! Each account is one file (mode 0600) with a refresh token and the user's name. The directory (mode 0700)
//! belongs to the user: `$XDG_STATE_HOME/entra-odbc/accounts`, else `~/.local/state/entra-odbc/accounts`. Files
//! are replaced atomically. A lock per account prevents two processes from redeeming one refresh token at the
//! same time: the second would send a token that the first has already used. If a keyring runs, the refresh
//! token is encrypted with a key stored there.

mod keyring;
mod record;
mod seal;

use crate::{
    Environment, Error, ErrorKind, Secret,
    os::{self, file, private_directory::PrivateDirectory},
    process::file_lock::{Attempt, FileLock, acquire_before},
    token::Claims,
};
use keyring::Keyring;
use record::{Kept, Record};
use ring::digest;
use std::{
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime},
};
use tracing::info;

/// The maximum length of an account file in bytes.
const MAX_FILE_LENGTH: usize = 64 * 1024;

/// The suffix of account files.
const FILE_SUFFIX: &str = ".account";

/// How long to wait for another process that creates the key.
const KEY_CREATION_TIMEOUT: Duration = Duration::from_secs(2);

/// A user who has signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The Entra host.
    pub authority: String,
    /// The user's tenant.
    pub tenant: String,
    /// The client id of the application that the user signed in to.
    pub client: String,
    /// The user name, such as `ada@contoso.com`.
    pub username: String,
    /// The user's object id.
    pub object_id: String,
    /// The time of the sign-in, or of the last rotation of the refresh token.
    pub saved: SystemTime,
}

impl Account {
    /// The account described by an id token; `None` if a claim is missing.
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

    /// A digest of authority, tenant, application and user; it does not change with later sign-ins.
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

/// The saved accounts of this user.
#[derive(Debug, Clone)]
pub struct Accounts {
    state: PathBuf,
    environment: Environment,
}

impl Accounts {
    /// Determines the directory from the environment; opens nothing.
    pub fn from_environment(environment: &Environment) -> Result<Self, Error> {
        if !environment.may_run_tools() {
            return Err(Error::new(
                ErrorKind::Unavailable,
                "a privileged program uses no saved sign-in",
            )
            .remedy("Use another authentication mode there."));
        }
        let state = environment
            .get("XDG_STATE_HOME")
            .map(PathBuf::from)
            .or_else(|| Some(Path::new(&environment.get(os::HOME_VARIABLE)?).join(".local/state")))
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

    /// The directory with the account files.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.state.join("entra-odbc/accounts")
    }

    /// All accounts, the last saved first.
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

    /// Whether an account with that id exists.
    pub fn has(&self, id: &str) -> Result<bool, Error> {
        Ok(self.record(id)?.is_some())
    }

    /// Reads an account and decrypts its refresh token.
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

    /// Saves an account and replaces its previous file.
    ///
    /// The refresh token is encrypted if a keyring is available. Otherwise only the file mode protects it.
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

    /// Reads the key or creates it, one process at a time: otherwise one would encrypt with a key that the other
    /// overwrites.
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

    /// Removes an account; returns whether it existed.
    pub fn remove(&self, id: &str) -> Result<bool, Error> {
        let name = format!("{id}{FILE_SUFFIX}");
        let Some(directory) = self.existing().map_err(|why| self.failed(&why))? else {
            return Ok(false);
        };
        let known = directory.status(&name).is_some();
        directory.remove(&name);
        Ok(known)
    }

    /// The lock for redeeming the account's refresh token; `None` while another process holds it.
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
        file::create_private_directories(&parent)?;
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
