//! Handles of our own, handed out while no target driver can be loaded, so that the connect call can say why.
//!
//! unixODBC 2.3.11 does not fetch environment diagnostics: a driver whose `SQLAllocHandle(ENV)` fails shows
//! the user IM004 and no more. With a placeholder environment and connection the failure comes in the connect call,
//! whose record does arrive. A placeholder never reaches the target driver: `table.rs` asks [`is_placeholder`] before each
//! intercepted body, every function on an environment or a connection is intercepted, and a placeholder gives
//! out no statements.

use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use entra_auth::process::fork::{Guard, Lock};
use odbc_sys::{Handle, HandleType, Pointer, SqlReturn, WChar};

use super::diagnostic_record::{self, Record};

const ATTR_ODBC_VERSION: i32 = 200;

/// What is known of one placeholder.
struct PlaceholderHandle {
    /// The handle: the address of a small allocation of its own, so that no other handle can equal it.
    address: usize,
    /// Why there is no target driver.
    failure: Arc<str>,
    /// `SQL_ATTR_ODBC_VERSION`, to be read back.
    version: i32,
    /// The record of the last call.
    record: Option<Record>,
}

static PLACEHOLDERS: Lock<Vec<PlaceholderHandle>> = Lock::new(Vec::new());

/// How many there are, so that the usual case costs one load.
static COUNT: AtomicUsize = AtomicUsize::new(0);

fn placeholders() -> Guard<'static, Vec<PlaceholderHandle>> {
    PLACEHOLDERS.lock()
}

/// Runs `body` on the placeholder behind `handle`.
fn with<T>(handle: *mut c_void, body: impl FnOnce(&mut PlaceholderHandle) -> T) -> Option<T> {
    placeholders()
        .iter_mut()
        .find(|known| known.address == handle as usize)
        .map(body)
}

fn refuse(handle: *mut c_void, record: Record) -> SqlReturn {
    with(handle, |known| known.record = Some(record)).map_or(SqlReturn::INVALID_HANDLE, |()| SqlReturn::ERROR)
}

/// Whether `handle` is a placeholder.
pub(super) fn is_placeholder(handle: *mut c_void) -> bool {
    COUNT.load(Ordering::Relaxed) != 0 && with(handle, |_| ()).is_some()
}

/// A new placeholder.
pub(super) fn create(failure: Arc<str>) -> *mut c_void {
    let address = Box::into_raw(Box::new(0u64)).cast::<c_void>();
    let mut list = placeholders();
    list.push(PlaceholderHandle {
        address: address as usize,
        failure,
        version: 3,
        record: None,
    });
    COUNT.store(list.len(), Ordering::Relaxed);
    address
}

/// `SQLAllocHandle` with a placeholder as input.
///
/// # Safety
/// `output` is null or writable.
pub(super) unsafe fn alloc_handle(input: *mut c_void, handle_type: i16, output: *mut Handle) -> SqlReturn {
    if output.is_null() {
        return SqlReturn::ERROR;
    }
    if handle_type != HandleType::Dbc as i16 {
        // SAFETY: not null, writable as promised.
        return unsafe {
            output.write(Handle(null_mut()));
            not_connected(input)
        };
    }
    let Some(failure) = with(input, |known| Arc::clone(&known.failure)) else {
        return SqlReturn::INVALID_HANDLE;
    };
    // SAFETY: not null, writable as promised.
    unsafe { output.write(Handle(create(failure))) };
    SqlReturn::SUCCESS
}

/// `SQLFreeHandle`.
///
/// # Safety
/// Nobody uses the handle any more.
pub(super) unsafe fn free_handle(handle: *mut c_void, _handle_type: i16) -> SqlReturn {
    let mut list = placeholders();
    let before = list.len();
    list.retain(|known| known.address != handle as usize);
    COUNT.store(list.len(), Ordering::Relaxed);
    if list.len() == before {
        return SqlReturn::INVALID_HANDLE;
    }
    // SAFETY: it was in the list, so it came from `create`, and it left the list here, so it is freed once.
    drop(unsafe { Box::from_raw(handle.cast::<u64>()) });
    SqlReturn::SUCCESS
}

/// `SQLSetEnvAttr`: accepted.
///
/// # Safety
/// None needed; unsafe as all answers for placeholders are, since some write to the host's memory.
pub(super) unsafe fn set_env_attr(henv: *mut c_void, attribute: i32, value: Pointer) -> SqlReturn {
    with(henv, |known| {
        known.record = None;
        if attribute == ATTR_ODBC_VERSION {
            known.version = i32::try_from(value as usize).unwrap_or(3);
        }
    });
    SqlReturn::SUCCESS
}

