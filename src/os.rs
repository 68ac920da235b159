//! What the standard library cannot say about this process.

pub(crate) mod environment;
pub(crate) mod library;
