//! The bodies of intercepted functions; `functions.rs` says which row runs which.
//!
//! A body is called with the host's arguments as they came, on a handle that is the target driver's (placeholders
//! were answered before), inside the panic guard. It reaches the target driver through `target`.

pub(crate) mod attributes;
pub(crate) mod connect;
pub(crate) mod connection;
pub(crate) mod diagnostics;
pub(crate) mod environment;
pub(crate) mod handles;
