//! An ODBC connection string, taken apart as Driver 18 does and put together again unchanged.
//!
//! Text is UTF-16 as the driver manager gives it, so lone surrogates pass through. The grammar is
//! the one measured on Driver 18.6: white space before a keyword is skipped, none after it; white
//! space around values is kept; `{…}` quotes with `}}` for `}`; a `{` in mid-value is literal; the
//! first of equal keywords wins.

pub(crate) mod aliases;
pub mod data_source;
mod known_keyword;
pub(crate) mod misspelling;
pub mod server;

pub use known_keyword::{all as known_keywords, known as known_keyword};

use std::{fmt, ops::Range};
use zeroize::Zeroizing;

const SEMICOLON: u16 = b';' as u16;
const EQUALS: u16 = b'=' as u16;
const OPEN: u16 = b'{' as u16;
const CLOSE: u16 = b'}' as u16;

/// A connection string and where its attributes stand in it.
#[derive(Clone)]
pub struct ConnectionString<'a> {
    text: &'a [u16],
    attributes: Vec<Attribute>,
    terminated: bool,
    /// The first attribute whose value goes on after its braces.
    beyond: Option<usize>,
}

/// One `keyword=value;` of a connection string.
#[derive(Clone)]
pub struct Attribute {
    keyword: String,
    /// From the keyword's first unit to the semicolon, exclusive; blanks behind braces left out.
    whole: Range<usize>,
    value: Range<usize>,
    braced: bool,
}

impl fmt::Debug for ConnectionString<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Keywords, not values: some of them are passwords.
        f.debug_list().entries(&self.attributes).finish()
    }
}

impl fmt::Debug for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What is no keyword may be a part of a password.
        f.write_str(known_keyword(&self.keyword).unwrap_or("?"))
    }
}

impl Attribute {
    /// The keyword as written, white space before it removed.
    #[must_use]
    pub fn keyword(&self) -> &str {
        &self.keyword
    }

    /// Whether the value stands in braces.
    #[must_use]
    pub fn is_quoted(&self) -> bool {
        self.braced
    }

    /// Whether this is the keyword `name`, in any case.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.keyword.eq_ignore_ascii_case(name)
    }
}

impl<'a> ConnectionString<'a> {
    /// Finds the attributes; never fails, since what we cannot read is the target driver's to refuse.
    #[must_use]
    pub fn parse(text: &'a [u16]) -> Self {
        let mut parsed = Self {
            text,
            attributes: Vec::new(),
            terminated: true,
            beyond: None,
        };
        let mut at = 0;
        while at < text.len() {
            at = skip(text, at, |unit| unit == SEMICOLON || is_space(unit));
            let start = at;
            at = skip(text, at, |unit| unit != EQUALS && unit != SEMICOLON);
            if unit(text, at) != Some(EQUALS) {
                continue;
            }
            let keyword = String::from_utf16_lossy(slice(text, &(start..at)));
            at += 1;
            let braced = unit(text, at) == Some(OPEN);
            let value = if braced {
                let (end, closed) = end_of_quoted(text, at + 1);
                let value = at + 1..end;
                parsed.terminated = closed;
                at = if closed { end + 1 } else { end };
                value
            } else {
                let from = at;
                at = skip(text, at, |unit| unit != SEMICOLON);
                from..at
            };
            let mut whole = start..at;
            // Driver 18.6 reads no further than to a brace that anything but a semicolon follows, blanks included: these
            // go, and with anything else the string is not one that both of us read in the same way.
            at = skip(text, at, is_space);
            if !matches!(unit(text, at), None | Some(SEMICOLON)) {
                parsed.beyond.get_or_insert(parsed.attributes.len());
                at = skip(text, at, |unit| unit != SEMICOLON);
                whole.end = at;
            }
            parsed.attributes.push(Attribute {
                keyword,
                whole,
                value,
                braced,
            });
        }
        parsed
    }

    /// Whether every `{` that opens a value has its `}`.
    #[must_use]
    pub fn is_terminated(&self) -> bool {
        self.terminated
    }

    /// The first attribute whose value goes on after the brace that closes it.
    #[must_use]
    pub fn unterminated_value(&self) -> Option<&Attribute> {
        self.attributes.get(self.beyond?)
    }

