//! Whether the name of Microsoft's driver is still ours, once `install --replace` has taken it over.

use crate::{
    odbc::{drivers::Drivers, ini_files::Places, library, registration::Registration},
    ui::failure::Failure,
};
use entra_odbc_core::real_driver::STOCK_SECTION;
use std::path::Path;

/// A name that was taken over and does not lead to our library.
#[derive(Debug, PartialEq, Eq)]
pub struct Lost {
    /// What is so.
    pub what: String,
    /// Why.
    pub cause: String,
    /// The command that helps.
    pub next: String,
}

/// Looks whether unixODBC gets our library by the stock name, where a run of ours has seen to that.
pub fn lost(places: &Places, drivers: &Drivers) -> Result<Option<Lost>, Failure> {
    let files = [Some(&places.system_drivers), places.user_drivers.as_ref()];
    for path in files.into_iter().flatten() {
        let registration = Registration::read(path)?;
        if registration.is_ours(STOCK_SECTION) {
            let is_user = places.user_drivers.as_ref() == Some(path);
            return Ok(judged(&registration, is_user, drivers));
        }
    }
    Ok(None)
}

fn judged(registration: &Registration, is_user: bool, drivers: &Drivers) -> Option<Lost> {
    let found = drivers.library(STOCK_SECTION);
    if found.is_some_and(|(library, _)| library::is_ours(Path::new(library))) {
        return None;
    }
    let path = registration.path();
    let install = if is_user {
        "entra-odbc install --user --replace"
    } else {
        "sudo entra-odbc install --replace"
    };
    let changed = registration
        .changed_since()
        .any(|section| section.name == STOCK_SECTION);
    Some(match found {
        Some((_, file)) if file != path => Lost {
            what: format!(
                "[{STOCK_SECTION}] in {} hides the one in {}, which is ours",
                file.display(),
                path.display()
            ),
            cause: "unixODBC prefers the system's entry to a user's own".to_owned(),
            next: "sudo entra-odbc install --replace".to_owned(),
        },
        Some((library, file)) if !changed => Lost {
            what: format!(
                "[{STOCK_SECTION}] in {} names {library}, which cannot be used",
                file.display()
            ),
            cause: "the library that was registered there is gone, or another file is in its place"
                .to_owned(),
            next: format!("{install} --library PATH"),
        },
        _ => Lost {
            what: format!("[{STOCK_SECTION}] in {} is no longer ours", path.display()),
            cause: "an upgrade of Microsoft's package has taken the name back, or somebody else has"
                .to_owned(),
            next: install.to_owned(),
        },
    })
}
