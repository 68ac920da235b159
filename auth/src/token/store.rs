//! Tokens that the processes of one user on one machine share, so that 64 workers make one request.
//!
//! Off unless asked for. What one process gets it leaves in a directory that is in memory and the
//! user's alone; the next one finds it there, and while one asks an endpoint the others wait for what
//! comes of it. Nothing depends on it: where the directory is not as it must be, or a file in it is not,
//! the log says so and each process asks for itself.

mod failure;
mod key;
mod record;
mod sharing;
mod sweep;

pub use sharing::Sharing;

use super::{Deadline, Moment, Token, arrival, cache::Entry, request::from_credential};

use crate::{
    Error,
    credential::TokenRequest,
    identity_key::IdentityKey,
    os::{private_directory::PrivateDirectory, since_boot},
    process::file_lock::{self, Attempt, FileLock},
};
use key::{Key, Name};
use std::{
    io,
    time::{Duration, Instant},
};
use tracing::{info, warn};

/// The first pause between two looks at what another process is doing; each is longer than the last.
const FIRST_PAUSE: Duration = Duration::from_millis(1);

/// The longest pause.
const MAX_POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Where one identity's tokens are shared.
#[derive(Debug)]
pub struct StoreKey {
    sharing: Sharing,
    key: IdentityKey,
}

impl StoreKey {
    /// The place of this identity.
    #[must_use]
    pub fn new(sharing: &Sharing, key: IdentityKey) -> Self {
        Self {
            sharing: sharing.clone(),
            key,
        }
    }

    /// Opened anew each time: the host may close what it did not open, and a directory may be replaced
    /// when its user logs out.
    fn open(&self, scope: &str) -> io::Result<StoreEntry> {
        let directory = self.sharing.open()?;
        let key = Key::load_or_create(&directory)?;
        let name = key.name(&self.key)?;
        Ok(StoreEntry {
            directory,
            key,
            name,
            scope: scope.to_owned(),
        })
    }
}

/// A token for an identity that shares its tokens: one that another process got, else by a request whose outcome the
/// other processes get to know.
///
/// Runs on the background thread and is dropped at the deadline, which lets the next process go ahead.
pub async fn token(key: &StoreKey, entry: &Entry, request: &TokenRequest) -> Result<Token, Error> {
    let stored = match key.open(&entry.scope) {
        Ok(stored) => stored,
        Err(why) => {
            warn!(target: "entra_odbc", event = "sharing_failed", mode = entry.mode, %why);
            return from_credential(entry, request).await;
        }
    };
    let old = entry.state().token.clone();
    match stored.acquire(old.as_deref(), &request.deadline).await {
        // Someone else may have signed in to a tool while this process waited: asked for, their token is not of this key.
        Ok(Acquire::Found(_) | Acquire::Failed(_)) if !entry.credential.is_current() => {
            from_credential(entry, request).await
        }
        Ok(Acquire::Found(token)) => {
            info!(target: "entra_odbc", event = "shared_token_found", mode = entry.mode);
            Ok(token)
        }
        Ok(Acquire::Failed(error)) => {
            info!(target: "entra_odbc", event = "shared_failure_found", mode = entry.mode);
            Err(error)
        }
        Ok(Acquire::Locked(lock)) => {
            let outcome = from_credential(entry, request).await;
            // As above, while the request was under way.
            if !entry.credential.is_current() {
                return outcome;
            }
            if let Err(why) = stored.publish(&outcome, &lock) {
                warn!(target: "entra_odbc", event = "outcome_not_shared", mode = entry.mode, %why);
            }
            outcome
        }
        Err(why) => {
            warn!(target: "entra_odbc", event = "sharing_failed", mode = entry.mode, %why);
            from_credential(entry, request).await
        }
    }
}

/// What a process that wants a token comes by.
#[derive(Debug)]
enum Acquire {
    /// A token of another process.
    Found(Token),
    /// Another process asked while this one waited, in vain.
    Failed(Error),
    /// The lock: this process asks, and the others wait until it is released.
    Locked(FileLock),
}

/// The directory as it is right now, and one identity's name in it.
#[derive(Debug)]
struct StoreEntry {
    directory: PrivateDirectory,
    key: Key,
    name: Name,
    /// The scope of the tokens.
    scope: String,
}

impl StoreEntry {
    /// Waits until there is a newer token than `old`, or nobody else asks for one.
    async fn acquire(&self, old: Option<&Token>, deadline: &Deadline) -> io::Result<Acquire> {
        let began = since_boot()?;
        let mut pause = FIRST_PAUSE;
        let mut held: Option<(u64, Instant)> = None;
        loop {
            if let Some(acquired) = self.outcome(old, began) {
                return Ok(acquired);
            }
            match FileLock::try_acquire_in(&self.directory, &self.name.lock())? {
                // What the last holder left behind may be newer than the look before.
                Attempt::Acquired(lock) => {
                    return Ok(self.outcome(old, began).unwrap_or(Acquire::Locked(lock)));
                }
                Attempt::Held(file) => match held {
                    Some((known, until)) if known == file => {
                        if Instant::now() >= until {
                            // Its holder hangs, or died and left it to a forked child that knows nothing of it.
                            file_lock::remove_held(&self.directory, &self.name.lock(), file);
                        }
                    }
                    _ => held = Some((file, Instant::now() + deadline.remaining() / 2)),
                },
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 3 / 2).min(MAX_POLL_INTERVAL);
        }
    }

    /// What another process has come by.
    fn outcome(&self, old: Option<&Token>, began: Duration) -> Option<Acquire> {
        if let Some(token) = self.newer(old, Moment::now()) {
            return Some(Acquire::Found(token));
        }
        let file = self
            .directory
            .read(&self.name.lock(), failure::MAX_FILE_LENGTH)
            .ok()??;
        failure::read(&file, &self.key, &self.name, began).map(Acquire::Failed)
    }

    /// The token that is there, if a login can be done with it and it came later than `old`, which may
    /// have been refused.
    fn newer(&self, old: Option<&Token>, now: Moment) -> Option<Token> {
        let file = self
            .directory
            .read(&self.name.entry(), record::MAX_FILE_LENGTH)
            .ok()??;
        let token = record::read(&file, &self.key, &self.name, now)?;
        // Another process, perhaps with another version of this library, wrote it.
        let token = arrival::judge(token, &self.scope).ok()?;
        let is_newer = old.is_none_or(|old| token.text != old.text && token.age_at(now) < old.age_at(now));
        (is_newer && token.lives_at(now)).then_some(token)
    }

    /// Leaves what came of a request to the others.
    fn publish(&self, outcome: &Result<Token, Error>, lock: &FileLock) -> io::Result<()> {
        match outcome {
            Ok(token) => self.keep(token),
            Err(error) => match failure::write(error, &self.key, &self.name)? {
                Some(record) => lock.write(&record),
                None => Ok(()),
            },
        }
    }

    /// Puts the token in place of the last one, in one step.
    fn keep(&self, token: &Token) -> io::Result<()> {
        let now = Moment::now();
        if !token.lives_at(now) {
            return Ok(());
        }
        let file = record::write(token, &self.key, &self.name, now)?;
        sweep::make_room(&self.directory, &self.name)?;
        self.directory
            .replace(&self.name.entry(), &file, token.expires_on)
    }
}

#[cfg(test)]
pub(crate) mod tests;
