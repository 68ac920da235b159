//! GUIDs, and how SQL Server writes them as SIDs.

use std::{fmt, str::FromStr};

/// An application, object or tenant id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guid([u8; 16]);

impl Guid {
    /// The SID of who has this id: its bytes as a `uniqueidentifier` has them in memory, the first three
    /// groups with their last byte first.
    pub fn sid(self) -> String {
        let mut bytes = self.0;
        for group in [0..4, 4..6, 6..8] {
            if let Some(group) = bytes.get_mut(group) {
                group.reverse();
            }
        }
        let digits: Vec<_> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
        format!("0x{}", digits.concat())
    }
}

impl FromStr for Guid {
    type Err = String;

    /// Takes `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`, also in braces.
    fn from_str(text: &str) -> Result<Self, String> {
        let malformed = || {
            "not a GUID: five groups of 8, 4, 4, 4 and 12 hexadecimal digits are one, as in \
             619a4449-b4aa-4383-a2a9-7c365106c5e7"
                .to_owned()
        };
        let inner = text
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'))
            .unwrap_or(text);
        let lengths = inner.split('-').map(str::len);
        if !lengths.eq([8, 4, 4, 4, 12]) || !inner.chars().all(|c| c == '-' || c.is_ascii_hexdigit()) {
            return Err(malformed());
        }
        u128::from_str_radix(&inner.replace('-', ""), 16)
            .map(|number| Self(number.to_be_bytes()))
            .map_err(|_| malformed())
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, byte) in self.0.iter().enumerate() {
            if matches!(at, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_three_groups_are_turned_round() {
        let id: Guid = "619a4449-b4aa-4383-a2a9-7c365106c5e7".parse().unwrap();
        assert_eq!(id.sid(), "0x49449A61AAB48343A2A97C365106C5E7");
        assert_eq!(id.to_string(), "619a4449-b4aa-4383-a2a9-7c365106c5e7");
        assert_eq!("{619A4449-B4AA-4383-A2A9-7C365106C5E7}".parse(), Ok(id));
    }

    #[test]
    fn what_is_no_guid_is_refused() {
        for text in [
            "",
            "payroll",
            "619a4449b4aa4383a2a97c365106c5e7",
            "619a4449-b4aa-4383-a2a9-7c365106c5e",
            "619a4449-b4aa-4383-a2a9-7c365106c5eg",
            "619a4449-b4aa-4383-a2a9-+c365106c5e7",
            "{619a4449-b4aa-4383-a2a9-7c365106c5e7",
            "619a4449-b4aa-4383a-2a9-7c365106c5e7",
        ] {
            assert!(text.parse::<Guid>().is_err(), "{text}");
        }
    }
}
