//! What glibc alone has.

use std::ffi::c_int;

/// The flag with which symbols that a library or those it depends on have themselves are bound to these, not to the
/// program's; none where the loader does so anyway.
pub(crate) const ISOLATION: Result<Option<c_int>, &str> = Ok(Some(libc::RTLD_DEEPBIND));
