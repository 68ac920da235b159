//! A request that failed, told to the processes that waited for it.

use super::key::{Key, Name, TAG_LENGTH};
use crate::{Error, ErrorKind, os::since_boot};
use serde_json::{Value, json};
use std::{io, time::Duration};

/// What the tag is for.
const SIGNATURE_CONTEXT: &str = "failure 1";

/// The longest file: more than a host is ever told.
pub const MAX_FILE_LENGTH: usize = 16 * 1024;

/// The record of a failure; `None` where it is no one else's business: time that was up was the asker's
/// own, and what is wrong with a string or this process is wrong nowhere else.
pub fn write(error: &Error, key: &Key, name: &Name) -> io::Result<Option<Vec<u8>>> {
    let (kind, code) = match error.kind() {
        ErrorKind::Refused { code } => ("refused", code),
        ErrorKind::Unreachable => ("unreachable", 0),
        ErrorKind::Unavailable => ("unavailable", 0),
        _ => return Ok(None),
    };
    let [what, remedy, detail] = error.words();
    let content = json!({
        "at": u64::try_from(since_boot()?.as_nanos()).unwrap_or(u64::MAX),
        "kind": kind,
        "code": code,
        "what": what,
        "remedy": remedy,
        "detail": detail,
        "retry_after": error.retry_after().map(|wait| wait.as_secs()),
    })
    .to_string();
    if TAG_LENGTH + content.len() > MAX_FILE_LENGTH {
        return Ok(None);
    }
    let tag = key.sign(SIGNATURE_CONTEXT, name, content.as_bytes());
    Ok(Some([tag.as_ref(), content.as_bytes()].concat()))
}

/// The failure in a record, if it came after `began`.
pub fn read(file: &[u8], key: &Key, name: &Name, began: Duration) -> Option<Error> {
    let content: Value = serde_json::from_slice(key.verify(SIGNATURE_CONTEXT, name, file)?).ok()?;
    let number = |field: &str| content.get(field).and_then(Value::as_u64);
    let text = |field: &str| content.get(field).and_then(Value::as_str);
    if Duration::from_nanos(number("at")?) < began {
        return None;
    }
    let kind = match text("kind")? {
        "refused" => ErrorKind::Refused {
            code: u32::try_from(number("code")?).ok()?,
        },
        "unreachable" => ErrorKind::Unreachable,
        _ => ErrorKind::Unavailable,
    };
    let error = Error::new(kind, text("what")?)
        .remedy(text("remedy")?)
        .detail(text("detail")?);
    Some(error.with_retry_after(number("retry_after").map(Duration::from_secs)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::store::tests::{Place, name};

    #[test]
    fn a_failure_is_told_to_who_waited_for_it_and_to_nobody_later() {
        let place = Place::new("failure");
        let key = Key::load_or_create(&place.directory()).unwrap();
        let name = name(&key, "one");
        let began = since_boot().unwrap();
        let error = Error::new(ErrorKind::Refused { code: 7_000_215 }, "wrong secret")
            .remedy("Check PWD.")
            .detail("AADSTS7000215")
            .with_retry_after(Some(Duration::from_secs(3)));
        let file = write(&error, &key, &name).unwrap().unwrap();
        assert_eq!(read(&file, &key, &name, began), Some(error));
        assert_eq!(read(&file, &key, &name, since_boot().unwrap()), None);
        assert_eq!(read(&file[1..], &key, &name, began), None);
        assert_eq!(read(b"", &key, &name, began), None);
    }

    #[test]
    fn time_that_was_up_is_the_askers_own_affair() {
        let place = Place::new("own-failure");
        let key = Key::load_or_create(&place.directory()).unwrap();
        let name = name(&key, "one");
        for error in [Error::new(ErrorKind::TimedOut, "x"), Error::invalid("x")] {
            assert_eq!(write(&error, &key, &name).unwrap(), None);
        }
    }
}
