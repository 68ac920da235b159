//! The process that we are a guest in: its forks, threads, files, children and log.

pub(crate) mod atomic_file;
pub(crate) mod file_lock;
pub mod fork;
pub mod log;
pub mod name_resolution;
pub(crate) mod private_directory;
pub mod regular_file;
pub mod runtime;
pub(crate) mod tool;
