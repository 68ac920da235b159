//! The identity key: a keyed digest of everything that decides who signs in, and for what.

use crate::{Error, ErrorKind};
use once_cell::race::OnceBox;
use ring::{
    digest, hmac,
    rand::{SecureRandom, SystemRandom},
};
use std::{
    fmt,
    hash::{Hash, Hasher},
};
use zeroize::Zeroizing;

/// Equal for two sign-ins exactly when the same token may serve both.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct IdentityKey {
    /// The keyed digest.
    own: [u8; 32],
    /// The digest without a key, encrypted: what a second one is made of, under a key that processes share.
    sealed: [u8; 32],
}

/// Collects what makes up an identity, resolved: values, not the names of files or variables.
pub struct IdentityKeyBuilder {
    key: &'static hmac::Key,
    digest: digest::Context,
}

/// Random per process, so that a digest of a secret found in a core dump or log is worth nothing.
///
/// A cell without a lock: a child forked while another thread fills it cannot find it held.
static KEY: OnceBox<hmac::Key> = OnceBox::new();

impl IdentityKey {
    /// Starts the key of a sign-in by this authentication mode.
    pub fn builder(mode: &str) -> Result<IdentityKeyBuilder, Error> {
        let key = KEY.get_or_try_init(|| {
            let mut bytes = [0; 32];
            SystemRandom::new().fill(&mut bytes).map_err(|_| {
                Error::new(ErrorKind::Unsupported, "the system gives no random numbers")
                    .remedy("Allow the getrandom system call.")
            })?;
            Ok(Box::new(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
        })?;
        let digest = digest::Context::new(&digest::SHA256);
        // "kind" as in earlier versions, whose shared entries have this digest in their names.
        Ok(IdentityKeyBuilder { key, digest }.with("kind", mode))
    }

    /// The digest of the same identity under another key, for a name that other processes find as well.
    #[must_use]
    pub fn under(&self, key: &hmac::Key, label: &[u8]) -> Option<[u8; 32]> {
        let digest = Zeroizing::new(xor(self.sealed, pad(KEY.get()?, &self.own)));
        Some(keyed(key, label, &*digest))
    }
}

/// A digest of `value` under a key, for one use of it.
fn keyed(key: &hmac::Key, label: &[u8], value: &[u8]) -> [u8; 32] {
    let mut context = hmac::Context::with_key(key);
    context.update(label);
    context.update(value);
    bytes(context.sign().as_ref())
}

/// What a digest without a key is encrypted with: another one for each identity.
fn pad(key: &hmac::Key, own: &[u8; 32]) -> [u8; 32] {
    keyed(key, b"pad", own)
}

fn bytes(digest: &[u8]) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (to, from) in bytes.iter_mut().zip(digest) {
        *to = *from;
    }
    bytes
}

fn xor(mut one: [u8; 32], other: [u8; 32]) -> [u8; 32] {
    for (to, from) in one.iter_mut().zip(other) {
        *to ^= from;
    }
    one
}

impl IdentityKeyBuilder {
    /// Adds a value that takes part in the decision.
    #[must_use]
    pub fn with(mut self, label: &str, value: &str) -> Self {
        // Lengths go first, so that no two lists of pairs run together to the same bytes.
        for part in [label, value] {
            self.digest.update(&(part.len() as u64).to_le_bytes());
            self.digest.update(part.as_bytes());
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

    /// Adds a whole identity that takes part in the decision.
    ///
    /// The result is good in this process only, as is the other identity's digest.
    #[must_use]
    pub fn with_identity(self, label: &str, identity: &IdentityKey) -> Self {
        let mut builder = self.with(label, "identity");
        builder.digest.update(&identity.own);
        builder
    }

    /// The key.
    #[must_use]
    pub fn finish(self) -> IdentityKey {
        let digest = Zeroizing::new(bytes(self.digest.finish().as_ref()));
        let own = keyed(self.key, b"own", &*digest);
        IdentityKey {
            own,
            sealed: xor(*digest, pad(self.key, &own)),
        }
    }
}

/// By the keyed digest alone, which decides already.
impl Hash for IdentityKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let (words, _) = self.own.as_chunks();
        state.write_u64(words.first().map_or(0, |first| u64::from_le_bytes(*first)));
    }
}

/// Hashes an [`IdentityKey`] by not hashing it again: its digest is random already, and nobody who chooses
/// identities can choose it.
#[derive(Debug, Default)]
pub struct DigestHasher(u64);

impl Hasher for DigestHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write_u64(&mut self, digest: u64) {
        self.0 = digest;
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
}

/// A few digits, enough to tell identities apart in a log.
impl fmt::Debug for IdentityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.own
            .iter()
            .take(4)
            .try_for_each(|byte| write!(f, "{byte:02x}"))
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
            .fold(IdentityKey::builder("test").unwrap(), |key, (label, value)| {
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
    fn under_a_shared_key_an_identity_has_one_digest_wherever_it_was_made() {
        let shared = |byte| hmac::Key::new(hmac::HMAC_SHA256, &[byte; 32]);
        let (one, other) = (key(&[("a", "b")]), key(&[("a", "c")]));
        let name = one.under(&shared(1), b"name").unwrap();
        // SHA-256 of the lengths and texts, as every process sees them.
        let mut plain = digest::Context::new(&digest::SHA256);
        for part in ["kind", "test", "a", "b"] {
            plain.update(&(part.len() as u64).to_le_bytes());
            plain.update(part.as_bytes());
        }
        assert_eq!(name, keyed(&shared(1), b"name", plain.finish().as_ref()));
        assert_ne!(Some(name), one.under(&shared(2), b"name"));
        assert_ne!(Some(name), one.under(&shared(1), b"other"));
        assert_ne!(Some(name), other.under(&shared(1), b"name"));
    }

    #[test]
    fn debug_shows_eight_digits() {
        assert_eq!(format!("{:?}", key(&[])).len(), 8);
    }
}
