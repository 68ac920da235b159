//! What musl has or lacks.

use std::ffi::c_int;

/// The flag with which symbols that a library or those it depends on have themselves are bound to these, not to the
/// program's; none where the loader does so anyway.
///
/// musl has one order of look-ups for all libraries, the program first, so a program that carries OpenSSL within it and
/// exports it cannot be told apart. Programs of Alpine are linked with the system's OpenSSL, which the driver uses as well.
pub(crate) const ISOLATION: Result<Option<c_int>, &str> = Err("musl's loader has no RTLD_DEEPBIND");
