//! A data source: a section of odbc.ini, read as Driver 18 reads it.
//!
//! The driver asks libodbcinst for each keyword by a call of its own, with the units of the string's `DSN=` as the name.
//! libodbcinst cuts each unit to a byte. A name that this changes becomes another name, and one that is empty then fits
//! every section (unixODBC 2.3.11): such a name is refused.
//!
//! The driver itself reads no section where a mode of ours signs in: it gets `DRIVER=` before all else, and what the
//! section says in the string. By `RegPrecedence=Yes` a section could else win over the string, and its
//! `Failover_Partner=` be a server that no string can take back (both measured on Driver 18.6).

use super::{
    ConnectionString, aliases, append, known_keyword,
    misspelling::{Place, is_ours_or_rewritten, misspelled},
};
use entra_auth::{Error, KEYWORDS, Keyword};
use std::{cell::OnceCell, fmt};
use zeroize::Zeroizing;

/// What Driver 18.6.2 reads from a section, apart from the keywords that are ours, those that the driver is told in any
/// case (`trust::DICTATED`), and `Failover_Partner` and its `FailoverPartnerSPN`.
///
/// It takes each of them in a string as well.
pub const FORWARDED: [&str; 36] = [
    "Database",
    "Description",
    "Language",
    "QueryLog_On",
    "QueryLogFile",
    "QueryLogTime",
    "StatsLog_On",
    "StatsLogFile",
    "Regional",
    "QuotedId",
    "AnsiNPW",
    "AttachDBFileName",
    "AutoTranslate",
    "MARS_Connection",
    "ServerSPN",
    "ApplicationIntent",
    "MultiSubnetFailover",
    "ConnectRetryCount",
    "ConnectRetryInterval",
    "TransparentNetworkIPResolution",
    "ColumnEncryption",
    "KeystoreAuthentication",
    "KeystorePrincipalId",
    "KeystoreSecret",
    "KeystoreLocation",
    "UseFMTONLY",
    "KeepAlive",
    "KeepAliveInterval",
    "Replication",
    "LongAsMax",
    "GetDataExtensions",
    "IpAddressPreference",
    "RetryExec",
    "PacketSize",
    "ConcatNullYieldsNull",
    "vectorTypeSupport",
];

/// How many bytes of a line unixODBC 2.3.11 reads: what follows is a line of its own to it, and so another entry.
const MAX_LINE: usize = 999;

/// How many blanks are expected around the `=` and at the ends of a line of that length, at most.
const MAX_BLANKS: usize = 16;

/// Looks up an entry of a section, by the section's name and a keyword.
pub type LookUp<'a> = &'a dyn Fn(&[u16], &str) -> Option<String>;

/// Lists the keywords of a section in their order.
pub type List<'a> = &'a dyn Fn(&[u16]) -> Vec<Zeroizing<String>>;

/// The section that a string names and that is in force.
pub(crate) struct DataSource<'a> {
    name: Vec<u16>,
    entries: Entries<'a>,
}

enum Entries<'a> {
    /// As the ini file has them.
    InFile {
        look_up: LookUp<'a>,
        list: List<'a>,
        /// The keywords, once they were asked for. Not all may be keywords: see [`MAX_LINE`].
        keywords: OnceCell<Vec<Zeroizing<String>>>,
    },
    /// As the same in a connection string would be rewritten.
    Rewritten(Vec<(String, Zeroizing<String>)>),
}

impl fmt::Debug for DataSource<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DataSource")
            .field(&String::from_utf16_lossy(&self.name))
            .finish()
    }
}

impl<'a> DataSource<'a> {
    /// The section of this name, as libodbcinst has it.
    pub(crate) fn new(name: Vec<u16>, look_up: LookUp<'a>, list: List<'a>) -> Self {
        let entries = Entries::InFile {
            look_up,
            list,
            keywords: OnceCell::new(),
        };
        Self { name, entries }
    }

    /// An error where the name means another section to libodbcinst than to whoever reads it.
    pub(crate) fn check_name(&self) -> Result<(), Error> {
        if self.is_name_certain() {
            return Ok(());
        }
        Err(Error::invalid(
            "DSN= names no data source for certain: the name is empty or has characters beyond Latin-1 \
             (entra-odbc explain trust)",
        )
        .remedy("Rename the data source in odbc.ini, or write DRIVER= and SERVER= in its place."))
    }

    fn is_name_certain(&self) -> bool {
        !self.name.is_empty() && self.name.iter().all(|unit| (1..=0xff).contains(unit))
    }

    /// The value of an entry; an empty one is as good as none, as it is to the driver.
    pub(crate) fn get(&self, keyword: &str) -> Option<Zeroizing<String>> {
        if !self.is_name_certain() {
            return None;
        }
        let value = match &self.entries {
            Entries::InFile { look_up, .. } => look_up(&self.name, keyword).map(Zeroizing::new),
            Entries::Rewritten(entries) => entries
                .iter()
                .find(|(known, _)| known.eq_ignore_ascii_case(keyword))
                .map(|(_, value)| value.clone()),
        };
        value.filter(|value| !value.is_empty())
    }

