//! Signals of the threads that the library starts.

use nix::sys::signal::{SigSet, SigmaskHow, Signal};

const FAULTS: [Signal; 5] = [
    Signal::SIGILL,
    Signal::SIGTRAP,
    Signal::SIGBUS,
    Signal::SIGFPE,
    Signal::SIGSEGV,
];

/// Starts a thread from a thread that takes no signals, so that the new one never takes any.
///
/// A handler of the host must not run on a stack that the host does not know, and a closed socket
/// must not kill a host that has SIGPIPE's default action: std's vectored writes do raise it.
/// The signals of the thread's own faults stay open: blocked they kill the process at once, while the
/// host's runtime may make an exception of a fault in its callback.
pub fn with_signals_blocked<T>(spawn: impl FnOnce() -> T) -> T {
    let mut blocked = SigSet::all();
    for fault in FAULTS {
        blocked.remove(fault);
    }
    let before = blocked.thread_swap_mask(SigmaskHow::SIG_SETMASK);
    let spawned = spawn();
    if let Ok(before) = before {
        let _ = before.thread_set_mask();
    }
    spawned
}
