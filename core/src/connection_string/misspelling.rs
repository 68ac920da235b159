//! Keywords that are nearly one of ours, which the driver would pass over in silence.

use super::{aliases, known_keyword};
use entra_auth::{Error, Keyword, credential};

/// Where a keyword stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the connection string.
    String,
    /// In odbc.ini.
    DataSource,
}

/// Whether the word is a keyword of ours, or one that is rewritten for Driver 18 or that it reads.
pub(crate) fn is_ours_or_rewritten(word: &str) -> bool {
    Keyword::named(word).is_some() || aliases::is_known(word)
}

/// The error for a word that is meant for a keyword of ours and is none.
pub(crate) fn misspelled(word: &str, place: Place) -> Option<Error> {
    let (_, right) = nearest(word)?;
    let place = match place {
        Place::String => "connection string",
        Place::DataSource => "data source",
    };
    // So near to a keyword that no part of a password can be in it.
    let error = Error::invalid(format!("{}= in the {place} is no keyword", word.trim()));
    Some(error.remedy(format!("Did you mean {right}=? Correct or remove it.")))
}

/// The same where nothing else asks for one of our modes: only for a value that does.
pub(crate) fn misspelled_mode(word: &str, value: &str, place: Place) -> Option<Error> {
    /// How every JWT begins: `{"` in base64.
    const JWT: &str = "eyJ";
    let is_ours = match nearest(word)?.0 {
        Keyword::Authentication => credential::find(value).is_some(),
        Keyword::AccessToken => value.trim().starts_with(JWT),
        _ => false,
    };
    is_ours.then(|| misspelled(word, place)).flatten()
}

fn nearest(word: &str) -> Option<(Keyword, &'static str)> {
    if is_ours_or_rewritten(word) || known_keyword(word).is_some() {
        return None;
    }
    Keyword::nearest(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyword_that_is_nearly_ours_is_told_with_the_right_one() {
        let error = misspelled("Tennant_Id ", Place::String).unwrap().to_string();
        assert!(
            error.contains("Tennant_Id= in the connection string") && error.contains("TenantId="),
            "{error}"
        );
        for word in [
            "Client_Id",
            "ClientKey",
            "Server ",
            "Data_Source",
            "Databases",
            "Zx9Q~tail",
            "",
        ] {
            assert!(misspelled(word, Place::String).is_none(), "{word}");
        }
    }

    #[test]
    fn without_a_mode_only_what_asks_for_one_is_told() {
        let is_told = |word, value| misspelled_mode(word, value, Place::DataSource).is_some();
        assert!(is_told("Authentification", "ActiveDirectoryMsi"));
        assert!(is_told("Acces Token", " eyJ0"));
        assert!(!is_told("Authentification", "SqlPassword"));
        assert!(!is_told("Authentication", "ActiveDirectoryMsi"));
        assert!(!is_told("Tennant", "x"));
    }
}
