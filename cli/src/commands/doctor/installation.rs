//! Checks of the installation: our library, unixODBC and its ini files, the target driver and its libraries.

use super::finding::{Check, Findings};
use crate::{
    odbc::{
        driver_manager::{self, DriverManager},
        drivers::{Drivers, IniFile},
        ini_files::IniFiles,
        library::Library,
        stock_name,
        target_driver::{self, DriverSearch},
    },
    system::{
        loader,
        os::OPENSSL,
        own_files,
        packages::{Distribution, Package},
    },
    ui::failure::Failure,
};
use entra_auth::Environment;
use entra_odbc_core::driver::{MICROSOFT_SECTION, OUR_SECTION, ca_cache};
use std::{io, path::Path};

/// Checks all of it.
pub fn check(
    ini_files: &IniFiles,
    environment: &Environment,
    findings: &mut Findings,
) -> Result<(), Failure> {
    let distribution = Distribution::current();
    let drivers = readable_drivers(ini_files);
    let library = own_library(&drivers, findings)?;
    unixodbc(environment, &distribution, findings)?;
    check_ini_files(ini_files, environment, findings)?;
    registration(ini_files, &drivers, findings)?;
    let search = DriverSearch {
        environment,
        drivers: &drivers,
        library: library.as_ref(),
    };
    match search.find() {
        Ok(driver) => {
            let version = driver.version.as_deref().unwrap_or("unknown version");
            let text = format!("{} ({version}), from {}", driver.path.display(), driver.origin);
            findings.ok(Check::RealDriver, text)?;
            for (what, next) in driver.conflicts() {
                let cause =
                    "the library is registered under several names, with different RealDriver= entries";
                findings.warning(Check::RealDriver, what, cause, next)?;
            }
            driver_libraries(&driver.path, environment, &distribution, findings)?;
        }
        Err(not_found) => {
            let [what, cause] = not_found.words();
            findings.failure(Check::RealDriver, what, cause, not_found.remedy())?;
        }
    }
    openssl(environment, &distribution, findings)?;
    ca_certificates(&search, findings)?;
    Ok(())
}

/// The registered drivers of those files that can be parsed.
fn readable_drivers(ini_files: &IniFiles) -> Drivers {
    let files = ini_files.drivers().filter_map(|path| IniFile::read(path).ok());
    Drivers(files.collect())
}

fn own_library(drivers: &Drivers, findings: &mut Findings) -> io::Result<Option<Library>> {
    let library = match Library::of_programs(drivers) {
        Ok(library) => library,
        Err(why) => {
            let next = own_files::as_root("install --library PATH");
            findings.failure(Check::Library, "the driver's library cannot be used", why, next)?;
            return Ok(None);
        }
    };
    let version = library.version.as_deref().unwrap_or("unknown version");
    let text = format!("{} ({version})", library.path.display());
    match loader::missing(&library.path, &[]) {
        Some(missing) if !missing.is_empty() => findings.failure(
            Check::Library,
            text,
            format!("the loader does not find {}", missing.join(", ")),
            Package::NO_KNOWN_PACKAGE,
        )?,
        _ if version != env!("CARGO_PKG_VERSION") => findings.warning(
            Check::Library,
            text,
            format!("this tool is {}", env!("CARGO_PKG_VERSION")),
            "Install library and tool of one version.",
        )?,
        _ => findings.ok(Check::Library, text)?,
    }
    Ok(Some(library))
}

fn unixodbc(
    environment: &Environment,
    distribution: &Distribution,
    findings: &mut Findings,
) -> io::Result<()> {
    match DriverManager::find(environment) {
        Some(DriverManager::System(path)) => findings.ok(Check::UnixOdbc, path.display().to_string()),
        Some(DriverManager::Bundled(path)) => findings.ok(
            Check::UnixOdbc,
            format!(
                "{}, of the Python package; programs that are not in Python need the system's: {}",
                path.display(),
                distribution.install_command(Package::UnixOdbc)
            ),
        ),
        None => findings.failure(
            Check::UnixOdbc,
            "unixODBC is not installed",
            "the loader does not find libodbc.so.2; programs that bring a driver manager of their own go on without it",
            distribution.install_command(Package::UnixOdbc),
        ),
    }
}

