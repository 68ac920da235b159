//! Sections of odbcinst.ini.

use std::path::Path;

use crate::drivers::{built_library, real_driver};

/// The name under which the library is registered.
pub const DRIVER: &str = "ODBC Driver 18 Entra for SQL Server";
/// The name under which Microsoft's package registers its driver.
pub const STOCK_DRIVER: &str = "ODBC Driver 18 for SQL Server";

/// A section of odbcinst.ini.
pub fn section(name: &str, driver: &Path) -> String {
    format!("[{name}]\nDriver={}\n", driver.display())
}

/// That of the library in front of Microsoft's driver.
pub fn our_section(name: &str) -> String {
    section_of_library(name, &built_library())
}

/// The same for a copy of the library.
pub fn section_of_library(name: &str, library: &Path) -> String {
    format!(
        "{}RealDriver={}\n",
        section(name, library),
        real_driver().display()
    )
}
