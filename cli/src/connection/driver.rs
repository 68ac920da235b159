//! The driver that a connection string leads to: our library, or somebody else's.

use super::Problem;
use crate::{
    context::Context,
    odbc::library::{self, Library},
    system::own_files,
    ui::suggestion,
};
use entra_odbc_core::{
    connection_string::ConnectionString,
    driver::{DRIVER_PREFIX, MICROSOFT_SECTION, OUR_SECTION},
};
use std::path::Path;
use zeroize::Zeroizing;

/// Whose a library is, by the start of its file name.
const MAKERS: [(&str, &str); 4] = [
    (DRIVER_PREFIX, "Microsoft's ODBC Driver 18"),
    ("libmsodbcsql-17", "Microsoft's ODBC Driver 17"),
    ("libmsodbcsql", "a driver of Microsoft's"),
    ("libtdsodbc", "FreeTDS"),
];

/// The driver of a connection string or its data source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NamedDriver {
    /// Our library, by our registered name; whether that is there is a matter of the registration.
    ByOurName,
    /// Our library, by another name or its path.
    Ours,
    /// Another driver, which gets the string without us.
    Other {
        /// As the string or data source names it.
        name: String,
        /// Whose it is, for instance `Microsoft's ODBC Driver 17`.
        maker: String,
    },
    /// A file data source, which only the driver manager reads.
    Unknown,
}

impl NamedDriver {
    /// The driver that a string or data source names.
    pub fn read(name: Option<&str>, context: &Context) -> Result<Self, Problem> {
        let Some(name) = name.map(str::trim).filter(|name| !name.is_empty()) else {
            return Ok(Self::Unknown);
        };
        if name.eq_ignore_ascii_case(OUR_SECTION) {
            return Ok(Self::ByOurName);
        }
        let file = if name.contains('/') {
            name
        } else {
            let (file, _) = context
                .drivers()
                .library(name)
                .ok_or_else(|| not_registered(name, context))?;
            file
        };
        let path = Path::new(file);
        if library::is_ours(path) {
            return Ok(Self::Ours);
        }
        Ok(Self::Other {
            name: name.to_owned(),
            maker: maker(path),
        })
    }

    /// Who signs in where none of our modes does.
    pub fn signs_in(&self) -> String {
        match self {
            Self::Other { maker, .. } => format!("the sign-in is left to {maker}"),
            _ => "the connection string leaves the sign-in to Driver 18".to_owned(),
        }
    }

    /// What to say beside an error of another driver than ours.
    pub fn hint(&self) -> Option<String> {
        let Self::Other { name, maker } = self else {
            return None;
        };
        Some(format!(
            "\"{name}\" is {maker}, and not entra-odbc. For its authentication modes: {}",
            self.way_to_ours()
        ))
    }

    /// How the connection is made through our library instead.
    pub fn way_to_ours(&self) -> String {
        let by_name = format!("DRIVER={{{OUR_SECTION}}}");
        match self {
            Self::Other { name, .. } if name.eq_ignore_ascii_case(MICROSOFT_SECTION) => format!(
                "{by_name}, or have that name lead there for all programs: {}",
                own_files::as_root("install --replace")
            ),
            _ => by_name,
        }
    }

    /// Whether it is another driver than ours.
    pub fn is_other(&self) -> bool {
        matches!(self, Self::Other { .. })
    }
}

fn not_registered(name: &str, context: &Context) -> Problem {
    let names = context.drivers().sections();
    let names = names.iter().map(String::as_str).chain([OUR_SECTION]);
    let meant = suggestion::nearest(name, names).unwrap_or(OUR_SECTION);
    Problem {
        what: format!("no driver is registered as \"{name}\""),
        cause: "neither the system's nor the user's odbcinst.ini has such a section".to_owned(),
        next: format!("Write DRIVER={{{meant}}}."),
    }
}

/// Whose a library is; links are resolved, since packages link their libraries under plain names.
fn maker(path: &Path) -> String {
    let resolved = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let file = resolved
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let known = MAKERS.iter().find(|(start, _)| file.starts_with(start));
    known.map_or_else(
        || format!("another driver, {}", path.display()),
        |(_, maker)| (*maker).to_owned(),
    )
}

/// The connection string, with our driver where it names none: by its name if that is registered, else by its path.
pub fn with_default(string: &str, context: &Context) -> Zeroizing<String> {
    let units = Zeroizing::new(string.encode_utf16().collect::<Vec<_>>());
    let parsed = ConnectionString::parse(&units);
    let has_driver = parsed.find_first(&["DRIVER", "DSN", "FILEDSN"]).is_some();
    if has_driver {
        return Zeroizing::new(string.to_owned());
    }
    let is_registered = context.drivers().library(OUR_SECTION).is_some();
    let beside = (!is_registered).then(|| Library::find(None).ok()).flatten();
    let driver = match &beside {
        Some(library) => library.path.display().to_string(),
        None => OUR_SECTION.to_owned(),
    };
    Zeroizing::new(format!("DRIVER={{{driver}}};{string}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_maker_of_a_driver_is_told_by_its_file() {
        for (file, expected) in [
            (
                "/opt/microsoft/msodbcsql17/lib64/libmsodbcsql-17.10.so.6.1",
                "Microsoft's ODBC Driver 17",
            ),
            (
                "/opt/microsoft/msodbcsql18/lib64/libmsodbcsql-18.6.so.2.1",
                "Microsoft's ODBC Driver 18",
            ),
            ("/usr/lib/x86_64-linux-gnu/odbc/libtdsodbc.so", "FreeTDS"),
            ("/usr/lib/psqlodbcw.so", "another driver, /usr/lib/psqlodbcw.so"),
        ] {
            assert_eq!(maker(Path::new(file)), expected);
        }
    }
}
