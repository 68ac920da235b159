//! Diagnostic records of this driver, and the answers to `SQLGetDiagRecW` and `SQLGetDiagFieldW` from them.

use std::slice;

use entra_auth::{Error, plain_text::fit};
use entra_odbc_core::{
    connect::login_refusal::LoginFailure,
    diagnostics::{Diagnostic as _, DriverRecord},
};
use odbc_sys::{Pointer, SqlReturn, WChar};

/// The fields `SQL_DIAG_...` (sql.h, sqlext.h), of which odbc-sys lacks some.
mod field {
    pub(super) const DYNAMIC_FUNCTION: i16 = 7;
    pub(super) const DYNAMIC_FUNCTION_CODE: i16 = 12;
    pub(super) const CURSOR_ROW_COUNT: i16 = -1249;
    pub(super) const ROW_NUMBER: i16 = -1248;
    pub(super) const COLUMN_NUMBER: i16 = -1247;
    pub(super) const RETURNCODE: i16 = 1;
    pub(super) const NUMBER: i16 = 2;
    pub(super) const ROW_COUNT: i16 = 3;
    pub(super) const SQLSTATE: i16 = 4;
    pub(super) const NATIVE: i16 = 5;
    pub(super) const MESSAGE_TEXT: i16 = 6;
    pub(super) const CLASS_ORIGIN: i16 = 8;
    pub(super) const SUBCLASS_ORIGIN: i16 = 9;
    pub(super) const CONNECTION_NAME: i16 = 10;
    pub(super) const SERVER_NAME: i16 = 11;
}

/// `SQL_NO_ROW_NUMBER` and `SQL_NO_COLUMN_NUMBER`.
const NO_NUMBER: isize = -1;

/// One diagnostic record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// The five characters of the SQLSTATE.
    pub(crate) state: [u8; 5],
    /// The native error.
    pub(crate) native: i32,
    /// The text, the most important words first: unixODBC keeps 512 characters of it.
    pub(crate) message: String,
}

impl Record {
    /// A record with native error 0.
    pub(crate) fn new(state: [u8; 5], message: impl Into<String>) -> Self {
        Self {
            state,
            native: 0,
            message: fit(&message.into()),
        }
    }
}

impl From<&Error> for Record {
    fn from(error: &Error) -> Self {
        Self {
            state: state(error.sqlstate()),
            native: error.native(),
            message: error.to_string(),
        }
    }
}

impl From<&LoginFailure> for Record {
    fn from(failure: &LoginFailure) -> Self {
        Self {
            state: state(&failure.sqlstate),
            native: failure.native,
            message: failure.error.to_string(),
        }
    }
}

impl From<&DriverRecord> for Record {
    fn from(record: &DriverRecord) -> Self {
        Self {
            state: state(&record.sqlstate),
            native: record.native,
            message: record.message.clone(),
        }
    }
}

fn state(text: &str) -> [u8; 5] {
    let mut state = *b"HY000";
    for (to, from) in state.iter_mut().zip(text.bytes()) {
        *to = from;
    }
    state
}

/// Answers `SQLGetDiagRecW` from `records`, the first of which has number 1.
///
/// # Safety
/// The pointers are null or those of an `SQLGetDiagRecW` call: `state` has room for six characters,
/// `message` for `capacity`.
pub(crate) unsafe fn get_rec(
    records: &[Record],
    number: i16,
    state: *mut WChar,
    native: *mut i32,
    message: *mut WChar,
    capacity: i16,
    length: *mut i16,
) -> SqlReturn {
    let Ok(number @ 1..) = usize::try_from(number) else {
        return SqlReturn::ERROR;
    };
    let Ok(capacity) = usize::try_from(capacity) else {
        return SqlReturn::ERROR;
    };
    let Some(record) = records.get(number - 1) else {
        return SqlReturn::NO_DATA;
    };
    // SAFETY: as promised by the caller, each pointer is null or has the stated room.
    unsafe {
        if !state.is_null() {
            let _ = write_text(&text(&record.state), state, 6);
        }
        if !native.is_null() {
            native.write_unaligned(record.native);
        }
        let message_text: Vec<u16> = record.message.encode_utf16().collect();
        if !length.is_null() {
            length.write_unaligned(i16::try_from(message_text.len()).unwrap_or(i16::MAX));
        }
        if message.is_null() {
            return SqlReturn::SUCCESS;
        }
        write_text(&message_text, message, capacity)
    }
}

