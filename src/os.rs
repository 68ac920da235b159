//! Calls of the operating system that the standard library lacks.

pub(crate) mod environment;
pub(crate) mod fork;
pub(crate) mod library;
pub(crate) mod relocation;
