//! A reader for machines without libodbcinst, where at most a hand-written odbcinst.ini exists.

use std::path::PathBuf;

use crate::os::environment::variable;

/// Where unixODBC looks without being told otherwise.
const SYSTEM_DIRECTORY: &str = "/etc";

fn content(file: &str) -> String {
    let name = match file {
        super::ODBCINST_INI => variable("ODBCINSTINI"),
        _ => variable("ODBCINI"),
    };
    let directory = variable("ODBCSYSINI").map_or_else(|| PathBuf::from(SYSTEM_DIRECTORY), PathBuf::from);
    let bytes = std::fs::read(directory.join(name.unwrap_or_else(|| file.into()))).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

pub(super) fn get(section: &str, key: &str, file: &str) -> Option<String> {
    get_in(&content(file), section, key)
}

pub(super) fn sections(file: &str) -> Vec<String> {
    content(file)
        .lines()
        .filter_map(section_name)
        .map(str::to_owned)
        .collect()
}

fn section_name(line: &str) -> Option<&str> {
    line.trim().strip_prefix('[')?.strip_suffix(']').map(str::trim)
}

fn get_in(content: &str, section: &str, key: &str) -> Option<String> {
    entries_in(content, section)
        .find(|(name, _)| name.eq_ignore_ascii_case(key))
        .map(|(_, value)| value.to_owned())
        .filter(|value| !value.is_empty())
}

fn entries_in<'a>(content: &'a str, section: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
    content
        .lines()
        .skip_while(move |line| !section_name(line).is_some_and(|name| name.eq_ignore_ascii_case(section)))
        .skip(1)
        .take_while(|line| section_name(line).is_none())
        .filter(|line| !line.trim_start().starts_with(['#', ';']))
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.trim(), value.trim()))
}

#[cfg(test)]
mod tests {
    use super::get_in;

    const FILE: &str = "; drivers\n[One]\nDriver = /one.so\n#RealDriver=/no.so\n\n[Two]\nDriver=/two.so\n";

    #[test]
    fn an_entry_is_found_in_its_section_only() {
        assert_eq!(get_in(FILE, "one", "DRIVER").as_deref(), Some("/one.so"));
        assert_eq!(get_in(FILE, "Two", "Driver").as_deref(), Some("/two.so"));
        assert_eq!(get_in(FILE, "One", "RealDriver"), None);
        assert_eq!(get_in(FILE, "Three", "Driver"), None);
    }
}
