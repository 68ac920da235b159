//! Calls of the host's callbacks: the pointer that they get, and what keeps their thread from ending.

use std::{ffi::c_void, thread};

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

/// Calls a callback of the host's, while the calling thread does not end by `pthread_exit`: it sleeps for good instead.
///
/// Python up to 3.13 calls `pthread_exit` in each thread that returns to the interpreter while that ends. glibc then
/// unwinds the stack, and aborts the process where that reaches a frame of Rust's that has something to drop. It crashes
/// where our library has an unwinder of its own, as Zig links it: the personality function of such a frame reads the
/// context of libgcc's with it. A cleanup handler runs once unwinding leaves the frame of its buffer. So that frame is one
/// of its own, which has no personality function: nothing is dropped in it, and a call of `extern "C"` does not unwind.
/// musl and macOS unwind nothing, and run the handlers at once: there it keeps the thread from ending with what it holds.
/// Nobody waits for the thread, so it may sleep until the process ends.
macro_rules! call_host {
    ($callback:expr, $($name:ident: $type:ty = $value:expr),+ $(,)?) => {{
        #[inline(never)]
        unsafe fn call(callback: unsafe extern "C" fn($($type),+), $($name: $type),+) {
            let mut buffer = $crate::os::system::thread_exit::CleanupBuffer::new();
            // SAFETY: the buffer stays where it is until the handler is taken off again, in this function; the handler is of
            // this library, which is never unloaded; the rest is as the caller vouches.
            unsafe {
                $crate::os::system::thread_exit::push(&raw mut buffer, $crate::capi::callback::sleep_for_good);
                callback($($name),+);
                $crate::os::system::thread_exit::pop(&raw mut buffer);
            }
        }
        call($callback, $($value),+)
    }};
}
pub(super) use call_host;

/// What runs in place of the rest of a thread that ends in a callback.
pub(super) unsafe extern "C" fn sleep_for_good(_: *mut c_void) {
    loop {
        thread::park();
    }
}
