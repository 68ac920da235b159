//! Which section of the ini files a connection string leads to, as the driver manager reads the string.
//!
//! Not as Driver 18 reads it: the manager has chosen our library by its own reading, in which the last of equal
//! keywords wins, a semicolon before the `=` belongs to the keyword, and whichever of `DSN` and `DRIVER` (or
//! `FILEDSN`) comes first excludes the other (unixODBC 2.3.11, `__parse_connection_string_ex`).

/// The names that the driver's section in odbcinst.ini may have, bytes as units; `driver_of_source` is `Driver=` of a
/// data source.
pub(super) fn sections(text: &[u16], driver_of_source: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let mut sections = Vec::new();
    match Route::parse(text) {
        Route::Driver(name) => sections = readings(&name),
        Route::DataSource(name) => {
            for source in readings(&name) {
                if let Some(driver) = driver_of_source(&source) {
                    // What comes from the file is of its bytes, and goes back as these.
                    sections.push(bytes_as_units(&driver));
                }
            }
        }
        Route::File => {}
    }
    // A path leads to a library without a section.
    sections.retain(|name| !name.starts_with('/'));
    sections
}

/// By what the manager finds the driver.
#[derive(Debug, PartialEq, Eq)]
enum Route {
    Driver(Vec<u16>),
    DataSource(Vec<u16>),
    /// `FILEDSN=`, which the manager replaces by the file's content where it supports it.
    File,
}

impl Route {
    fn parse(text: &[u16]) -> Self {
        let (mut driver, mut source, mut is_file) = (None, None, false);
        let mut rest = text;
        while let Some((keyword, value, after)) = pair(rest) {
            rest = after;
            let is = |name: &str| {
                let name = name.encode_utf16();
                keyword.len() == name.clone().count()
                    && keyword
                        .iter()
                        .zip(name)
                        .all(|(unit, letter)| upper(*unit) == letter)
            };
            if is("DSN") && driver.is_none() && !is_file {
                source = Some(value);
            } else if is("DRIVER") && source.is_none() {
                driver = Some(value);
            } else if is("FILEDSN") && source.is_none() {
                is_file = true;
            }
        }
        match (driver, source) {
            (Some(driver), _) => Self::Driver(driver),
            _ if is_file => Self::File,
            (None, Some(source)) => Self::DataSource(source),
            (None, None) => Self::DataSource("DEFAULT".encode_utf16().collect()),
        }
    }
}

/// The next keyword with its value, and what comes after them.
fn pair(text: &[u16]) -> Option<(&[u16], Vec<u16>, &[u16])> {
    let start = text
        .iter()
        .position(|unit| *unit != unit_of(b';') && !matches!(unit, 0x09..=0x0d | 0x20))?;
    let text = text.get(start..)?;
    let equals = text.iter().position(|unit| *unit == unit_of(b'='))?;
    let (keyword, rest) = (text.get(..equals)?, text.get(equals + 1..)?);
    let Some(quoted) = rest.strip_prefix(&[unit_of(b'{')]) else {
        let end = rest
            .iter()
            .position(|unit| *unit == unit_of(b';'))
            .unwrap_or(rest.len());
        return Some((keyword, rest.get(..end)?.to_vec(), rest.get(end..)?));
    };
    let mut value = Vec::new();
    let mut at = quoted;
    loop {
        match at {
            [close, again, after @ ..] if *close == unit_of(b'}') && again == close => {
                value.push(*close);
                at = after;
            }
            [close, after @ ..] if *close == unit_of(b'}') => return Some((keyword, value, after)),
            [unit, after @ ..] => {
                value.push(*unit);
                at = after;
            }
            [] => return Some((keyword, value, at)),
        }
    }
}

fn unit_of(ascii: u8) -> u16 {
    ascii.into()
}

fn upper(unit: u16) -> u16 {
    u8::try_from(unit).map_or(unit, |byte| byte.to_ascii_uppercase().into())
}

/// What a name may be in the bytes of an ini file, each byte as one unit, which is how libodbcinst's W functions
/// take it: in UTF-8, and in Latin-1 where the manager found no other encoding to convert by.
fn readings(name: &[u16]) -> Vec<String> {
    let mut readings = vec![bytes_as_units(&String::from_utf16_lossy(name))];
    let latin1: Option<String> = name
        .iter()
        .map(|unit| u8::try_from(*unit).ok().map(char::from))
        .collect();
    readings.extend(latin1);
    readings.dedup();
    readings
}

fn bytes_as_units(text: &str) -> String {
    text.bytes().map(char::from).collect()
}

/// Such a name for people.
pub(super) fn readable(name: &str) -> String {
    let bytes: Option<Vec<u8>> = name.chars().map(|c| u8::try_from(c).ok()).collect();
    let utf8 = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    utf8.unwrap_or_else(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(text: &str) -> Route {
        Route::parse(&text.encode_utf16().collect::<Vec<_>>())
    }

    fn driver(name: &str) -> Route {
        Route::Driver(name.encode_utf16().collect())
    }

    fn source(name: &str) -> Route {
        Route::DataSource(name.encode_utf16().collect())
    }

    #[test]
    fn the_first_of_driver_and_data_source_excludes_the_other() {
        assert_eq!(route("DRIVER={A};DSN=b"), driver("A"));
        assert_eq!(route("dsn=b;Driver={A}"), source("b"));
        assert_eq!(route("SERVER=x;UID=sa"), source("DEFAULT"));
        assert_eq!(route(""), source("DEFAULT"));
        assert_eq!(route("FILEDSN=f;DSN=b"), Route::File);
        assert_eq!(route("DSN=b;FILEDSN=f"), source("b"));
    }

    #[test]
    fn the_last_of_equal_keywords_wins() {
        assert_eq!(route("DRIVER={A};SERVER=x;driver=B"), driver("B"));
        assert_eq!(route("DSN=a;DRIVER={C};dsn=b"), source("b"));
    }

    #[test]
    fn values_are_taken_out_of_their_braces_as_the_manager_does() {
        assert_eq!(route(" ;; DRIVER={A}};B}junk;DSN=c"), driver("A};B"));
        assert_eq!(route("APP=x{;DRIVER=A;"), driver("A"));
        assert_eq!(route("DRIVER={A"), driver("A"));
        assert_eq!(route("PWD={;DRIVER={B};};DRIVER=A"), source("DEFAULT"));
        // A semicolon before the `=` belongs to the keyword, which is then another one.
        assert_eq!(route("DRIVER=A;x;DRIVER=B"), driver("A"));
        assert_eq!(route("DRIVER =B;DRIVER=A"), driver("A"));
    }

    #[test]
    fn a_name_is_looked_for_in_the_encodings_that_the_manager_may_have_used() {
        let name: Vec<_> = "Bü".encode_utf16().collect();
        assert_eq!(readings(&name), ["B\u{c3}\u{bc}", "B\u{fc}"]);
        assert_eq!(readings(&[0x41]), ["A"]);
        assert_eq!(readings(&[0x100]).len(), 1);
    }
}
