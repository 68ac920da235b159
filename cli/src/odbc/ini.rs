//! Parsing and editing of ini files as unixODBC reads them; lines that are not edited keep every byte.
//!
//! What unixODBC 2.3.11 does, measured: names of sections and entries are compared without regard to case, the
//! first of equal ones wins, blanks connect_context names and values are dropped, a header ends at its first `]`, and a
//! line that starts with `;` or `#` is a comment. A value is the rest of the line: quotes and `;` belong to it.
//! Before the first section there are comments and empty lines at most: at anything else, a byte order mark and
//! blanks before that section included, it gives the whole file up.

use std::fmt;

/// The longest file that is read: hand-written ones have some thousand bytes.
pub const LIMIT: usize = 1024 * 1024;

/// Written by editors of other systems before UTF-8 text.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// The parsed lines of a file.
#[derive(Debug, Clone, Default)]
pub struct Ini {
    lines: Vec<Line>,
}

#[derive(Debug, Clone)]
struct Line {
    /// Including the line end, where it has one.
    bytes: Vec<u8>,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Header(String),
    Entry {
        key: String,
        value: String,
    },
    /// A comment or an empty line.
    Other,
}

/// Why and where unixODBC would not understand a file.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed {
    line: usize,
    why: &'static str,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.why)
    }
}

impl Line {
    fn read(bytes: &[u8]) -> Result<Self, &'static str> {
        if bytes.contains(&0) {
            return Err("it has a NUL byte");
        }
        let text = String::from_utf8_lossy(bytes);
        let text = text.trim();
        let kind = if text.is_empty() || text.starts_with([';', '#']) {
            Kind::Other
        } else if let Some(rest) = text.strip_prefix('[') {
            let (name, _) = rest
                .split_once(']')
                .ok_or("a section's name is not closed by ]")?;
            Kind::Header(name.trim().to_owned())
        } else {
            let (key, value) = text
                .split_once('=')
                .ok_or("neither a section, an entry nor a comment")?;
            Kind::Entry {
                key: key.trim().to_owned(),
                value: value.trim().to_owned(),
            }
        };
        Ok(Self {
            bytes: bytes.to_vec(),
            kind,
        })
    }

    fn entry(key: &str, value: &str) -> Self {
        Self {
            bytes: format!("{key} = {value}\n").into_bytes(),
            kind: Kind::Entry {
                key: key.to_owned(),
                value: value.to_owned(),
            },
        }
    }

    fn is_header(&self) -> bool {
        matches!(self.kind, Kind::Header(_))
    }

    fn is_entry(&self, name: &str) -> bool {
        matches!(&self.kind, Kind::Entry { key, .. } if key.eq_ignore_ascii_case(name))
    }

    fn value(&self) -> Option<&str> {
        match &self.kind {
            Kind::Entry { value, .. } => Some(value),
            _ => None,
        }
    }
}

