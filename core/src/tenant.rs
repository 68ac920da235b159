//! The tenant that a sign-in takes place in.

use crate::{Error, identity::IdentityKeyBuilder, token::Deadline};

/// A tenant, known by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tenant {
    /// A GUID or a domain name; for people also `organizations` or `common`.
    Named(String),
}

impl Tenant {
    /// The tenant of that name.
    ///
    /// It becomes part of a URL and of a command line: a GUID or a domain name, nothing else.
    pub fn named(name: &str) -> Result<Self, Error> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
        if !name.is_empty() && name.chars().all(fits) && !name.starts_with(['.', '-']) {
            return Ok(Self::Named(name.to_owned()));
        }
        Err(Error::invalid("TenantId= is neither a GUID nor a domain name").remedy("Correct TenantId."))
    }

    /// Its name, asked for where it is not known yet.
    #[allow(clippy::unused_async, reason = "a server may have to be asked")]
    pub async fn resolve(&self, _deadline: &Deadline) -> Result<String, Error> {
        match self {
            Self::Named(name) => Ok(name.clone()),
        }
    }

    /// Adds it to the identity that signs in there.
    pub fn identify(&self, key: IdentityKeyBuilder) -> IdentityKeyBuilder {
        match self {
            Self::Named(name) => key.with("tenant", &name.to_ascii_lowercase()),
        }
    }
}
