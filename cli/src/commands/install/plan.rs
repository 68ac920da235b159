//! What is to be registered where: found out, and checked, before anything is written.

use super::{Arguments, data_source};
use crate::{
    odbc::{
        drivers::{Drivers, File},
        ini_files::Places,
        library::Library,
        registration::{self, Pending, Registration, Section},
        target_driver::{View, Wrapped},
    },
    system::{
        file, loader,
        packages::{Distribution, Package},
    },
    ui::{failure::Failure, terminal::Style},
};
use entra_odbc_core::{
    Environment,
    real_driver::{self, OUR_SECTION, STOCK_DIRECTORY, STOCK_SECTION},
};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

const DESCRIPTION: &str = "Microsoft ODBC Driver 18 with Entra sign-in";

/// Everything that is about to happen.
pub struct Plan {
    drivers: PathBuf,
    sources: Option<PathBuf>,
    pending: Vec<Pending>,
    library: Library,
    wrapped: Wrapped,
    replaces: bool,
    dsn: Option<String>,
    /// From before the files are read until they are written.
    lock: Option<std::fs::File>,
}

impl Plan {
    /// Finds out what is there, and refuses what cannot work.
    pub fn of(arguments: &Arguments, environment: &Environment) -> Result<Self, Failure> {
        let places = Places::of(environment);
        let (drivers, sources) = files(arguments, &places)?;
        let library = Library::find(arguments.library.as_deref())?;
        let distribution = Distribution::here();
        if loader::find("libodbc.so.2", environment).is_none() {
            return Err(Failure::refused(
                "unixODBC is not installed, and so nothing would load the driver",
                distribution.install(Package::UnixOdbc),
            ));
        }
        let lock = file::lock_beside(&drivers);
        let registration = Registration::read(&drivers)?;
        let everything = Drivers::read(&places)?;
        if arguments.user {
            not_hidden(&everything, &places, &library, arguments.replace)?;
        }
        let replaces = arguments.replace || replaced(&registration);
        let wanted = wanted(arguments, replaces, &registration, &everything, &library)?;
        let new = registration.with(&wanted);
        let wrapped = found(
            &everything,
            &drivers,
            new.as_ref(),
            &library,
            environment,
            &distribution,
        )?;
        let mut pending: Vec<_> = new.into_iter().collect();
        if let (Some(name), Some(path)) = (&arguments.dsn, &sources) {
            pending.extend(source(name, arguments, path)?);
        }
        Ok(Self {
            drivers,
            sources: sources.filter(|_| arguments.dsn.is_some()),
            pending,
            library,
            wrapped,
            replaces,
            dsn: arguments.dsn.clone(),
            lock,
        })
    }

    /// Writes what is to be written.
    pub fn carry_out(self) -> Result<Done, Failure> {
        let changed = !self.pending.is_empty();
        registration::carry_out(&self.pending, self.lock)?;
        Ok(Done {
            changed,
            drivers: self.drivers,
            sources: self.sources,
            library: self.library,
            wrapped: self.wrapped,
            replaces: self.replaces,
            dsn: self.dsn,
        })
    }
}

/// The files that are to be changed.
fn files(arguments: &Arguments, places: &Places) -> Result<(PathBuf, Option<PathBuf>), Failure> {
    if !arguments.user {
        return Ok((places.system_drivers.clone(), Some(places.system_sources.clone())));
    }
    let drivers = places.user_drivers.clone().ok_or_else(|| {
        Failure::refused(
            "HOME is not set, and unixODBC looks for a user's drivers there alone",
            "Set HOME, or register the driver for everyone: sudo entra-odbc install.",
        )
    })?;
    let sources = places.user_sources.clone();
    if sources.is_none() && arguments.dsn.is_some() {
        return Err(Failure::refused(
            "this user has no home directory for its data sources",
            "Set ODBCINI to a file for them, here and for the programs that connect.",
        ));
    }
    Ok((drivers, sources))
}

/// Where both files have an entry, unixODBC takes the system's: what would have no effect is refused.
fn not_hidden(
    everything: &Drivers,
    places: &Places,
    library: &Library,
    replace: bool,
) -> Result<(), Failure> {
    let names = [OUR_SECTION].into_iter().chain(replace.then_some(STOCK_SECTION));
    for name in names {
        let Some((value, path)) = everything.library(name) else {
            continue;
        };
        if path == places.system_drivers && !library.is_at(Path::new(value)) {
            return Err(Failure::refused(
                format!(
                    "{} has [{name}] already, and unixODBC prefers it to what a user's own file says",
                    path.display()
                ),
                format!(
                    "Change it for everyone: sudo entra-odbc install{}.",
                    if replace { " --replace" } else { "" }
                ),
            ));
        }
    }
    Ok(())
}

/// Whether an earlier run has taken the stock name over, and nobody has taken it back: then it goes where the driver
/// goes.
fn replaced(registration: &Registration) -> bool {
    registration.is_ours(STOCK_SECTION)
        && registration
            .changed_since()
            .all(|section| section.name != STOCK_SECTION)
}

