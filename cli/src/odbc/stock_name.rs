//! Whether Microsoft's driver name still leads to our library after `install --replace`.

use crate::{
    odbc::{drivers::Drivers, ini_files::IniFiles, library, registration::Registration},
    system::own_files,
    ui::failure::Failure,
};
use entra_odbc_core::driver::MICROSOFT_SECTION;
use std::path::Path;

/// Why the name does not lead to our library any more.
#[derive(Debug, PartialEq, Eq)]
pub struct Problem {
    /// What was found.
    pub what: String,
    /// The cause.
    pub cause: String,
    /// The command to run.
    pub next: String,
}

/// Checks that unixODBC finds our library by the stock name, where `install --replace` has registered it.
pub fn check(ini_files: &IniFiles, drivers: &Drivers) -> Result<Option<Problem>, Failure> {
    for path in ini_files.drivers() {
        let registration = Registration::read(path)?;
        if registration.is_ours(MICROSOFT_SECTION) {
            let is_user = ini_files.user_drivers.as_deref() == Some(path);
            return Ok(problem(&registration, is_user, drivers));
        }
    }
    Ok(None)
}

fn problem(registration: &Registration, is_user: bool, drivers: &Drivers) -> Option<Problem> {
    let found = drivers.library(MICROSOFT_SECTION);
    if found.is_some_and(|(library, _)| library::is_ours(Path::new(library))) {
        return None;
    }
    let path = registration.path();
    let install = if is_user {
        "entra-odbc install --user --replace".to_owned()
    } else {
        own_files::as_root("install --replace")
    };
    let changed = registration
        .changed_sections()
        .any(|section| section.name == MICROSOFT_SECTION);
    Some(match found {
        Some((_, file)) if file != path => Problem {
            what: format!(
                "[{MICROSOFT_SECTION}] in {} hides the one in {}, which is ours",
                file.display(),
                path.display()
            ),
            cause: "unixODBC prefers the system's entry to a user's own".to_owned(),
            next: own_files::as_root("install --replace"),
        },
        Some((library, file)) if !changed => Problem {
            what: format!(
                "[{MICROSOFT_SECTION}] in {} names {library}, which cannot be used",
                file.display()
            ),
            cause: "the library that was registered there is gone, or another file is in its place"
                .to_owned(),
            next: format!("{install} --library PATH"),
        },
        _ => Problem {
            what: format!("[{MICROSOFT_SECTION}] in {} is no longer ours", path.display()),
            cause: "an upgrade of Microsoft's package has taken the name back, or somebody else has"
                .to_owned(),
            next: install,
        },
    })
}
