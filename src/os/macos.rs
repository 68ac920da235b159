//! What macOS alone has.

pub(crate) mod ini_files;
pub(crate) mod memory;
pub(crate) mod relocation;
#[cfg(target_arch = "aarch64")]
pub(crate) mod symbol_address;
pub(crate) mod thread_exit;

use std::ffi::{CStr, OsStr, c_char, c_int};
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use super::library::own_file;

unsafe extern "C" {
    // dyld(3).
    safe fn _dyld_image_count() -> u32;
    safe fn _dyld_get_image_name(index: u32) -> *const c_char;
    // issetugid(2).
    safe fn issetugid() -> c_int;
}

/// Whether the program runs with rights that its caller lacks (set-user-id, set-group-id), or was started by one that
/// does.
pub(crate) fn is_privileged() -> bool {
    issetugid() != 0
}

/// Keeps this library loaded until the process ends: Mach-O has no mark for it.
pub(crate) fn stay_loaded() {
    let Some(own) = own_file() else {
        return;
    };
    // The loader counts it as opened once more, and closes it no more.
    let path = [own.as_os_str().as_bytes(), &[0]].concat();
    if let Ok(path) = CStr::from_bytes_with_nul(&path) {
        // SAFETY: the path is a C string; the library is loaded, and none of its initialisers runs again.
        unsafe {
            libc::dlopen(
                path.as_ptr(),
                libc::RTLD_LAZY | libc::RTLD_NOLOAD | libc::RTLD_NODELETE,
            )
        };
    }
}

/// The files of all libraries that are loaded right now.
pub(crate) fn loaded_files() -> Vec<PathBuf> {
    let name = |index| {
        // Null where the image was unloaded since they were counted.
        let name = _dyld_get_image_name(index);
        if name.is_null() {
            return None;
        }
        // SAFETY: dyld's name of an image is a C string, which lives as long as the image is loaded. Drivers and driver
        // managers, which may be unloaded by another thread just now, are not while a connection of theirs is in use.
        let name = unsafe { CStr::from_ptr(name) };
        Some(PathBuf::from(OsStr::from_bytes(name.to_bytes())))
    };
    (0.._dyld_image_count()).filter_map(name).collect()
}

/// The flag with which symbols that a library or those it depends on have themselves are bound to these, not to the
/// program's; none where the loader does so anyway: in two-level namespaces each symbol is bound to the library that it was
/// linked with.
pub(crate) const ISOLATION: Result<Option<c_int>, &str> = Ok(None);

/// unixODBC's library of ini files: Homebrew's on Apple's processors, where the loader does not look by itself, and on
/// Intel's.
pub(crate) const ODBCINST: &[&str] = &[
    "/opt/homebrew/lib/libodbcinst.2.dylib",
    "/usr/local/lib/libodbcinst.2.dylib",
    "libodbcinst.2.dylib",
];

/// The OpenSSL that the target driver loads, newest first.
pub(crate) const OPENSSL: [&str; 2] = ["libssl.3.dylib", "libssl.1.1.dylib"];
