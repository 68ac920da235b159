//! What differs by operating system: files and directories of one user, child processes, signals, clocks, and where a
//! system keeps things.
//!
//! Each system has a file or a folder here, and all of them the same items, by which everything else asks. `unix` has
//! what Linux and macOS share. What a system lacks is an error that says so, or is named in the item's documentation.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(any(target_os = "macos", windows))]
mod root_store;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(target_os = "linux")]
pub(crate) use linux::*;
#[cfg(target_os = "macos")]
pub(crate) use macos::*;
#[cfg(unix)]
pub(crate) use unix::*;
#[cfg(windows)]
pub(crate) use windows::*;

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
compile_error!("written for Linux, macOS and Windows");

use rustls::pki_types::CertificateDer;

/// Where a system keeps its certificate authorities.
pub(crate) struct Roots {
    /// Files with all of them, of which the first that exists is read.
    pub bundles: &'static [&'static str],
    /// Directories with one in each file.
    pub directories: &'static [&'static str],
    /// What is no file.
    pub store: Option<RootStore>,
}

/// A store of certificate authorities that a system's own functions read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RootStore {
    /// What messages call it.
    pub name: &'static str,
    /// Its certificates, or why they cannot be had.
    pub load: fn() -> Result<Vec<CertificateDer<'static>>, String>,
}

impl PartialEq for RootStore {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for RootStore {}
