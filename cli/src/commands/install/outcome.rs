//! What `install` has written and registered, as it is printed.

use crate::{
    odbc::{library::Library, target_driver::TargetDriver},
    ui::terminal::Style,
};
use entra_odbc_core::driver::{MICROSOFT_SECTION, OUR_SECTION};
use serde_json::{Value, json};
use std::path::PathBuf;

/// What was written and registered.
pub struct Outcome {
    /// Whether anything had to be written.
    pub changed: bool,
    /// The odbcinst.ini.
    pub drivers: PathBuf,
    /// The odbc.ini, where a data source was asked for.
    pub sources: Option<PathBuf>,
    /// The registered library.
    pub library: Library,
    /// The driver that it forwards to, where there is one yet.
    pub target_driver: Option<TargetDriver>,
    /// What else is missing before a connection can be made, and what to do.
    pub missing: (Vec<String>, String),
    /// Whether the stock name is registered as well.
    pub replaces: bool,
    /// Whether somebody else's entry of our name was left as it is.
    pub keeps: bool,
    /// The data source.
    pub dsn: Option<String>,
}

impl Outcome {
    /// For people.
    pub fn text(&self) -> String {
        let version = |version: &Option<String>| match version {
            Some(version) => format!(" ({version})"),
            None => String::new(),
        };
        if self.keeps {
            return format!(
                "[{OUR_SECTION}] in {} is left as it is: it is there already, and not as this tool writes it",
                self.drivers.display()
            );
        }
        let verb = if self.changed {
            "Registered"
        } else {
            "Nothing to change:"
        };
        let target_driver = match &self.target_driver {
            Some(found) => format!(
                "{}{}, from {}",
                found.path.display(),
                version(&found.version),
                found.origin
            ),
            None => "none yet".to_owned(),
        };
        let mut names = vec![format!("\"{OUR_SECTION}\"")];
        names.extend(self.replaces.then(|| format!("\"{MICROSOFT_SECTION}\"")));
        let mut lines = vec![
            format!("{verb} {} in {}", names.join(" and "), self.drivers.display()),
            format!(
                "  library      {}{}",
                self.library.path.display(),
                version(&self.library.version)
            ),
            format!("  real driver  {target_driver}"),
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
        let (missing, remedy) = &self.missing;
        let warning = Style::Warning.paint("warning:");
        lines.extend(missing.iter().map(|what| format!("{warning} {what}.")));
        if !missing.is_empty() {
            lines.push(remedy.clone());
        }
        lines.join("\n")
    }

    /// For scripts.
    pub fn json(&self) -> Value {
        json!({
            "changed": self.changed,
            "drivers": self.drivers,
            "sections": if self.replaces { vec![OUR_SECTION, MICROSOFT_SECTION] } else { vec![OUR_SECTION] },
            "library": { "path": self.library.path, "version": self.library.version },
            "kept": self.keeps,
            "real_driver": self.target_driver.as_ref().map(|found| json!({
                "path": found.path, "version": found.version, "origin": found.origin,
            })),
            "missing": self.missing.0,
            "remedy": self.missing.1,
            "data_source": self.dsn,
            "data_sources": self.sources,
        })
    }
}
