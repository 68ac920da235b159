//! The PyPI package's variant of Driver 18 for musl.

/// The directory under `mssql_python_odbc/libs/linux`: there is one for all distributions with musl (18.6.2.2).
pub fn variant(_os_release: &str) -> &'static str {
    "alpine"
}
