//! Where the target driver may be, in order.
//!
//! Where someone named a driver for us, by `ENTRA_ODBC_DRIVER` or `RealDriver=`, that one it is or none: to
//! go on and wrap another driver than the one asked for would hide the mistake.

use std::path::{Path, PathBuf};

use super::{
    DRIVER_NAMES, DRIVER_PREFIX, MICROSOFT_DIRECTORIES, MICROSOFT_SECTION, SearchContext, sections, version,
};
use crate::os;

/// A library that may be the target driver.
#[derive(Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The library, or a bare name for the loader to look up.
    pub path: PathBuf,
    /// Who named it.
    pub origin: String,
}

/// What the search came up with.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// What to try, in order.
    pub candidates: Vec<Candidate>,
    /// Where nothing was found, and why.
    pub failures: Vec<String>,
    /// Whether the environment names the driver, whatever sections say.
    pub overridden: bool,
    /// Who named the one driver that counts: `ENTRA_ODBC_DRIVER`, or `RealDriver` of a section.
    pub named_by: Option<String>,
}

impl Search {
    /// What to do where none of the candidates can be used.
    #[must_use]
    pub fn remedy(&self) -> String {
        match &self.named_by {
            Some(name) => format!(
                "Correct {name}: it is the path of Microsoft's library ({DRIVER_NAMES}), its directory, or the \
                 name of its driver in odbcinst.ini. Without it, an installed driver is looked for."
            ),
            None => {
                "Install Microsoft's ODBC Driver 18 for SQL Server, or name its library in ENTRA_ODBC_DRIVER."
                    .to_owned()
            }
        }
    }
}

/// Looks for the target driver.
#[must_use]
pub fn search(surroundings: &impl SearchContext) -> Search {
    let mut search = Search::default();
    if let Some(named) = surroundings.variable("ENTRA_ODBC_DRIVER") {
        search.overridden = true;
        search.named(surroundings, Path::new(&named), "ENTRA_ODBC_DRIVER");
        return search;
    }
    match sections::for_process(surroundings) {
        Ok(None) => unnamed(surroundings),
        Ok(Some(named)) => {
            let origin = format!("RealDriver in [{}] of odbcinst.ini", named.section);
            search.named(surroundings, Path::new(&named.value), &origin);
            search
        }
        Err(why) => {
            search.failures.push(why);
            search
        }
    }
}

/// Looks where Driver 18 is without anyone's word.
pub(super) fn unnamed(surroundings: &impl SearchContext) -> Search {
    let mut search = Search::default();
    let origin = format!("[{MICROSOFT_SECTION}] of odbcinst.ini");
    match driver_of(surroundings, MICROSOFT_SECTION) {
        // The stock name may have been taken over by us.
        Some(path) if surroundings.is_ourselves(&path) => {
            search.failures.push(format!("{origin}: is entra-odbc itself"));
        }
        Some(path) => search.candidates.push(Candidate { path, origin }),
        None => search.failures.push(format!("{origin}: not registered")),
    }

    for directory in MICROSOFT_DIRECTORIES {
        search.newest(surroundings, Path::new(directory), "Microsoft's package");
    }

    let own = surroundings.own_file();
    // Our own library lies in the Python package itself, or one or two directories deeper.
    let site_packages = own.iter().flat_map(|own| own.ancestors().skip(2).take(3));
    for directory in site_packages {
        let libraries = directory.join(os::PYTHON_LIBRARIES);
        if !surroundings.list(&libraries).is_empty() {
            search.newest(
                surroundings,
                &os::python_directory(&libraries, &surroundings.os_release()),
                "Python package mssql-python-odbc",
            );
            break;
        }
    }
    search
}

impl Search {
    /// Adds what someone named.
    fn named(&mut self, surroundings: &impl SearchContext, named: &Path, origin: &str) {
        self.named_by = Some(origin.to_owned());
        let Some(path) = resolve(surroundings, named) else {
            self.failures.push(format!(
                "{origin}={}: neither a path nor a driver in odbcinst.ini",
                named.display()
            ));
            return;
        };
        let origin = if is_path(named) {
            origin.to_owned()
        } else {
            format!("{origin}={}", named.display())
        };
        self.candidates.push(Candidate { path, origin });
    }

    /// Adds the newest Driver 18 in a directory.
    fn newest(&mut self, surroundings: &impl SearchContext, directory: &Path, origin: &str) {
        match newest_in(surroundings, directory) {
            Some(path) => {
                self.candidates.push(Candidate {
                    path,
                    origin: origin.to_owned(),
                });
            }
            None => self
                .failures
                .push(format!("{} ({origin}): no {DRIVER_NAMES}", directory.display())),
        }
    }
}

/// What a name stands for: a path, the directory of a driver whose version may change, or a name in odbcinst.ini.
pub(super) fn resolve(surroundings: &impl SearchContext, named: &Path) -> Option<PathBuf> {
    if is_path(named) {
        // The library itself, as it is mostly named: there is no directory to look into. By its first characters, since
        // `version` lies in pages of the library that loading has no other use for.
        let is_library = named
            .file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(DRIVER_PREFIX.as_bytes()));
        let newest = if is_library {
            None
        } else {
            newest_in(surroundings, named)
        };
        return Some(newest.unwrap_or_else(|| named.to_owned()));
    }
    driver_of(surroundings, &named.to_string_lossy())
}

fn is_path(named: &Path) -> bool {
    named.as_os_str().as_encoded_bytes().contains(&b'/')
}

