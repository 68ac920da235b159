//! What the standard library cannot say about this process.

pub(crate) mod environment;
pub(crate) mod fork;
pub(crate) mod library;
