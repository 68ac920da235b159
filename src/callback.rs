//! Calling a function of the host's, whatever it does: an exception that it lets out ends here.
//!
//! Rust can neither catch a C++ exception (`catch_unwind` aborts the process) nor let one through its own threads, which
//! would end the process as well. So callbacks are called by a few instructions with a personality routine of their
//! own, which the unwinder asks what to do with an exception: it is dropped, and the call says that it came.

use std::{
    arch::global_asm,
    ffi::{c_int, c_void},
};

/// A callback and the pointer that the host wants to see again in it.
#[derive(Clone, Copy)]
pub(crate) struct Callback {
    function: *const c_void,
    user: *mut c_void,
}

// SAFETY: the pointers are not followed here; that both may be used on threads of ours is what the header says to
// whoever registers them.
unsafe impl Send for Callback {}
// SAFETY: as above.
unsafe impl Sync for Callback {}

/// The callback let an exception out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Threw;

impl Callback {
    /// A function of the C calling convention, whose first parameter is `user`.
    pub(crate) fn new(function: *const c_void, user: *mut c_void) -> Self {
        Self { function, user }
    }

    /// Calls it with up to three further arguments; numbers are widened to words.
    ///
    /// # Safety
    /// The function takes pointers or numbers of up to 32 bits in these places, and as many of them as it wants are
    /// given and valid for the call.
    pub(crate) unsafe fn call(self, arguments: [usize; 3]) -> Result<(), Threw> {
        let [one, two, three] = arguments;
        // SAFETY: as the caller vouches; what is given beyond its parameters, a C function does not look at.
        let exceptions = unsafe { entra_odbc_call(self.function, self.user, one, two, three) };
        if exceptions == 0 { Ok(()) } else { Err(Threw) }
    }
}

unsafe extern "C" {
    /// Calls `function(a, b, c, d)`: 0 if it returned, 1 if it threw.
    fn entra_odbc_call(function: *const c_void, a: *mut c_void, b: usize, c: usize, d: usize) -> c_int;
    /// Where the unwinder goes on in `entra_odbc_call` after an exception.
    fn entra_odbc_call_threw();
}

#[cfg(target_arch = "x86_64")]
global_asm!(
    ".pushsection .text.entra_odbc_call,\"ax\",@progbits",
    ".globl entra_odbc_call",
    ".hidden entra_odbc_call",
    ".type entra_odbc_call,@function",
    "entra_odbc_call:",
    ".cfi_startproc",
    // Relative to the place, four bytes.
    ".cfi_personality 0x1b, {personality}",
    "push rbp",
    ".cfi_def_cfa_offset 16",
    ".cfi_offset rbp, -16",
    "mov rbp, rsp",
    ".cfi_def_cfa_register rbp",
    "mov rax, rdi",
    "mov rdi, rsi",
    "mov rsi, rdx",
    "mov rdx, rcx",
    "mov rcx, r8",
    "call rax",
    "xor eax, eax",
    "2:",
    "pop rbp",
    ".cfi_remember_state",
    ".cfi_def_cfa rsp, 8",
    "ret",
    ".globl entra_odbc_call_threw",
    ".hidden entra_odbc_call_threw",
    "entra_odbc_call_threw:",
    ".cfi_restore_state",
    "mov rdi, rax",
    "call {drop_exception}",
    "mov eax, 1",
    "jmp 2b",
    ".cfi_endproc",
    ".size entra_odbc_call, .-entra_odbc_call",
    ".popsection",
    personality = sym personality,
    drop_exception = sym drop_exception,
);

