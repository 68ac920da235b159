//! The strings of a connect with one of our modes: what the driver gets, and what the host gets back.

use crate::{
    connect::{
        request::{ConnectRequest, is_keyword},
        trust::{Channel, DICTATED, FAILOVER_PARTNER},
    },
    connection_string::{Attribute, ConnectionString, aliases, append, append_quoted, data_source},
};
use entra_auth::{
    Keyword,
    credential::{self, Mode},
};
use zeroize::Zeroizing;

/// The string for the driver: the driver's own name, which keeps it from reading a data source; then what it is told
/// of the connection; then what `keep` accepts of the string, and last what the data source says.
pub(super) fn dictated(
    request: &ConnectRequest<'_>,
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
    let rest = request
        .string
        .only(|attribute| !is_dictated(attribute) && keep(attribute));
    text = concatenated(&text, &rest);
    if request.section.is_some() {
        for keyword in data_source::FORWARDED {
            let value = request
                .in_section(keyword)
                .filter(|_| request.string.find(keyword).is_none());
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
pub(super) fn replaced(request: &ConnectRequest<'_>) -> Vec<u16> {
    let is_port = |attribute: &Attribute| aliases::is_port(attribute.keyword());
    request
        .string
        .only(|attribute| is_dictated(attribute) || is_port(attribute))
        .to_vec()
}

/// Our keywords, secrets excepted.
pub(super) fn removed(request: &ConnectRequest<'_>, mode: &Mode) -> Vec<u16> {
    let names_mode = |attribute: &Attribute| {
        is_keyword(attribute, Keyword::Authentication)
            && !credential::is_unspecified(&request.string.value(attribute))
    };
    let mut text = request
        .string
        .only(|attribute| {
            Keyword::named(attribute.keyword()).is_some_and(|row| match row.keyword {
                Keyword::TrustedConnection => false,
                Keyword::Authentication => names_mode(attribute),
                _ => !row.secret,
            })
        })
        .to_vec();
    // A token was given without a mode: without its secret the string must still ask for one.
    if mode.name == "AccessToken"
        && request.string.find(Keyword::AccessToken.name()).is_some()
        && !request.string.attributes().iter().any(names_mode)
    {
        append(&mut text, "Authentication", "ActiveDirectoryAccessToken");
    }
    text
}

/// The driver's completed string, with what the host said in place of what the driver was told, and with our keywords.
pub(super) fn completed(completed: &[u16], replaced: &[u16], removed: &[u16]) -> Zeroizing<Vec<u16>> {
    if completed.is_empty() {
        return Zeroizing::default();
    }
    let string = ConnectionString::parse(completed);
    let is_drivers = |attribute: &Attribute| {
        let is_ours = Keyword::named(attribute.keyword()).is_some();
        // Also without a secret, which the driver repeats.
        !is_ours
            && !is_dictated(attribute)
            && !aliases::is_port(attribute.keyword())
            && !attribute.is("KeystoreSecret")
    };
    let text = concatenated(replaced, &string.only(is_drivers));
    concatenated(&text, removed)
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
