use std::path::{Path, PathBuf};

use super::super::{ABSENT, function, read_profile_string};
use super::{entries_in, get_in, parse};

const FILE: &str = "; drivers\n[One]\nDriver = /one.so\n#TargetDriver=/no.so\n\n[Two]\nDriver=/two.so\n";

#[test]
fn an_entry_is_found_in_its_section_only() {
    let get = |section, key| get_in(FILE.as_bytes(), section, key);
    assert_eq!(get("one", "DRIVER").as_deref(), Some("/one.so"));
    assert_eq!(get("Two", "Driver").as_deref(), Some("/two.so"));
    assert_eq!(get("One", "TargetDriver"), None);
    assert_eq!(get("Three", "Driver"), None);
    assert_eq!(get("", "Driver"), None);
}

#[test]
fn bytes_that_are_no_utf_8_are_latin_1() {
    let content = b"[a]\nk=\xfc\nl=\xc3\xbc\n";
    assert_eq!(get_in(content, "a", "k").as_deref(), Some("\u{fc}"));
    assert_eq!(get_in(content, "a", "l").as_deref(), Some("\u{fc}"));
}

/// A sequence of numbers that is the same in each run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: usize) -> usize {
        // Xorshift (Marsaglia, 2003).
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % below
    }
}

/// What files are put together from; repeated bytes come up to the end of libodbcinst's buffer.
const PARTS: &[&[u8]] = &[
    b"[a]",
    b"[b]",
    b"[ a ]",
    b"[A",
    b"[]",
    b"]",
    b"[",
    b"k",
    b"j",
    b"K",
    b"kk",
    b"=",
    b"=",
    b" = ",
    b"v",
    b"v w",
    b"w",
    b"\n",
    b"\n",
    b"\n",
    b"\n",
    b"\r\n",
    b" ",
    b"\t",
    b"\x0b",
    b"#",
    b";",
    b"\0",
    b"\"",
    b"\\",
    b"\xfc",
    b"\xc3\xbc",
    b"\xef\xbb\xbf",
];

fn file(numbers: &mut Numbers) -> Vec<u8> {
    let mut content = Vec::new();
    // Most files are ordinary ones at their beginning, or none of them would have a section.
    if numbers.next(4) > 0 {
        content.extend_from_slice(b"[a]\nk=v\n");
    }
    for _ in 0..numbers.next(40) {
        match numbers.next(40) {
            0 => content.resize(content.len() + 990 + numbers.next(20), b'x'),
            _ => content.extend_from_slice(PARTS[numbers.next(PARTS.len())]),
        }
    }
    content
}

/// libodbcinst's answer: what is in a file of that path.
fn theirs(path: &Path, section: &str, key: &str) -> Option<Vec<u8>> {
    let function = function().unwrap();
    let section: Vec<u16> = section.encode_utf16().collect();
    let value = read_profile_string(function, Some(&section), Some(key), path.to_str().unwrap(), 4096)?;
    let bytes = value.iter().map(|unit| unit.to_le_bytes()[0]).collect();
    (value != [ABSENT]).then_some(bytes)
}

/// The names of entries that libodbcinst lists.
fn their_keys(path: &Path, section: &str) -> Vec<String> {
    let section: Vec<u16> = section.encode_utf16().collect();
    let names = read_profile_string(
        function().unwrap(),
        Some(&section),
        None,
        path.to_str().unwrap(),
        60_000,
    );
    super::super::listed(&names.unwrap_or_default()).collect()
}

struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn files_mean_what_they_mean_to_libodbcinst() {
    let scratch = Scratch(std::env::temp_dir().join(format!("entra-odbc-ini-{}", std::process::id())));
    std::fs::create_dir_all(&scratch.0).unwrap();
    let mut numbers = Numbers(0x5eed_0001);
    let mut found = 0;
    for number in 0..3000 {
        let content = file(&mut numbers);
        // libodbcinst remembers what it read: each file has a name of its own.
        let path = scratch.0.join(number.to_string());
        std::fs::write(&path, &content).unwrap();
        for section in ["a", "b"] {
            let ours: Vec<_> = entries_in(&content, section)
                .into_iter()
                .map(|(name, _)| name)
                .collect();
            // An entry without a name may end libodbcinst's list.
            if !ours.iter().any(String::is_empty) {
                let shown = String::from_utf8_lossy(&content);
                let theirs = their_keys(&path, section);
                assert_eq!(ours, theirs, "[{section}] in file {number}: {shown:?}");
            }
            for key in ["k", "j", "kk"] {
                let ours = get_in(&content, section, key);
                let theirs = theirs(&path, section, key);
                let theirs = theirs.map(|bytes| super::text(&bytes));
                let shown = String::from_utf8_lossy(&content);
                assert_eq!(ours, theirs, "[{section}] {key} in file {number}: {shown:?}");
                found += usize::from(ours.is_some());
            }
        }
        std::fs::remove_file(&path).unwrap();
    }
    assert!(found > 1000, "{found}");
}

#[test]
fn the_names_of_sections_and_the_entries_of_one_are_listed_in_their_order() {
    let content = b"[a]\nk=v\nj\n;c=1\n\n#d=2\n[b]\n[a]\nm=1\n";
    let names: Vec<_> = parse(content).into_iter().map(|section| section.name).collect();
    assert_eq!(names, ["a", "b", "a"]);
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(entries_in(content, "A"), [pair("k", "v"), pair("j", "")]);
}