/// The newest Driver 18 in a directory.
pub(super) fn newest_in(surroundings: &impl SearchContext, directory: &Path) -> Option<PathBuf> {
    let versions = surroundings.list(directory).into_iter().filter_map(|name| {
        let version = version(name.to_str()?)?;
        Some((version, name))
    });
    versions.max().map(|(_, name)| directory.join(name))
}

/// The library that a section of odbcinst.ini names, as unixODBC on a 64-bit machine would take it.
pub(super) fn driver_of(surroundings: &impl SearchContext, section: &str) -> Option<PathBuf> {
    surroundings
        .driver_entry(section, "Driver64")
        .or_else(|| surroundings.driver_entry(section, "Driver"))
        .map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, reason = "a test may fail by panicking")]

    use super::*;
    use crate::driver::{
        OUR_SECTION,
        scripted::{Machine, OWN_FILE},
    };

    fn paths(machine: &Machine) -> Vec<String> {
        search(machine)
            .candidates
            .iter()
            .map(|candidate| candidate.path.display().to_string())
            .collect()
    }

    #[test]
    fn the_order_is_stock_name_then_package_then_python() {
        let machine = Machine {
            entries: [((MICROSOFT_SECTION, "Driver"), "/stock.so")].into(),
            directories: [
                (
                    MICROSOFT_DIRECTORIES[0],
                    vec![
                        "libmsodbcsql-18.9.so.1.1",
                        "libmsodbcsql-18.10.so.1.1",
                        "libmsodbcsql-17.10.so.9.9",
                    ],
                ),
                ("/venv/site-packages/mssql_python_odbc/libs/linux", vec!["rhel"]),
                (
                    if cfg!(target_arch = "aarch64") {
                        "/venv/site-packages/mssql_python_odbc/libs/linux/rhel/arm64/lib"
                    } else {
                        "/venv/site-packages/mssql_python_odbc/libs/linux/rhel/x86_64/lib"
                    },
                    vec!["libodbcinst.so.2", "libmsodbcsql-18.6.so.2.1"],
                ),
            ]
            .into(),
            ..Machine::default()
        };
        let found = paths(&machine);
        assert_eq!(found.len(), 3, "{found:?}");
        assert_eq!(found[0], "/stock.so");
        assert_eq!(
            found[1],
            "/opt/microsoft/msodbcsql18/lib64/libmsodbcsql-18.10.so.1.1"
        );
        assert!(found[2].ends_with("/lib/libmsodbcsql-18.6.so.2.1"));
    }

    #[test]
    fn a_named_driver_is_the_only_candidate() {
        let mut machine = Machine {
            variables: [("ENTRA_ODBC_DRIVER", "/mine.so")].into(),
            entries: [
                ((MICROSOFT_SECTION, "Driver"), "/stock.so"),
                ((OUR_SECTION, "RealDriver"), "/real.so"),
            ]
            .into(),
            ..Machine::default()
        };
        assert_eq!(paths(&machine), ["/mine.so"]);
        assert_eq!(search(&machine).named_by.as_deref(), Some("ENTRA_ODBC_DRIVER"));
        machine.variables = [("ENTRA_ODBC_DRIVER", MICROSOFT_SECTION)].into();
        assert_eq!(paths(&machine), ["/stock.so"]);
        machine.variables.clear();
        assert_eq!(paths(&machine), ["/real.so"]);
        let named_by = format!("RealDriver in [{OUR_SECTION}] of odbcinst.ini");
        assert_eq!(search(&machine).named_by, Some(named_by));
        machine.entries.remove(&(OUR_SECTION, "RealDriver"));
        assert_eq!(search(&machine).named_by, None);
    }

    #[test]
    fn a_named_directory_stands_for_the_newest_driver_in_it() {
        let machine = Machine {
            entries: [((OUR_SECTION, "RealDriver"), "/drivers")].into(),
            directories: [(
                "/drivers",
                vec!["libmsodbcsql-18.5.so.1.1", "libmsodbcsql-18.6.so.2.1", "readme"],
            )]
            .into(),
            ..Machine::default()
        };
        assert_eq!(paths(&machine), ["/drivers/libmsodbcsql-18.6.so.2.1"]);
    }

    #[test]
    fn a_named_driver_that_is_not_registered_ends_the_search() {
        let machine = Machine {
            variables: [("ENTRA_ODBC_DRIVER", "No Such Driver")].into(),
            entries: [((MICROSOFT_SECTION, "Driver"), "/stock.so")].into(),
            ..Machine::default()
        };
        let found = search(&machine);
        assert!(found.candidates.is_empty());
        assert!(
            found.remedy().starts_with("Correct ENTRA_ODBC_DRIVER:"),
            "{found:?}"
        );
        assert_eq!(
            found.failures,
            ["ENTRA_ODBC_DRIVER=No Such Driver: neither a path nor a driver in odbcinst.ini"]
        );
    }

    #[test]
    fn a_section_whose_driver_is_this_file_is_ours_whatever_its_name() {
        let machine = Machine {
            entries: [
                ((MICROSOFT_SECTION, "Driver"), OWN_FILE),
                ((MICROSOFT_SECTION, "RealDriver"), "/real.so"),
            ]
            .into(),
            ..Machine::default()
        };
        assert_eq!(paths(&machine), ["/real.so"]);
    }

    #[test]
    fn the_stock_name_taken_over_is_passed_by() {
        let machine = Machine {
            entries: [((MICROSOFT_SECTION, "Driver"), OWN_FILE)].into(),
            ..Machine::default()
        };
        let found = search(&machine);
        assert!(found.candidates.is_empty());
        assert!(found.failures[0].ends_with("is entra-odbc itself"), "{found:?}");
        assert!(found.remedy().starts_with("Install "), "{found:?}");
    }
}
