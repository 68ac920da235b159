//! The strings of a connect with one of our modes: what the driver gets, and what the host gets back.

use crate::{
    Keyword,
    asked::{Asked, is_keyword},
    connection_string::{Attribute, ConnectionString, append, append_quoted},
    credential::Mode,
    data_source,
    trust::{Channel, DICTATED, FAILOVER_PARTNER},
};
use zeroize::Zeroizing;

impl Asked<'_> {
    /// The string for the driver: the driver's own name, which keeps it from reading a data source; then what it is told
    /// of the connection; then what `keep` accepts of the string, and last what the data source says.
    pub(super) fn dictated(
        &self,
        driver: Option<&str>,
        channel: &Channel,
        keep: impl Fn(&Attribute) -> bool,
    ) -> Zeroizing<Vec<u16>> {
        let mut text = Zeroizing::new(Vec::with_capacity(1024));
        if let Some(driver) = driver {
            append_quoted(&mut text, "DRIVER", driver);
        }
        channel.dictate(&mut text);
        append(&mut text, "Trusted_Connection", "no");
        let rest = self
            .string
            .only(|attribute| !is_dictated(attribute) && keep(attribute));
        text = concatenated(&text, &rest);
        if self.section.is_some() {
            for keyword in data_source::FORWARDED {
                let value = self
                    .in_section(keyword)
                    .filter(|_| self.string.find(keyword).is_none());
                if let Some(value) = value {
                    let mut entry = Zeroizing::new(Vec::with_capacity(keyword.len() + 2 * value.len() + 4));
                    append(&mut entry, keyword, &value);
                    text = concatenated(&text, &entry);
                }
            }
        }
        text
    }

    /// What the string says itself of driver, data source and connection.
    pub(super) fn replaced(&self) -> Vec<u16> {
        self.string.only(is_dictated).to_vec()
    }

    /// Our keywords, secrets excepted.
    pub(super) fn taken_out(&self, mode: &Mode) -> Vec<u16> {
        let mut text = self
            .string
            .only(|attribute| {
                Keyword::named(attribute.keyword())
                    .is_some_and(|row| !row.secret && row.keyword != Keyword::TrustedConnection)
            })
            .to_vec();
        let names = |attribute: &Attribute| is_keyword(attribute, Keyword::Authentication);
        // A token was given without a mode: without its secret the string must still ask for one.
        if mode.name == "AccessToken"
            && self.string.find(Keyword::AccessToken.name()).is_some()
            && !self.string.attributes().iter().any(names)
        {
            append(&mut text, "Authentication", "ActiveDirectoryAccessToken");
        }
        text
    }
}

/// The driver's completed string, with what the host said in place of what the driver was told, and with our keywords.
pub(super) fn completed(completed: &[u16], replaced: &[u16], taken_out: &[u16]) -> Zeroizing<Vec<u16>> {
    if completed.is_empty() {
        return Zeroizing::default();
    }
    let string = ConnectionString::parse(completed);
    let is_drivers = |attribute: &Attribute| {
        let is_ours = Keyword::named(attribute.keyword()).is_some();
        // A secret, which the driver repeats.
        !is_ours && !is_dictated(attribute) && !attribute.is("KeystoreSecret")
    };
    let text = concatenated(replaced, &string.only(is_drivers));
    concatenated(&text, taken_out)
}

/// Whether the driver is told this first, or must not hear of it at all.
fn is_dictated(attribute: &Attribute) -> bool {
    let is = |keyword: &&str| attribute.is(keyword);
    ["DSN", "DRIVER"].iter().any(is) || DICTATED.iter().any(is) || FAILOVER_PARTNER.iter().any(is)
}

/// Both, one behind the other, in memory of which no copy is left behind.
pub(super) fn concatenated(one: &[u16], other: &[u16]) -> Zeroizing<Vec<u16>> {
    let mut text = Zeroizing::new(Vec::with_capacity(one.len() + other.len() + 256));
    text.extend_from_slice(one);
    text.extend_from_slice(other);
    text
}
