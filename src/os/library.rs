//! Shared libraries: opening them, their symbols, and where they were loaded from.

use std::ffi::{CStr, OsStr, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::ptr::{NonNull, null, null_mut};

pub(crate) use super::system::{ISOLATION, loaded_files};

/// A library that was opened, and is never closed: drivers leave threads and thread-local destructors behind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Library(NonNull<c_void>);

// SAFETY: the loader's handle is not tied to a thread, and POSIX makes dlsym callable from all of them.
unsafe impl Send for Library {}
// SAFETY: as above.
unsafe impl Sync for Library {}

impl Library {
    /// Loads the library at `path`, or the one that the loader finds if `path` is a bare name; all its symbols
    /// are bound at once, and none of them is offered to others.
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        Self::open_with(path, libc::RTLD_NOW | libc::RTLD_LOCAL)
    }

    /// The same with a further flag, that of [`ISOLATION`].
    pub(crate) fn open_isolated(path: &Path, flag: c_int) -> Result<Self, String> {
        Self::open_with(path, libc::RTLD_NOW | libc::RTLD_LOCAL | flag)
    }

    /// The library with this name, if it is loaded already.
    pub(crate) fn loaded(name: &Path) -> Option<Self> {
        Self::open_with(name, libc::RTLD_NOW | libc::RTLD_LOCAL | libc::RTLD_NOLOAD).ok()
    }

    fn open_with(path: &Path, flags: c_int) -> Result<Self, String> {
        // Without CString::new, which lies in pages of the library that loading has no other use for.
        let path = [path.as_os_str().as_bytes(), &[0]].concat();
        let path = CStr::from_bytes_with_nul(&path).map_err(|_| "its path contains a NUL".to_owned())?;
        // SAFETY: the path is a C string. Loading runs the library's initialisers: that these are sound is what
        // loading a driver means.
        let handle = unsafe { libc::dlopen(path.as_ptr(), flags) };
        NonNull::new(handle).map(Self).ok_or_else(last_error)
    }

    /// The address of an exported symbol of the library, or of one it depends on.
    pub(crate) fn symbol(self, name: &CStr) -> Option<NonNull<c_void>> {
        // SAFETY: the handle came from dlopen and is never closed while it can be used; the name is a C string.
        NonNull::new(unsafe { libc::dlsym(self.0.as_ptr(), name.as_ptr()) })
    }

    /// Closes a library that turned out not to be the wanted one.
    pub(crate) fn close(self) {
        // SAFETY: the handle came from dlopen, and the caller gives up its only use.
        unsafe { libc::dlclose(self.0.as_ptr()) };
    }
}

/// The loader's message about its last failure.
fn last_error() -> String {
    // SAFETY: dlerror returns null or a C string that lives until this thread's next dl* call.
    let text = unsafe {
        let text = libc::dlerror();
        if text.is_null() {
            c"unknown error"
        } else {
            CStr::from_ptr(text)
        }
        .to_owned()
    };
    text.to_string_lossy().into_owned()
}

/// The loader's information on the library that contains `address`.
fn info_of(address: *const c_void) -> Option<libc::Dl_info> {
    let mut info = libc::Dl_info {
        dli_fname: null_mut(),
        dli_fbase: null_mut(),
        dli_sname: null_mut(),
        dli_saddr: null_mut(),
    };
    // SAFETY: dladdr takes any address and writes to the structure it is given.
    let found = unsafe { libc::dladdr(address, &raw mut info) } != 0;
    found.then_some(info)
}

/// Where the library that contains `address` begins in memory, which identifies it.
pub(crate) fn load_address(address: *const c_void) -> Option<usize> {
    info_of(address).map(|info| info.dli_fbase.addr())
}

/// The address of a symbol as the program itself would find it: in itself and what it was started with.
pub(crate) fn global_symbol(name: &CStr) -> Option<NonNull<c_void>> {
    // SAFETY: the name is a C string; with no file the loader answers with the program itself.
    unsafe {
        let program = libc::dlopen(null(), libc::RTLD_LAZY | libc::RTLD_NOLOAD);
        NonNull::new(libc::dlsym(program, name.as_ptr()))
    }
}

/// Calls `body` with a library that is loaded already, without keeping it from being unloaded later.
pub(crate) fn with_loaded<T>(file: &Path, body: impl FnOnce(Library) -> T) -> Option<T> {
    let library = Library::loaded(file)?;
    let answer = body(library);
    library.close();
    Some(answer)
}

/// The file that the library containing `address` was loaded from.
pub(crate) fn file_containing(address: *const c_void) -> Option<PathBuf> {
    let info = info_of(address)?;
    if info.dli_fname.is_null() {
        return None;
    }
    // SAFETY: after success the name is a C string owned by the loader, which lives as long as the library.
    let name = unsafe { CStr::from_ptr(info.dli_fname) };
    std::fs::canonicalize(OsStr::from_bytes(name.to_bytes())).ok()
}

/// The file that this library itself was loaded from.
pub(crate) fn own_file() -> Option<PathBuf> {
    file_containing(own_file as *const c_void)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

    use super::*;

    #[test]
    fn our_own_file_is_the_one_this_code_was_loaded_from() {
        assert_eq!(
            own_file(),
            std::env::current_exe()
                .ok()
                .and_then(|exe| exe.canonicalize().ok())
        );
    }

    #[test]
    fn a_library_that_does_not_exist_says_so() {
        let error = Library::open(Path::new("/nonexistent/libnothing.so")).unwrap_err();
        assert!(error.contains("/nonexistent/libnothing.so"), "{error}");
    }

    #[test]
    fn a_loaded_library_has_its_symbols() {
        let libc = Library::loaded(Path::new("libc.so.6")).unwrap();
        assert!(libc.symbol(c"getpid").is_some());
        assert!(libc.symbol(c"no_such_symbol_anywhere").is_none());
    }
}
