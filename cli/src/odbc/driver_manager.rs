//! unixODBC, through which programs load drivers: the system's, else the one in the Python package.

use crate::system::{
    loader,
    os::{BUNDLED, DRIVER_MANAGER},
    own_files,
};
use entra_auth::Environment;
use std::path::PathBuf;

/// The driver manager that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DriverManager {
    /// The system's, which every program uses.
    System(PathBuf),
    /// That of the Python package, which this tool and programs in Python use.
    Bundled(PathBuf),
}

impl DriverManager {
    /// Looks for it; the system's is preferred.
    pub fn find(environment: &Environment) -> Option<Self> {
        let system = loader::find(DRIVER_MANAGER, environment).map(Self::System);
        system.or_else(|| own_files::bundled(DRIVER_MANAGER).map(Self::Bundled))
    }

    /// Its library.
    pub fn path(&self) -> &PathBuf {
        let (Self::System(path) | Self::Bundled(path)) = self;
        path
    }
}

/// The libraries of the Python package that a program has to preload, since the system has no other of that name.
pub fn preloaded(environment: &Environment) -> Vec<PathBuf> {
    let lacking = BUNDLED.iter().filter_map(|name| {
        let bundled = own_files::bundled(name)?;
        loader::find(name, environment).is_none().then_some(bundled)
    });
    lacking.collect()
}
