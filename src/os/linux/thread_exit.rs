//! Cleanup handlers of a thread, as `pthread_cleanup_push` of the C library's header makes them.

use std::ffi::{c_int, c_void};
use std::ptr::null_mut;

/// glibc's `struct _pthread_cleanup_buffer` (pthread.h), which is larger than musl's `struct __ptcb`: a cleanup handler of
/// the calling thread.
#[repr(C)]
pub(crate) struct CleanupBuffer {
    routine: Option<unsafe extern "C" fn(*mut c_void)>,
    argument: *mut c_void,
    cancel_type: c_int,
    previous: *mut CleanupBuffer,
}

unsafe extern "C" {
    fn _pthread_cleanup_push(
        buffer: *mut CleanupBuffer,
        routine: unsafe extern "C" fn(*mut c_void),
        argument: *mut c_void,
    );
    fn _pthread_cleanup_pop(buffer: *mut CleanupBuffer, execute: c_int);
}

impl CleanupBuffer {
    pub(crate) const fn new() -> Self {
        Self {
            routine: None,
            argument: null_mut(),
            cancel_type: 0,
            previous: null_mut(),
        }
    }
}

/// Has the calling thread run a function before it ends by `pthread_exit`.
///
/// # Safety
/// The buffer stays where it is, and nobody uses it, until it is popped; the function is never unloaded.
pub(crate) unsafe fn push(buffer: *mut CleanupBuffer, routine: unsafe extern "C" fn(*mut c_void)) {
    // SAFETY: by the caller.
    unsafe { _pthread_cleanup_push(buffer, routine, null_mut()) };
}

/// Takes the handler off without running it.
///
/// # Safety
/// This thread pushed the buffer, and has popped all that it pushed later.
pub(crate) unsafe fn pop(buffer: *mut CleanupBuffer) {
    // SAFETY: by the caller.
    unsafe { _pthread_cleanup_pop(buffer, 0) };
}
