//! Calls of the host's callbacks: the pointer that they get, and what keeps their thread from ending.

use std::{
    ffi::{c_int, c_void},
    ptr::null_mut,
    thread,
};

/// The pointer that a host registers beside a callback, to be passed on to it.
#[derive(Clone, Copy)]
pub(crate) struct UserData(*mut c_void);

// SAFETY: the library never follows the pointer; the header tells whoever registers it that callbacks get it on other
// threads.
unsafe impl Send for UserData {}
// SAFETY: as above.
unsafe impl Sync for UserData {}

impl UserData {
    pub(crate) fn new(user: *mut c_void) -> Self {
        Self(user)
    }

    pub(crate) fn as_ptr(self) -> *mut c_void {
        self.0
    }
}

/// glibc's `struct _pthread_cleanup_buffer` (pthread.h): a cleanup handler of the calling thread.
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

/// Calls a callback of the host's, while the calling thread does not end by `pthread_exit`: it sleeps for good instead.
///
/// Python up to 3.13 calls `pthread_exit` in each thread that returns to the interpreter while that ends. glibc then
/// unwinds the stack, and aborts the process where that reaches a frame of Rust's that has something to drop. It crashes
/// where our library has an unwinder of its own, as Zig links it: the personality function of such a frame reads the
/// context of libgcc's with it. A cleanup handler runs once unwinding leaves the frame of its buffer. So that frame is one
/// of its own, which has no personality function: nothing is dropped in it, and a call of `extern "C"` does not unwind.
/// Nobody waits for the thread, so it may sleep until the process ends.
macro_rules! call_host {
    ($callback:expr, $($name:ident: $type:ty = $value:expr),+ $(,)?) => {{
        #[inline(never)]
        unsafe fn call(callback: unsafe extern "C" fn($($type),+), $($name: $type),+) {
            let mut buffer = $crate::capi::callback::CleanupBuffer::new();
            // SAFETY: the buffer stays where it is until the handler is taken off again, in this function; the rest is as
            // the caller vouches.
            unsafe {
                buffer.push();
                callback($($name),+);
                buffer.pop();
            }
        }
        call($callback, $($value),+)
    }};
}
pub(super) use call_host;

impl CleanupBuffer {
    pub(super) const fn new() -> Self {
        Self {
            routine: None,
            argument: null_mut(),
            cancel_type: 0,
            previous: null_mut(),
        }
    }

    /// Puts the handler on.
    ///
    /// # Safety
    /// The buffer stays where it is until [`pop`](Self::pop), which the same function calls.
    pub(super) unsafe fn push(&mut self) {
        // SAFETY: as the caller vouches; a handler is a function of this library, which is never unloaded.
        unsafe { _pthread_cleanup_push(self, sleep_for_good, null_mut()) };
    }

    /// Takes the handler off.
    ///
    /// # Safety
    /// It is the last one that this thread has put on.
    pub(super) unsafe fn pop(&mut self) {
        // SAFETY: as the caller vouches.
        unsafe { _pthread_cleanup_pop(self, 0) };
    }
}

unsafe extern "C" fn sleep_for_good(_: *mut c_void) {
    loop {
        thread::park();
    }
}
