//! The backup of an ini file: one JSON object.

use super::Section;
use crate::{system::file, ui::failure::Failure};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// The version of the format.
const VERSION: u64 = 1;

/// Enough for two ini files in base64.
const LIMIT: usize = 8 * 1024 * 1024;

/// The original of an ini file, and what we wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// The original content; `None` where there was no file.
    pub original: Option<Vec<u8>>,
    /// The content that we wrote.
    pub written: Vec<u8>,
    /// Our sections in it.
    pub sections: Vec<Section>,
}

impl Backup {
    /// The path of a file's backup.
    pub fn path(file: &Path) -> PathBuf {
        let mut name = file.as_os_str().to_owned();
        name.push(".entra-odbc");
        name.into()
    }

    /// Reads a backup; `None` where there is none.
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
        Self::from_json(&value)
            .map(Some)
            .ok_or_else(|| unusable("it is of another version".to_owned()))
    }

    /// The JSON text.
    pub fn bytes(&self) -> Vec<u8> {
        let sections: Vec<_> = self
            .sections
            .iter()
            .map(|section| {
                // Pairs, not an object, to keep their order.
                json!({ "name": section.name, "entries": section.entries })
            })
            .collect();
        let value = json!({
            "version": VERSION,
            "about": "What the ini file beside this one was before entra-odbc changed it; `entra-odbc uninstall` puts it back.",
            "original": self.original.as_deref().map(encode),
            "written": encode(&self.written),
            "sections": sections,
        });
        format!("{value:#}\n").into_bytes()
    }

    fn from_json(value: &Value) -> Option<Self> {
        if value.get("version")?.as_u64()? != VERSION {
            return None;
        }
        let original = match value.get("original")? {
            Value::Null => None,
            original => Some(decode(original)?),
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
            written: decode(value.get("written")?)?,
            sections: value
                .get("sections")?
                .as_array()?
                .iter()
                .map(section)
                .collect::<Option<_>>()?,
        })
    }
}

/// Text where the bytes are UTF-8, for people who look into the backup; else base64.
fn encode(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => json!(text),
        Err(_) => json!({ "base64": STANDARD.encode(bytes) }),
    }
}

fn decode(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::String(text) => Some(text.clone().into_bytes()),
        value => STANDARD.decode(value.get("base64")?.as_str()?).ok(),
    }
}