    /// The keywords of the section, in their order; unixODBC 2.3.11 does not list those behind an entry without a name.
    pub(crate) fn keywords(&self) -> impl Iterator<Item = &str> {
        let (in_file, rewritten) = match &self.entries {
            Entries::InFile { list, keywords, .. } if self.is_name_certain() => {
                (keywords.get_or_init(|| list(&self.name)).as_slice(), &[][..])
            }
            Entries::InFile { .. } => (&[][..], &[][..]),
            Entries::Rewritten(entries) => (&[][..], entries.as_slice()),
        };
        let rewritten = rewritten.iter().map(|(keyword, _)| keyword.as_str());
        in_file.iter().map(|keyword| keyword.as_str()).chain(rewritten)
    }

    /// The value of a keyword of ours, as a connection string would have it.
    pub(crate) fn value(&self, keyword: Keyword) -> Option<Zeroizing<String>> {
        let is_one = |name: &&str| Keyword::named(name).is_some_and(|row| row.keyword == keyword);
        let names: Vec<&str> = self.keywords().filter(is_one).collect();
        let (exact, others): (Vec<&str>, Vec<&str>) =
            names.into_iter().partition(|name| keyword.is_named(name));
        // Also what is not listed, see `keywords`.
        let known = keyword.row().map_or(&[][..], |row| row.names);
        let mut all = exact.iter().chain(known).chain(&others);
        all.find_map(|name| self.get(name)).map(unbraced)
    }

    /// The same section in Driver 18's own words, as a connection string with these entries would be rewritten.
    ///
    /// `port` is one of the string's, which takes the place of the section's own. An error where unixODBC has read a part of a
    /// value only, or a keyword of ours is misspelled.
    pub(crate) fn in_driver_keywords(&self, port: Option<u16>) -> Result<DataSource<'static>, Error> {
        let mut names: Vec<&str> = self.keywords().collect();
        // Also what is not listed.
        for row in KEYWORDS {
            names.extend_from_slice(row.names);
        }
        for name in aliases::drivers().chain(["Driver"]) {
            names.push(name);
        }
        let mut entries: Vec<(&str, Zeroizing<String>)> = Vec::new();
        for (at, name) in names.iter().enumerate() {
            if !is_keyword(name) {
                continue;
            }
            let is_repeated = entries.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
            let Some(value) = self.get(name).filter(|_| !is_repeated) else {
                continue;
            };
            if is_cut(name, &value, names.get(at + 1).copied()) {
                return Err(cut(name));
            }
            entries.push((name, unbraced(value)));
        }
        if let Some(error) = names.iter().find_map(|name| misspelled(name, Place::DataSource)) {
            return Err(error);
        }
        if let Some(port) = port {
            entries.retain(|(name, _)| !aliases::is_port(name));
            entries.push(("Port", Zeroizing::new(port.to_string())));
        }
        let length = entries
            .iter()
            .map(|(name, value)| name.len() + 2 * value.len() + 4);
        let mut text = Zeroizing::new(Vec::with_capacity(length.sum()));
        for (name, value) in &entries {
            append(&mut text, name, value);
        }
        let text = aliases::with_driver_keywords(&ConnectionString::parse(&text)).unwrap_or(text);
        let string = ConnectionString::parse(&text);
        let entries = string
            .attributes()
            .iter()
            .map(|attribute| (attribute.keyword().to_owned(), string.value(attribute)));
        Ok(DataSource {
            name: self.name.clone(),
            entries: Entries::Rewritten(entries.collect()),
        })
    }
}

/// A value without the braces that would quote it in a connection string; other braces are its own.
fn unbraced(value: Zeroizing<String>) -> Zeroizing<String> {
    let inner = value.strip_prefix('{').and_then(|value| value.strip_suffix('}'));
    match inner.map(|inner| Zeroizing::new(inner.replace("}}", ""))) {
        Some(rest) if !rest.contains('}') => Zeroizing::new(inner.unwrap_or_default().replace("}}", "}")),
        _ => value,
    }
}

fn is_keyword(name: &str) -> bool {
    name.eq_ignore_ascii_case("Driver") || known_keyword(name).is_some() || is_ours_or_rewritten(name)
}

/// Whether a line was longer than unixODBC reads: its rest is then the next entry, which is none.
fn is_cut(name: &str, value: &str, next: Option<&str>) -> bool {
    let length = name.len() + "=".len() + value.len();
    length > MAX_LINE || length + MAX_BLANKS >= MAX_LINE && next.is_some_and(|next| !is_keyword(next))
}

fn cut(name: &str) -> Error {
    let (name, file) = match Keyword::named(name) {
        Some(row) => (row.keyword.name(), format!("{}File", row.keyword.name())),
        None => (known_keyword(name).unwrap_or("a value"), String::new()),
    };
    let error = Error::invalid(format!(
        "the line of {name}= in the data source is too long: unixODBC reads {MAX_LINE} characters of it"
    ));
    if Keyword::named(&file).is_some() {
        error.remedy(format!("Write it to a file, and name that in {file}=."))
    } else {
        error.remedy("Write it in the connection string.")
    }
}

#[cfg(test)]
mod tests;
