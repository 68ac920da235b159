//! A token as a file: a tag that vouches for it, its times, its text.

use super::key::{Key, Name, TAG_LENGTH};
use crate::token::text;
use crate::{
    Secret,
    os::since_boot,
    token::{Moment, Token},
};
use std::{
    io,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use zeroize::Zeroizing;

/// What the tag is for.
const SIGNATURE_CONTEXT: &str = "token 1";

/// Four times, in nanoseconds, before the text.
const TIMES_LENGTH: usize = 4 * 8;

/// The longest file.
pub const MAX_FILE_LENGTH: usize = TAG_LENGTH + TIMES_LENGTH + text::MAX_LENGTH;

/// The file for a token.
pub fn write(token: &Token, key: &Key, name: &Name, now: Moment) -> io::Result<Zeroizing<Vec<u8>>> {
    let text = token.text.expose().as_bytes();
    if TAG_LENGTH + TIMES_LENGTH + text.len() > MAX_FILE_LENGTH {
        return Err(io::Error::other("the token is too long"));
    }
    let issued = since_boot()?.saturating_sub(token.age_at(now));
    let refresh_on = token.refresh_on.map_or(Ok(0), since_epoch)?;
    let times = [
        since_epoch(token.expires_on)?,
        refresh_on,
        since_epoch(token.issued.wall)?,
        nanoseconds(issued)?,
    ];
    // Never reallocated, so that no copy is left behind.
    let mut file = Zeroizing::new(Vec::with_capacity(TAG_LENGTH + TIMES_LENGTH + text.len()));
    file.resize(TAG_LENGTH, 0);
    for time in times {
        file.extend_from_slice(&time.to_le_bytes());
    }
    file.extend_from_slice(text);
    let tag = key.sign(
        SIGNATURE_CONTEXT,
        name,
        file.get(TAG_LENGTH..).unwrap_or_default(),
    );
    for (to, from) in file.iter_mut().zip(tag.as_ref()) {
        *to = *from;
    }
    Ok(file)
}

/// The token in a file; `None` where the file is not as it was written for this name, or tells of a time
/// that has not come yet.
pub fn read(file: &[u8], key: &Key, name: &Name, now: Moment) -> Option<Token> {
    let content = key.verify(SIGNATURE_CONTEXT, name, file)?;
    let (times, text) = content.split_at_checked(TIMES_LENGTH)?;
    let mut times = times
        .as_chunks::<8>()
        .0
        .iter()
        .map(|bytes| Duration::from_nanos(u64::from_le_bytes(*bytes)));
    let (expires_on, refresh_on, issued, since_start) =
        (times.next()?, times.next()?, times.next()?, times.next()?);
    let age = since_boot().ok()?.checked_sub(since_start)?;
    let mut token = Token::received(
        Secret::new(std::str::from_utf8(text).ok()?.to_owned()),
        UNIX_EPOCH.checked_add(expires_on)?,
    );
    if !refresh_on.is_zero() {
        token.refresh_on = UNIX_EPOCH.checked_add(refresh_on);
    }
    token.issued = Moment {
        wall: UNIX_EPOCH.checked_add(issued)?,
        steady: now.steady.checked_sub(age)?,
    };
    Some(token)
}

fn since_epoch(time: SystemTime) -> io::Result<u64> {
    nanoseconds(time.duration_since(UNIX_EPOCH).map_err(io::Error::other)?)
}

fn nanoseconds(time: Duration) -> io::Result<u64> {
    u64::try_from(time.as_nanos()).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::store::tests::{Place, name};

    fn token(text: &str) -> Token {
        let mut token = Token::received(
            Secret::new(text.into()),
            SystemTime::now() + Duration::from_hours(1),
        );
        token.issued.wall -= Duration::from_mins(10);
        token
    }

    #[test]
    fn a_token_comes_back_with_its_times() {
        let place = Place::new("record");
        let (key, now) = (Key::load_or_create(&place.directory()).unwrap(), Moment::now());
        let name = name(&key, "one");
        for refresh_on in [None, Some(now.wall + Duration::from_mins(30))] {
            let mut token = token("text");
            token.refresh_on = refresh_on;
            let file = write(&token, &key, &name, now).unwrap();
            let back = read(&file, &key, &name, now).unwrap();
            assert_eq!(back.text, token.text);
            assert_eq!((back.expires_on, back.refresh_on), (token.expires_on, refresh_on));
            assert_eq!(back.issued.wall, token.issued.wall);
            // Its age is kept by the steady clock too, whatever is done to the wall clock.
            let mut set_back = now;
            set_back.wall -= Duration::from_hours(5);
            let age = back.age_at(set_back).as_secs();
            assert!((599..=601).contains(&age), "{age}");
        }
    }

    #[test]
    fn a_file_with_any_byte_changed_or_missing_or_of_another_name_is_none() {
        let place = Place::new("corrupt");
        let (key, now) = (Key::load_or_create(&place.directory()).unwrap(), Moment::now());
        let (one, other) = (name(&key, "one"), name(&key, "other"));
        let file = write(&token("text"), &key, &one, now).unwrap();
        assert!(read(&file, &key, &one, now).is_some());
        assert!(read(&file, &key, &other, now).is_none());
        for at in 0..file.len() {
            let mut changed = file.to_vec();
            changed[at] ^= 1;
            assert!(read(&changed, &key, &one, now).is_none(), "{at}");
            assert!(read(&file[..at], &key, &one, now).is_none(), "{at}");
        }
    }

    /// As in a directory on a disk, after the machine was started anew.
    #[test]
    fn a_file_that_tells_of_a_time_to_come_is_none() {
        let place = Place::new("to-come");
        let (key, now) = (Key::load_or_create(&place.directory()).unwrap(), Moment::now());
        let name = name(&key, "one");
        let signed = |since_start: Duration| {
            let mut file = write(&token("text"), &key, &name, now).unwrap();
            let nanoseconds = nanoseconds(since_start).unwrap().to_le_bytes();
            file[TAG_LENGTH + TIMES_LENGTH - 8..TAG_LENGTH + TIMES_LENGTH].copy_from_slice(&nanoseconds);
            let tag = key.sign(SIGNATURE_CONTEXT, &name, &file[TAG_LENGTH..]);
            file[..TAG_LENGTH].copy_from_slice(tag.as_ref());
            file
        };
        let now_since_start = since_boot().unwrap();
        assert!(read(&signed(now_since_start), &key, &name, now).is_some());
        let to_come = now_since_start + Duration::from_hours(1);
        assert!(read(&signed(to_come), &key, &name, now).is_none());
    }

    #[test]
    fn what_is_too_long_is_not_written() {
        let place = Place::new("long");
        let key = Key::load_or_create(&place.directory()).unwrap();
        let name = name(&key, "one");
        let longest = text::MAX_LENGTH;
        for (length, fits) in [(longest, true), (longest + 1, false)] {
            let file = write(&token(&"x".repeat(length)), &key, &name, Moment::now());
            assert_eq!(file.is_ok(), fits);
        }
    }
}
