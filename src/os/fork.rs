//! Forks of the host: what has to be done around them, whoever calls `fork`.

use std::sync::atomic::{AtomicBool, Ordering};

use entra_odbc_core::fork;

use crate::{barrier::guard, odbc};

/// Sees to all forks of this process from now on; the first call counts, and none starts a thread.
///
/// The handlers stay for good, as does the library (`-z nodelete`).
pub(crate) fn watch() {
    static WATCHING: AtomicBool = AtomicBool::new(false);
    if WATCHING.swap(true, Ordering::Relaxed) {
        return;
    }
    // SAFETY: the handlers are functions of this library, which is never unloaded. Out of memory, the one
    // failure, leaves forks as they are without us.
    let _ = unsafe { libc::pthread_atfork(Some(before), Some(in_parent), Some(in_child)) };
}

extern "C" fn before() {
    guard(fork::before, || ());
}

extern "C" fn in_parent() {
    guard(fork::in_parent, || ());
}

extern "C" fn in_child() {
    guard(
        || {
            fork::in_child();
            odbc::begin_in_child();
        },
        || (),
    );
}
