//! Passwords of PFX files: the check by their MAC, and decryption in the new way (PBES2) and the old one.

use super::{super::cost::Spent, Elements, Trouble, oid};
use crate::Secret;
use cbc::cipher::{
    BlockCipher, BlockDecryptMut, BlockSizeUser, InnerIvInit as _, KeyInit, block_padding::Pkcs7,
};
use pkcs8::{
    der::asn1::{ObjectIdentifier, OctetStringRef},
    pkcs5::EncryptionScheme,
    spki::AlgorithmIdentifierRef,
};
use ring::{digest, hmac};
use zeroize::Zeroizing;

/// What a derived key is for (RFC 7292, B.3).
const KEY: u8 = 1;
const IV: u8 = 2;
const MAC: u8 = 3;

/// The digests of a MAC.
const DIGESTS: [(ObjectIdentifier, &digest::Algorithm, hmac::Algorithm); 4] = [
    (
        oid("1.3.14.3.2.26"),
        &digest::SHA1_FOR_LEGACY_USE_ONLY,
        hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
    ),
    (oid("2.16.840.1.101.3.4.2.1"), &digest::SHA256, hmac::HMAC_SHA256),
    (oid("2.16.840.1.101.3.4.2.2"), &digest::SHA384, hmac::HMAC_SHA384),
    (oid("2.16.840.1.101.3.4.2.3"), &digest::SHA512, hmac::HMAC_SHA512),
];

/// `pbeWithSHAAnd3-KeyTripleDES-CBC`.
const TRIPLE_DES: ObjectIdentifier = oid("1.2.840.113549.1.12.1.3");
/// `pbewithSHAAnd40BitRC2-CBC`.
const RC2_40: ObjectIdentifier = oid("1.2.840.113549.1.12.1.6");

/// The password in both of its forms.
pub struct Password {
    text: Zeroizing<String>,
    /// UTF-16, most significant byte first, with two zero bytes at the end.
    wide: Zeroizing<Vec<u8>>,
    given: bool,
    /// Whether the MAC says that it is the right one.
    right: bool,
    spent: Spent,
}

impl Password {
    /// The password that was given, or the empty one.
    pub fn new(password: Option<&Secret>) -> Self {
        let text = password.map_or("", Secret::expose);
        let units = text.encode_utf16().chain([0]);
        Self {
            text: Zeroizing::new(text.to_owned()),
            wide: Zeroizing::new(units.flat_map(u16::to_be_bytes).collect()),
            given: password.is_some(),
            right: false,
            spent: Spent::default(),
        }
    }

    /// The same, compared with the MAC of what it protects.
    pub fn checked(password: Option<&Secret>, data: &[u8], mut mac: Elements<'_>) -> Result<Self, Trouble> {
        let mut digest_info = mac.enter()?;
        let algorithm: AlgorithmIdentifierRef<'_> = digest_info.next()?;
        let expected: OctetStringRef<'_> = digest_info.next()?;
        let salt: OctetStringRef<'_> = mac.next()?;
        let rounds = if mac.is_finished() { 1 } else { mac.next()? };
        let (_, hash, mac) = DIGESTS
            .iter()
            .find(|(known, ..)| *known == algorithm.oid)
            .ok_or(Trouble::UnknownEncryption)?;
        let mut found = Self::new(password);
        found.right = found.fits(hash, *mac, (salt.as_bytes(), rounds), data, expected.as_bytes())?;
        // Of an absent password some programs make no bytes at all, not even the zero at the end.
        if found.text.is_empty() && !found.right {
            found.wide = Zeroizing::default();
            found.right = found.fits(hash, *mac, (salt.as_bytes(), rounds), data, expected.as_bytes())?;
        }
        if found.right {
            Ok(found)
        } else {
            Err(found.failed())
        }
    }

    /// Why something could not be decrypted.
    pub fn failed(&self) -> Trouble {
        match (self.right, self.given) {
            (true, _) => Trouble::Damaged,
            (false, true) => Trouble::WrongPassword,
            (false, false) => Trouble::NeedsPassword,
        }
    }

