//! Finds the authentication mode for a value of `Authentication=`, and suggests one for an unknown value.

use super::{MODES, Mode};
use crate::{Error, ErrorKind, parameters::spelling::distance};

/// The prefixes that Microsoft's clients use.
const PREFIXES: [&str; 2] = ["activedirectory", "entra"];

/// The values of `Authentication=` that Driver 18 handles itself.
pub const FORWARDED: [&str; 2] = ["SqlPassword", "ActiveDirectoryIntegrated"];

/// What SqlClient and mssql-jdbc say where `Authentication=` is absent; Driver 18 knows no such value.
const UNSPECIFIED: &str = "NotSpecified";

/// The mode that `value` names. Case, blanks, `_` and `-` are ignored, and the prefix `Active Directory` or `Entra`
/// is optional.
#[must_use]
pub fn find(value: &str) -> Option<&'static Mode> {
    let wanted = essence(value);
    MODES
        .iter()
        .find(|mode| names(mode).any(|name| essence(name) == wanted))
}

/// The mode whose full name, `ActiveDirectory…`, is `value`: for other vendors' drivers, which may have values of
/// their own.
#[must_use]
pub fn find_exact(value: &str) -> Option<&'static Mode> {
    let (prefix, rest) = value.split_at_checked("ActiveDirectory".len())?;
    MODES.iter().find(|mode| {
        prefix.eq_ignore_ascii_case("ActiveDirectory")
            && names(mode).any(|name| name.eq_ignore_ascii_case(rest))
    })
}

/// The error for a value that neither we nor the target driver know.
#[must_use]
pub fn unknown(value: &str) -> Error {
    // If a semicolon is missing, the value contains the following keywords and their secrets.
    let is_name = |c: &char| c.is_alphanumeric() || " _-".contains(*c);
    let mut shown: String = value
        .trim_matches('"')
        .chars()
        .take_while(is_name)
        .take(40)
        .collect();
    if let Some((name, _)) = shown.split_once(' ').filter(|_| value.contains('=')) {
        shown = name.to_owned();
    }
    let suggestion = nearest(value).map_or_else(String::new, |mode| {
        format!("Did you mean ActiveDirectory{}? ", mode.name)
    });
    let ours: Vec<_> = MODES.iter().map(|mode| mode.name).collect();
    Error::new(
        ErrorKind::UnknownMode,
        // The wording of Driver 18, which hosts may search for.
        format!("Invalid value specified for connection string attribute 'Authentication': \"{shown}\""),
    )
    .remedy(format!(
        "{suggestion}Known values: ActiveDirectory followed by {}; or {}.",
        ours.join(", "),
        FORWARDED.join(", ")
    ))
}

/// Whether this value of `Authentication=` says as little as none.
#[must_use]
pub fn is_unspecified(value: &str) -> bool {
    same_mode(UNSPECIFIED, value)
}

/// Whether two values of `Authentication=` are spellings of one name.
#[must_use]
pub fn same_mode(one: &str, other: &str) -> bool {
    essence(one) == essence(other)
}

fn names(mode: &'static Mode) -> impl Iterator<Item = &'static str> {
    std::iter::once(mode.name).chain(mode.aliases.iter().copied())
}

/// The canonical form for comparison: lower case, without separators, prefix and the quotes of ADO.NET strings
/// (`Authentication="Active Directory Default"` in the Azure portal).
fn essence(value: &str) -> String {
    let mut essence: String = value
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '_' | '-' | '"' | '\''))
        .collect();
    essence.make_ascii_lowercase();
    for prefix in PREFIXES {
        if let Some(rest) = essence.strip_prefix(prefix)
            && !rest.is_empty()
        {
            return rest.to_owned();
        }
    }
    essence
}

/// The most similar mode name, if its distance is at most a third of the name's length.
fn nearest(value: &str) -> Option<&'static Mode> {
    let wanted: String = essence(value).chars().take(40).collect();
    MODES
        .iter()
        .flat_map(|mode| names(mode).map(move |name| (name, mode)))
        .map(|(name, mode)| (distance(&wanted, &essence(name)), name, mode))
        .filter(|(distance, name, _)| *distance <= name.len().div_ceil(3).max(1))
        .min_by_key(|(distance, ..)| *distance)
        .map(|(.., mode)| mode)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(value: &str) -> Option<&'static str> {
        find(value).map(|mode| mode.name)
    }

    #[test]
    fn every_spelling_of_a_kind_is_found() {
        for value in [
            "ActiveDirectoryManagedIdentity",
            "Active Directory Managed Identity",
            "managed-identity",
            "MSI",
            "EntraMsi",
            "activedirectory_msi",
            "\"Active Directory Managed Identity\"",
        ] {
            assert_eq!(name(value), Some("Msi"), "{value}");
        }
        assert_eq!(
            name("Active Directory Service Principal"),
            Some("ServicePrincipal")
        );
        assert_eq!(name("azurecli"), Some("AzCli"));
        assert_eq!(
            name("ActiveDirectoryServicePrincipalAccessToken"),
            Some("AccessToken")
        );
        for value in [
            "",
            "ActiveDirectory",
            "SqlPassword",
            "Msi2",
            "ActiveDirectoryActiveDirectoryMsi",
        ] {
            assert_eq!(name(value), None, "{value}");
        }
    }

    #[test]
    fn only_the_name_in_full_counts_where_the_driver_is_not_microsofts() {
        assert!(find_exact("ActiveDirectoryMsi").is_some());
        assert!(find_exact("activedirectorymanagedidentity").is_some());
        for value in [
            "Msi",
            "Active Directory Msi",
            "ActiveDirectory",
            "",
            "äääääääääääääää",
        ] {
            assert!(find_exact(value).is_none(), "{value}");
        }
    }

    #[test]
    fn no_two_kinds_share_a_name() {
        let mut all: Vec<_> = MODES.iter().flat_map(names).map(essence).collect();
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), count);
    }

    #[test]
    fn an_unknown_value_gets_the_nearest_kind_and_the_list() {
        let error = unknown("ActiveDirectoryServicePrinciple");
        assert_eq!(error.kind().name(), "unknown_mode");
        let text = error.to_string();
        assert!(
            text.contains("Invalid value specified for connection string attribute 'Authentication'")
                && text.contains("Did you mean ActiveDirectoryServicePrincipal?")
                && text.contains(", AzCli,"),
            "{text}"
        );
        assert!(!unknown("Kerberos").to_string().contains("Did you mean"));
        assert!(unknown(&"x".repeat(100_000)).to_string().len() < 512);
    }
}
