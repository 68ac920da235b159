//! The answer of a function that the target driver lacks: SQL_ERROR and a record IM001 on the handle.
//!
//! Forwarded calls do not pass by here, so nothing clears the record when the next call on the handle
//! begins, as the ODBC reference wants. It therefore lives no longer than it must: until it was read to
//! SQL_NO_DATA (which unixODBC does at once after an error), until the handle is freed, or until the next
//! such call on the handle.

use std::ffi::c_void;
use std::sync::atomic::{AtomicUsize, Ordering};

use entra_auth::process::fork::{Guard, Lock};
use odbc_sys::{Pointer, SqlReturn, WChar};

pub(crate) use self::get_functions::remove_unsupported;

mod connect_options;
mod get_functions;

pub(super) use self::connect_options::{get_connect_option, set_connect_option};
pub(super) use self::get_functions::get_functions;

use super::diagnostic_record::{self, Record};
use super::table::{Function, Subject};

/// The records, few and short-lived, by handle.
static RECORDS: Lock<Vec<(usize, Record)>> = Lock::new(Vec::new());

/// How many there are, so that the usual case costs one load.
static PENDING: AtomicUsize = AtomicUsize::new(0);

/// Answers a call of a function that the target driver lacks, given its first two arguments.
pub(super) fn answer(function: Function, first: usize, second: usize) -> isize {
    crate::panic_guard::catch_panic(
        || refuse(function, first, second),
        || isize::from(SqlReturn::ERROR.0),
    )
}

/// Answers an intercepted call of ours that panicked.
pub(super) fn panicked(function: Function, handle: *mut c_void) -> SqlReturn {
    let message = format!(
        "[entra-odbc] internal error in {}. Please report it.",
        function.name()
    );
    // A second panic, while the first one's record is stored, ends here.
    crate::panic_guard::catch_panic(|| store(handle as usize, Record::new(*b"HY000", message)), || ());
    SqlReturn::ERROR
}

fn refuse(function: Function, first: usize, second: usize) -> isize {
    let Some(row) = function.row() else {
        return isize::from(SqlReturn::ERROR.0);
    };
    let handle = match row.subject {
        Subject::Env | Subject::Dbc | Subject::Stmt | Subject::Desc => first,
        Subject::Typed => second,
        Subject::Installer | Subject::BulkCopy => return 0,
        Subject::BulkCopyRows => return -1,
    };
    if handle == 0 {
        return isize::from(SqlReturn::INVALID_HANDLE.0);
    }
    tracing::debug!(
        target: "entra_odbc",
        event = "function_unsupported", function = function.name()
    );
    let message = format!(
        "[entra-odbc] Driver does not support this function: the target driver has no {}",
        function.name()
    );
    store(handle, Record::new(*b"IM001", message));
    isize::from(SqlReturn::ERROR.0)
}

fn records() -> Guard<'static, Vec<(usize, Record)>> {
    RECORDS.lock()
}

fn store(handle: usize, record: Record) {
    let mut records = records();
    records.retain(|(of, _)| *of != handle);
    records.push((handle, record));
    PENDING.store(records.len(), Ordering::Relaxed);
}

/// The record on `handle`, if there is one.
fn find(handle: *mut c_void) -> Option<Record> {
    if PENDING.load(Ordering::Relaxed) == 0 {
        return None;
    }
    records()
        .iter()
        .find(|(of, _)| *of == handle as usize)
        .map(|(_, record)| record.clone())
}

/// Drops the record on `handle`: it was read, the handle is freed, or a call of ours begins on it.
pub(crate) fn clear_record(handle: *mut c_void) {
    if PENDING.load(Ordering::Relaxed) == 0 {
        return;
    }
    let mut records = records();
    records.retain(|(of, _)| *of != handle as usize);
    PENDING.store(records.len(), Ordering::Relaxed);
}

/// Answers `SQLGetDiagRecW` if there is a record of this module's on the handle.
///
/// # Safety
/// The pointers are those of an `SQLGetDiagRecW` call.
pub(crate) unsafe fn get_diag_rec(
    handle: *mut c_void,
    number: i16,
    state: *mut WChar,
    native: *mut i32,
    message: *mut WChar,
    capacity: i16,
    length: *mut i16,
) -> Option<SqlReturn> {
    let record = find(handle)?;
    // SAFETY: passed on as the caller promised them.
    let answer =
        unsafe { diagnostic_record::get_rec(&[record], number, state, native, message, capacity, length) };
    if answer == SqlReturn::NO_DATA {
        clear_record(handle);
    }
    Some(answer)
}

/// Answers `SQLGetDiagFieldW` if there is a record of this module's on the handle.
///
/// # Safety
/// The pointers are those of an `SQLGetDiagFieldW` call.
pub(crate) unsafe fn get_diag_field(
    handle: *mut c_void,
    number: i16,
    field: i16,
    value: Pointer,
    capacity: i16,
    length: *mut i16,
) -> Option<SqlReturn> {
    let record = find(handle)?;
    // SAFETY: passed on as the caller promised them.
    let answer = unsafe { diagnostic_record::get_field(&[record], number, field, value, capacity, length) };
    if answer == SqlReturn::NO_DATA {
        clear_record(handle);
    }
    Some(answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ptr::null_mut;

    #[test]
    fn the_record_goes_once_it_was_read_to_the_end() {
        let handle = 0x1000 as *mut c_void;
        assert_eq!(answer(Function::SQLParamOptions, handle as usize, 0), -1);
        let read = |number| {
            // SAFETY: null pointers are never written to.
            unsafe { get_diag_rec(handle, number, null_mut(), null_mut(), null_mut(), 0, null_mut()) }
        };
        assert_eq!(read(1), Some(SqlReturn::SUCCESS));
        assert_eq!(read(2), Some(SqlReturn::NO_DATA));
        assert_eq!(read(1), None);
    }

    #[test]
    fn a_typed_function_puts_it_on_its_second_argument() {
        let handle = 0x2000 as *mut c_void;
        assert_eq!(answer(Function::SQLCancelHandle, 3, handle as usize), -1);
        assert_eq!(find(handle).map(|record| record.state), Some(*b"IM001"));
        clear_record(handle);
        assert_eq!(find(handle), None);
    }

    #[test]
    fn functions_that_do_not_answer_with_sqlreturn_fail_in_their_own_way() {
        assert_eq!(answer(Function::bcp_sendrow, 0x3000, 0), 0);
        assert_eq!(answer(Function::bcp_done, 0x3000, 0), -1);
        assert_eq!(answer(Function::SQLFetch, 0, 0), -2);
    }
}
