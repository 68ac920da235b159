//! Calls of the host's callbacks: the pointer that they get, and a guard against the end of their thread.

use std::{
    ffi::{c_int, c_void},
    marker::PhantomData,
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

/// While this lives, the calling thread does not end by `pthread_exit`: it sleeps for good instead.
///
/// Python up to 3.13 calls `pthread_exit` in each thread that returns to the interpreter while that ends. glibc then
/// unwinds the stack, and aborts the process where that reaches a frame of Rust's. A cleanup handler runs before, as
/// soon as unwinding reaches the frame of its buffer. Nobody waits for the thread, so it may sleep until the process
/// ends.
pub(crate) struct ExitGuard<'a> {
    buffer: *mut CleanupBuffer,
    borrowed: PhantomData<&'a mut CleanupBuffer>,
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

    /// The buffer must be a local of the function that makes the call: in a frame further up, the handler would run
    /// after unwinding had reached the caller's frame.
    pub(crate) fn guard(&mut self) -> ExitGuard<'_> {
        let buffer: *mut Self = self;
        // SAFETY: the buffer is borrowed until the guard takes the handler off again; a handler is a function of this
        // library, which is never unloaded.
        unsafe { _pthread_cleanup_push(buffer, sleep_for_good, null_mut()) };
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
        unsafe { _pthread_cleanup_pop(self.buffer, 0) };
    }
}

unsafe extern "C" fn sleep_for_good(_: *mut c_void) {
    loop {
        thread::park();
    }
}