/// `SQLGetEnvAttr`: the version that was set; all other attributes are 0.
///
/// # Safety
/// `value` is null or has room for an integer, `length` is null or writable.
pub(super) unsafe fn get_env_attr(
    henv: *mut c_void,
    attribute: i32,
    value: Pointer,
    length: *mut i32,
) -> SqlReturn {
    let version = with(henv, |known| known.version).unwrap_or_default();
    // SAFETY: room as promised.
    unsafe {
        if !value.is_null() {
            value
                .cast::<i32>()
                .write_unaligned(if attribute == ATTR_ODBC_VERSION {
                    version
                } else {
                    0
                });
        }
        if !length.is_null() {
            length.write_unaligned(4);
        }
    }
    SqlReturn::SUCCESS
}

/// A call that has nothing to do yet.
///
/// # Safety
/// None needed, as for [`set_env_attr`].
pub(super) unsafe fn accept(hdbc: *mut c_void) -> SqlReturn {
    with(hdbc, |known| known.record = None);
    SqlReturn::SUCCESS
}

/// A connect call: here the host learns why there is no driver.
///
/// # Safety
/// None needed, as for [`set_env_attr`].
pub(super) unsafe fn connect(hdbc: *mut c_void) -> SqlReturn {
    let Some(failure) = with(hdbc, |known| Arc::clone(&known.failure)) else {
        return SqlReturn::INVALID_HANDLE;
    };
    refuse(hdbc, Record::new(*b"IM003", &*failure))
}

/// A call that needs a connection.
///
/// # Safety
/// None needed, as for [`set_env_attr`].
pub(super) unsafe fn not_connected(handle: *mut c_void) -> SqlReturn {
    refuse(
        handle,
        Record::new(
            *b"08003",
            "[entra-odbc] not connected: the target driver could not be loaded",
        ),
    )
}

/// `SQLGetDiagRecW`.
///
/// # Safety
/// The pointers are those of an `SQLGetDiagRecW` call.
pub(super) unsafe fn get_diag_rec(
    handle: *mut c_void,
    number: i16,
    state: *mut WChar,
    native: *mut i32,
    message: *mut WChar,
    capacity: i16,
    length: *mut i16,
) -> SqlReturn {
    let records = Vec::from_iter(with(handle, |known| known.record.clone()).flatten());
    // SAFETY: passed on as the caller promised them.
    unsafe { diagnostic_record::get_rec(&records, number, state, native, message, capacity, length) }
}

/// `SQLGetDiagFieldW`.
///
/// # Safety
/// The pointers are those of an `SQLGetDiagFieldW` call.
pub(super) unsafe fn get_diag_field(
    handle: *mut c_void,
    number: i16,
    field: i16,
    value: Pointer,
    capacity: i16,
    length: *mut i16,
) -> SqlReturn {
    let records = Vec::from_iter(with(handle, |known| known.record.clone()).flatten());
    // SAFETY: passed on as the caller promised them.
    unsafe { diagnostic_record::get_field(&records, number, field, value, capacity, length) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        odbc::{table::Function, unsupported},
        os::fork::{register_handlers, tests::wait_for_child},
    };
    use std::{sync::atomic::AtomicBool, thread};

    /// All that a host does to a placeholder and to a function that is not there, from the first to the last.
    fn use_one() -> bool {
        let handle = create("no driver".into());
        // SAFETY: a placeholder of this test's own, that nobody uses afterwards.
        let freed =
            unsafe { connect(handle) == SqlReturn::ERROR && free_handle(handle, 2) == SqlReturn::SUCCESS };
        let lacking = unsupported::answer(Function::SQLParamOptions, handle as usize, 0);
        unsupported::clear_record(handle);
        freed && lacking == isize::from(SqlReturn::ERROR.0)
    }

    #[test]
    fn a_child_forked_while_another_thread_is_in_the_lists_can_use_them() {
        register_handlers();
        let ended = AtomicBool::new(false);
        let fine = thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while !ended.load(Ordering::Relaxed) {
                        assert!(use_one());
                    }
                });
            }
            let fine = (0..100)
                .take_while(|_| {
                    // SAFETY: the child takes our locks and memory, which the C library keeps usable, and ends.
                    let child = unsafe { libc::fork() };
                    if child == 0 {
                        let good = use_one();
                        // SAFETY: ends the child without running anything of the parent's.
                        unsafe { libc::_exit(i32::from(!good)) };
                    }
                    wait_for_child(child) == Some(0)
                })
                .count();
            ended.store(true, Ordering::Relaxed);
            fine
        });
        assert_eq!(fine, 100);
    }
}
