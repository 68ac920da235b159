//! Tokens that the processes of one user on one machine share, so that 64 workers make one request.
//!
//! Off unless asked for. What one process gets it leaves in a directory that is in memory and the
//! user's alone; the next one finds it there, and while one asks an endpoint the others wait for what
//! comes of it. Nothing depends on it: where the directory is not as it must be, or a file in it is not,
//! the log says so and each process asks for itself.

mod failure;
mod key;
pub(crate) mod lock;
mod record;
mod sharing;
mod sweep;

pub use sharing::Sharing;

use super::{Deadline, Moment, Token, arrival, cache::Entry};

use crate::{
    Error, credential::TokenRequest, identity_key::IdentityKey, process::private_directory::PrivateDirectory,
};
use key::{Key, Name};
use lock::{Attempt, Lock};
use std::{
    io,
    time::{Duration, Instant},
};
use tracing::{info, warn};

/// The first pause between two looks at what another process is doing; each is longer than the last.
const FIRST_PAUSE: Duration = Duration::from_millis(1);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

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
        let key = Key::of(&directory)?;
        let name = key.name(&self.key)?;
        Ok(StoreEntry {
            directory,
            key,
            name,
            scope: scope.to_owned(),
        })
    }
}

/// A token for an identity, from another process where that is shared and has one, else by a request
/// whose outcome the other processes get to know.
///
/// Runs on the background thread and is dropped at the deadline, which lets the next process go ahead.
pub async fn token(entry: &Entry, request: &TokenRequest) -> Result<Token, Error> {
    let Some(slot) = entry.shared.get() else {
        return ask(entry, request).await;
    };
    let shelf = match slot.open(&entry.scope) {
        Ok(shelf) => shelf,
        Err(why) => {
            warn!(target: "entra_odbc", event = "sharing_failed", mode = entry.mode, %why);
            return ask(entry, request).await;
        }
    };
    let old = entry.state().token.clone();
    match shelf.turn(old.as_deref(), &request.deadline).await {
        Ok(Acquire::Found(token)) => {
            info!(target: "entra_odbc", event = "shared_token_found", mode = entry.mode);
            Ok(token)
        }
        Ok(Acquire::Failed(error)) => {
            info!(target: "entra_odbc", event = "shared_failure_found", mode = entry.mode);
            Err(error)
        }
        Ok(Acquire::Ours(lock)) => {
            let outcome = ask(entry, request).await;
            if let Err(why) = shelf.tell(&outcome, &lock) {
                warn!(target: "entra_odbc", event = "outcome_not_shared", mode = entry.mode, %why);
            }
            outcome
        }
        Err(why) => {
            warn!(target: "entra_odbc", event = "sharing_failed", mode = entry.mode, %why);
            ask(entry, request).await
        }
    }
}

/// One request, and the judgement of what it brought: nothing else is cached or shared.
async fn ask(entry: &Entry, request: &TokenRequest) -> Result<Token, Error> {
    let token = entry.credential.token(request).await?;
    arrival::judge(token, &entry.scope).map_err(|error| {
        error.remedy_or("Have the program's token provider return the token alone, as its issuer gave it.")
    })
}

/// Whose turn it is to ask.
#[derive(Debug)]
enum Acquire {
    /// Nobody's: there is a token.
    Found(Token),
    /// Nobody's: another process asked while this one waited, in vain.
    Failed(Error),
    /// Ours, until the lock is let go.
    Ours(Lock),
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
    async fn turn(&self, old: Option<&Token>, deadline: &Deadline) -> io::Result<Acquire> {
        let began = record::since_boot()?;
        let mut pause = FIRST_PAUSE;
        let mut held: Option<(u64, Instant)> = None;
        loop {
            if let Some(turn) = self.outcome(old, began) {
                return Ok(turn);
            }
            match Lock::attempt(&self.directory, &self.name)? {
                // What the last holder left behind may be newer than the look before.
                Attempt::Taken(lock) => return Ok(self.outcome(old, began).unwrap_or(Acquire::Ours(lock))),
                Attempt::Held(file) => match held {
                    Some((known, until)) if known == file => {
                        if Instant::now() >= until {
                            // Its holder hangs, or died and left it to a forked child that knows nothing of it.
                            lock::replace(&self.directory, &self.name, file);
                        }
                    }
                    _ => held = Some((file, Instant::now() + deadline.remaining() / 2)),
                },
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 3 / 2).min(LONGEST_PAUSE);
        }
    }

    /// What another process has come by.
    fn outcome(&self, old: Option<&Token>, began: Duration) -> Option<Acquire> {
        if let Some(token) = self.newer(old, Moment::now()) {
            return Some(Acquire::Found(token));
        }
        let file = self.directory.read(&self.name.lock(), failure::LIMIT).ok()??;
        failure::read(&file, &self.key, &self.name, began).map(Acquire::Failed)
    }

    /// The token that is there, if a login can be done with it and it came later than `old`, which may
    /// have been refused.
    fn newer(&self, old: Option<&Token>, now: Moment) -> Option<Token> {
        let file = self.directory.read(&self.name.entry(), record::LIMIT).ok()??;
        let token = record::read(&file, &self.key, &self.name, now)?;
        // Another process, perhaps with another version of this library, wrote it.
        let token = arrival::judge(token, &self.scope).ok()?;
        let is_newer = old.is_none_or(|old| token.text != old.text && token.age_at(now) < old.age_at(now));
        (is_newer && token.lives_at(now)).then_some(token)
    }

    /// Leaves what came of a request to the others.
    fn tell(&self, outcome: &Result<Token, Error>, lock: &Lock) -> io::Result<()> {
        match outcome {
            Ok(token) => self.keep(token),
            Err(error) => match failure::write(error, &self.key, &self.name)? {
                Some(record) => lock.leave(&record),
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