/// Answers `SQLGetDiagFieldW` from `records`, the first of which has number 1.
///
/// # Safety
/// The pointers are null or those of an `SQLGetDiagFieldW` call: `value` has room for the field's type, or
/// for `capacity` bytes if the field is text.
pub(crate) unsafe fn get_field(
    records: &[Record],
    number: i16,
    field: i16,
    value: Pointer,
    capacity: i16,
    length: *mut i16,
) -> SqlReturn {
    // SAFETY: as promised by the caller; the widths are those of the ODBC reference for each field.
    unsafe {
        match field {
            field::NUMBER => {
                return write_number(value, i32::try_from(records.len()).unwrap_or(i32::MAX));
            }
            field::RETURNCODE => return write_number(value, SqlReturn::ERROR.0),
            // Defined for statements only; a driver answers others with an error.
            field::ROW_COUNT
            | field::CURSOR_ROW_COUNT
            | field::DYNAMIC_FUNCTION
            | field::DYNAMIC_FUNCTION_CODE => {
                return SqlReturn::ERROR;
            }
            _ => {}
        }
        let Ok(number @ 1..) = usize::try_from(number) else {
            return SqlReturn::ERROR;
        };
        let Some(record) = records.get(number - 1) else {
            return SqlReturn::NO_DATA;
        };
        let from_odbc = record.state.starts_with(b"IM");
        let odbc_or_iso = if from_odbc { "ODBC 3.0" } else { "ISO 9075" };
        match field {
            field::NATIVE => write_number(value, record.native),
            field::ROW_NUMBER => write_number(value, NO_NUMBER),
            field::COLUMN_NUMBER => write_number(value, i32::try_from(NO_NUMBER).unwrap_or(-1)),
            field::SQLSTATE => write_field(&text(&record.state), value, capacity, length),
            field::MESSAGE_TEXT => {
                let message: Vec<u16> = record.message.encode_utf16().collect();
                write_field(&message, value, capacity, length)
            }
            field::CLASS_ORIGIN | field::SUBCLASS_ORIGIN => {
                write_field(&text(odbc_or_iso.as_bytes()), value, capacity, length)
            }
            field::CONNECTION_NAME | field::SERVER_NAME => write_field(&[], value, capacity, length),
            _ => SqlReturn::ERROR,
        }
    }
}

/// ASCII as UTF-16.
fn text(ascii: &[u8]) -> Vec<u16> {
    ascii.iter().copied().map(u16::from).collect()
}

/// # Safety
/// `value` is null or has room for a `T`, at any alignment.
unsafe fn write_number<T>(value: Pointer, number: T) -> SqlReturn {
    if !value.is_null() {
        // SAFETY: not null, and the room is the caller's promise.
        unsafe { value.cast::<T>().write_unaligned(number) };
    }
    SqlReturn::SUCCESS
}

/// Writes a text field, whose capacity and length are counted in bytes.
///
/// # Safety
/// `value` is null or has room for `capacity` bytes; `length` is null or writable.
unsafe fn write_field(text: &[u16], value: Pointer, capacity: i16, length: *mut i16) -> SqlReturn {
    let Ok(capacity) = usize::try_from(capacity) else {
        return SqlReturn::ERROR;
    };
    // SAFETY: the room is the caller's promise.
    unsafe {
        if !length.is_null() {
            length.write_unaligned(i16::try_from(text.len() * 2).unwrap_or(i16::MAX));
        }
        if value.is_null() {
            return SqlReturn::SUCCESS;
        }
        write_text(text, value.cast(), capacity / 2)
    }
}

