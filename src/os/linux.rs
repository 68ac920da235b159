//! What Linux alone has.

#[cfg_attr(target_env = "musl", path = "linux/musl.rs")]
#[cfg_attr(not(target_env = "musl"), path = "linux/gnu.rs")]
mod c_library;
pub(crate) mod ini_files;
pub(crate) mod memory;
pub(crate) mod relocation;
#[cfg(target_arch = "aarch64")]
pub(crate) mod symbol_address;
pub(crate) mod thread_exit;

use std::ffi::{CStr, OsStr, c_void};
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

pub(crate) use c_library::ISOLATION;

/// Whether the program runs with rights that its caller lacks (set-user-id, file capabilities).
pub(crate) fn is_privileged() -> bool {
    // SAFETY: getauxval reads a vector that the kernel wrote before the program started; it has no
    // preconditions.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}

/// Keeps this library loaded until the process ends: it is linked so (`-z nodelete`).
pub(crate) fn stay_loaded() {}

/// The files of all libraries that are loaded right now.
pub(crate) fn loaded_files() -> Vec<PathBuf> {
    unsafe extern "C" fn collect(info: *mut libc::dl_phdr_info, _: usize, names: *mut c_void) -> i32 {
        // SAFETY: the loader's own structure, and the list that was passed with this function.
        let (info, names) = unsafe { (&*info, &mut *names.cast::<Vec<PathBuf>>()) };
        if !info.dlpi_name.is_null() {
            // SAFETY: the loader's names are C strings, and stay while it calls this.
            let name = unsafe { CStr::from_ptr(info.dlpi_name) };
            names.push(OsStr::from_bytes(name.to_bytes()).into());
        }
        0
    }
    let mut names: Vec<PathBuf> = Vec::new();
    // SAFETY: the function takes the list that is passed with it, and calls nothing of the loader's.
    unsafe { libc::dl_iterate_phdr(Some(collect), (&raw mut names).cast()) };
    names.retain(|name| !name.as_os_str().is_empty());
    names
}

/// unixODBC's library of ini files, by the names that the loader knows it by.
pub(crate) const ODBCINST: &[&str] = &["libodbcinst.so.2"];

/// The OpenSSL that Driver 18.6 loads, newest first.
pub(crate) const OPENSSL: [&str; 2] = ["libssl.so.3", "libssl.so.1.1"];
