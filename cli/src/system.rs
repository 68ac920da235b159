//! What the tool needs of the operating system: files, signals, the dynamic loader, the distribution's packages.

pub mod file;
pub mod loader;
pub mod os;
pub mod own_files;
pub mod packages;
pub mod signals;
