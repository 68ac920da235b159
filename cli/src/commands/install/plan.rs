//! What `install` will write, checked before anything is written.

use super::{Arguments, data_source, missing::Missing, outcome::Outcome};
use crate::{
    odbc::{
        drivers::{Drivers, IniFile},
        ini_files::IniFiles,
        library::Library,
        registration::{self, PendingChange, Registration, Section},
        target_driver::{DriverSearch, NotFound, TargetDriver},
    },
    system::{file, own_files},
    ui::failure::Failure,
};
use entra_auth::Environment;
use entra_odbc_core::{
    driver as real_driver,
    driver::{DRIVER_NAMES, MICROSOFT_DIRECTORIES, MICROSOFT_SECTION, OUR_SECTION},
};
use std::path::{Path, PathBuf};

const DESCRIPTION: &str = "Microsoft ODBC Driver 18 with Entra sign-in";

/// Prepared changes, and what they register.
pub struct Plan {
    drivers: PathBuf,
    sources: Option<PathBuf>,
    pending: Vec<PendingChange>,
    library: Library,
    target_driver: Option<TargetDriver>,
    missing: Missing,
    replaces: bool,
    /// Whether somebody else's entry of our name is left as it is.
    keeps: bool,
    dsn: Option<String>,
    /// Held from before the files are read until they are written.
    lock: Option<std::fs::File>,
}

impl Plan {
    /// Reads the current registration, and refuses what would have no effect.
    pub fn prepare(arguments: &Arguments, environment: &Environment) -> Result<Self, Failure> {
        let ini_files = IniFiles::locate(environment);
        let (drivers, sources) = target_files(arguments, &ini_files)?;
        let mut missing = Missing::look(environment);
        let library = find_library(arguments, &mut missing)?;
        let lock = file::lock_directory_of(&drivers);
        let registration = Registration::read(&drivers)?;
        let registered = Drivers::read(&ini_files)?;
        let Some(library) = library else {
            let found = find_target_driver(&registered, &drivers, None, None, environment);
            missing.add_target_driver(found, environment);
            return Err(missing.refusal().unwrap_or(Failure::Reported));
        };
        if arguments.user {
            refuse_hidden(&registered, &ini_files, &library, arguments.replace)?;
        }
        let replaces = arguments.replace || has_replaced(&registration);
        let mut sections = driver_sections(arguments, replaces, &registration, &registered, &library)?;
        let keeps = arguments.package && registration.is_edited(OUR_SECTION);
        if arguments.package {
            sections.retain(|section| !registration.is_edited(&section.name));
        }
        let new = registration.with_sections(&sections);
        let found = find_target_driver(&registered, &drivers, new.as_ref(), Some(&library), environment);
        let target_driver = missing.add_target_driver(found, environment);
        // A package may be installed before those that it works with: the connect call says then what is missing.
        if let Some(refusal) = missing.refusal().filter(|_| !arguments.package) {
            return Err(refusal);
        }
        let mut pending: Vec<_> = new.into_iter().collect();
        if let (Some(name), Some(path)) = (&arguments.dsn, &sources) {
            pending.extend(data_source(name, arguments, path)?);
        }
        Ok(Self {
            drivers,
            sources: sources.filter(|_| arguments.dsn.is_some()),
            pending,
            library,
            target_driver,
            missing,
            replaces,
            keeps,
            dsn: arguments.dsn.clone(),
            lock,
        })
    }

    /// Writes the changes.
    pub fn apply(self) -> Result<Outcome, Failure> {
        let changed = !self.pending.is_empty();
        registration::apply(&self.pending, self.lock)?;
        Ok(Outcome {
            changed,
            drivers: self.drivers,
            sources: self.sources,
            library: self.library,
            target_driver: self.target_driver,
            missing: self.missing.warnings(),
            replaces: self.replaces,
            keeps: self.keeps,
            dsn: self.dsn,
        })
    }
}

/// The files that are to be changed.
fn target_files(arguments: &Arguments, ini_files: &IniFiles) -> Result<(PathBuf, Option<PathBuf>), Failure> {
    if !arguments.user {
        return Ok((
            ini_files.system_drivers.clone(),
            Some(ini_files.system_sources.clone()),
        ));
    }
    let drivers = ini_files.user_drivers.clone().ok_or_else(|| {
        Failure::refused(
            "HOME is not set, and unixODBC looks for a user's drivers there alone",
            format!(
                "Set HOME, or register the driver for everyone: {}",
                own_files::as_root("install")
            ),
        )
    })?;
    let sources = ini_files.user_sources.clone();
    if sources.is_none() && arguments.dsn.is_some() {
        return Err(Failure::refused(
            "this user has no home directory for its data sources",
            "Set ODBCINI to a file for them, here and for the programs that connect.",
        ));
    }
    Ok((drivers, sources))
}

/// Refuses entries that would have no effect: where both files have one, unixODBC takes the system's.
fn refuse_hidden(
    registered: &Drivers,
    ini_files: &IniFiles,
    library: &Library,
    replace: bool,
) -> Result<(), Failure> {
    let names = [OUR_SECTION]
        .into_iter()
        .chain(replace.then_some(MICROSOFT_SECTION));
    for name in names {
        let Some((value, path)) = registered.library(name) else {
            continue;
        };
        if path == ini_files.system_drivers && !library.is_at(Path::new(value)) {
            return Err(Failure::refused(
                format!(
                    "{} has [{name}] already, and unixODBC prefers it to what a user's own file says",
                    path.display()
                ),
                format!(
                    "Change it for everyone: {}",
                    own_files::as_root(if replace { "install --replace" } else { "install" })
                ),
            ));
        }
    }
    Ok(())
}