/// The sections of odbcinst.ini.
fn wanted(
    arguments: &Arguments,
    replaces: bool,
    registration: &Registration,
    everything: &Drivers,
    library: &Library,
) -> Result<Vec<Section>, Failure> {
    let path = text(&library.path)?;
    let driver = |section: &str| {
        // It would win over Driver.
        let more = registration.ini().get(section, "Driver64").map(|_| "Driver64");
        ["Driver"]
            .into_iter()
            .chain(more)
            .map(|key| (key.to_owned(), path.to_owned()))
    };
    let mut ours = vec![("Description".to_owned(), DESCRIPTION.to_owned())];
    ours.extend(driver(OUR_SECTION));
    let named = match &arguments.real_driver {
        Some(path) => Some(named(path, library)?),
        // Kept unless another one is named.
        None => registration
            .ini()
            .get(OUR_SECTION, "RealDriver")
            .map(str::to_owned)
            .or_else(|| outside(replaces, everything, library)),
    };
    ours.extend(named.map(|real| ("RealDriver".to_owned(), real)));
    let mut sections = vec![Section {
        name: OUR_SECTION.to_owned(),
        entries: ours,
    }];
    if replaces {
        sections.push(Section {
            name: STOCK_SECTION.to_owned(),
            entries: driver(STOCK_SECTION).collect(),
        });
    }
    Ok(sections)
}

/// A real driver that someone named on the command line.
fn named(path: &Path, library: &Library) -> Result<String, Failure> {
    let remedy = "Name Microsoft's library (libmsodbcsql-18.….so.…), or the directory with it.";
    let refused = |why: &str| Failure::refused(format!("{} {why}", path.display()), remedy);
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
            return Err(refused("has no libmsodbcsql-18.*.so.* in it"));
        }
    } else {
        real_driver::check(&absolute).map_err(|why| refused(&why))?;
        if library.is_at(&absolute) {
            return Err(refused("is entra-odbc itself, not the driver to wrap"));
        }
    }
    text(&absolute).map(str::to_owned)
}

/// The stock driver's place, where the search would not find it once its name is taken over: its directory, since
/// an upgrade changes the file's name.
fn outside(replace: bool, everything: &Drivers, library: &Library) -> Option<String> {
    let (path, _) = everything.library(STOCK_SECTION).filter(|_| replace)?;
    let path = Path::new(path);
    let directory = path.parent().filter(|parent| parent.is_absolute())?;
    if library.is_at(path) || directory == Path::new(STOCK_DIRECTORY) {
        return None;
    }
    let is_versioned = path
        .file_name()
        .and_then(|name| name.to_str())
        .and_then(real_driver::version)
        .is_some();
    let place = if is_versioned { directory } else { path };
    Some(place.to_str()?.to_owned())
}

/// The real driver as it will be found once everything is written.
fn found(
    everything: &Drivers,
    changed: &Path,
    pending: Option<&Pending>,
    library: &Library,
    environment: &Environment,
    distribution: &Distribution,
) -> Result<Wrapped, Failure> {
    let files = everything.0.iter().map(|file| File {
        path: file.path.clone(),
        ini: match pending {
            Some(pending) if file.path == changed => pending.ini.clone(),
            _ => file.ini.clone(),
        },
    });
    let view = View {
        environment,
        drivers: &Drivers(files.collect()),
        library: Some(library),
    };
    view.real_driver().map_err(|tried| {
        Failure::refused(
            format!(
                "Microsoft's ODBC Driver 18, which does the work, is not found. Tried: {}",
                tried.join("; ")
            ),
            format!(
                "Install it, or name it with --real-driver PATH:\n{}",
                distribution.install(Package::Driver18)
            ),
        )
    })
}

/// The data source.
fn source(name: &str, arguments: &Arguments, path: &Path) -> Result<Option<Pending>, Failure> {
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
    Ok(registration.with(&[section]))
}

/// A path as it can stand in an ini file.
fn text(path: &Path) -> Result<&str, Failure> {
    path.to_str()
        .filter(|text| !text.chars().any(char::is_control))
        .ok_or_else(|| {
            Failure::refused(
                format!("{} cannot be written into an ini file", path.display()),
                "Move it to a path of plain characters.",
            )
        })
}

/// What has been done.
pub struct Done {
    changed: bool,
    drivers: PathBuf,
    sources: Option<PathBuf>,
    library: Library,
    wrapped: Wrapped,
    replaces: bool,
    dsn: Option<String>,
}

impl Done {
    /// For people.
    pub fn text(&self) -> String {
        let version = |version: &Option<String>| match version {
            Some(version) => format!(" ({version})"),
            None => String::new(),
        };
        let verb = if self.changed {
            "Registered"
        } else {
            "Nothing to change:"
        };
        let mut names = vec![format!("\"{OUR_SECTION}\"")];
        names.extend(self.replaces.then(|| format!("\"{STOCK_SECTION}\"")));
        let mut lines = vec![
            format!("{verb} {} in {}", names.join(" and "), self.drivers.display()),
            format!(
                "  library      {}{}",
                self.library.path.display(),
                version(&self.library.version)
            ),
            format!(
                "  real driver  {}{}, from {}",
                self.wrapped.path.display(),
                version(&self.wrapped.version),
                self.wrapped.origin
            ),
        ];
        match (&self.dsn, &self.sources) {
            (Some(dsn), Some(sources)) => {
                lines.push(format!("  data source  {dsn}, in {}", sources.display()));
                lines.push(Style::Faint.paint(&format!("Try it: isql -v {dsn}")));
            }
            _ => lines.push(
                Style::Faint.paint("Sign in with: entra-odbc login. Look after it with: entra-odbc doctor."),
            ),
        }
        lines.join("\n")
    }

    /// For scripts.
    pub fn json(&self) -> Value {
        json!({
            "changed": self.changed,
            "drivers": self.drivers,
            "sections": if self.replaces { vec![OUR_SECTION, STOCK_SECTION] } else { vec![OUR_SECTION] },
            "library": { "path": self.library.path, "version": self.library.version },
            "real_driver": {
                "path": self.wrapped.path, "version": self.wrapped.version, "origin": self.wrapped.origin,
            },
            "data_source": self.dsn,
            "data_sources": self.sources,
        })
    }
}
