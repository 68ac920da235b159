//! The process that we are a guest in: its forks, threads, files, children and log.

pub mod atomic_file;
pub mod file_lock;
pub mod fork;
pub mod log;
pub mod name_resolution;
pub mod private_directory;
pub mod regular_file;
pub mod runtime;
pub(crate) mod tool;
