//! Calls of the operating system that the standard library lacks.
//!
//! What differs by system has a file and a folder for each, all with the same items; `system` is the one that this library
//! is built for.

pub(crate) mod environment;
pub(crate) mod fork;
pub(crate) mod jump;
pub(crate) mod library;

#[cfg(target_os = "linux")]
pub(crate) mod linux;
#[cfg(target_os = "macos")]
pub(crate) mod macos;

#[cfg(target_os = "linux")]
pub(crate) use linux as system;
#[cfg(target_os = "macos")]
pub(crate) use macos as system;

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
compile_error!(
    "the driver is written for Linux and macOS; entra-auth and entra-odbc-core build for Windows as well"
);
