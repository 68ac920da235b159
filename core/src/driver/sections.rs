//! What the sections of odbcinst.ini say of the target driver, of which a process has one.
//!
//! Several names may be registered for this library, each with a `RealDriver=` of its own, and the manager loads the
//! library once for all of them. Then a login for one database must not reach the driver of another.

use std::path::{Path, PathBuf};

use super::search::{self, newest_in, resolve};
use super::{OUR_SECTION, SearchContext, manager, version};
use entra_auth::Error;

/// A section and the target driver that it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The section of odbcinst.ini.
    pub section: String,
    /// Its `RealDriver=`.
    pub value: String,
    /// The library that this means, if there is one.
    pub path: Option<PathBuf>,
}

/// The target driver of this process.
#[derive(Debug, Clone, Copy)]
pub struct Loaded<'a> {
    /// As it was named.
    pub named: &'a Path,
    /// All links resolved.
    pub file: &'a Path,
}

impl Named {
    pub(super) fn by(section: &str, surroundings: &impl SearchContext) -> Option<Self> {
        let value = surroundings.driver_entry(section, "RealDriver")?;
        Some(Self {
            section: section.to_owned(),
            path: resolve(surroundings, Path::new(&value)),
            value,
        })
    }

    /// Whether this means the driver that is loaded.
    ///
    /// Packages replace the file of the old version while programs still run with it: then the new one is the same
    /// driver to them.
    fn is(&self, loaded: Loaded<'_>, surroundings: &impl SearchContext) -> bool {
        let Some(path) = &self.path else { return false };
        if path == loaded.named {
            return true;
        }
        let real = surroundings.real_path(path);
        if real == loaded.file {
            return true;
        }
        let is_version_18 = |file: &Path| {
            file.file_name()
                .and_then(|name| version(name.to_str()?))
                .is_some()
        };
        real.parent() == loaded.file.parent()
            && is_version_18(&real)
            && is_version_18(loaded.file)
            && (surroundings.is_gone(loaded.file)
                || newest_in(surroundings, Path::new(&self.value)).is_some())
    }

    fn real(&self, surroundings: &impl SearchContext) -> PathBuf {
        let path = self.path.as_deref().unwrap_or(Path::new(&self.value));
        surroundings.real_path(path)
    }

    fn agrees_with(&self, other: &Self, surroundings: &impl SearchContext) -> bool {
        self.value == other.value || self.real(surroundings) == other.real(surroundings)
    }

    fn other_than(&self, loaded: Loaded<'_>) -> Error {
        Error::invalid(format!(
            "[{}] of odbcinst.ini names the target driver {}, but this process uses {}",
            self.section,
            self.value,
            loaded.file.display()
        ))
        .remedy(
            "A process has one target driver: use it under one name only, or name the one that the program is to use in \
             ENTRA_ODBC_DRIVER.",
        )
    }
}

/// Refuses a connection string that leads to a section with another target driver than the one that is loaded;
/// `driver_of_source` is `Driver=` of a data source.
///
/// # Errors
/// Names both.
pub fn agree(
    text: &[u16],
    loaded: Loaded<'_>,
    driver_of_source: impl Fn(&str) -> Option<String>,
    surroundings: &impl SearchContext,
) -> Result<(), Error> {
    for section in manager::sections(text, driver_of_source) {
        if let Some(mut named) = Named::by(&section, surroundings)
            && !named.is(loaded, surroundings)
        {
            named.section = manager::readable(&section);
            return Err(named.other_than(loaded));
        }
    }
    Ok(())
}

/// The registered names of this library whose section names another target driver than this one.
pub fn others(loaded: Loaded<'_>, surroundings: &impl SearchContext) -> Vec<Named> {
    let sections = ours(surroundings).into_iter();
    let named = sections.filter_map(|section| Named::by(&section, surroundings));
    named.filter(|named| !named.is(loaded, surroundings)).collect()
}

/// The sections whose driver is this library.
pub(super) fn ours(surroundings: &impl SearchContext) -> Vec<String> {
    let mut sections = surroundings.driver_sections();
    sections.retain(|section| {
        search::driver_of(surroundings, section).is_some_and(|path| surroundings.is_ourselves(&path))
    });
    sections.sort();
    sections.dedup();
    sections
}

