//! `status`: registered drivers and data sources, versions, and the log's destination.

use crate::{
    odbc::{
        driver_manager::DriverManager,
        drivers::Drivers,
        ini_files::IniFiles,
        library::{self, Library},
        registration::Registration,
        stock_name,
        target_driver::{DriverSearch, NotFound, TargetDriver},
    },
    system::{
        own_files,
        packages::{Distribution, Package},
    },
    ui::{
        failure::Failure,
        terminal::{self, Style},
    },
};
use entra_auth::{Environment, plain_text::one_line};
use entra_odbc_core::driver::{MICROSOFT_SECTION, OUR_SECTION};
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

const HELP: &str = "\
Examples:
  entra-odbc status
  entra-odbc status --json

Ends with exit code 1 where the driver is not registered, or not as it should be.";

/// Show what is registered, the versions, and where logs go
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub struct Arguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Everything that is shown.
struct Status {
    names: Vec<RegisteredName>,
    sources: Vec<(String, PathBuf)>,
    real_driver: Result<TargetDriver, NotFound>,
    unixodbc: Option<(DriverManager, Option<String>)>,
    log: Option<(String, Option<String>)>,
    problems: Vec<(String, String)>,
}

/// A driver's name in odbcinst.ini.
struct RegisteredName {
    text: &'static str,
    path: PathBuf,
    driver: String,
    ours: Option<Library>,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let environment = Environment::process();
    let status = Status::collect(&environment)?;
    if arguments.json {
        terminal::print_json(&status.json())?;
    } else {
        terminal::print(&status.text())?;
    }
    if status.problems.is_empty() {
        return Ok(());
    }
    Err(Failure::Reported)
}

impl Status {
    fn collect(environment: &Environment) -> Result<Self, Failure> {
        let ini_files = IniFiles::locate(environment);
        let drivers = Drivers::read(&ini_files)?;
        let names: Vec<_> = [OUR_SECTION, MICROSOFT_SECTION]
            .into_iter()
            .filter_map(|name| {
                let (driver, path) = drivers.library(name)?;
                Some(RegisteredName {
                    text: name,
                    path: path.to_owned(),
                    driver: driver.to_owned(),
                    ours: Library::at(Path::new(driver)).ok(),
                })
            })
            .collect();
        let library = Library::of_programs(&drivers);
        let search = DriverSearch {
            environment,
            drivers: &drivers,
            library: library.as_ref().ok(),
        };
        let mut status = Self {
            real_driver: search.find(),
            names,
            sources: sources(&ini_files)?,
            unixodbc: DriverManager::find(environment).map(|manager| {
                let version = manager_version(&manager);
                (manager, version)
            }),
            log: environment
                .get("ENTRA_ODBC_LOG")
                .map(|level| (level, environment.get("ENTRA_ODBC_LOG_FILE"))),
            problems: Vec::new(),
        };
        status.problems = status.problems(&ini_files, &drivers)?;
        Ok(status)
    }

    fn problems(&self, ini_files: &IniFiles, drivers: &Drivers) -> Result<Vec<(String, String)>, Failure> {
        let mut problems = Vec::new();
        let mut problem = |what: String, remedy: &str| problems.push((what, remedy.to_owned()));
        if self.unixodbc.is_none() {
            let remedy = Distribution::current().install_command(Package::UnixOdbc);
            problem("unixODBC is not installed".to_owned(), &remedy);
        }
        match self.names.iter().find(|name| name.text == OUR_SECTION) {
            None => problem(
                format!("[{OUR_SECTION}] is not registered"),
                &format!(
                    "Register it: {}, or entra-odbc install --user",
                    own_files::as_root("install")
                ),
            ),
            Some(name) if name.ours.is_none() => problem(
                format!(
                    "[{}] names {}, which is not entra-odbc's library",
                    name.text, name.driver
                ),
                &format!(
                    "Register it anew: {}",
                    own_files::as_root("install --library PATH")
                ),
            ),
            Some(_) => {}
        }
        if let Some(problem_of_name) = stock_name::check(ini_files, drivers)? {
            problem(
                format!("{}: {}", problem_of_name.what, problem_of_name.cause),
                &format!("Take it over again: {}", problem_of_name.next),
            );
        }
        match &self.real_driver {
            Err(not_found) => problem(not_found.words().join(": "), &not_found.remedy()),
            Ok(driver) => {
                for (what, remedy) in driver.conflicts() {
                    problem(what, remedy);
                }
            }
        }
        Ok(problems)
    }

