//! The identity key: a keyed digest of everything that decides who signs in, and for what.

use crate::{Error, ErrorKind};
use once_cell::race::OnceBox;
use ring::{
    hmac,
    rand::{SecureRandom, SystemRandom},
};
use std::fmt;

/// Equal for two sign-ins exactly when the same token may serve both.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdentityKey([u8; 32]);

/// Collects what makes up an identity, resolved: values, not the names of files or variables.
pub struct IdentityKeyBuilder(hmac::Context);

/// Random per process, so that a digest of a secret found in a core dump or log is worth nothing.
///
/// A cell without a lock: a child forked while another thread fills it cannot find it held.
static KEY: OnceBox<hmac::Key> = OnceBox::new();

impl IdentityKey {
    /// Starts the key of a sign-in of this kind.
    pub fn of_kind(kind: &str) -> Result<IdentityKeyBuilder, Error> {
        let key = KEY.get_or_try_init(|| {
            let mut bytes = [0; 32];
            SystemRandom::new().fill(&mut bytes).map_err(|_| {
                Error::new(ErrorKind::Unsupported, "the system gives no random numbers")
                    .remedy("Allow the getrandom system call.")
            })?;
            Ok(Box::new(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
        })?;
        Ok(IdentityKeyBuilder(hmac::Context::with_key(key)).with("kind", kind))
    }
}

impl IdentityKeyBuilder {
    /// Adds a value that takes part in the decision.
    #[must_use]
    pub fn with(mut self, label: &str, value: &str) -> Self {
        // Lengths go first, so that no two lists of pairs run together to the same bytes.
        for part in [label, value] {
            self.0.update(&(part.len() as u64).to_le_bytes());
            self.0.update(part.as_bytes());
        }
        self
    }

    /// Adds a value that may be absent; absent and empty differ.
    #[must_use]
    pub fn with_optional(self, label: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.with(label, value),
            None => self,
        }
    }

    /// The key.
    #[must_use]
    pub fn finish(self) -> IdentityKey {
        let mut digest = [0; 32];
        for (to, from) in digest.iter_mut().zip(self.0.sign().as_ref()) {
            *to = *from;
        }
        IdentityKey(digest)
    }
}

/// A few digits, enough to tell identities apart in a log.
impl fmt::Debug for IdentityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().take(4).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for IdentityKeyBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdentityKeyBuilder").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(pairs: &[(&str, &str)]) -> IdentityKey {
        pairs
            .iter()
            .fold(IdentityKey::of_kind("test").unwrap(), |key, (label, value)| {
                key.with(label, value)
            })
            .finish()
    }

    #[test]
    fn equal_pairs_give_equal_keys_and_nothing_else_does() {
        let keys = [
            key(&[]),
            key(&[("a", "b")]),
            key(&[("a", "c")]),
            key(&[("ab", "")]),
            key(&[("a", ""), ("b", "")]),
            key(&[("", "ab")]),
            key(&[("a", "b"), ("c", "d")]),
            key(&[("c", "d"), ("a", "b")]),
        ];
        for (i, one) in keys.iter().enumerate() {
            for (j, other) in keys.iter().enumerate() {
                assert_eq!(one == other, i == j, "{i} {j}");
            }
        }
        assert_eq!(key(&[("a", "b")]), key(&[("a", "b")]));
    }

    #[test]
    fn debug_shows_eight_digits() {
        assert_eq!(format!("{:?}", key(&[])).len(), 8);
    }
}