/// `RealDriver=` that counts for the process: that of the name that we are registered under, else that on which all
/// sections with this library agree.
///
/// # Errors
/// Tells which sections do not.
pub(super) fn for_process(surroundings: &impl SearchContext) -> Result<Option<Named>, String> {
    if let Some(named) = Named::by(OUR_SECTION, surroundings) {
        return Ok(Some(named));
    }
    if search::driver_of(surroundings, OUR_SECTION).is_some() {
        return Ok(None);
    }
    let mut found: Option<Named> = None;
    let mut silent = None;
    for section in ours(surroundings) {
        let Some(named) = Named::by(&section, surroundings) else {
            silent = Some(section);
            continue;
        };
        match &found {
            Some(first) if !first.agrees_with(&named, surroundings) => {
                return Err(format!(
                    "[{}] and [{}] of odbcinst.ini name different target drivers, {} and {}, and a process has one",
                    first.section, named.section, first.value, named.value
                ));
            }
            Some(_) => {}
            None => found = Some(named),
        }
    }
    // A section that names none stands for the driver that is found without a name.
    if let (Some(named), Some(silent)) = (&found, silent) {
        let unnamed = search::unnamed(surroundings).candidates;
        let is_it = |path: &PathBuf| surroundings.real_path(path) == named.real(surroundings);
        if !unnamed.iter().any(|candidate| is_it(&candidate.path)) {
            return Err(format!(
                "[{}] of odbcinst.ini names the target driver {}, [{silent}] names none, and a process has one",
                named.section, named.value
            ));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::{
        scripted::{Machine, OWN_FILE},
        search,
    };

    const FILE: &str = "/ms/libmsodbcsql-18.6.so.2.1";

    fn loaded() -> Loaded<'static> {
        Loaded {
            named: Path::new(FILE),
            file: Path::new(FILE),
        }
    }

    /// Two names with this library, and data sources for both.
    fn machine() -> Machine {
        Machine {
            entries: [
                (("A", "Driver"), OWN_FILE),
                (("A", "RealDriver"), FILE),
                (("B", "Driver"), OWN_FILE),
                (("B", "RealDriver"), "/usr/lib/psqlodbcw.so"),
                (("Plain", "Driver"), OWN_FILE),
                (("Stock", "Driver"), FILE),
                (("By name", "RealDriver"), "Stock"),
                (("Newest", "RealDriver"), "/ms"),
                (("Older", "RealDriver"), "/ms/libmsodbcsql-18.5.so.1.1"),
                (("Nothing", "RealDriver"), "No Such Driver"),
            ]
            .into(),
            directories: [(
                "/ms",
                vec!["libmsodbcsql-18.6.so.2.1", "libmsodbcsql-18.7.so.1.1"],
            )]
            .into(),
            sources: [("a", "A"), ("b", "B"), ("path", OWN_FILE), ("DEFAULT", "B")].into(),
            ..Machine::default()
        }
    }

    fn refusal(text: &str, machine: &Machine) -> Option<String> {
        let text: Vec<_> = text.encode_utf16().collect();
        agree(
            &text,
            loaded(),
            |source| machine.sources.get(source).map(|driver| (*driver).to_owned()),
            machine,
        )
        .err()
        .map(|error| error.to_string())
    }

    #[test]
    fn a_string_that_leads_to_another_target_driver_is_refused_with_both_names() {
        let machine = machine();
        for text in [
            "DRIVER={B};UID=sa;PWD=secret",
            "UID=sa;driver=B",
            "DSN=b",
            "DSN=b;DRIVER=A",
            "DRIVER=A;DRIVER=B",
            // The manager takes the data source DEFAULT.
            "SERVER=x;UID=sa",
            "DRIVER=Older",
            "DRIVER=Nothing",
        ] {
            let said = refusal(text, &machine).unwrap_or_else(|| panic!("{text} goes on"));
            assert!(said.contains(FILE) && !said.contains("secret"), "{said}");
        }
        let said = refusal("DRIVER=B", &machine).unwrap_or_default();
        assert!(
            said.contains("[B] of odbcinst.ini names the target driver /usr/lib/psqlodbcw.so"),
            "{said}"
        );
        assert!(said.contains("ENTRA_ODBC_DRIVER"), "{said}");
    }

    #[test]
    fn a_string_that_leads_to_the_loaded_driver_or_says_nothing_of_it_goes_on() {
        let machine = machine();
        for text in [
            "DRIVER={A};UID=sa",
            "DSN=a",
            "DSN=a;DRIVER=B",
            "DRIVER=A;DSN=b",
            "DRIVER=B;DRIVER=A",
            "DSN=path",
            "DSN=unknown",
            "DRIVER=/somewhere/libentra_odbc.so",
            "DRIVER=Unknown",
            "DRIVER=Plain",
            "DRIVER=By name",
            "DRIVER=Newest",
        ] {
            assert_eq!(refusal(text, &machine), None, "{text}");
        }
    }

    #[test]
    fn an_upgrade_of_the_drivers_package_under_a_running_program_makes_no_other_driver_of_it() {
        let mut machine = machine();
        machine
            .entries
            .insert(("Stock", "Driver"), "/ms/libmsodbcsql-18.7.so.1.1");
        assert!(refusal("DRIVER=By name", &machine).is_some());
        machine.gone.push(FILE);
        assert_eq!(refusal("DRIVER=By name", &machine), None);
    }

    #[test]
    fn only_the_registered_name_counts_where_it_exists() {
        let mut machine = machine();
        machine.entries.insert((OUR_SECTION, "Driver"), OWN_FILE);
        machine
            .entries
            .insert((crate::driver::MICROSOFT_SECTION, "Driver"), FILE);
        let found = search(&machine);
        assert_eq!(
            found.candidates.first().map(|first| first.path.as_path()),
            Some(Path::new(FILE))
        );
        machine.entries.insert((OUR_SECTION, "RealDriver"), "/mine.so");
        let found = search(&machine);
        assert_eq!(
            found.candidates.first().map(|first| first.path.as_path()),
            Some(Path::new("/mine.so"))
        );
    }

    #[test]
    fn sections_that_disagree_are_an_error_that_names_both() {
        let mut machine = machine();
        let found = search(&machine);
        assert!(found.candidates.is_empty(), "{found:?}");
        let said = found.failures.join(";");
        assert!(
            said.contains("[A] and [B]") && said.contains(FILE) && said.contains("/usr/lib/psqlodbcw.so"),
            "{said}"
        );
        // One that names none, beside one that does.
        machine.entries.remove(&("A", "RealDriver"));
        let found = search(&machine);
        assert!(found.candidates.is_empty(), "{found:?}");
        // That the environment names one settles it.
        machine.variables.insert("ENTRA_ODBC_DRIVER", "/mine.so");
        let found = search(&machine);
        assert!(found.overridden && found.candidates.len() == 1, "{found:?}");
    }

    #[test]
    fn names_of_this_library_with_another_target_driver_are_found() {
        let named: Vec<_> = others(loaded(), &machine())
            .into_iter()
            .map(|named| named.section)
            .collect();
        assert_eq!(named, ["B"]);
    }
}
