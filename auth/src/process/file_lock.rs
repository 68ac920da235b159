//! Locks between processes, by `flock` on an open file. They end with the process that holds them.
//!
//! The lock belongs to the open file description, which a forked child inherits. It is therefore released
//! explicitly and not by closing the file. A lock that a dead parent left to its child never becomes free:
//! waiting has a time limit, and a lock file can be removed by those who waited in vain.

use crate::os::{file, private_directory::PrivateDirectory};
use std::{
    fs::{File, TryLockError},
    io::{self, Seek as _, Write as _},
    time::{Duration, Instant},
};

/// The pause between two attempts to acquire a lock.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// How often a lock file may be removed between opening and locking it.
const MAX_REMOVALS: usize = 100;

/// A lock, held until this is dropped.
#[derive(Debug)]
pub struct FileLock(File);

/// The result of an attempt to acquire a lock.
#[derive(Debug)]
pub enum Attempt {
    /// The lock is ours.
    Acquired(FileLock),
    /// Another process holds the lock, on the file with this inode number.
    Held(u64),
}

impl Attempt {
    /// The lock, if it was acquired.
    pub fn acquired(self) -> Option<FileLock> {
        match self {
            Self::Acquired(lock) => Some(lock),
            Self::Held(_) => None,
        }
    }
}

impl FileLock {
    /// Locks an open file if nobody else has; never waits.
    pub fn try_acquire(file: File) -> io::Result<Attempt> {
        match file.try_lock() {
            Ok(()) => Ok(Attempt::Acquired(Self(file))),
            Err(TryLockError::WouldBlock) => Ok(Attempt::Held(file::identity(&file)?.0)),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Locks the lock file of that name, which is created if it is absent; never waits.
    pub fn try_acquire_in(directory: &PrivateDirectory, name: &str) -> io::Result<Attempt> {
        for _ in 0..MAX_REMOVALS {
            match Self::try_acquire(directory.lock_file(name)?)? {
                // Removed between opening and locking: the lock excludes nobody.
                Attempt::Acquired(lock) if file::identity(&lock.0)?.1 == 0 => {}
                attempt => return Ok(attempt),
            }
        }
        Err(io::Error::other("the lock in the shared directory does not stay"))
    }

    /// Replaces the content of the locked file.
    pub fn write(&self, content: &[u8]) -> io::Result<()> {
        let mut file = &self.0;
        file.rewind()?;
        file.set_len(0)?;
        file.write_all(content)
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

/// Repeats `attempt` until it returns a lock or the deadline passes. Does not block the thread.
pub async fn acquire_before<E>(
    deadline: Instant,
    mut attempt: impl FnMut() -> Result<Option<FileLock>, E>,
) -> Result<Option<FileLock>, E> {
    loop {
        match attempt()? {
            None if Instant::now() < deadline => tokio::time::sleep(POLL_INTERVAL).await,
            outcome => return Ok(outcome),
        }
    }
}

/// Removes a lock file that is held too long, unless another process has already removed it.
///
/// The next attempt creates a new file with another inode number.
pub fn remove_held(directory: &PrivateDirectory, name: &str, inode: u64) {
    if directory.status(name).is_some_and(|status| status.inode == inode) {
        directory.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{token::store::tests::Place, user::saved_accounts::tests::block_on};

    fn acquire(directory: &PrivateDirectory, name: &str) -> Option<FileLock> {
        FileLock::try_acquire_in(directory, name).unwrap().acquired()
    }

    #[test]
    fn one_at_a_time_holds_a_lock_and_different_names_are_independent() {
        let place = Place::new("lock");
        let directory = place.directory();
        let lock = acquire(&directory, "one").unwrap();
        assert!(acquire(&directory, "one").is_none());
        assert!(acquire(&directory, "other").is_some());
        drop(lock);
        assert!(acquire(&directory, "one").is_some());
    }

    #[test]
    fn a_lock_is_released_although_a_forked_child_has_its_file_open() {
        let place = Place::new("inherited");
        let directory = place.directory();
        let lock = acquire(&directory, "one").unwrap();
        let _inherited = lock.0.try_clone().unwrap();
        drop(lock);
        assert!(acquire(&directory, "one").is_some());
    }

    #[test]
    fn a_lock_that_is_held_too_long_is_removed_once() {
        let place = Place::new("replaced");
        let directory = place.directory();
        let _stuck = acquire(&directory, "one").unwrap();
        let Attempt::Held(inode) = FileLock::try_acquire_in(&directory, "one").unwrap() else {
            panic!()
        };
        remove_held(&directory, "one", inode);
        let _next = acquire(&directory, "one").unwrap();
        // A second process that waited for the first lock.
        remove_held(&directory, "one", inode);
        assert!(acquire(&directory, "one").is_none());
    }

    #[test]
    fn waiting_ends_with_the_lock_or_at_the_deadline() {
        let place = Place::new("wait");
        let directory = place.directory();
        let held = acquire(&directory, "one").unwrap();
        let wait = |limit| {
            let attempt = || FileLock::try_acquire_in(&directory, "one").map(Attempt::acquired);
            block_on(acquire_before(Instant::now() + limit, attempt)).unwrap()
        };
        assert!(wait(Duration::from_millis(50)).is_none());
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(50));
                drop(held);
            });
            assert!(wait(Duration::from_secs(10)).is_some());
        });
    }
}
