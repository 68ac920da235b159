//! Windows delivers no signals to threads.

/// Starts a thread as it is.
pub fn with_signals_blocked<T>(spawn: impl FnOnce() -> T) -> T {
    spawn()
}
