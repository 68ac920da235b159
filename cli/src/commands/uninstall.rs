//! `uninstall`: restores the ini files that `install` changed.

use crate::{
    odbc::{
        ini::Ini,
        ini_files::IniFiles,
        library,
        registration::{self, Edited, Registration},
    },
    system::file,
    ui::{failure::Failure, terminal},
};
use entra_auth::Environment;
use entra_odbc_core::driver::{MICROSOFT_SECTION, OUR_SECTION};
use serde_json::json;
use std::path::{Path, PathBuf};

const HELP: &str = "\
Examples:
  sudo entra-odbc uninstall
  entra-odbc uninstall --user

Where nobody else has changed a file since, it is put back to the byte. Else only what this tool wrote goes, and what \
others wrote stays; a name that an upgrade of Microsoft's package has taken back is left to it.";

/// Put unixODBC's ini files back as they were
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub struct Arguments {
    /// This user's own files, in place of the system's
    #[arg(long)]
    user: bool,
    /// For a package's scripts: leave entries that were edited, and data sources
    #[arg(long)]
    package: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let ini_files = IniFiles::locate(&Environment::process());
    let mut paths: [Option<PathBuf>; 2] = if arguments.user {
        [ini_files.user_drivers, ini_files.user_sources]
    } else {
        [Some(ini_files.system_drivers), Some(ini_files.system_sources)]
    };
    let edited = if arguments.package {
        // A package has written drivers; data sources are of those who asked for them.
        let [_, sources] = &mut paths;
        *sources = None;
        Edited::Kept
    } else {
        Edited::Removed
    };
    let lock = paths
        .iter()
        .flatten()
        .next()
        .and_then(|path| file::lock_directory_of(path));
    let mut pending = Vec::new();
    let mut changed = Vec::new();
    let mut foreign = None;
    for path in paths.iter().flatten() {
        let registration = Registration::read(path)?;
        if let Some(change) = registration.restored(edited) {
            changed.push(path);
            if arguments.package {
                foreign = foreign_section(&change.ini, path);
            }
            pending.push(change);
        } else {
            foreign = foreign.or(foreign_section(registration.ini(), path));
        }
    }
    if pending.is_empty()
        && !arguments.package
        && let Some((name, path)) = foreign
    {
        return Err(Failure::refused(
            format!(
                "[{name}] in {} was not written by `entra-odbc install`, so it is not known what was there before",
                path.display()
            ),
            remove_it(name),
        ));
    }
    registration::apply(&pending, lock)?;
    if arguments.json {
        terminal::print_json(&json!({ "changed": changed }))?;
        return Ok(());
    }
    if let Some((name, path)) = foreign {
        terminal::print(&format!(
            "[{name}] in {} stays: it is not as `entra-odbc install` wrote it. {}",
            path.display(),
            remove_it(name)
        ))?;
    } else if changed.is_empty() {
        terminal::print("Nothing is registered.")?;
    }
    for path in changed {
        terminal::print(&format!("Put back {}", path.display()))?;
    }
    Ok(())
}

fn remove_it(name: &str) -> String {
    format!("Remove it with: odbcinst -u -d -n \"{name}\".")
}

/// A section that names our library and was not written by this tool.
fn foreign_section(ini: &Ini, path: &Path) -> Option<(&'static str, PathBuf)> {
    [OUR_SECTION, MICROSOFT_SECTION].into_iter().find_map(|name| {
        let driver = ini.get(name, "Driver")?;
        library::is_ours(Path::new(driver)).then(|| (name, path.to_owned()))
    })
}
