//! Environment variables, which are ignored in privileged programs.

use std::ffi::{OsStr, OsString};

/// Whether the program runs with rights that its caller lacks (set-user-id, file capabilities).
///
/// Such a program must not let its caller's environment decide which library is loaded into it.
pub(crate) fn is_privileged() -> bool {
    // SAFETY: getauxval reads a vector that the kernel wrote before the program started; it has no
    // preconditions.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}

/// The variable's value, unless it is unset or empty or the program is privileged.
pub(crate) fn variable(name: &str) -> Option<OsString> {
    if is_privileged() {
        return None;
    }
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// The variable's value, also an empty one, unless it is unset or the program is privileged: `secure_getenv`.
pub(crate) fn even_empty(name: &OsStr) -> Option<OsString> {
    if is_privileged() {
        return None;
    }
    std::env::var_os(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ordinary_program_has_its_environment() {
        assert!(!is_privileged());
        assert!(variable("PATH").is_some());
        assert_eq!(variable("ENTRA_ODBC_NO_SUCH_VARIABLE"), None);
    }
}