    fn fits(
        &self,
        hash: &'static digest::Algorithm,
        mac: hmac::Algorithm,
        (salt, rounds): (&[u8], u32),
        data: &[u8],
        expected: &[u8],
    ) -> Result<bool, Trouble> {
        let key = self.derived(hash, MAC, salt, rounds, hash.output_len())?;
        Ok(hmac::verify(&hmac::Key::new(mac, &key), data, expected).is_ok())
    }

    /// Decrypts what was encrypted with this password.
    pub fn decrypt(
        &self,
        algorithm: AlgorithmIdentifierRef<'_>,
        encrypted: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Trouble> {
        if [TRIPLE_DES, RC2_40].contains(&algorithm.oid) {
            return self.decrypt_old(algorithm, encrypted);
        }
        let scheme = EncryptionScheme::try_from(algorithm).map_err(|_| Trouble::UnknownEncryption)?;
        self.spent.check(&scheme)?;
        let plain = scheme.decrypt(self.text.as_bytes(), encrypted);
        plain.map(Zeroizing::new).map_err(|_| self.failed())
    }

    /// `pkcs-12PbeParams`: a salt and a number of rounds, SHA-1.
    fn decrypt_old(
        &self,
        algorithm: AlgorithmIdentifierRef<'_>,
        encrypted: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Trouble> {
        let parameters = algorithm.parameters.ok_or(Trouble::Damaged)?;
        let mut parameters = Elements::parse(parameters.value())?;
        let salt: OctetStringRef<'_> = parameters.next()?;
        let rounds: u32 = parameters.next()?;
        let derived = |purpose, length| {
            let hash = &digest::SHA1_FOR_LEGACY_USE_ONLY;
            self.derived(hash, purpose, salt.as_bytes(), rounds, length)
        };
        let iv = derived(IV, 8)?;
        let plain = if algorithm.oid == TRIPLE_DES {
            decrypt::<des::TdesEde3>(KeyInit::new_from_slice(&derived(KEY, 24)?).ok(), &iv, encrypted)
        } else {
            let key = derived(KEY, 5)?;
            decrypt::<rc2::Rc2>(Some(rc2::Rc2::new_with_eff_key_len(&key, 40)), &iv, encrypted)
        };
        plain.ok_or_else(|| self.failed())
    }

    /// RFC 7292, B.2.
    fn derived(
        &self,
        hash: &'static digest::Algorithm,
        purpose: u8,
        salt: &[u8],
        rounds: u32,
        length: usize,
    ) -> Result<Zeroizing<Vec<u8>>, Trouble> {
        self.spent.check_rounds(rounds)?;
        let block = hash.block_len();
        let filled = |text: &[u8]| -> Vec<u8> {
            let length = text.len().div_ceil(block) * block;
            text.iter().copied().cycle().take(length).collect()
        };
        let mut input = Zeroizing::new([filled(salt), filled(&self.wide)].concat());
        let mut output = Zeroizing::new(Vec::with_capacity(length + hash.output_len()));
        while output.len() < length {
            let mut context = digest::Context::new(hash);
            context.update(&vec![purpose; block]);
            context.update(&input);
            let mut round = context.finish();
            for _ in 1..rounds {
                round = digest::digest(hash, round.as_ref());
            }
            output.extend_from_slice(round.as_ref());
            let added: Vec<u8> = round.as_ref().iter().copied().cycle().take(block).collect();
            for part in input.chunks_mut(block) {
                // part = part + added + 1, as a number of that many bytes.
                let mut carry = 1;
                for (byte, add) in part.iter_mut().zip(&added).rev() {
                    let sum = u16::from(*byte) + u16::from(*add) + carry;
                    let [high, low] = sum.to_be_bytes();
                    (*byte, carry) = (low, high.into());
                }
            }
        }
        output.truncate(length);
        Ok(output)
    }
}

fn decrypt<C>(cipher: Option<C>, iv: &[u8], encrypted: &[u8]) -> Option<Zeroizing<Vec<u8>>>
where
    C: BlockDecryptMut + BlockCipher + BlockSizeUser,
{
    let mut buffer = Zeroizing::new(encrypted.to_vec());
    let decryptor = cbc::Decryptor::<C>::inner_iv_slice_init(cipher?, iv).ok()?;
    let length = decryptor.decrypt_padded_mut::<Pkcs7>(&mut buffer).ok()?.len();
    buffer.truncate(length);
    Some(buffer)
}
