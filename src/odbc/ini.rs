//! odbc.ini and odbcinst.ini, read as the target driver reads them.
//!
//! The target driver calls `SQLGetPrivateProfileStringW` of the libodbcinst that it was linked with, and so do
//! we, in the same copy of that library, so that both see the same files. Facts about it (unixODBC 2.3.11,
//! and the copy in the PyPI package, which has the same default directory `/etc` and honours the same
//! `ODBCSYSINI`, `ODBCINI` and `ODBCINSTINI`):
//!
//! - it caches an answer for 20 seconds, by file, section, entry and default. Our default is one that nobody
//!   else uses, so we neither fill nor read the target driver's entries of that cache;
//! - its W form cuts each UTF-16 unit to a byte, and sign-extends bytes on the way back;
//! - for odbcinst.ini it answers 0, and leaves the buffer alone, whether the entry is absent or empty.

use std::ffi::c_void;
use std::path::Path;
use std::ptr::{NonNull, null};

use zeroize::Zeroizing;

use super::target_driver;
use crate::os::{environment::is_privileged, library::Library, system::ODBCINST};

mod parser;

/// The file of data sources.
pub(crate) const ODBC_INI: &str = "odbc.ini";
/// The file of drivers.
pub(crate) const ODBCINST_INI: &str = "odbcinst.ini";

/// What comes back for an absent entry: no text file holds it, and no other caller asks with it.
const ABSENT: u16 = 1;

/// Room for the names of sections or entries.
const LIST_CAPACITY: u16 = 60_000;

type GetProfileString =
    unsafe extern "C" fn(*const u16, *const u16, *const u16, *mut u16, i32, *const u16) -> i32;

/// The value of `key` in `section` of `file`, if the entry is there.
///
/// An empty entry is `Some("")` in odbc.ini, and `None` in odbcinst.ini.
pub(crate) fn get(section: &str, key: &str, file: &str) -> Option<String> {
    let section: Vec<u16> = section.encode_utf16().collect();
    get_in_section(&section, key, file)
}

/// The same with the section's name as the units that the target driver would pass on.
pub(crate) fn get_in_section(section: &[u16], key: &str, file: &str) -> Option<String> {
    let Some(function) = function() else {
        return parser::get(&String::from_utf16(section).ok()?, key, file);
    };
    let value = read_profile_string(function, Some(section), Some(key), file, 4096)?;
    if value == [ABSENT] || (value.is_empty() && file == ODBCINST_INI) {
        return None;
    }
    Some(decode(&value))
}

/// The names of the entries of a section, in their order; the rest of a line that is too long is one of them.
///
/// Not all where one has no name (` = value`): there libodbcinst's list may end.
pub(crate) fn keys(section: &[u16], file: &str) -> Vec<Zeroizing<String>> {
    let Some(function) = function() else {
        let section = String::from_utf16(section).unwrap_or_default();
        return parser::keys(&section, file);
    };
    let names = read_profile_string(function, Some(section), None, file, LIST_CAPACITY);
    let names = Zeroizing::new(names.unwrap_or_default());
    listed(&names).map(Zeroizing::new).collect()
}

/// The names of the sections of `file`.
pub(crate) fn sections(file: &str) -> Vec<String> {
    let Some(function) = function() else {
        return parser::sections(file);
    };
    let names = read_profile_string(function, None, None, file, LIST_CAPACITY).unwrap_or_default();
    listed(&names).collect()
}

/// The names of a list, each of which ends at a NUL; the default, for a section that is not there, is none.
fn listed(names: &[u16]) -> impl Iterator<Item = String> {
    names
        .split(|unit| *unit == 0)
        .filter(|name| !name.is_empty() && *name != [ABSENT])
        .map(decode)
}

/// libodbcinst's function: the target driver's, else that of a copy already in the process, else the system's.
///
/// None in a privileged program: libodbcinst lets the caller's `ODBCSYSINI`, `ODBCINSTINI`, `ODBCINI` and `HOME` say
/// which files it reads there too (2.3.11), and so who gets a client secret.
fn function() -> Option<GetProfileString> {
    if is_privileged() {
        return None;
    }
    find_function()
}

fn find_function() -> Option<GetProfileString> {
    let name = c"SQLGetPrivateProfileStringW";
    let system = || {
        let files = ODBCINST.iter().map(Path::new);
        files
            .clone()
            .find_map(Library::loaded)
            .or_else(|| files.clone().find_map(|file| Library::open(file).ok()))?
            .symbol(name)
    };
    let symbol: NonNull<c_void> = target_driver::loaded()
        .and_then(|driver| driver.library().symbol(name))
        .or_else(system)?;
    // SAFETY: the symbol has the signature that the ODBC installer reference gives to its name.
    Some(unsafe { std::mem::transmute::<NonNull<c_void>, GetProfileString>(symbol) })
}

/// Calls libodbcinst, and returns as many units as it says it wrote.
fn read_profile_string(
    function: GetProfileString,
    section: Option<&[u16]>,
    key: Option<&str>,
    file: &str,
    capacity: u16,
) -> Option<Vec<u16>> {
    let section = section.map(|units| [units, &[0]].concat());
    let key = key.map(encode);
    let file = encode(file);
    let default = [ABSENT, 0];
    // One more than stated: `_multi_string_copy_to_wide` ends with two terminators.
    let mut buffer = vec![0u16; usize::from(capacity) + 2];
    let pointer = |text: &Option<Vec<u16>>| text.as_ref().map_or(null(), Vec::as_ptr);
    // SAFETY: all strings are terminated, the buffer is larger than stated, and all outlive the call.
    let length = unsafe {
        function(
            pointer(&section),
            pointer(&key),
            default.as_ptr(),
            buffer.as_mut_ptr(),
            i32::from(capacity),
            file.as_ptr(),
        )
    };
    buffer.truncate(usize::try_from(length).ok()?);
    Some(buffer)
}

fn encode(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

/// Undoes the sign extension, and takes the bytes for UTF-8 if they are that, else for Latin-1.
fn decode(units: &[u16]) -> String {
    let bytes: Option<Vec<u8>> = units
        .iter()
        .map(|&unit| match unit {
            0..0x100 | 0xFF80.. => Some(unit.to_le_bytes()[0]),
            _ => None,
        })
        .collect();
    match bytes.map(String::from_utf8) {
        Some(Ok(text)) => text,
        Some(Err(latin1)) => latin1.as_bytes().iter().copied().map(char::from).collect(),
        None => String::from_utf16_lossy(units),
    }
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn bytes_come_back_from_their_sign_extension() {
        assert_eq!(decode(&[u16::from(b'B'), 0xFFC3, 0xFFBC]), "Bü");
        assert_eq!(decode(&[u16::from(b'B'), 0xC3, 0xBC]), "Bü");
        assert_eq!(decode(&[0xFFFC]), "ü");
        assert_eq!(decode(&[0x4E2D]), "中");
    }
}