#[cfg(target_arch = "aarch64")]
global_asm!(
    ".pushsection .text.entra_odbc_call,\"ax\",@progbits",
    ".globl entra_odbc_call",
    ".hidden entra_odbc_call",
    ".type entra_odbc_call,%function",
    "entra_odbc_call:",
    ".cfi_startproc",
    ".cfi_personality 0x1b, {personality}",
    "stp x29, x30, [sp, #-16]!",
    ".cfi_def_cfa_offset 16",
    ".cfi_offset x29, -16",
    ".cfi_offset x30, -8",
    "mov x29, sp",
    ".cfi_def_cfa_register x29",
    "mov x8, x0",
    "mov x0, x1",
    "mov x1, x2",
    "mov x2, x3",
    "mov x3, x4",
    "blr x8",
    "mov w0, #0",
    "2:",
    "ldp x29, x30, [sp], #16",
    ".cfi_remember_state",
    ".cfi_def_cfa sp, 0",
    "ret",
    ".globl entra_odbc_call_threw",
    ".hidden entra_odbc_call_threw",
    "entra_odbc_call_threw:",
    ".cfi_restore_state",
    "bl {drop_exception}",
    "mov w0, #1",
    "b 2b",
    ".cfi_endproc",
    ".size entra_odbc_call, .-entra_odbc_call",
    ".popsection",
    personality = sym personality,
    drop_exception = sym drop_exception,
);

// The unwinder's interface, as the Itanium C++ ABI ("Exception Handling", level I) has it.
const FORCE_UNWIND: c_int = 8;
const SEARCH_PHASE: c_int = 1;
const HANDLER_FOUND: c_int = 6;
const INSTALL_CONTEXT: c_int = 7;

unsafe extern "C" {
    fn _Unwind_SetGR(context: *mut c_void, index: c_int, value: usize);
    fn _Unwind_SetIP(context: *mut c_void, value: usize);
    fn _Unwind_DeleteException(exception: *mut c_void);
}

/// Tells the unwinder that every exception ends in `entra_odbc_call`; a thread that is cancelled ends nowhere.
unsafe extern "C" fn personality(
    _version: c_int,
    actions: c_int,
    _class: u64,
    exception: *mut c_void,
    context: *mut c_void,
) -> c_int {
    if actions & FORCE_UNWIND != 0 {
        // The thread is to end by pthread_exit, as Python (up to 3.13) ends those that come back to it while it ends
        // itself. It cannot: Rust, which began it, would abort the process. Nobody waits for it, so it stays.
        loop {
            std::thread::park();
        }
    }
    if actions & SEARCH_PHASE != 0 {
        return HANDLER_FOUND;
    }
    // SAFETY: the unwinder's own context, in the phase in which these may be set. Register 0 is the first of those in
    // which the ABIs of x86-64 (rax) and aarch64 (x0) hand data to a landing pad.
    unsafe {
        _Unwind_SetGR(context, 0, exception.addr());
        _Unwind_SetIP(context, entra_odbc_call_threw as *const () as usize);
    }
    INSTALL_CONTEXT
}

/// Frees an exception that nobody will look at.
unsafe extern "C" fn drop_exception(exception: *mut c_void) {
    // Rust's own must not be dropped by another copy of its runtime, which would abort: it is left alone.
    // Its runtimes have written the class in either order.
    const RUST: [u64; 2] = [
        u64::from_be_bytes(*b"MOZ\0RUST"),
        u64::from_le_bytes(*b"MOZ\0RUST"),
    ];
    // SAFETY: the header of an exception that the unwinder handed over begins with its class.
    unsafe {
        if !RUST.contains(&exception.cast::<u64>().read()) {
            _Unwind_DeleteException(exception);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ptr::{from_mut, without_provenance_mut};

    unsafe extern "C" fn adds(user: *mut c_void, one: *const u8, two: u32, three: i32) {
        // SAFETY: the test passes a number and a byte.
        unsafe { *user.cast::<i64>() = i64::from(*one) + i64::from(two) + i64::from(three) };
    }

    #[test]
    fn arguments_arrive() {
        let mut sum = 0i64;
        let callback = Callback::new(adds as *const c_void, from_mut(&mut sum).cast());
        let byte = 1u8;
        // SAFETY: as the function takes them.
        let outcome =
            unsafe { callback.call([(&raw const byte).addr(), 20, (-4i32).cast_unsigned() as usize]) };
        assert_eq!((outcome, sum), (Ok(()), 17));
    }

    unsafe extern "C-unwind" fn throws(_: *mut c_void) {
        std::panic::resume_unwind(Box::new(()));
    }

    #[test]
    fn an_exception_ends_here() {
        let callback = Callback::new(throws as *const c_void, without_provenance_mut(0));
        for _ in 0..3 {
            // SAFETY: the function takes nothing.
            assert_eq!(unsafe { callback.call([0; 3]) }, Err(Threw));
        }
    }
}
