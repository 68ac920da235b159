//! Cleanup handlers of a thread, as `pthread_cleanup_push` of macOS's header makes them: what its macro does.

use std::ffi::c_void;
use std::ptr::{null_mut, with_exposed_provenance_mut};

/// `struct __darwin_pthread_handler_rec` (sys/_pthread/_pthread_types.h): a cleanup handler of the calling thread.
#[repr(C)]
pub(crate) struct CleanupBuffer {
    routine: Option<unsafe extern "C" fn(*mut c_void)>,
    argument: *mut c_void,
    next: *mut CleanupBuffer,
}

impl CleanupBuffer {
    pub(crate) const fn new() -> Self {
        Self {
            routine: None,
            argument: null_mut(),
            next: null_mut(),
        }
    }
}

/// The beginning of `struct _opaque_pthread_t`, of the same header.
#[repr(C)]
struct Thread {
    signature: isize,
    cleanup_stack: *mut CleanupBuffer,
}

fn current() -> *mut Thread {
    // SAFETY: pthread_self has no preconditions.
    with_exposed_provenance_mut(unsafe { libc::pthread_self() })
}

/// Has the calling thread run a function before it ends by `pthread_exit`.
///
/// # Safety
/// The buffer stays where it is, and nobody uses it, until it is popped; the function is never unloaded.
pub(crate) unsafe fn push(buffer: *mut CleanupBuffer, routine: unsafe extern "C" fn(*mut c_void)) {
    let thread = current();
    // SAFETY: the buffer is the caller's; the list is the calling thread's own, and programs that were compiled with the
    // header's macro have its layout in them.
    unsafe {
        buffer.write(CleanupBuffer {
            routine: Some(routine),
            argument: null_mut(),
            next: (*thread).cleanup_stack,
        });
        (*thread).cleanup_stack = buffer;
    }
}

/// Takes the handler off without running it.
///
/// # Safety
/// This thread pushed the buffer, and has popped all that it pushed later.
pub(crate) unsafe fn pop(buffer: *mut CleanupBuffer) {
    // SAFETY: as in `push`.
    unsafe { (*current()).cleanup_stack = (*buffer).next };
}
