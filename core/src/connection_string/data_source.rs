//! A data source: a section of odbc.ini, read as Driver 18 reads it.
//!
//! The driver asks libodbcinst for each keyword by a call of its own, with the units of the string's `DSN=` as the name.
//! libodbcinst cuts each unit to a byte. A name that this changes becomes another name, and one that is empty then fits
//! every section (unixODBC 2.3.11): such a name is refused.
//!
//! The driver itself reads no section where a mode of ours signs in: it gets `DRIVER=` before all else, and what the
//! section says in the string. By `RegPrecedence=Yes` a section could else win over the string, and its
//! `Failover_Partner=` be a server that no string can take back (both measured on Driver 18.6).

use entra_auth::Error;
use std::fmt;
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

/// The section that a string names and that is in force.
pub(crate) struct DataSource<'a> {
    name: Vec<u16>,
    look_up: &'a dyn Fn(&[u16], &str) -> Option<String>,
}

impl fmt::Debug for DataSource<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DataSource")
            .field(&String::from_utf16_lossy(&self.name))
            .finish()
    }
}

impl<'a> DataSource<'a> {
    /// The section of this name; `look_up` answers with an entry of a section, as libodbcinst has it.
    pub(crate) fn new(name: Vec<u16>, look_up: &'a dyn Fn(&[u16], &str) -> Option<String>) -> Self {
        Self { name, look_up }
    }

    /// An error where the name means another section to libodbcinst than to whoever reads it.
    pub(crate) fn check_name(&self) -> Result<(), Error> {
        if self.is_name_certain() {
            return Ok(());
        }
        Err(Error::invalid(
            "DSN= names no data source for certain: the name is empty or has characters beyond Latin-1 \
             (docs/trust.md)",
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
        (self.look_up)(&self.name, keyword)
            .map(Zeroizing::new)
            .filter(|value| !value.is_empty())
    }
}
