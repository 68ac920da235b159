//! Whether the target driver takes access tokens, found out by setting one.
//!
//! Attribute 1256 is an access token to Microsoft's drivers for SQL Server, `SQL_ATTR_SYNC_POINT`, an integer, to
//! IBM's for Db2, and nothing to most. Neither a driver's name nor one of its functions tells: Microsoft's driver
//! in Rust takes tokens and lacks the bulk copy functions of its predecessors.

use std::{
    ffi::c_void,
    ptr::null_mut,
    sync::atomic::{AtomicU8, Ordering},
};

use odbc_sys::{HDbc, HEnv, Handle, HandleType, SqlReturn};

use crate::odbc::{ACCESS_TOKEN, IS_POINTER, target};

/// `SQL_ATTR_ODBC_VERSION` (sql.h).
const ODBC_VERSION: i32 = 200;
/// `SQL_OV_ODBC3` (sql.h).
const ODBC3: usize = 3;
/// An attribute that no driver defines, near the end of the range that ODBC 3.8 gives to drivers. A driver
/// that accepts it accepts every attribute and ignores it (MySQL's, by its source).
const UNDEFINED_ATTRIBUTE: i32 = 0x7ffe;

const UNKNOWN: u8 = 0;
const YES: u8 = 1;
const NO: u8 = 2;

/// The answer of the one driver of this process.
static TAKES_TOKENS: AtomicU8 = AtomicU8::new(UNKNOWN);

/// An `ACCESSTOKEN` struct with a token that no server takes.
#[repr(C)]
struct Probe {
    data_size: u32,
    data: [u16; 4],
}

/// Static, for a driver may keep the pointer.
static PROBE: Probe = Probe {
    data_size: 8,
    data: [b'n' as u16, b'o' as u16, b'n' as u16, b'e' as u16],
};

/// Whether the driver takes access tokens, asked once on a connection handle of our own.
///
/// Not on the application's handle: the driver in Rust does not let a token be removed again (HY009).
pub(super) fn takes_tokens() -> bool {
    match TAKES_TOKENS.load(Ordering::Relaxed) {
        YES => return true,
        NO => return false,
        _ => {}
    }
    // Two threads may ask at once: they get the same answer.
    let Some(takes) = probe() else {
        return false;
    };
    tracing::debug!(target: "entra_odbc", event = "token_support_probed", takes);
    TAKES_TOKENS.store(if takes { YES } else { NO }, Ordering::Relaxed);
    takes
}

/// `None` where the driver gave no handle.
fn probe() -> Option<bool> {
    let environment = OwnedHandle::allocate(HandleType::Env, Handle(null_mut()))?;
    // SAFETY: the environment was just allocated; the attribute is an integer in place of the pointer.
    let _ =
        unsafe { target::SQLSetEnvAttr(HEnv(environment.handle.0), ODBC_VERSION, ODBC3 as *mut c_void, 0) };
    let connection = OwnedHandle::allocate(HandleType::Dbc, environment.handle)?;
    let takes = |attribute| {
        let value = (&raw const PROBE).cast_mut().cast();
        // SAFETY: the connection is ours; a driver that takes the attribute for a pointer reads the static struct,
        // and one that takes it for an integer judges the number.
        let answer =
            unsafe { target::SQLSetConnectAttr(HDbc(connection.handle.0), attribute, value, IS_POINTER) };
        answer == SqlReturn::SUCCESS
    };
    Some(takes(ACCESS_TOKEN) && !takes(UNDEFINED_ATTRIBUTE))
}

/// A handle of the driver's that is freed when it is dropped: the connection before its environment.
struct OwnedHandle {
    kind: HandleType,
    handle: Handle,
}

impl OwnedHandle {
    fn allocate(kind: HandleType, parent: Handle) -> Option<Self> {
        let mut handle = Handle(null_mut());
        // SAFETY: the parent is null or a living environment, and there is room for the handle.
        let answer = unsafe { target::SQLAllocHandle(kind as i16, parent, &raw mut handle) };
        let is_allocated = answer == SqlReturn::SUCCESS || answer == SqlReturn::SUCCESS_WITH_INFO;
        (is_allocated && !handle.0.is_null()).then_some(Self { kind, handle })
    }
}

impl Drop for OwnedHandle {
    fn drop(&mut self) {
        // SAFETY: allocated above, freed once, and used by nobody else.
        let _ = unsafe { target::SQLFreeHandle(self.kind as i16, self.handle) };
    }
}
