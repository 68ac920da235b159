//! An ODBC connection string, taken apart as Driver 18 does and put together again unchanged.
//!
//! Text is UTF-16 as the driver manager gives it, so lone surrogates pass through. The grammar is
//! the one measured on Driver 18.6: white space before a keyword is skipped, none after it; white
//! space around values is kept; `{…}` quotes with `}}` for `}`; a `{` in mid-value is literal; the
//! first of equal keywords wins.

pub(crate) mod aliases;
pub mod data_source;
mod known_keyword;
pub mod server;

pub use known_keyword::{all as known_keywords, known as known_keyword};

use std::{fmt, ops::Range};
use zeroize::Zeroizing;

const SEMICOLON: u16 = b';' as u16;
const EQUALS: u16 = b'=' as u16;
const OPEN: u16 = b'{' as u16;
const CLOSE: u16 = b'}' as u16;

/// A connection string and where its attributes stand in it.
pub struct ConnectionString<'a> {
    text: &'a [u16],
    attributes: Vec<Attribute>,
    terminated: bool,
    /// The first attribute whose value goes on after its braces.
    beyond: Option<usize>,
}

/// One `keyword=value;` of a connection string.
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
mod tests {
    use super::*;

    fn units(text: &str) -> Vec<u16> {
        text.encode_utf16().collect()
    }

    fn values(text: &str) -> Vec<(String, String)> {
        let text = units(text);
        let parsed = ConnectionString::parse(&text);
        parsed
            .attributes()
            .iter()
            .map(|attribute| {
                (
                    attribute.keyword().to_owned(),
                    parsed.value(attribute).to_string(),
                )
            })
            .collect()
    }

    fn pair(keyword: &str, value: &str) -> (String, String) {
        (keyword.to_owned(), value.to_owned())
    }

    #[test]
    fn the_grammar_is_driver_18s() {
        assert_eq!(
            values(" ;; Server=a,1;UID =x;PWD= y ;APP={a;b}}c};X=p{q}"),
            [
                pair("Server", "a,1"),
                pair("UID ", "x"),
                pair("PWD", " y "),
                pair("APP", "a;b}c"),
                pair("X", "p{q}"),
            ]
        );
    }

    #[test]
    fn odd_strings_are_read_without_panic() {
        assert_eq!(values(""), []);
        assert_eq!(values(";;="), [pair("", "")]);
        assert_eq!(values("lonely"), []);
        assert_eq!(values("a;b=1"), [pair("b", "1")]);
        assert_eq!(values("a="), [pair("a", "")]);
        assert_eq!(values("a={}"), [pair("a", "")]);
        assert_eq!(values("a={b}c;d=e"), [pair("a", "b"), pair("d", "e")]);
        let long = units(&format!("PWD={}", "x".repeat(100_000)));
        assert_eq!(
            ConnectionString::parse(&long).get("pwd").map(|value| value.len()),
            Some(100_000)
        );
    }

    #[test]
    fn an_open_brace_takes_the_rest_and_is_noticed() {
        let text = units("a={b;c=d}}");
        let parsed = ConnectionString::parse(&text);
        assert!(!parsed.is_terminated());
        assert_eq!(parsed.attributes().len(), 1);
        let text = units("a={b;c=d}");
        assert!(ConnectionString::parse(&text).is_terminated());
    }

    #[test]
    fn what_follows_a_closing_brace_is_noticed_and_blanks_there_go() {
        for (text, beyond, kept) in [
            ("a={b};c=d", None, "a={b};c=d;"),
            ("a={b} \t;c=d ;e={f} ", None, "a={b};c=d ;e={f};"),
            ("x=1;a={b}c;d={e}f", Some("a"), "x=1;a={b}c;d={e}f;"),
            ("a={b} {c};d=e", Some("a"), "a={b} {c};d=e;"),
            ("a=b{c}d", None, "a=b{c}d;"),
        ] {
            let text = units(text);
            let parsed = ConnectionString::parse(&text);
            assert_eq!(parsed.unterminated_value().map(Attribute::keyword), beyond);
            assert_eq!(String::from_utf16(&parsed.only(|_| true)).unwrap(), kept);
        }
    }

    #[test]
    fn what_is_kept_is_kept_to_the_unit() {
        let mut text = units("Driver={x y};UID=me;APP= a ;Server=s");
        text.extend([0xd800, u16::from(b';')]);
        let parsed = ConnectionString::parse(&text);
        let kept = parsed.only(|attribute| !attribute.is("uid"));
        let mut expected = units("Driver={x y};APP= a ;Server=s");
        expected.extend([0xd800, u16::from(b';')]);
        assert_eq!(*kept, expected);
    }

    #[test]
    fn appended_values_are_quoted_where_needed() {
        let mut text = Vec::new();
        append(&mut text, "UID", "me");
        append(&mut text, "PWD", "a;b}c");
        assert_eq!(String::from_utf16(&text).unwrap(), "UID=me;PWD={a;b}}c};");
        assert_eq!(
            ConnectionString::parse(&text).get("pwd").unwrap().as_str(),
            "a;b}c"
        );
    }
}