/// Which files are read, in which order.
fn check_ini_files(
    ini_files: &IniFiles,
    environment: &Environment,
    findings: &mut Findings,
) -> io::Result<()> {
    let mut broken = false;
    for path in ini_files.drivers().chain(ini_files.sources()) {
        if let Err(Failure::Refused { what, remedy, .. }) = IniFile::read(path) {
            broken = true;
            findings.failure(
                Check::IniFiles,
                what,
                "unixODBC would not understand it either",
                remedy,
            )?;
        }
    }
    let set: Vec<_> = ["ODBCSYSINI", "ODBCINSTINI", "ODBCINI"]
        .into_iter()
        .filter(|name| environment.get(name).is_some())
        .collect();
    let order = |paths: Vec<String>| paths.join(", then ");
    let mut lines = vec![
        format!("drivers: {}", order(ini_files.drivers().map(existing).collect())),
        format!(
            "data sources: {}",
            order(ini_files.sources().map(existing).collect())
        ),
    ];
    if !set.is_empty() {
        lines.push(format!(
            "as {} say, for programs with the same environment",
            set.join(" and ")
        ));
    }
    if broken {
        Ok(())
    } else {
        findings.ok(Check::IniFiles, lines.join("\n"))
    }
}

fn existing(path: &Path) -> String {
    let absent = if path.exists() { "" } else { " (absent)" };
    format!("{}{absent}", path.display())
}

fn registration(ini_files: &IniFiles, drivers: &Drivers, findings: &mut Findings) -> io::Result<()> {
    // Malformed files have a finding of their own.
    if let Ok(Some(problem)) = stock_name::check(ini_files, drivers) {
        return findings.warning(Check::Registration, problem.what, problem.cause, problem.next);
    }
    let ours: Vec<_> = [OUR_SECTION, MICROSOFT_SECTION]
        .into_iter()
        .filter_map(|name| {
            let (library, path) = drivers.library(name)?;
            Library::at(Path::new(library))
                .is_ok()
                .then(|| format!("\"{name}\" in {}", path.display()))
        })
        .collect();
    if ours.is_empty() && own_files::is_python_package() {
        return findings.skipped(
            Check::Registration,
            format!(
                "\"{OUR_SECTION}\" is not registered, which programs in Python do not need; for all others: {}",
                own_files::as_root("install")
            ),
        );
    }
    if ours.is_empty() {
        return findings.failure(
            Check::Registration,
            format!("\"{OUR_SECTION}\" is not registered"),
            "programs cannot find the driver by its name",
            own_files::as_root("install"),
        );
    }
    findings.ok(Check::Registration, ours.join(" and "))
}

fn driver_libraries(
    driver: &Path,
    environment: &Environment,
    distribution: &Distribution,
    findings: &mut Findings,
) -> io::Result<()> {
    let Some(missing) = loader::missing(driver, &driver_manager::preloaded(environment)) else {
        return findings.skipped(Check::DriverLibraries, "ldd is not installed, so nobody can tell");
    };
    if missing.is_empty() {
        return findings.ok(
            Check::DriverLibraries,
            "the loader finds all that the driver is linked with",
        );
    }
    let next = Package::with_libraries(&missing).map_or_else(
        || Package::NO_KNOWN_PACKAGE.to_owned(),
        |package| distribution.install_command(package),
    );
    findings.failure(
        Check::DriverLibraries,
        format!("the driver cannot be loaded: {} not found", missing.join(", ")),
        "Driver 18 is linked with libraries that are not installed",
        next,
    )
}

/// Driver 18 opens OpenSSL itself, so the loader's list of what it is linked with does not have it.
/// Whether the connections of a process may share their CA certificates; a connect tells whether they do.
fn ca_certificates(search: &DriverSearch<'_>, findings: &mut Findings) -> io::Result<()> {
    findings.ok(
        Check::CaCertificates,
        match ca_cache(search) {
            Ok(()) => "loaded once for the connections of a process".to_owned(),
            Err(reason) => format!("loaded for each connection, because of {reason}"),
        },
    )
}

fn openssl(
    environment: &Environment,
    distribution: &Distribution,
    findings: &mut Findings,
) -> io::Result<()> {
    match target_driver::openssl(environment) {
        Some(path) => findings.ok(Check::OpenSsl, path.display().to_string()),
        None => findings.failure(
            Check::OpenSsl,
            format!("neither {} is found", OPENSSL.join(" nor ")),
            "Driver 18 needs one of them for TLS, and ends with \"SSL Provider\" errors without",
            distribution.install_command(Package::OpenSsl),
        ),
    }
}
