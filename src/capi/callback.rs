//! Calls of the host's callbacks: the pointer that they get, and a guard against the end of their thread.

use std::{ffi::c_void, marker::PhantomData, thread};

pub(crate) use crate::os::system::thread_exit::CleanupBuffer;
use crate::os::system::thread_exit::{pop, push};

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

/// While this lives, the calling thread does not end by `pthread_exit`: it sleeps for good instead.
///
/// Python up to 3.13 calls `pthread_exit` in each thread that returns to the interpreter while that ends. glibc then
/// unwinds the stack, and aborts the process where that reaches a frame of Rust's. A cleanup handler runs before, as
/// soon as unwinding reaches the frame of its buffer. musl and macOS unwind nothing, and run the handlers at once: there it
/// keeps the thread from ending with what it holds. Nobody waits for the thread, so it may sleep until the process
/// ends.
pub(crate) struct ExitGuard<'a> {
    buffer: *mut CleanupBuffer,
    borrowed: PhantomData<&'a mut CleanupBuffer>,
}

impl CleanupBuffer {
    /// The buffer must be a local of the function that makes the call: in a frame further up, the handler would run
    /// after unwinding had reached the caller's frame.
    pub(crate) fn guard(&mut self) -> ExitGuard<'_> {
        let buffer: *mut Self = self;
        // SAFETY: the buffer is borrowed until the guard takes the handler off again; a handler is a function of this
        // library, which is never unloaded.
        unsafe { push(buffer, sleep_for_good) };
        ExitGuard {
            buffer,
            borrowed: PhantomData,
        }
    }
}

impl Drop for ExitGuard<'_> {
    fn drop(&mut self) {
        // SAFETY: pushed in `guard` by this thread (the raw pointer keeps the guard on it), and popped in the reverse
        // order, since each guard lives within one call.
        unsafe { pop(self.buffer) };
    }
}

unsafe extern "C" fn sleep_for_good(_: *mut c_void) {
    loop {
        thread::park();
    }
}
