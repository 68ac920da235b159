//! Connection attributes, two of which are answered here: the access token, and whether a connection may be reused.

use odbc_sys::{HDbc, Pointer, SqlReturn, ULen};

use crate::odbc::{
    connections::{self, ACCESS_TOKEN, AttachError, LOGIN_TIMEOUT, TokenOwner},
    diagnostic_record::Record,
    target, target_driver,
};

/// `SQL_ATTR_CONNECTION_DEAD` (sqlext.h).
const CONNECTION_DEAD: i32 = 1209;
/// `SQL_CD_TRUE` (sqlext.h).
const CD_TRUE: u32 = 1;
/// The longest token of the application's own, in bytes. Driver 18.6 itself sends whatever it is given (1,000,000
/// characters arrived), but a whole login must be shorter than this (MS-TDS 2.2.6.4), so no longer token can work.
const MAX_TOKEN_BYTES: usize = 128 * 1024;

/// `SQLSetConnectAttr`: unixODBC's choice before the connection is up.
///
/// # Safety
/// The arguments are those of the ODBC reference.
pub(crate) unsafe fn set_connect_attr(hdbc: HDbc, attribute: i32, value: Pointer, length: i32) -> SqlReturn {
    // SAFETY: the host's arguments, passed on.
    unsafe {
        if is_access_token(hdbc, attribute, value) {
            return set_access_token(hdbc, value);
        }
        connections::begin_call(hdbc);
        noted(
            hdbc,
            attribute,
            target::SQLSetConnectAttr(hdbc, attribute, value, length),
        )
    }
}

/// `SQLSetConnectAttrW`: unixODBC's choice once the connection is up.
///
/// # Safety
/// The arguments are those of the ODBC reference.
pub(crate) unsafe fn set_connect_attr_w(
    hdbc: HDbc,
    attribute: i32,
    value: Pointer,
    length: i32,
) -> SqlReturn {
    // SAFETY: the host's arguments, passed on.
    unsafe {
        if is_access_token(hdbc, attribute, value) {
            return set_access_token(hdbc, value);
        }
        connections::begin_call(hdbc);
        noted(
            hdbc,
            attribute,
            target::SQLSetConnectAttrW(hdbc, attribute, value, length),
        )
    }
}

/// `SQLGetConnectAttrW`: unixODBC's pool asks 1209 before it hands a connection out again.
///
/// # Safety
/// The arguments are those of the ODBC reference.
pub(crate) unsafe fn get_connect_attr(
    hdbc: HDbc,
    attribute: i32,
    value: Pointer,
    capacity: i32,
    length: *mut i32,
) -> SqlReturn {
    connections::begin_call(hdbc);
    // SAFETY: the host's arguments, passed on.
    if unsafe { answer_for_dead(hdbc, attribute, value) } {
        return SqlReturn::SUCCESS;
    }
    // SAFETY: the host's arguments, passed on.
    unsafe { target::SQLGetConnectAttrW(hdbc, attribute, value, capacity, length) }
}

/// `SQLSetConnectOptionW`.
///
/// # Safety
/// The arguments are those of the ODBC reference.
pub(crate) unsafe fn set_connect_option(hdbc: HDbc, option: u16, value: ULen) -> SqlReturn {
    // SAFETY: the host's arguments, passed on; an option that is a pointer comes as an integer.
    unsafe {
        if is_access_token(hdbc, i32::from(option), value as Pointer) {
            return set_access_token(hdbc, value as Pointer);
        }
        connections::begin_call(hdbc);
        noted(
            hdbc,
            option.into(),
            target::SQLSetConnectOptionW(hdbc, option, value),
        )
    }
}

/// `SQLGetConnectOptionW`.
///
/// # Safety
/// The arguments are those of the ODBC reference.
pub(crate) unsafe fn get_connect_option(hdbc: HDbc, option: u16, value: Pointer) -> SqlReturn {
    connections::begin_call(hdbc);
    // SAFETY: the host's arguments, passed on.
    if unsafe { answer_for_dead(hdbc, option.into(), value) } {
        return SqlReturn::SUCCESS;
    }
    // SAFETY: the host's arguments, passed on.
    unsafe { target::SQLGetConnectOptionW(hdbc, option, value) }
}

/// Remembers that the application set the login timeout, which then wins over that of a connection string.
fn noted(hdbc: HDbc, attribute: i32, answer: SqlReturn) -> SqlReturn {
    if attribute == LOGIN_TIMEOUT && (answer == SqlReturn::SUCCESS || answer == SqlReturn::SUCCESS_WITH_INFO)
    {
        connections::lock(&connections::get_or_insert(hdbc))
            .login_timeout
            .note_applications();
    }
    answer
}

/// Answers `SQL_CD_TRUE` where a pool, which knows connections by their string alone, must not hand this one out by
/// that string. Returns whether it answered.
///
/// # Safety
/// The value has room for the attribute.
unsafe fn answer_for_dead(hdbc: HDbc, attribute: i32, value: Pointer) -> bool {
    let dead = attribute == CONNECTION_DEAD
        && !value.is_null()
        && connections::get(hdbc).is_some_and(|shared| connections::lock(&shared).is_dead_to_pools());
    if dead {
        // SAFETY: the attribute is a 32-bit integer, for which the host has room.
        unsafe { value.cast::<u32>().write_unaligned(CD_TRUE) };
    }
    dead
}

/// Whether this sets or removes an access token. Of another driver's attribute of that number nothing is read: its
/// value may be an integer.
fn is_access_token(hdbc: HDbc, attribute: i32, value: Pointer) -> bool {
    if attribute != ACCESS_TOKEN {
        return false;
    }
    if value.is_null() {
        return connections::get(hdbc)
            .is_some_and(|shared| connections::lock(&shared).token.owner() != TokenOwner::None);
    }
    target_driver::takes_tokens()
}

/// A token of the host's own: copied, since hosts free it too early for the driver's reconnects.
///
/// # Safety
/// `value` is null or leads to an `ACCESSTOKEN` struct.
unsafe fn set_access_token(hdbc: HDbc, value: Pointer) -> SqlReturn {
    let shared = connections::get_or_insert(hdbc);
    let mut connection = connections::lock(&shared);
    connection.begin_call();
    if value.is_null() {
        return connection.token.detach();
    }
    // SAFETY: a struct starts with its data's size.
    let size = unsafe { value.cast::<u32>().read_unaligned() } as usize;
    if size == 0 || !size.is_multiple_of(2) || size > MAX_TOKEN_BYTES {
        let message = format!(
            "[entra-odbc] Invalid attribute value: an ACCESSTOKEN struct with {size} bytes of data; \
             they must be UTF-16, neither none nor more than {MAX_TOKEN_BYTES}."
        );
        connection.records.ours = vec![Record::new(*b"HY024", message)];
        connection.end_call();
        return SqlReturn::ERROR;
    }
    let size = size_of::<u32>() + size;
    // SAFETY: a struct is its size and that many bytes of data, and the host keeps it for this call.
    let bytes = unsafe { std::slice::from_raw_parts(value.cast::<u8>(), size) };
    match connection.token.attach_applications(bytes) {
        Ok(answer) | Err(AttachError::Refused(answer)) => answer,
        Err(AttachError::NoMemory(error)) => connection.fail(&error),
    }
}