    /// The attributes in their order.
    #[must_use]
    pub fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    /// The first attribute with this keyword.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.is(name))
    }

    /// The first attribute with one of these keywords.
    #[must_use]
    pub fn find_first(&self, names: &[&str]) -> Option<&Attribute> {
        let is_one = |attribute: &&Attribute| names.iter().any(|name| attribute.is(name));
        self.attributes.iter().find(is_one)
    }

    /// The first value of this keyword, unquoted.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Zeroizing<String>> {
        self.find(name).map(|attribute| self.value(attribute))
    }

    /// The value without its quotes; blanks around an unquoted one are kept.
    #[must_use]
    pub fn value(&self, attribute: &Attribute) -> Zeroizing<String> {
        let raw = Zeroizing::new(String::from_utf16_lossy(slice(self.text, &attribute.value)));
        if attribute.braced {
            Zeroizing::new(raw.replace("}}", "}"))
        } else {
            raw
        }
    }

    /// The value as its UTF-16 units, lone surrogates and all.
    #[must_use]
    pub fn units(&self, attribute: &Attribute) -> Vec<u16> {
        let raw = slice(self.text, &attribute.value);
        if !attribute.braced {
            return raw.to_vec();
        }
        let mut units = Vec::with_capacity(raw.len());
        let mut rest = raw;
        while let [unit, after @ ..] = rest {
            units.push(*unit);
            rest = match after {
                [CLOSE, after @ ..] if *unit == CLOSE => after,
                after => after,
            };
        }
        units
    }

    /// The string with only the attributes that `keep` accepts, each exactly as it was written.
    #[must_use]
    pub fn only(&self, keep: impl Fn(&Attribute) -> bool) -> Zeroizing<Vec<u16>> {
        let mut kept = Zeroizing::new(Vec::with_capacity(self.text.len() + 64));
        for attribute in self.attributes.iter().filter(|attribute| keep(attribute)) {
            kept.extend_from_slice(slice(self.text, &attribute.whole));
            kept.push(SEMICOLON);
        }
        kept
    }

    /// The string with those attributes replaced for which `replace` has a keyword and a value, the others exactly
    /// as they were written.
    #[must_use]
    pub fn with(
        &self,
        replace: impl Fn(&Attribute) -> Option<(&'static str, Zeroizing<String>)>,
    ) -> Zeroizing<Vec<u16>> {
        let mut text = Zeroizing::new(Vec::with_capacity(self.text.len() + 64));
        for attribute in &self.attributes {
            if let Some((keyword, value)) = replace(attribute) {
                append(&mut text, keyword, &value);
            } else {
                text.extend_from_slice(slice(self.text, &attribute.whole));
                text.push(SEMICOLON);
            }
        }
        text
    }
}

/// Appends `keyword={value};`, an empty value as well.
pub fn append_quoted(text: &mut Vec<u16>, keyword: &str, value: &str) {
    let value = Zeroizing::new(value.replace('}', "}}"));
    text.extend(keyword.encode_utf16());
    text.extend([EQUALS, OPEN]);
    text.extend(value.encode_utf16());
    text.extend([CLOSE, SEMICOLON]);
}

/// Appends `keyword=value;`, quoted where the value needs it.
pub fn append(text: &mut Vec<u16>, keyword: &str, value: &str) {
    let value = Zeroizing::new(value.encode_utf16().collect::<Vec<_>>());
    append_units(text, keyword, &value);
}

/// The same for a value that is UTF-16 already, lone surrogates and all.
pub fn append_units(text: &mut Vec<u16>, keyword: &str, value: &[u16]) {
    text.extend(keyword.encode_utf16());
    text.push(EQUALS);
    let ends = [value.first(), value.last()];
    let quote = ends.iter().flatten().any(|unit| is_space(**unit))
        || value.iter().any(|unit| [SEMICOLON, OPEN, CLOSE].contains(unit));
    if quote {
        text.push(OPEN);
        for unit in value {
            text.push(*unit);
            if *unit == CLOSE {
                text.push(CLOSE);
            }
        }
        text.push(CLOSE);
    } else {
        text.extend_from_slice(value);
    }
    text.push(SEMICOLON);
}

fn unit(text: &[u16], at: usize) -> Option<u16> {
    text.get(at).copied()
}

fn slice<'a>(text: &'a [u16], range: &Range<usize>) -> &'a [u16] {
    text.get(range.clone()).unwrap_or(&[])
}

fn skip(text: &[u16], from: usize, skipped: impl Fn(u16) -> bool) -> usize {
    let rest = text.get(from..).unwrap_or(&[]);
    from + rest.iter().take_while(|unit| skipped(**unit)).count()
}

fn is_space(unit: u16) -> bool {
    matches!(unit, 0x09..=0x0d | 0x20)
}

/// Where the quoted value that starts at `from` ends, and whether a `}` closed it.
fn end_of_quoted(text: &[u16], from: usize) -> (usize, bool) {
    let mut at = from;
    loop {
        at = skip(text, at, |unit| unit != CLOSE);
        if at >= text.len() {
            return (text.len(), false);
        }
        if unit(text, at + 1) != Some(CLOSE) {
            return (at, true);
        }
        at += 2;
    }
}

#[cfg(test)]
mod tests;
