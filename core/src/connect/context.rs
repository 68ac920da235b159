//! What a connect looks at beside its string.

use crate::{
    RedirectCache,
    connect::LoginWatch,
    connection_string::data_source::{List, LookUp},
};
use entra_auth::Services;

/// The process, the administrator's settings and the data sources that a connect depends on.
pub struct ConnectContext<'a> {
    /// What all sign-ins of the process share.
    pub services: &'a Services,
    /// Which servers are known not to redirect.
    pub redirects: &'a RedirectCache,
    /// The logins that the driver tries at this moment.
    pub logins: &'a LoginWatch,
    /// What the administrator wrote into our own section of odbcinst.ini, by keyword.
    pub installed: &'a dyn Fn(&str) -> Option<String>,
    /// Whether the target driver takes access tokens; over another one only exact mode names are ours.
    ///
    /// A function, since the answer may cost calls of the driver: it is asked only where it decides something.
    pub takes_tokens: &'a dyn Fn() -> bool,
    /// An entry of a section of odbc.ini, by the section's name as UTF-16 units and a keyword; as libodbcinst has it.
    pub data_source: LookUp<'a>,
    /// The keywords of such a section, in their order.
    pub data_source_keywords: List<'a>,
}
