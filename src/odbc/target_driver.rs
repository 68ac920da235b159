//! The target driver: found, checked, loaded once, and put into the slots.

use std::ffi::CStr;
use std::mem;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use entra_auth::{Error, ErrorKind, process::log::Milliseconds};
use entra_odbc_core::driver::{Loaded, Search, SearchContext, agree, ca_cache, search};
use once_cell::race::OnceBox;

use super::{ini, table::ROWS};
use crate::os::library::Library;

mod candidate;
mod capability;
mod machine;
pub(crate) mod name_resolution;
mod openssl;

/// The target driver of this process, for as long as the process lives.
///
/// Filled without a lock: two threads that come first both load the driver, which the loader counts as one library, and
/// the first to finish sets the cell. A lock would be held during file access, and a child forked meanwhile would hang.
static DRIVER: OnceBox<TargetDriver> = OnceBox::new();

/// A loaded driver.
#[derive(Debug)]
pub(crate) struct TargetDriver {
    path: PathBuf,
    /// The path by which it was found.
    named: PathBuf,
    /// Whether the environment names it, whatever sections of odbcinst.ini say.
    overridden: bool,
    library: Library,
}

impl TargetDriver {
    /// The library.
    pub(crate) fn library(&self) -> Library {
        self.library
    }

    /// Whether it has the bulk copy functions of Microsoft's C++ drivers for SQL Server.
    ///
    /// Their driver in Rust has none, so [`takes_tokens`] decides whether a driver takes tokens.
    fn has_bulk_copy(&self) -> bool {
        self.library.symbol(c"bcp_initW").is_some()
    }

    /// Puts its functions into the slots. What it lacks stays with the answer of the row.
    fn fill_slots(&self) {
        for row in ROWS {
            let function = self
                .library
                .symbol(row.name)
                .or_else(|| self.library.symbol(other_name(row.name)?))
                .map_or_else(row.absent, |symbol| symbol.as_ptr().cast());
            row.slot.store(function, Ordering::Relaxed);
        }
    }
}

/// The name under which unixODBC would call the function in a driver that has only that one: it takes either
/// where no text is involved.
fn other_name(name: &CStr) -> Option<&'static CStr> {
    match name.to_bytes() {
        b"SQLSetConnectAttr" => Some(c"SQLSetConnectAttrW"),
        b"SQLSetStmtAttrW" => Some(c"SQLSetStmtAttr"),
        b"SQLGetStmtAttrW" => Some(c"SQLGetStmtAttr"),
        _ => None,
    }
}

/// The driver, if it is loaded.
pub(crate) fn loaded() -> Option<&'static TargetDriver> {
    DRIVER.get()
}

/// Refuses a connection string that leads to a section of odbcinst.ini with another target driver than the one that
/// is loaded, so that no password reaches it.
pub(crate) fn check_same_driver(text: &[u16]) -> Result<(), Error> {
    match loaded().filter(|driver| !driver.overridden) {
        Some(driver) => {
            let loaded = Loaded {
                named: &driver.named,
                file: &driver.path,
            };
            let driver_of_source = |source: &str| ini::get(source, "Driver", ini::ODBC_INI);
            agree(text, loaded, driver_of_source, &machine::Machine)
        }
        None => Ok(()),
    }
}

/// Has connections of the loaded driver share their CA certificates, if it is Microsoft's; called before each connect.
pub(crate) fn share_authorities() {
    if let Some(driver) = loaded().filter(|driver| driver.has_bulk_copy()) {
        openssl::share_authorities(driver.library, || ca_cache(&machine::Machine));
    }
}

/// Whether connects of the loaded driver can be led to another address, by [`name_resolution::lead`].
pub(crate) fn can_be_led() -> bool {
    loaded().is_some_and(|driver| driver.has_bulk_copy() && name_resolution::can_be_led(driver.library))
}

/// Loads the CA certificates while the token of a first connect is requested.
pub(crate) fn load_authorities() {
    if loaded().is_some_and(TargetDriver::has_bulk_copy) {
        openssl::load_ahead();
    }
}

/// Waits until no thread of ours is within the driver's OpenSSL, whose locks would stay locked in a forked child.
pub(crate) fn before_fork() {
    openssl::wait_for_thread();
}

/// Whether the loaded driver knows [`ACCESS_TOKEN`](super::ACCESS_TOKEN) as an access token.
pub(crate) fn takes_tokens() -> bool {
    // The header of those drivers says so; one that is too old for it answers for itself when one is set.
    loaded().is_some_and(|driver| driver.has_bulk_copy() || capability::takes_tokens())
}

/// Loads the driver unless it is loaded; a failure is the text of the record that the host will see, and is
/// not kept: the driver may be installed while the process runs.
pub(crate) fn load() -> Result<&'static TargetDriver, Arc<str>> {
    let driver = DRIVER.get_or_try_init(|| find_and_load(&machine::Machine).map(Box::new))?;
    // Also where the driver was loaded already: it stores the same values, and the thread that did not set the cell
    // above needs them as well.
    driver.fill_slots();
    Ok(driver)
}

fn find_and_load(surroundings: &impl SearchContext) -> Result<TargetDriver, Arc<str>> {
    let began = Instant::now();
    let mut found = search(surroundings);
    for candidate in mem::take(&mut found.candidates) {
        match candidate::load(&candidate.path) {
            Ok(mut driver) => {
                driver.overridden = found.overridden;
                if driver.has_bulk_copy() {
                    openssl::isolate();
                }
                tracing::info!(target: "entra_odbc", event = "driver_loaded", path = %driver.path.display(), origin = candidate.origin, ms = %Milliseconds(began.elapsed()));
                return Ok(driver);
            }
            Err(reason) => found.failures.push(format!(
                "{} ({}): {reason}",
                candidate.path.display(),
                candidate.origin
            )),
        }
    }
    Err(missing(&found))
}

/// Says where the driver was looked for in vain.
#[cold]
fn missing(found: &Search) -> Arc<str> {
    let failures = found.failures.join("; ");
    let text = match &found.named_by {
        Some(name) => format!("the target driver that {name} names could not be loaded: {failures}"),
        None => format!("the target driver could not be loaded. Tried: {failures}"),
    };
    let error = Error::new(ErrorKind::DriverMissing, text).remedy(found.remedy());
    tracing::warn!(target: "entra_odbc", event = "driver_missing", %error);
    error.to_string().into()
}
