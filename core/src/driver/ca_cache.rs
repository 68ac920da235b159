//! Whether the target driver's connections may share one store of CA certificates.

use super::{SearchContext, sections};
use crate::os;

/// The environment variable; it wins over odbcinst.ini.
const VARIABLE: &str = "ENTRA_ODBC_CA_CACHE";
/// The keyword in a section of odbcinst.ini whose driver is this library.
const KEYWORD: &str = "CaCache";

/// Whether they may, which is the default.
///
/// # Errors
/// Who says no, or says what is neither yes nor no: that turns sharing off as well, since it may have been meant to.
pub fn ca_cache(surroundings: &impl SearchContext) -> Result<(), String> {
    os::CA_CACHE?;
    if let Some(value) = surroundings.variable(VARIABLE) {
        let value = value.to_string_lossy();
        return judge(&value, || format!("{VARIABLE}={value}"));
    }
    for section in sections::ours(surroundings) {
        if let Some(value) = surroundings.driver_entry(&section, KEYWORD) {
            judge(&value, || {
                format!("{KEYWORD}={value} in [{section}] of odbcinst.ini")
            })?;
        }
    }
    Ok(())
}

fn judge(value: &str, origin: impl Fn() -> String) -> Result<(), String> {
    match value.trim().to_ascii_lowercase().as_str() {
        "yes" | "true" | "1" | "on" => Ok(()),
        "no" | "false" | "0" | "off" => Err(origin()),
        _ => Err(format!("{} is neither yes nor no", origin())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::scripted::{Machine, OWN_FILE};

    fn machine(variable: Option<&'static str>, entry: Option<&'static str>) -> Machine {
        let mut machine = Machine {
            variables: variable.map(|value| (VARIABLE, value)).into_iter().collect(),
            entries: [(("Ours", "Driver"), OWN_FILE)].into(),
            ..Machine::default()
        };
        if let Some(value) = entry {
            machine.entries.insert(("Ours", "CaCache"), value);
            // Of another driver's section: says nothing of ours.
            machine.entries.insert(("Other", "CaCache"), "no");
        }
        machine
    }

    #[test]
    fn it_is_on_unless_someone_says_no_and_the_environment_wins() {
        assert_eq!(ca_cache(&machine(None, None)), Ok(()));
        assert_eq!(ca_cache(&machine(None, Some("Yes"))), Ok(()));
        assert_eq!(
            ca_cache(&machine(None, Some("no"))),
            Err("CaCache=no in [Ours] of odbcinst.ini".to_owned())
        );
        assert_eq!(ca_cache(&machine(Some("yes"), Some("no"))), Ok(()));
        assert_eq!(
            ca_cache(&machine(Some("0"), Some("yes"))),
            Err("ENTRA_ODBC_CA_CACHE=0".to_owned())
        );
    }

    #[test]
    fn what_is_neither_yes_nor_no_turns_it_off_and_is_named() {
        let why = ca_cache(&machine(Some("nein"), None)).unwrap_err();
        assert_eq!(why, "ENTRA_ODBC_CA_CACHE=nein is neither yes nor no");
    }
}
