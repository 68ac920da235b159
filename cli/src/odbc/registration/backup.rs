//! What an ini file was before we wrote into it, as it is kept: one JSON object.

use super::Section;
use crate::{system::file, ui::failure::Failure};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Another form gets another number.
const VERSION: u64 = 1;

/// Two ini files, in base64 at worst.
const LIMIT: usize = 8 * 1024 * 1024;

/// What is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The file before; `None` where there was none.
    pub original: Option<Vec<u8>>,
    /// The file as we left it.
    pub written: Vec<u8>,
    /// What of it is ours.
    pub sections: Vec<Section>,
}

impl State {
    /// Where it is kept for a file.
    pub fn path(file: &Path) -> PathBuf {
        let mut name = file.as_os_str().to_owned();
        name.push(".entra-odbc");
        name.into()
    }

    /// Reads it, where there is one.
    pub fn read(path: &Path) -> Result<Option<Self>, Failure> {
        let unusable = |why: String| {
            Failure::refused(
                format!(
                    "{}, which keeps what was there before, cannot be used: {why}",
                    path.display()
                ),
                "Look what it says, and remove it once the ini file beside it is as you want it.",
            )
        };
        let bytes = file::read(path, LIMIT).map_err(|error| unusable(error.to_string()))?;
        let Some(bytes) = bytes else {
            return Ok(None);
        };
        let value: Value =
            serde_json::from_slice(&bytes).map_err(|_| unusable("it is no JSON".to_owned()))?;
        Self::of(&value)
            .map(Some)
            .ok_or_else(|| unusable("it is of another version".to_owned()))
    }

    /// As it is written.
    pub fn bytes(&self) -> Vec<u8> {
        let sections: Vec<_> = self
            .sections
            .iter()
            .map(|section| {
                // Pairs and no object: their order is that in which they are written.
                json!({ "name": section.name, "entries": section.entries })
            })
            .collect();
        let value = json!({
            "version": VERSION,
            "about": "What the ini file beside this one was before entra-odbc changed it; `entra-odbc uninstall` puts it back.",
            "original": self.original.as_deref().map(coded),
            "written": coded(&self.written),
            "sections": sections,
        });
        format!("{value:#}\n").into_bytes()
    }

    fn of(value: &Value) -> Option<Self> {
        if value.get("version")?.as_u64()? != VERSION {
            return None;
        }
        let original = match value.get("original")? {
            Value::Null => None,
            original => Some(decoded(original)?),
        };
        let section = |section: &Value| {
            let entries = section.get("entries")?.as_array()?.iter().map(|pair| {
                let [key, value] = pair.as_array()?.as_slice() else {
                    return None;
                };
                Some((key.as_str()?.to_owned(), value.as_str()?.to_owned()))
            });
            Some(Section {
                name: section.get("name")?.as_str()?.to_owned(),
                entries: entries.collect::<Option<_>>()?,
            })
        };
        Some(Self {
            original,
            written: decoded(value.get("written")?)?,
            sections: value
                .get("sections")?
                .as_array()?
                .iter()
                .map(section)
                .collect::<Option<_>>()?,
        })
    }
}

/// A file as text, so that people can read it here too; files in other encodings as base64.
fn coded(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => json!(text),
        Err(_) => json!({ "base64": STANDARD.encode(bytes) }),
    }
}

fn decoded(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::String(text) => Some(text.clone().into_bytes()),
        value => STANDARD.decode(value.get("base64")?.as_str()?).ok(),
    }
}
