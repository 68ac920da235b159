//! The target driver that our library would find with these ini files.

use crate::{
    odbc::{
        drivers::Drivers,
        library::{self, Library},
    },
    system::{
        loader,
        os::OPENSSL,
        own_files,
        packages::{Distribution, Package},
    },
};
use entra_auth::Environment;
use entra_odbc_core::{
    driver as real_driver,
    driver::{DRIVER_NAMES, Loaded, Named, Search, SearchContext},
};
use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

/// The variable that names a target driver.
const VARIABLE: &str = "ENTRA_ODBC_DRIVER";

/// The OpenSSL that Driver 18 will open.
pub fn openssl(environment: &Environment) -> Option<PathBuf> {
    OPENSSL.iter().find_map(|name| loader::find(name, environment))
}

/// What the search depends on.
#[derive(Debug)]
pub struct DriverSearch<'a> {
    /// The environment, as programs have it that are started like this one.
    pub environment: &'a Environment,
    /// The registered drivers.
    pub drivers: &'a Drivers,
    /// Our library.
    pub library: Option<&'a Library>,
}

/// Why there is no target driver.
#[derive(Debug)]
pub struct NotFound {
    /// The setting that names an unusable one, so that no other is tried.
    named_by: Option<String>,
    /// What was tried, and why each was rejected.
    tried: Vec<String>,
}

impl NotFound {
    /// What was found, and the cause.
    pub fn words(&self) -> [String; 2] {
        let tried = self.tried.join("; ");
        match &self.named_by {
            Some(setting) => [
                format!("{setting} names a driver that cannot be used"),
                format!("{tried}. Where a driver is named, no other is tried"),
            ],
            None => [
                "Microsoft's ODBC Driver 18, which does the work, is not found".to_owned(),
                format!("Tried: {tried}"),
            ],
        }
    }

    /// What to do.
    pub fn remedy(&self) -> String {
        match self.named_by.as_deref() {
            Some(VARIABLE) => format!(
                "Correct or unset {VARIABLE}: it takes the path of {DRIVER_NAMES}, its directory, or a name in \
                 odbcinst.ini."
            ),
            Some(_) => format!(
                "Correct or remove RealDriver=: {}",
                own_files::as_root("install --real-driver PATH")
            ),
            None => Distribution::current().install_command(Package::Driver18),
        }
    }

    /// Whether the driver is to be installed, and not a setting to be corrected.
    pub fn is_missing(&self) -> bool {
        self.named_by.is_none()
    }
}

/// A target driver that has been found, and checked as far as is possible without loading it.
#[derive(Debug)]
pub struct TargetDriver {
    /// The file, with all links resolved.
    pub path: PathBuf,
    /// The registered names of our library with another target driver: a process has one target driver, and refuses
    /// connections by these names.
    pub conflicting_names: Vec<Named>,
    /// The setting or directory that it was found by.
    pub origin: String,
    /// For instance `18.6.2.1`, read from the file name.
    pub version: Option<String>,
}

impl TargetDriver {
    /// The problem of each of those names, and its remedy.
    pub fn conflicts(&self) -> impl Iterator<Item = (String, &'static str)> {
        self.conflicting_names.iter().map(|named| {
            let what = format!(
                "[{}] names the target driver {}, but programs use {}",
                named.section,
                named.value,
                self.path.display()
            );
            let remedy = "A process has one target driver, and connections by that name are refused. Set \
                          ENTRA_ODBC_DRIVER for the programs that are to use the other one.";
            (what, remedy)
        })
    }
}

impl DriverSearch<'_> {
    /// The first usable candidate, or why each of them was rejected.
    pub fn find(&self) -> Result<TargetDriver, NotFound> {
        let Search {
            candidates,
            mut failures,
            overridden,
            named_by,
        } = real_driver::search(self);
        for candidate in candidates {
            match self.check(&candidate.path) {
                Ok(path) => {
                    let loaded = Loaded {
                        named: &candidate.path,
                        file: &path,
                    };
                    return Ok(TargetDriver {
                        conflicting_names: if overridden {
                            Vec::new()
                        } else {
                            real_driver::others(loaded, self)
                        },
                        version: version(&path),
                        path,
                        origin: candidate.origin,
                    });
                }
                Err(why) => failures.push(format!(
                    "{} ({}): {why}",
                    candidate.path.display(),
                    candidate.origin
                )),
            }
        }
        Err(NotFound {
            named_by,
            tried: failures,
        })
    }

    fn check(&self, path: &Path) -> Result<PathBuf, String> {
        let is_file_name = !path.as_os_str().as_encoded_bytes().contains(&b'/');
        let found = if is_file_name {
            loader::find(&path.to_string_lossy(), self.environment).ok_or("not found by the loader")?
        } else {
            path.to_owned()
        };
        real_driver::check(&found)?;
        if self.is_ourselves(&found) {
            return Err("is entra-odbc itself, not the driver to wrap".to_owned());
        }
        if !library::mentions(&found, b"SQLDriverConnectW\0") {
            return Err("is not a Unicode ODBC driver: it has no SQLDriverConnectW".to_owned());
        }
        found.canonicalize().map_err(|error| error.to_string())
    }
}

impl SearchContext for DriverSearch<'_> {
    fn variable(&self, name: &str) -> Option<OsString> {
        self.environment.get(name).map(OsString::from)
    }

    fn driver_entry(&self, section: &str, key: &str) -> Option<String> {
        let (value, _) = self.drivers.entry(section, key)?;
        Some(value.to_owned()).filter(|value| !value.is_empty())
    }

    fn driver_sections(&self) -> Vec<String> {
        self.drivers.sections()
    }

    fn own_file(&self) -> Option<PathBuf> {
        self.library.and_then(|library| library.path.canonicalize().ok())
    }

    fn is_ourselves(&self, path: &Path) -> bool {
        match self.library {
            Some(library) => library.is_at(path),
            None => library::is_ours(path),
        }
    }
}

/// `18.6.2.1` of `libmsodbcsql-18.6.so.2.1`.
pub fn version(path: &Path) -> Option<String> {
    let numbers = real_driver::version(path.file_name()?.to_str()?)?;
    let numbers: Vec<_> = numbers.iter().map(u32::to_string).collect();
    Some(
        ["18".to_owned()]
            .into_iter()
            .chain(numbers)
            .collect::<Vec<_>>()
            .join("."),
    )
}