/// Whether an earlier run has taken the stock name over and nobody has changed it since: it is kept up to date then.
fn has_replaced(registration: &Registration) -> bool {
    registration.is_ours(MICROSOFT_SECTION)
        && registration
            .changed_sections()
            .all(|section| section.name != MICROSOFT_SECTION)
}

/// The sections of odbcinst.ini.
fn driver_sections(
    arguments: &Arguments,
    replaces: bool,
    registration: &Registration,
    registered: &Drivers,
    library: &Library,
) -> Result<Vec<Section>, Failure> {
    let path = ini_value(&library.path)?;
    let driver = |section: &str| {
        // Where there is one, unixODBC prefers it to Driver.
        let driver64 = registration.ini().get(section, "Driver64").map(|_| "Driver64");
        ["Driver"]
            .into_iter()
            .chain(driver64)
            .map(|key| (key.to_owned(), path.to_owned()))
    };
    let mut ours = vec![("Description".to_owned(), DESCRIPTION.to_owned())];
    ours.extend(driver(OUR_SECTION));
    let named = match &arguments.real_driver {
        Some(path) => Some(check_real_driver(path, library)?),
        // Kept unless another one is named.
        None => registration
            .ini()
            .get(OUR_SECTION, "RealDriver")
            .map(str::to_owned)
            .or_else(|| stock_driver_path(replaces, registered, library)),
    };
    ours.extend(named.map(|real| ("RealDriver".to_owned(), real)));
    let mut sections = vec![Section {
        name: OUR_SECTION.to_owned(),
        entries: ours,
    }];
    if replaces {
        sections.push(Section {
            name: MICROSOFT_SECTION.to_owned(),
            entries: driver(MICROSOFT_SECTION).collect(),
        });
    }
    Ok(sections)
}

/// The target driver of `--real-driver`, checked.
fn check_real_driver(path: &Path, library: &Library) -> Result<String, Failure> {
    let remedy = format!("Name Microsoft's library ({DRIVER_NAMES}), or the directory with it.");
    let refused = |why: &str| Failure::refused(format!("{} {why}", path.display()), remedy.clone());
    let absolute = std::path::absolute(path).map_err(|error| refused(&format!("is unusable: {error}")))?;
    if absolute.is_dir() {
        let mut names = absolute.read_dir().into_iter().flatten().flatten();
        if !names.any(|entry| {
            entry
                .file_name()
                .to_str()
                .and_then(real_driver::version)
                .is_some()
        }) {
            return Err(refused(&format!("has no {DRIVER_NAMES} in it")));
        }
    } else {
        real_driver::check(&absolute).map_err(|why| refused(&why))?;
        if library.is_at(&absolute) {
            return Err(refused("is entra-odbc itself, not the driver to wrap"));
        }
    }
    ini_value(&absolute).map(str::to_owned)
}

/// The path of the stock driver, where the search would not find it once its name is taken over.
///
/// The directory where possible, since an upgrade changes the file's name.
fn stock_driver_path(replace: bool, registered: &Drivers, library: &Library) -> Option<String> {
    let (path, _) = registered.library(MICROSOFT_SECTION).filter(|_| replace)?;
    let path = Path::new(path);
    let directory = path.parent().filter(|parent| parent.is_absolute())?;
    if library.is_at(path)
        || MICROSOFT_DIRECTORIES
            .iter()
            .any(|known| directory == Path::new(known))
    {
        return None;
    }
    let is_versioned = path
        .file_name()
        .and_then(|name| name.to_str())
        .and_then(real_driver::version)
        .is_some();
    let path = if is_versioned { directory } else { path };
    Some(path.to_str()?.to_owned())
}

/// The library to register; one that is not named and not beside the tool is missing.
fn find_library(arguments: &Arguments, missing: &mut Missing) -> Result<Option<Library>, Failure> {
    match Library::find(arguments.library.as_deref()) {
        Ok(library) => Ok(Some(library)),
        Err(failure) if arguments.library.is_some() => Err(failure),
        Err(failure) => missing.add_library(failure).map(|()| None),
    }
}

/// The target driver that our library will find once the changes are written.
fn find_target_driver(
    registered: &Drivers,
    changed: &Path,
    pending: Option<&PendingChange>,
    library: Option<&Library>,
    environment: &Environment,
) -> Result<TargetDriver, NotFound> {
    let files = registered.0.iter().map(|file| IniFile {
        path: file.path.clone(),
        ini: match pending {
            Some(pending) if file.path == changed => pending.ini.clone(),
            _ => file.ini.clone(),
        },
    });
    let drivers = Drivers(files.collect());
    DriverSearch {
        environment,
        drivers: &drivers,
        library,
    }
    .find()
}

/// The change that adds the data source.
fn data_source(name: &str, arguments: &Arguments, path: &Path) -> Result<Option<PendingChange>, Failure> {
    let registration = Registration::read(path)?;
    let section = data_source::section(name, &arguments.entries)?;
    if registration.ini().has(name) && !registration.is_ours(name) {
        return Err(Failure::refused(
            format!(
                "{} has a data source [{name}] already, and it is not from this tool",
                path.display()
            ),
            "Choose another name, or remove that data source first.",
        ));
    }
    Ok(registration.with_sections(&[section]))
}

/// A path that can be written into an ini file.
fn ini_value(path: &Path) -> Result<&str, Failure> {
    path.to_str()
        .filter(|text| !text.chars().any(char::is_control))
        .ok_or_else(|| {
            Failure::refused(
                format!("{} cannot be written into an ini file", path.display()),
                "Move it to a path of plain characters.",
            )
        })
}
