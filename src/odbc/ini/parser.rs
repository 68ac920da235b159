//! odbc.ini and odbcinst.ini read by ourselves: in privileged programs, and on machines without libodbcinst.
//!
//! Files mean what they mean to libodbcinst (unixODBC 2.3.11; a test compares the two):
//!
//! - lines are cut into pieces of 999 bytes, each of which is a line of its own, and end at a NUL;
//! - before the first section only comments and blank lines may stand, and its bracket is the first character of its
//!   line; else the whole file counts for nothing;
//! - the first of two sections of a name counts, and the first of two entries; case makes no difference;
//! - an entry without `=` has an empty value; blanks around names and values do not count; `;` and `#` begin a comment
//!   at the start of a line only.
//!
//! One thing is otherwise: to libodbcinst an empty name of a section means any section, which we have no use for.

use std::path::PathBuf;

use entra_auth::process::regular_file;
use zeroize::Zeroizing;

use crate::os::{environment::variable, system::ini_files};

/// The largest file that is read, in bytes.
const MAX_FILE_SIZE: usize = 1024 * 1024;

/// The longest piece of a line, in bytes: libodbcinst's buffer has 1,000, one of them for the terminator.
const MAX_PIECE: usize = 999;

/// A section's name, and its entries in their order.
struct Section {
    name: String,
    entries: Vec<(String, String)>,
}

pub(super) fn get(section: &str, key: &str, file: &str) -> Option<String> {
    // As libodbcinst answers: see `super`.
    contents(file)
        .find_map(|content| get_in(&content, section, key))
        .filter(|value| !value.is_empty() || file != super::ODBCINST_INI)
}

pub(super) fn keys(section: &str, file: &str) -> Vec<Zeroizing<String>> {
    contents(file)
        .map(|content| entries_in(&content, section))
        .find(|entries| !entries.is_empty())
        .unwrap_or_default()
        .into_iter()
        .map(|(name, _)| Zeroizing::new(name))
        .collect()
}

pub(super) fn sections(file: &str) -> Vec<String> {
    contents(file)
        .flat_map(|content| parse(&content))
        .map(|section| section.name)
        .collect()
}

/// What is in the files of that name, the one that counts first; variables that say where it is are none in a privileged
/// program, and leave one file.
fn contents(file: &str) -> impl Iterator<Item = Vec<u8>> {
    let name = match file {
        super::ODBCINST_INI => variable("ODBCINSTINI"),
        _ => variable("ODBCINI"),
    };
    let directory = variable("ODBCSYSINI").map(PathBuf::from);
    let mut files = match (&directory, &name) {
        (None, None) => ini_files::of_user(file),
        _ => Vec::new(),
    };
    let name = name.unwrap_or_else(|| file.into());
    let directories = directory.map_or_else(ini_files::directories, |directory| vec![directory]);
    files.extend(directories.into_iter().map(|directory| directory.join(&name)));
    // An absolute name is the same in all of them.
    files.dedup();
    files.into_iter().map(|path| {
        regular_file::read(path.as_path(), MAX_FILE_SIZE).map_or_else(|_| Vec::new(), |bytes| bytes.to_vec())
    })
}

fn get_in(content: &[u8], section: &str, key: &str) -> Option<String> {
    entries_in(content, section)
        .into_iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(key))
        .map(|(_, value)| value)
}

fn entries_in(content: &[u8], section: &str) -> Vec<(String, String)> {
    parse(content)
        .into_iter()
        .find(|known| known.name.eq_ignore_ascii_case(section))
        .map(|known| known.entries)
        .unwrap_or_default()
}

fn parse(content: &[u8]) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for piece in pieces(content) {
        let line = trim(piece);
        match (line.first(), sections.last_mut()) {
            (None | Some(b'#' | b';'), _) => {}
            (Some(b'['), None) if piece.first() != Some(&b'[') => return Vec::new(),
            (Some(b'['), _) => {
                let name = line.get(1..).unwrap_or_default();
                let name = name.split(|byte| *byte == b']').next().unwrap_or_default();
                sections.push(Section {
                    name: text(name),
                    entries: Vec::new(),
                });
            }
            (Some(_), None) => return Vec::new(),
            (Some(_), Some(section)) => {
                let at = line.iter().position(|byte| *byte == b'=');
                let (name, value) = line.split_at(at.unwrap_or(line.len()));
                section
                    .entries
                    .push((text(name), text(value.get(1..).unwrap_or_default())));
            }
        }
    }
    sections
}

/// What `fgets` reads of a file, each time up to the NUL at which C's functions stop.
fn pieces(content: &[u8]) -> impl Iterator<Item = &[u8]> {
    content
        .split_inclusive(|byte| *byte == b'\n')
        .flat_map(|line| line.chunks(MAX_PIECE))
        .map(|piece| piece.split(|byte| *byte == 0).next().unwrap_or_default())
}

/// Without the blanks around it, as C's `isspace` knows them: Rust's takes the vertical tab for none.
fn trim(mut bytes: &[u8]) -> &[u8] {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t'..=b'\r');
    while let [first, rest @ ..] = bytes
        && is_blank(first)
    {
        bytes = rest;
    }
    while let [rest @ .., last] = bytes
        && is_blank(last)
    {
        bytes = rest;
    }
    bytes
}

/// UTF-8 if it is that, else Latin-1.
fn text(bytes: &[u8]) -> String {
    let bytes = trim(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}

#[cfg(test)]
mod tests;
