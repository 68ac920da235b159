//! What a directory is cleaned of: tokens that have ended, and what processes that died left behind.

use super::key::{self, Name};
use crate::{
    os::private_directory::{PrivateDirectory, TEMPORARY_PREFIX},
    process::file_lock::{Attempt, FileLock},
};
use std::{
    io,
    time::{Duration, SystemTime},
};

/// How many tokens there may be; with 32 KiB at most each they take no more than 32 MiB of memory.
pub const MAX_ENTRIES: usize = 1024;

/// After this time nobody writes to an unfinished file any more.
const MAX_TEMPORARY_FILE_AGE: Duration = Duration::from_mins(1);

/// Locks that were made so long ago are removed where nobody has them; the next who needs one makes it.
const MAX_UNUSED_LOCK_AGE: Duration = Duration::from_hours(1);

/// Removes what is of no use any more; an error where there is still no room for one more token.
pub fn make_room(directory: &PrivateDirectory, name: &Name) -> io::Result<()> {
    let now = SystemTime::now();
    let mut entries = 0;
    for found in directory.names()? {
        let Some(status) = directory.status(&found).filter(|status| status.is_file) else {
            continue;
        };
        // A token's file was last changed when the token ends: see `StoreEntry::keep`.
        let age = now.duration_since(status.changed).ok();
        if key::is_entry(&found) {
            if age.is_some() {
                directory.remove(&found);
            } else if found != name.entry() {
                entries += 1;
            }
        } else if found.starts_with(TEMPORARY_PREFIX) {
            if age > Some(MAX_TEMPORARY_FILE_AGE) {
                directory.remove(&found);
            }
        } else if key::is_lock(&found)
            && age > Some(MAX_UNUSED_LOCK_AGE)
            && let Ok(Attempt::Acquired(_lock)) = FileLock::try_acquire_in(directory, &found)
        {
            directory.remove(&found);
        }
    }
    if entries >= MAX_ENTRIES {
        return Err(io::Error::other(format!(
            "the shared directory holds {entries} tokens already"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::store::{
        key::Key,
        tests::{Place, name},
    };
    use std::fs::File;

    #[test]
    fn what_has_ended_or_was_left_behind_goes_and_the_rest_stays() {
        let place = Place::new("sweep");
        let directory = place.directory();
        let key = Key::load_or_create(&directory).unwrap();
        let (hour, day) = (Duration::from_hours(1), Duration::from_hours(24));
        let now = SystemTime::now();
        let (living, ended, held) = (name(&key, "living"), name(&key, "ended"), name(&key, "held"));
        directory.replace(&living.entry(), b"x", now + hour).unwrap();
        directory.replace(&ended.entry(), b"x", now - hour).unwrap();
        directory.replace("new-0", b"x", now - hour).unwrap();
        directory.replace("new-1", b"x", now).unwrap();
        directory.replace("else", b"x", now - day).unwrap();
        let _lock = FileLock::try_acquire_in(&directory, &held.lock()).unwrap();
        drop(FileLock::try_acquire_in(&directory, &ended.lock()).unwrap());
        for lock in [held.lock(), ended.lock()] {
            let file = File::options().write(true).open(place.path().join(lock)).unwrap();
            file.set_modified(now - day).unwrap();
        }
        make_room(&directory, &living).unwrap();
        let mut left = directory.names().unwrap();
        left.retain(|name| !name.starts_with('.'));
        left.sort();
        let mut expected = vec![
            "else".into(),
            "key".into(),
            "new-1".into(),
            living.entry(),
            held.lock(),
        ];
        expected.sort();
        assert_eq!(left, expected);
    }

    #[test]
    fn a_full_directory_takes_no_further_identity_but_new_tokens_of_those_it_has() {
        let place = Place::new("full");
        let directory = place.directory();
        let key = Key::load_or_create(&directory).unwrap();
        let later = SystemTime::now() + Duration::from_hours(1);
        let known = name(&key, "0");
        for number in 0..MAX_ENTRIES {
            let name = name(&key, &number.to_string());
            directory.replace(&name.entry(), b"x", later).unwrap();
        }
        assert!(make_room(&directory, &known).is_ok());
        assert!(make_room(&directory, &name(&key, "one more")).is_err());
    }
}
