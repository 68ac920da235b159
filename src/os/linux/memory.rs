//! Memory that holds secrets.

use std::ffi::c_void;

/// Keeps pages out of core files. The advice may fail on old kernels; then a core file holds them as it does with the
/// target driver alone.
///
/// # Safety
/// The range is a mapping of the caller's own.
pub(crate) unsafe fn leave_out_of_core_files(start: *mut c_void, bytes: usize) {
    // SAFETY: by the caller; the advice changes nothing that is read or written.
    unsafe { libc::madvise(start, bytes, libc::MADV_DONTDUMP) };
}
