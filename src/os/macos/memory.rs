//! Memory that holds secrets.

use std::ffi::c_void;

/// Does nothing: macOS cannot leave pages out of a core file. It writes none unless an administrator has it do so, and
/// then with the token in it, as with the target driver alone.
///
/// # Safety
/// None needed; unsafe as on the systems that can.
pub(crate) unsafe fn leave_out_of_core_files(_: *mut c_void, _: usize) {}
