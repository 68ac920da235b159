//! The data source that `install --dsn` adds: its name and entries, checked.

use crate::{
    odbc::registration::Section,
    ui::{failure::Failure, suggestion},
};
use entra_auth::{
    Keyword,
    credential::{FORWARDED, find, is_unspecified, same_mode, unknown},
};
use entra_odbc_core::{
    connection_string::{known_keyword, known_keywords},
    driver::OUR_SECTION,
};

/// One `keyword=value`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    keyword: String,
    value: String,
}

/// Checks a data source's name.
pub fn parse_name(text: &str) -> Result<String, String> {
    let text = text.trim();
    // SQL_MAX_DSN_LENGTH, and no characters with a meaning in ini files and connection strings.
    if text.is_empty() || text.len() > 32 {
        return Err("a data source's name has 1 to 32 characters".to_owned());
    }
    if text.contains([
        '[', ']', '{', '}', '(', ')', ',', ';', '?', '*', '=', '!', '@', '\\',
    ]) || text.chars().any(char::is_control)
    {
        return Err("a data source's name has none of []{}(),;?*=!@\\".to_owned());
    }
    Ok(text.to_owned())
}

/// Parses one `keyword=value`, and refuses what an ini file cannot hold or should not.
fn parse_entry(text: &str) -> Result<Entry, String> {
    let (keyword, value) = text
        .split_once('=')
        .ok_or("it must be KEYWORD=VALUE, for instance Server=contoso.database.windows.net")?;
    let (keyword, value) = (keyword.trim(), value.trim());
    if keyword.is_empty() || keyword.starts_with(['[', ';', '#']) || text.chars().any(char::is_control) {
        return Err("an ini file cannot hold that".to_owned());
    }
    if ["Driver", "DSN", "FILEDSN"]
        .iter()
        .any(|ours| ours.eq_ignore_ascii_case(keyword))
    {
        return Err(format!(
            "{keyword}= has no place here: the data source is for this driver"
        ));
    }
    if Keyword::named(keyword).is_some_and(|row| row.secret) {
        let in_string = if value.contains(';') {
            " (there, a value with ; in it stands in braces: PWD={…})"
        } else {
            ""
        };
        return Err(format!(
            "{keyword}= is a secret, and odbc.ini is no place for one: name a file with {keyword}File=, or leave \
             it to the connection string{in_string}"
        ));
    }
    check_keyword(keyword)?;
    let next = value.split(';').skip(1).find_map(|part| part.split_once('='));
    if let Some(next) = next.and_then(|(next, _)| known_keyword(next.trim())) {
        return Err(format!(
            "{next}= stands in the value of {keyword}=: write each keyword as a word of its own"
        ));
    }
    Ok(Entry {
        keyword: keyword.to_owned(),
        value: value.to_owned(),
    })
}

/// Refuses a keyword that is nearly one of ours or of Driver 18's: both would pass it over in silence.
fn check_keyword(keyword: &str) -> Result<(), String> {
    if known_keyword(keyword).is_some() {
        return Ok(());
    }
    match suggestion::nearest(keyword, known_keywords()) {
        Some(meant) => Err(format!("{keyword}= is not known: did you mean {meant}=?")),
        None => Ok(()),
    }
}

/// Refuses a mode that nobody knows.
fn check_mode(Entry { keyword, value }: &Entry) -> Result<(), Failure> {
    let is_mode = Keyword::named(keyword).is_some_and(|row| row.keyword == Keyword::Authentication);
    let is_known = || FORWARDED.iter().any(|known| same_mode(known, value)) || find(value).is_some();
    if !is_mode || value.is_empty() || is_unspecified(value) || is_known() {
        return Ok(());
    }
    Err(unknown(value).into())
}

/// The data source's section.
pub fn section(name: &str, entries: &[String]) -> Result<Section, Failure> {
    let mut all = vec![("Driver".to_owned(), OUR_SECTION.to_owned())];
    for text in entries {
        let entry = parse_entry(text).map_err(|why| Failure::refused(why, "Correct the data source."))?;
        check_mode(&entry)?;
        let Entry { keyword, value } = entry;
        if all.iter().any(|(known, _)| known.eq_ignore_ascii_case(&keyword)) {
            return Err(Failure::refused(
                match known_keyword(&keyword) {
                    Some(keyword) => format!("{keyword}= is given twice"),
                    None => "a keyword is given twice".to_owned(),
                },
                "Keep one of them.",
            ));
        }
        all.push((keyword, value));
    }
    Ok(Section {
        name: name.to_owned(),
        entries: all,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_entries_must_fit_into_an_ini_file() {
        assert_eq!(parse_name(" payroll ").as_deref(), Ok("payroll"));
        for bad in ["", "a]b", "a\nb", "a;b", &"x".repeat(33)] {
            assert!(parse_name(bad).is_err(), "{bad:?}");
        }
        let good = parse_entry("Server = contoso.database.windows.net").unwrap();
        assert_eq!(good.keyword, "Server");
        assert_eq!(good.value, "contoso.database.windows.net");
        // What resembles nothing that is known may be meant for another driver.
        assert!(parse_entry("Pooling=Yes").is_ok());
        for (near, meant) in [
            ("Client_Id=x", "ClientId="),
            ("Tenant Id=x", "TenantId="),
            ("Databse=x", "Database="),
            ("Server=a;Database=b", "Database= stands in the value of Server="),
        ] {
            let why = parse_entry(near).unwrap_err();
            assert!(why.contains(meant), "{why}");
        }
        for bad in ["Server", "=x", "Server=a\nb", "driver=x", "[x=y", "#a=b"] {
            assert!(parse_entry(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_secret_is_refused_with_the_keyword_for_a_file() {
        for secret in [
            "PWD=s3cret",
            "password=s3cret",
            "AccessToken=s3cret",
            "ClientSecret=s3cret",
        ] {
            let error = parse_entry(secret).unwrap_err();
            assert!(error.contains("File=") && !error.contains("s3cret"), "{error}");
        }
        assert!(parse_entry("PWDFile=/run/secret").is_ok());
    }
}
