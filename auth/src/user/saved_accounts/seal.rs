//! Encryption of refresh tokens: ChaCha20-Poly1305, a random nonce as prefix, the account id as associated data.

use super::keyring::{KEY_LENGTH, Key};
use crate::Secret;
use ring::{
    aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    rand::{SecureRandom as _, SystemRandom},
};
use zeroize::Zeroizing;

/// `None` only if the system provides no random numbers.
pub fn seal(key: &Key, refresh_token: &Secret, id: &str) -> Option<Vec<u8>> {
    let mut nonce = [0; NONCE_LEN];
    SystemRandom::new().fill(&mut nonce).ok()?;
    let mut text = Zeroizing::new(Vec::with_capacity(refresh_token.expose().len() + 64));
    text.extend_from_slice(refresh_token.expose().as_bytes());
    let nonce_taken = Nonce::assume_unique_for_key(nonce);
    less_safe(key)?
        .seal_in_place_append_tag(nonce_taken, Aad::from(id), &mut *text)
        .ok()?;
    Some([&nonce, text.as_slice()].concat())
}

/// `None` if the data is damaged or was encrypted with another key or for another account.
pub fn open(key: &Key, sealed: &[u8], id: &str) -> Option<Secret> {
    let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>()?;
    let mut rest = Zeroizing::new(rest.to_vec());
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let text = less_safe(key)?
        .open_in_place(nonce, Aad::from(id), &mut rest)
        .ok()?;
    str::from_utf8(text).ok().map(|text| Secret::new(text.to_owned()))
}

fn less_safe(key: &Key) -> Option<LessSafeKey> {
    const { assert!(KEY_LENGTH == 32, "what ChaCha20 takes") }
    Some(LessSafeKey::new(
        UnboundKey::new(&CHACHA20_POLY1305, key.as_slice()).ok()?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_its_key_for_its_account_alone() {
        let (key, other) = (Zeroizing::new([1; KEY_LENGTH]), Zeroizing::new([2; KEY_LENGTH]));
        let token = Secret::new("r3fresh".to_owned());
        let sealed = seal(&key, &token, "ada").unwrap();
        assert!(!String::from_utf8_lossy(&sealed).contains("r3fresh"));
        assert_ne!(sealed, seal(&key, &token, "ada").unwrap());
        assert_eq!(open(&key, &sealed, "ada"), Some(token));
        assert_eq!(open(&other, &sealed, "ada"), None);
        assert_eq!(open(&key, &sealed, "grace"), None);
        for bad in [&sealed[..sealed.len() - 1], &sealed[1..], &sealed[..5], &[]] {
            assert_eq!(open(&key, bad, "ada"), None);
        }
    }
}
