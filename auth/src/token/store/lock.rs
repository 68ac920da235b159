//! Whose turn it is to ask for an identity's token: a lock that ends with the process that holds it.
//!
//! By `flock`, which belongs to the open file: a forked child inherits it, so it is let go by name
//! rather than by closing the file, and a lock that a dead parent left to its child can be replaced.

use super::key::Name;
use crate::process::private_directory::PrivateDirectory;
use std::{
    fs::{File, TryLockError},
    io::{self, Seek, Write},
    os::unix::fs::MetadataExt,
};

/// The lock, held until this is dropped.
#[derive(Debug)]
pub struct Lock(File);

/// What came of reaching for it.
#[derive(Debug)]
pub enum Attempt {
    /// It is ours.
    Taken(Lock),
    /// Someone else has it, in the file of this number.
    Held(u64),
}

impl Lock {
    /// Takes the lock if nobody has it; never waits.
    pub fn attempt(directory: &PrivateDirectory, name: &Name) -> io::Result<Attempt> {
        Self::attempt_file(directory, &name.lock())
    }

    /// The same by the name of its file.
    pub fn attempt_file(directory: &PrivateDirectory, name: &str) -> io::Result<Attempt> {
        // Each turn means that someone removed the file just between our opening and locking it.
        for _ in 0..100 {
            let file = directory.lock_file(name)?;
            match file.try_lock() {
                Ok(()) => {
                    let lock = Self(file);
                    if lock.0.metadata()?.nlink() > 0 {
                        return Ok(Attempt::Taken(lock));
                    }
                }
                Err(TryLockError::WouldBlock) => return Ok(Attempt::Held(file.metadata()?.ino())),
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
        Err(io::Error::other("the lock in the shared directory does not stay"))
    }

    /// Leaves word in the lock's file for those who wait.
    pub fn leave(&self, record: &[u8]) -> io::Result<()> {
        let mut file = &self.0;
        file.rewind()?;
        file.set_len(0)?;
        file.write_all(record)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

/// Puts another lock in the place of one that is held for too long, unless someone did already.
pub fn replace(directory: &PrivateDirectory, name: &Name, held: u64) {
    let name = name.lock();
    if directory
        .status(&name)
        .is_some_and(|status| status.st_ino == held)
    {
        directory.remove(&name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::store::{
        key::Key,
        tests::{Place, name},
    };

    fn taken(directory: &PrivateDirectory, name: &Name) -> Option<Lock> {
        match Lock::attempt(directory, name).unwrap() {
            Attempt::Taken(lock) => Some(lock),
            Attempt::Held(_) => None,
        }
    }

    #[test]
    fn one_at_a_time_holds_the_lock_and_different_identities_do_not_meet() {
        let place = Place::new("lock");
        let directory = place.directory();
        let key = Key::of(&directory).unwrap();
        let (one, other) = (name(&key, "one"), name(&key, "other"));
        let lock = taken(&directory, &one).unwrap();
        assert!(taken(&directory, &one).is_none());
        assert!(taken(&directory, &other).is_some());
        drop(lock);
        assert!(taken(&directory, &one).is_some());
    }

    #[test]
    fn a_lock_goes_free_although_a_forked_child_has_its_file_open() {
        let place = Place::new("inherited");
        let directory = place.directory();
        let name = name(&Key::of(&directory).unwrap(), "one");
        let lock = taken(&directory, &name).unwrap();
        let _inherited = lock.0.try_clone().unwrap();
        drop(lock);
        assert!(taken(&directory, &name).is_some());
    }

    #[test]
    fn a_lock_that_is_held_for_too_long_is_replaced_once() {
        let place = Place::new("replaced");
        let directory = place.directory();
        let name = name(&Key::of(&directory).unwrap(), "one");
        let _stuck = taken(&directory, &name).unwrap();
        let Attempt::Held(file) = Lock::attempt(&directory, &name).unwrap() else {
            panic!()
        };
        replace(&directory, &name, file);
        let _next = taken(&directory, &name).unwrap();
        // Someone else who waited for the first one.
        replace(&directory, &name, file);
        assert!(taken(&directory, &name).is_none());
    }
}
