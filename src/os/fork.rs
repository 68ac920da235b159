//! Handlers for forks of the process, whoever calls `fork`.

use std::sync::atomic::{AtomicBool, Ordering};

use entra_auth::process::fork;

use super::system;
use crate::{odbc, panic_guard::catch_panic};

/// Registers the handlers for all forks from now on; only the first call does. Starts no thread.
///
/// They cannot be removed, and need not be, since the library is never unloaded.
pub(crate) fn register_handlers() {
    static REGISTERED: AtomicBool = AtomicBool::new(false);
    if REGISTERED.swap(true, Ordering::Relaxed) {
        return;
    }
    system::stay_loaded();
    // SAFETY: the handlers are functions of this library, which is never unloaded. Out of memory, the one
    // failure, leaves forks as they are without us.
    let _ = unsafe { libc::pthread_atfork(Some(before), Some(in_parent), Some(in_child)) };
}

extern "C" fn before() {
    catch_panic(
        || {
            odbc::before_fork();
            fork::before();
        },
        || (),
    );
}

extern "C" fn in_parent() {
    catch_panic(fork::in_parent, || ());
}

extern "C" fn in_child() {
    catch_panic(
        || {
            fork::in_child();
            odbc::begin_in_child();
        },
        || (),
    );
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

    use std::{
        sync::atomic::{AtomicBool, Ordering},
        thread,
        time::{Duration, Instant},
    };

    use entra_auth::process::fork::{Lock, Process};

    use super::*;

    static OUTER: Lock<u64> = Lock::new(0);
    static INNER: Lock<u64> = Lock::new(0);

    /// Waits for a child; how it ended, `None` where it had to be killed.
    pub(crate) fn wait_for_child(child: libc::pid_t) -> Option<i32> {
        let deadline = Instant::now() + Duration::from_secs(10);
        let mut status = 0;
        loop {
            // SAFETY: the child is ours and not yet waited for.
            if unsafe { libc::waitpid(child, &raw mut status, libc::WNOHANG) } == child {
                return Some(status);
            }
            if Instant::now() > deadline {
                // SAFETY: as above.
                unsafe { libc::kill(child, libc::SIGKILL) };
                return None;
            }
            thread::sleep(Duration::from_micros(100));
        }
    }

    #[test]
    fn no_child_of_two_hundred_forked_under_threads_finds_a_lock_held() {
        register_handlers();
        let parent = Process::current();
        let ended = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while !ended.load(Ordering::Relaxed) {
                        let mut outer = OUTER.lock();
                        *outer += 1;
                        *INNER.lock_within(&outer) += 1;
                    }
                });
            }
            let mut fine = 0;
            for _ in 0..200 {
                // SAFETY: the child does nothing but take our locks and end.
                let child = unsafe { libc::fork() };
                if child == 0 {
                    let outer = OUTER.lock();
                    let equal = *outer == *INNER.lock_within(&outer);
                    let good = equal && Process::current() != parent;
                    // SAFETY: ends the child without running anything of the parent's.
                    unsafe { libc::_exit(i32::from(!good)) };
                }
                if wait_for_child(child) != Some(0) {
                    break;
                }
                fine += 1;
            }
            ended.store(true, Ordering::Relaxed);
            assert_eq!(fine, 200);
        });
        assert_eq!(Process::current(), parent);
    }
}
