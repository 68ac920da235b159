//! The random bytes that all processes of the user share, and what they name and vouch for.

use crate::identity_key::IdentityKey;
use crate::os::{private_directory::PrivateDirectory, surroundings};
use ring::{
    hmac,
    rand::{SecureRandom, SystemRandom},
};
use std::{
    fmt::{self, Write},
    io,
};
use zeroize::Zeroizing;

/// The file that they are in.
const KEY_FILE: &str = "key";

/// How many there are.
const KEY_LENGTH: usize = 32;

/// The length of what vouches for a file's content.
pub const TAG_LENGTH: usize = 32;

/// The key of a directory.
pub struct Key(hmac::Key);

/// One identity's name in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(String);

impl Key {
    /// Reads the directory's key; whoever comes first makes it.
    pub fn load_or_create(directory: &PrivateDirectory) -> io::Result<Self> {
        if directory.status(KEY_FILE).is_none() {
            let mut bytes = Zeroizing::new([0; KEY_LENGTH]);
            SystemRandom::new()
                .fill(&mut *bytes)
                .map_err(|_| io::Error::other("the system gives no random numbers"))?;
            directory.create(KEY_FILE, &*bytes)?;
        }
        let bytes = directory
            .read(KEY_FILE, KEY_LENGTH)?
            .filter(|bytes| bytes.len() == KEY_LENGTH)
            .ok_or_else(|| io::Error::other("the key in the shared directory is not as it was made"))?;
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    /// The name of an identity.
    ///
    /// Who a machine's identity endpoint takes a process for depends on where on the network it is, and
    /// containers may share their memory: those in another network or with another clock have other names.
    pub fn name(&self, identity: &IdentityKey) -> io::Result<Name> {
        let label = format!("name {} ", surroundings()?);
        let digest = identity
            .under(&self.0, label.as_bytes())
            .ok_or_else(|| io::Error::other("no key of this process"))?;
        let mut name = String::with_capacity(64);
        for byte in digest {
            // A String takes everything.
            let _ = write!(name, "{byte:02x}");
        }
        Ok(Name(name))
    }

    /// Vouches for what a file of this name says.
    pub fn sign(&self, what: &str, name: &Name, content: &[u8]) -> hmac::Tag {
        let mut signing = hmac::Context::with_key(&self.0);
        for part in [what.as_bytes(), b"\0", name.0.as_bytes(), b"\0", content] {
            signing.update(part);
        }
        signing.sign()
    }

    /// The content of a file, if it was written under this key, for this use and name, and whole.
    pub fn verify<'a>(&self, what: &str, name: &Name, file: &'a [u8]) -> Option<&'a [u8]> {
        let (tag, content) = file.split_at_checked(TAG_LENGTH)?;
        let expected = self.sign(what, name, content);
        // In whatever time: who could measure it could read the key as well.
        (expected.as_ref() == tag).then_some(content)
    }
}

impl Name {
    /// The file with the token.
    pub fn entry(&self) -> String {
        self.0.clone()
    }

    /// The file that is locked while someone asks for the token.
    pub fn lock(&self) -> String {
        format!("{}.lock", self.0)
    }
}

/// Whether this is the name of a file with a token.
pub fn is_entry(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether this is the name of a lock.
pub fn is_lock(name: &str) -> bool {
    name.strip_suffix(".lock").is_some_and(is_entry)
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}