/// Writes as much of `text` as fits with its terminator, and says whether all of it did.
///
/// # Safety
/// `target` has room for `capacity` characters, at any alignment.
pub(super) unsafe fn write_text(text: &[u16], target: *mut WChar, capacity: usize) -> SqlReturn {
    let Some(room) = capacity.checked_sub(1) else {
        return SqlReturn::SUCCESS_WITH_INFO;
    };
    let fitting = text.len().min(room);
    // SAFETY: `fitting` units and the terminator are at most `capacity` of them, and are written as bytes
    // since the host need not align its buffers.
    unsafe {
        let source = slice::from_raw_parts(text.as_ptr().cast::<u8>(), fitting * 2);
        target
            .cast::<u8>()
            .copy_from_nonoverlapping(source.as_ptr(), source.len());
        target.add(fitting).write_unaligned(0);
    }
    if fitting < text.len() {
        SqlReturn::SUCCESS_WITH_INFO
    } else {
        SqlReturn::SUCCESS
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, reason = "a test may fail by panicking")]

    use super::*;
    use std::ptr::null_mut;

    fn record() -> Vec<Record> {
        vec![Record {
            state: *b"IM003",
            native: 7,
            message: "no driver".into(),
        }]
    }

    #[test]
    fn a_record_arrives_whole() {
        let (mut state, mut message) = ([9u16; 6], [9u16; 32]);
        let (mut native, mut length) = (0, 0);
        // SAFETY: the buffers are as large as stated.
        let answer = unsafe {
            get_rec(
                &record(),
                1,
                state.as_mut_ptr(),
                &raw mut native,
                message.as_mut_ptr(),
                32,
                &raw mut length,
            )
        };
        assert_eq!(answer, SqlReturn::SUCCESS);
        assert_eq!(String::from_utf16_lossy(&state), "IM003\0");
        assert_eq!((native, length), (7, 9));
        assert_eq!(String::from_utf16_lossy(&message[..10]), "no driver\0");
    }

    #[test]
    fn a_short_buffer_gets_the_beginning_and_the_full_length() {
        let (mut message, mut length) = ([9u16; 4], 0);
        // SAFETY: the buffer is as large as stated.
        let answer = unsafe {
            get_rec(
                &record(),
                1,
                null_mut(),
                null_mut(),
                message.as_mut_ptr(),
                3,
                &raw mut length,
            )
        };
        assert_eq!(answer, SqlReturn::SUCCESS_WITH_INFO);
        assert_eq!(length, 9);
        assert_eq!(message, [u16::from(b'n'), u16::from(b'o'), 0, 9]);
    }

    #[test]
    fn fields_count_in_bytes() {
        let (mut message, mut length) = ([9u16; 4], 0);
        // SAFETY: the buffer is as large as stated.
        let answer = unsafe {
            get_field(
                &record(),
                1,
                field::MESSAGE_TEXT,
                message.as_mut_ptr().cast(),
                6,
                &raw mut length,
            )
        };
        assert_eq!(answer, SqlReturn::SUCCESS_WITH_INFO);
        assert_eq!(length, 18);
        assert_eq!(message, [u16::from(b'n'), u16::from(b'o'), 0, 9]);
    }

    #[test]
    fn there_is_no_second_record_and_no_zeroth() {
        // SAFETY: null pointers are never written to.
        unsafe {
            assert_eq!(
                get_rec(&record(), 2, null_mut(), null_mut(), null_mut(), 0, null_mut()),
                SqlReturn::NO_DATA
            );
            assert_eq!(
                get_rec(&record(), 0, null_mut(), null_mut(), null_mut(), 0, null_mut()),
                SqlReturn::ERROR
            );
            assert_eq!(
                get_rec(&record(), 1, null_mut(), null_mut(), null_mut(), -1, null_mut()),
                SqlReturn::ERROR
            );
        }
    }
}
