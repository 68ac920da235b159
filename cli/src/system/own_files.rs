//! Where this tool lives, and the files that were installed with it.
//!
//! `make install` puts them below one prefix (`/usr/local`, `~/.local`). The Python package has them in one directory,
//! with a unixODBC and stand-ins for Kerberos in its directory `system`, for systems that have none of their own.

use crate::system::packages::{Distribution, Family};
use std::path::{Path, PathBuf};

/// Where sudo looks for programs on every distribution (`secure_path`), whatever the user's `PATH` says.
const SECURE_PATH: [&str; 4] = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// Those that Red Hat's sudo leaves out.
const LOCAL: [&str; 2] = ["/usr/local/sbin", "/usr/local/bin"];

/// The directory of this tool's program file; by its name where /proc is not mounted.
pub fn directory() -> Option<PathBuf> {
    Some(program()?.parent()?.to_owned())
}

fn program() -> Option<PathBuf> {
    let by_name = || {
        let name = PathBuf::from(std::env::args_os().next()?);
        name.is_absolute().then_some(name)
    };
    std::env::current_exe().ok().or_else(by_name)
}

/// A file in the directory of the tool, or in one of these directories of the same prefix.
pub fn candidates(file: &str, below_prefix: &[&str]) -> Vec<PathBuf> {
    let Some(here) = directory() else {
        return Vec::new();
    };
    let prefix = here.parent().unwrap_or(&here).to_owned();
    let directories = below_prefix.iter().map(|name| prefix.join(name));
    std::iter::once(here)
        .chain(directories)
        .map(|directory| directory.join(file))
        .collect()
}

/// Whether this is the tool of the Python package, beside which pip installs what is missing.
pub fn is_python_package() -> bool {
    directory().is_some_and(|here| here.join("__init__.py").is_file())
}

/// The library of that name in the Python package.
pub fn bundled(library: &str) -> Option<PathBuf> {
    let path = directory()?.join("system").join(library);
    path.is_file().then_some(path)
}

/// The command line that runs this tool as root: with its path where sudo would not find it by its name.
pub fn as_root(arguments: &str) -> String {
    let program = program().unwrap_or_default();
    format!(
        "sudo {} {arguments}",
        name_for_sudo(&program, &Distribution::current())
    )
}

fn name_for_sudo(program: &Path, distribution: &Distribution) -> String {
    let is_in = |directories: &[&str]| {
        directories
            .iter()
            .any(|name| program.parent() == Some(Path::new(name)))
    };
    let has_local = distribution.family() != Family::RedHat;
    if program.parent().is_none() || is_in(&SECURE_PATH) || has_local && is_in(&LOCAL) {
        return "entra-odbc".to_owned();
    }
    let path = program.display().to_string();
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+".contains(c);
    if path.chars().all(is_plain) {
        path
    } else {
        format!("'{}'", path.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sudo_is_told_the_path_of_a_tool_that_it_would_not_find() {
        let debian = Distribution::parse("ID=debian\nVERSION_ID=\"12\"\n");
        let red_hat = Distribution::parse("ID=\"rhel\"\nVERSION_ID=\"9.4\"\n");
        let name = |path: &str, distribution| name_for_sudo(Path::new(path), distribution);
        assert_eq!(name("/usr/bin/entra-odbc", &red_hat), "entra-odbc");
        assert_eq!(name("/usr/local/bin/entra-odbc", &debian), "entra-odbc");
        assert_eq!(
            name("/usr/local/bin/entra-odbc", &red_hat),
            "/usr/local/bin/entra-odbc"
        );
        let home = "/home/ada/.local/bin/entra-odbc";
        assert_eq!(name(home, &debian), home);
        assert_eq!(
            name("/home/a b's/entra-odbc", &debian),
            r"'/home/a b'\''s/entra-odbc'"
        );
        assert_eq!(name("", &debian), "entra-odbc");
    }
}