impl Ini {
    /// Parses a file; refuses what unixODBC would not understand either.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut lines = Vec::new();
        if bytes.starts_with(BYTE_ORDER_MARK) {
            return Err(Malformed {
                line: 1,
                why: "it starts with a byte order mark, at which unixODBC gives the file up",
            });
        }
        for (at, bytes) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let malformed = |why| Malformed { line: at + 1, why };
            let line = Line::read(bytes).map_err(malformed)?;
            let is_first = !lines.iter().any(Line::is_header);
            if line.value().is_some() && is_first {
                return Err(malformed("an entry before the first section"));
            }
            if line.is_header() && is_first && !line.bytes.starts_with(b"[") {
                return Err(malformed(
                    "blanks before the first section, at which unixODBC gives the file up",
                ));
            }
            lines.push(line);
        }
        Ok(Self { lines })
    }

    /// The file as it is now.
    pub fn bytes(&self) -> Vec<u8> {
        self.lines
            .iter()
            .flat_map(|line| line.bytes.iter().copied())
            .collect()
    }

    /// The names of the sections.
    pub fn sections(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().filter_map(|line| match &line.kind {
            Kind::Header(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// Whether there is a section of that name.
    pub fn has(&self, section: &str) -> bool {
        self.header(section).is_some()
    }

    /// The value of an entry, as unixODBC would give it.
    pub fn get(&self, section: &str, key: &str) -> Option<&str> {
        self.lines.get(self.find(section, key)?)?.value()
    }

    /// The entries of a section.
    pub fn entries(&self, section: &str) -> Vec<(String, String)> {
        let (from, to) = self.extent(section).unwrap_or((0, 0));
        let lines = self.lines.get(from..to).unwrap_or_default();
        let entries = lines.iter().filter_map(|line| match &line.kind {
            Kind::Entry { key, value } => Some((key.clone(), value.clone())),
            _ => None,
        });
        entries.collect()
    }

    /// Gives an entry this value; a section that is not there yet is added at the end.
    pub fn set(&mut self, section: &str, key: &str, value: &str) {
        if self.get(section, key) == Some(value) {
            return;
        }
        let new = Line::entry(key, value);
        if let Some(line) = self.find(section, key).and_then(|at| self.lines.get_mut(at)) {
            *line = new;
            return;
        }
        let after = self
            .last_entry(section)
            .unwrap_or_else(|| self.add_section(section));
        self.terminate_line(after);
        self.lines.insert(after + 1, new);
    }

    /// Removes an entry.
    pub fn unset(&mut self, section: &str, key: &str) {
        if let Some(at) = self.find(section, key) {
            self.lines.remove(at);
        }
    }

    /// Copies an entry's line from another file; removes it where there is none.
    pub fn copy_entry(&mut self, other: &Self, section: &str, key: &str) {
        let source = other.find(section, key).and_then(|at| other.lines.get(at));
        match (source, self.find(section, key)) {
            (Some(source), Some(at)) => {
                if let Some(line) = self.lines.get_mut(at) {
                    *line = source.clone();
                    self.terminate_line(at);
                }
            }
            (Some(source), None) => {
                if let Some(after) = self.last_entry(section) {
                    self.terminate_line(after);
                    self.lines.insert(after + 1, source.clone());
                    self.terminate_line(after + 1);
                }
            }
            (None, _) => self.unset(section, key),
        }
    }

    /// Removes a section and the empty lines before it; comments below it may describe the next one, and stay.
    pub fn remove(&mut self, section: &str) {
        let (Some(header), Some(last)) = (self.header(section), self.last_entry(section)) else {
            return;
        };
        let above = self.lines.get(..header).unwrap_or_default();
        let is_empty = |line: &&Line| line.bytes.trim_ascii().is_empty();
        let empty = above.iter().rev().take_while(is_empty).count();
        self.lines.drain(header - empty..=last);
    }

    fn header(&self, section: &str) -> Option<usize> {
        self.lines
            .iter()
            .position(|line| matches!(&line.kind, Kind::Header(name) if name.eq_ignore_ascii_case(section)))
    }

    /// From the line after the header to the next header.
    fn extent(&self, section: &str) -> Option<(usize, usize)> {
        let from = self.header(section)? + 1;
        let rest = self.lines.get(from..).unwrap_or_default();
        let length = rest.iter().position(Line::is_header).unwrap_or(rest.len());
        Some((from, from + length))
    }

    fn find(&self, section: &str, key: &str) -> Option<usize> {
        let (from, to) = self.extent(section)?;
        let lines = self.lines.get(from..to)?;
        lines
            .iter()
            .position(|line| line.is_entry(key))
            .map(|at| from + at)
    }

    /// The last entry of a section, or its header.
    fn last_entry(&self, section: &str) -> Option<usize> {
        let (from, to) = self.extent(section)?;
        let lines = self.lines.get(from..to)?;
        let last = lines.iter().rposition(|line| line.value().is_some());
        Some(last.map_or(from - 1, |at| from + at))
    }

    /// Adds an empty section, and returns the index of its header.
    fn add_section(&mut self, name: &str) -> usize {
        if let Some(last) = self.lines.len().checked_sub(1) {
            self.terminate_line(last);
            let is_empty = self
                .lines
                .last()
                .is_some_and(|line| line.bytes.trim_ascii().is_empty());
            if !is_empty {
                self.lines.push(Line {
                    bytes: b"\n".to_vec(),
                    kind: Kind::Other,
                });
            }
        }
        self.lines.push(Line {
            bytes: format!("[{name}]\n").into_bytes(),
            kind: Kind::Header(name.to_owned()),
        });
        self.lines.len() - 1
    }

    /// Adds the line end that the last line of a file may lack.
    fn terminate_line(&mut self, at: usize) {
        if let Some(line) = self.lines.get_mut(at)
            && !line.bytes.ends_with(b"\n")
        {
            line.bytes.push(b'\n');
        }
    }
}

#[cfg(test)]
mod tests;
