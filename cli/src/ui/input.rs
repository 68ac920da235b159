//! Connection strings and secrets from standard input (`-`), a file (`@file`) or a prompt (`?`): everyone on the
//! machine can read the command line.

pub mod semicolon;

use crate::{
    system::file,
    ui::{failure::Failure, prompt},
};
use entra_auth::Keyword;
use entra_odbc_core::connection_string;
use std::{
    io::{self, Read as _},
    path::Path,
};
use zeroize::Zeroizing;

/// The longest connection string, with the longest of tokens in it.
const LIMIT: usize = 256 * 1024;

/// The paragraph for the help of commands.
pub const HELP: &str = "\
In place of a connection string, or of a secret in PWD=… and the like, stands - for standard input, @FILE for a file, \
or '?' for a prompt: entra-odbc token @app.txt, or entra-odbc token Authentication=… UID=… PWD=-. A word with one keyword is \
literal, whatever semicolons its value has: 'PWD=a;b'.";

/// Joins the parts of a connection string, and reads those that are elsewhere.
pub fn connection_string(parts: &[String]) -> Result<Zeroizing<String>, Failure> {
    let mut string = Zeroizing::new(String::with_capacity(LIMIT));
    let mut input = Input::default();
    for part in parts {
        if !string.is_empty() && !string.ends_with(';') {
            string.push(';');
        }
        match secret_source(part) {
            Some((keyword, source)) => {
                let what = format!("{keyword}=");
                let value = input.read(source, &what)?.unwrap_or_default();
                append(&mut string, keyword, &value);
            }
            None => match input.read(part, "the connection string")? {
                Some(text) => {
                    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
                    for line in lines {
                        string.push_str(line);
                        if !line.ends_with(';') {
                            string.push(';');
                        }
                    }
                }
                None => match semicolon::literal(part) {
                    Some((keyword, value)) => append(&mut string, keyword, value),
                    None => string.push_str(part),
                },
            },
        }
    }
    if semicolon::has_stray_text(&string) {
        return Err(Failure::refused(
            "the connection string has text in it that is no KEYWORD=VALUE",
            semicolon::REMEDY,
        ));
    }
    Ok(string)
}

fn append(string: &mut String, keyword: &str, value: &str) {
    let mut units = Zeroizing::new(Vec::with_capacity(2 * value.len() + keyword.len() + 4));
    connection_string::append(&mut units, keyword, value);
    string.push_str(&Zeroizing::new(String::from_utf16_lossy(&units)));
}

/// A secret keyword whose value is read from elsewhere, and the source.
fn secret_source(part: &str) -> Option<(&str, &str)> {
    let (keyword, source) = part.split_once('=')?;
    let keyword = keyword.trim();
    let is_elsewhere = matches!(source, "-" | "?") || source.starts_with('@');
    let is_secret = Keyword::named(keyword).is_some_and(|row| row.secret);
    (is_elsewhere && is_secret && !source.contains(';')).then_some((keyword, source))
}

/// The sources, of which standard input can be read once only.
#[derive(Default)]
struct Input {
    stdin_is_read: bool,
}

impl Input {
    /// The content of a source; `None` for a part that is no source but a value.
    fn read(&mut self, source: &str, what: &str) -> Result<Option<Zeroizing<String>>, Failure> {
        let text = match source {
            "-" if self.stdin_is_read => {
                return Err(Failure::refused(
                    "standard input (-) is asked for twice",
                    "Read one of them from a file: @FILE.",
                ));
            }
            "-" => {
                self.stdin_is_read = true;
                standard_input(what)?
            }
            "?" => prompt::read_secret(what)?,
            _ => match source.strip_prefix('@') {
                Some(path) => from_file(path, what)?,
                None => return Ok(None),
            },
        };
        let trimmed = text.trim_start_matches('\u{feff}').trim_end_matches(['\r', '\n']);
        if trimmed.is_empty() {
            return Err(Failure::refused(
                format!("{what} is empty where it was to be read"),
                "",
            ));
        }
        Ok(Some(Zeroizing::new(trimmed.to_owned())))
    }
}

fn standard_input(what: &str) -> Result<Zeroizing<String>, Failure> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(LIMIT + 1));
    let read = io::stdin().lock().take(LIMIT as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|error| unreadable(what, "standard input", &error.to_string()))?;
    decode(&bytes, what, "standard input")
}

fn from_file(path: &str, what: &str) -> Result<Zeroizing<String>, Failure> {
    let bytes =
        file::read(Path::new(path), LIMIT).map_err(|error| unreadable(what, path, &error.to_string()))?;
    let bytes = bytes.ok_or_else(|| unreadable(what, path, "there is no such file"))?;
    decode(&Zeroizing::new(bytes), what, path)
}

fn decode(bytes: &[u8], what: &str, place: &str) -> Result<Zeroizing<String>, Failure> {
    if bytes.len() > LIMIT {
        return Err(unreadable(
            what,
            place,
            &format!("it is longer than {LIMIT} bytes"),
        ));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        Err(_) => Err(unreadable(what, place, "it is not UTF-8 text")),
    }
}

fn unreadable(what: &str, place: &str, why: &str) -> Failure {
    Failure::refused(format!("{what} cannot be read from {place}: {why}"), "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn join(parts: &[&str]) -> String {
        let parts: Vec<_> = parts.iter().map(|part| (*part).to_owned()).collect();
        connection_string(&parts).unwrap().to_string()
    }

    #[test]
    fn parts_are_put_together_as_they_are() {
        assert_eq!(join(&["Server=a;", "UID={b}"]), "Server=a;UID={b}");
        assert_eq!(join(&["Server=a", "UID=x"]), "Server=a;UID=x");
        // A word is literal, whatever semicolons its value has.
        assert_eq!(join(&["UID=x", "PWD=a;b}", "APP=y"]), "UID=x;PWD={a;b}}};APP=y");
        for stray in ["payroll", "UID=x;PWD=s3;zz9"] {
            let Err(Failure::Refused { what, remedy, .. }) = connection_string(&[stray.to_owned()]) else {
                panic!("{stray} is taken");
            };
            assert!(remedy.contains("PWD={") && !(what + &remedy).contains("zz9"));
        }
        assert_eq!(join(&[]), "");
    }

    #[test]
    fn files_hold_whole_strings_or_single_secrets() {
        let here = std::env::temp_dir().join(format!("entra-odbc-input-{}", std::process::id()));
        std::fs::create_dir_all(&here).unwrap();
        let file = |name: &str, text: &str| {
            std::fs::write(here.join(name), text).unwrap();
            here.join(name).display().to_string()
        };
        let string = file("string", "\u{feff}Server=a\r\n\r\nUID=me;\nTenantId=t\n");
        assert_eq!(join(&[&format!("@{string}")]), "Server=a;UID=me;TenantId=t;");
        let secret = file("secret", "s;3}cret \n");
        assert_eq!(
            join(&["UID=me", &format!("pwd=@{secret}")]),
            "UID=me;pwd={s;3}}cret };"
        );
        // Not a secret: the @ is part of the value.
        assert_eq!(join(&["UID=@me"]), "UID=@me");
        let parts = [format!("@{}/absent", here.display())];
        assert!(matches!(connection_string(&parts), Err(Failure::Refused { .. })));
        let parts = [format!("@{}", file("empty", "\n"))];
        assert!(matches!(connection_string(&parts), Err(Failure::Refused { .. })));
        std::fs::remove_dir_all(here).unwrap();
    }
}