    fn text(&self) -> String {
        let mut lines = vec![format!("entra-odbc {}", env!("CARGO_PKG_VERSION"))];
        let mut line =
            |label: &str, value: String| lines.push(format!("  {label:<12} {}", value.replace('\n', " ")));
        for name in &self.names {
            let what = match &name.ours {
                Some(library) => format!(
                    "entra-odbc {}",
                    library.version.as_deref().unwrap_or("of unknown version")
                ),
                None => "not entra-odbc".to_owned(),
            };
            let ours = if name.ours.is_some() {
                Style::Ok
            } else {
                Style::Faint
            };
            line(
                "registered",
                format!("\"{}\" in {}", name.text, name.path.display()),
            );
            line("", format!("{} ({})", name.driver, ours.paint(&what)));
        }
        for (name, path) in &self.sources {
            line("data source", format!("{name} in {}", path.display()));
        }
        if let Ok(driver) = &self.real_driver {
            let version = driver.version.as_deref().unwrap_or("unknown version");
            line("real driver", format!("{} ({version})", driver.path.display()));
            line("", format!("from {}", driver.origin));
        }
        if let Some((manager, version)) = &self.unixodbc {
            let version = version.as_deref().unwrap_or("unknown version");
            line("unixODBC", format!("{} ({version})", manager.path().display()));
        }
        line("log", self.log_text());
        for (what, remedy) in &self.problems {
            lines.push(format!(
                "{} {}.",
                Style::Warning.paint("warning:"),
                one_line(what)
            ));
            lines.push(remedy.clone());
        }
        lines.join("\n")
    }

    fn log_text(&self) -> String {
        match &self.log {
            None => "off (ENTRA_ODBC_LOG=info turns it on for a program)".to_owned(),
            Some((level, None)) => format!("{level}, to standard error (ENTRA_ODBC_LOG_FILE names a file)"),
            Some((level, Some(file))) => format!("{level}, to {file}"),
        }
    }

    fn json(&self) -> Value {
        let names: Vec<_> = self
            .names
            .iter()
            .map(|name| {
                json!({
                    "name": name.text, "file": name.path, "library": name.driver, "is_ours": name.ours.is_some(),
                    "version": name.ours.as_ref().and_then(|library| library.version.as_deref()),
                })
            })
            .collect();
        let real_driver =
            self.real_driver.as_ref().ok().map(
                |driver| json!({ "path": driver.path, "version": driver.version, "origin": driver.origin }),
            );
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "registered": names,
            "data_sources": self.sources.iter().map(|(name, file)| json!({ "name": name, "file": file })).collect::<Vec<_>>(),
            "real_driver": real_driver,
            "unixodbc": self.unixodbc.as_ref().map(|(manager, version)| json!({ "path": manager.path(), "version": version })),
            "log": self.log.as_ref().map(|(level, file)| json!({ "level": level, "file": file })),
            "problems": self.problems.iter().map(|(what, remedy)| json!({ "what": what, "remedy": remedy })).collect::<Vec<_>>(),
        })
    }
}

/// The data sources that use our library, the user's first, as unixODBC looks for them.
fn sources(ini_files: &IniFiles) -> Result<Vec<(String, PathBuf)>, Failure> {
    let mut found = Vec::new();
    for path in ini_files.sources() {
        let registration = Registration::read(path)?;
        let ini = registration.ini();
        for name in ini.sections() {
            let is_ours = |driver: &str| {
                driver.eq_ignore_ascii_case(OUR_SECTION) || library::is_ours(Path::new(driver))
            };
            if ini.get(name, "Driver").is_some_and(is_ours) {
                found.push((name.to_owned(), path.to_owned()));
            }
        }
    }
    Ok(found)
}

/// `2.3.11`, as its own tool says; nobody tells that of the Python package's.
fn manager_version(manager: &DriverManager) -> Option<String> {
    if !matches!(manager, DriverManager::System(_)) {
        return None;
    }
    let output = Command::new("odbcinst")
        .arg("--version")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let version = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("unixODBC "))?;
    Some(version.trim().to_owned())
}
