//! Environment variables, which are ignored in privileged programs.

use std::ffi::{OsStr, OsString};

/// Whether the program runs with rights that its caller lacks.
///
/// Such a program must not let its caller's environment decide which library is loaded into it.
pub(crate) use super::system::is_privileged;

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
