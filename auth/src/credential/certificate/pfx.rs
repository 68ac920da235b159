//! PFX files (PKCS#12, RFC 7292), encrypted as OpenSSL, Windows and the Azure portal do it.

mod pbe;

use super::{Parts, PrivateKey, Trouble};
use crate::Secret;
use pbe::Password;
use pkcs8::der::{
    AnyRef, Decode as _, Reader as _, SliceReader,
    asn1::{ObjectIdentifier, OctetStringRef},
};
use pkcs8::spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

const fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

const DATA: ObjectIdentifier = oid("1.2.840.113549.1.7.1");
const ENCRYPTED_DATA: ObjectIdentifier = oid("1.2.840.113549.1.7.6");
const KEY_BAG: ObjectIdentifier = oid("1.2.840.113549.1.12.10.1.1");
const SHROUDED_KEY_BAG: ObjectIdentifier = oid("1.2.840.113549.1.12.10.1.2");
const CERTIFICATE_BAG: ObjectIdentifier = oid("1.2.840.113549.1.12.10.1.3");

/// The elements of a constructed value, one after another.
struct Elements<'a>(SliceReader<'a>);

impl<'a> Elements<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, Trouble> {
        SliceReader::new(bytes).map(Self).map_err(|_| Trouble::Damaged)
    }

    /// Those within the one value that the bytes are.
    fn within(bytes: &'a [u8]) -> Result<Self, Trouble> {
        let value = AnyRef::from_der(bytes).map_err(|_| Trouble::Damaged)?;
        Self::parse(value.value())
    }

    fn is_finished(&self) -> bool {
        self.0.is_finished()
    }

    fn next<T: pkcs8::der::Decode<'a>>(&mut self) -> Result<T, Trouble> {
        T::decode(&mut self.0).map_err(|_| Trouble::Damaged)
    }

    /// The elements of the next element.
    fn enter(&mut self) -> Result<Self, Trouble> {
        Self::parse(self.next::<AnyRef<'a>>()?.value())
    }
}

/// The certificates and keys in the file; an absent password is the empty one.
pub fn parts(bytes: &[u8], password: Option<&Secret>) -> Result<Parts, Trouble> {
    if bytes.starts_with(&[0x30, 0x80]) {
        return Err(Trouble::Indefinite);
    }
    let mut pfx = Elements::within(bytes)?;
    let _version: AnyRef<'_> = pfx.next()?;
    let mut content = pfx.enter()?;
    if content.next::<ObjectIdentifier>()? != DATA {
        return Err(Trouble::Damaged);
    }
    let safe: OctetStringRef<'_> = content.enter()?.next()?;
    let password = if pfx.is_finished() {
        Password::new(password)
    } else {
        Password::checked(password, safe.as_bytes(), pfx.enter()?)?
    };
    let mut parts = Parts {
        encrypted: true,
        ..Parts::default()
    };
    let mut contents = Elements::within(safe.as_bytes())?;
    while !contents.is_finished() {
        let mut content = contents.enter()?;
        let kind: ObjectIdentifier = content.next()?;
        let mut inner = content.enter()?;
        if kind == DATA {
            bags(
                inner.next::<OctetStringRef<'_>>()?.as_bytes(),
                &password,
                &mut parts,
            )?;
        } else if kind == ENCRYPTED_DATA {
            let plain = decrypted(inner.enter()?, &password)?;
            // Once in 256 times a wrong password leaves what looks like padding.
            bags(&plain, &password, &mut parts).map_err(|trouble| match trouble {
                Trouble::Damaged => password.failed(),
                other => other,
            })?;
        }
    }
    Ok(parts)
}

/// `EncryptedData` (RFC 5652, 8).
fn decrypted(mut data: Elements<'_>, password: &Password) -> Result<Zeroizing<Vec<u8>>, Trouble> {
    let _version: AnyRef<'_> = data.next()?;
    let mut content = data.enter()?;
    let _kind: ObjectIdentifier = content.next()?;
    let algorithm: AlgorithmIdentifierRef<'_> = content.next()?;
    // `[0] IMPLICIT OCTET STRING`.
    let encrypted: AnyRef<'_> = content.next()?;
    password.decrypt(algorithm, encrypted.value())
}

/// `SafeContents`.
fn bags(bytes: &[u8], password: &Password, parts: &mut Parts) -> Result<(), Trouble> {
    let mut bags = Elements::within(bytes)?;
    while !bags.is_finished() {
        let mut bag = bags.enter()?;
        let kind: ObjectIdentifier = bag.next()?;
        let value: AnyRef<'_> = bag.next()?;
        let value = value.value();
        if kind == CERTIFICATE_BAG {
            let mut certificate = Elements::within(value)?;
            let _x509: ObjectIdentifier = certificate.next()?;
            let der: OctetStringRef<'_> = certificate.enter()?.next()?;
            parts.certificates.push(der.as_bytes().to_vec());
        } else if kind == KEY_BAG {
            parts.keys.push(PrivateKey::Pkcs8(Zeroizing::new(value.to_vec())));
        } else if kind == SHROUDED_KEY_BAG {
            let mut shrouded = Elements::within(value)?;
            let algorithm: AlgorithmIdentifierRef<'_> = shrouded.next()?;
            let encrypted: OctetStringRef<'_> = shrouded.next()?;
            let key = password.decrypt(algorithm, encrypted.as_bytes())?;
            parts.keys.push(PrivateKey::Pkcs8(key));
        }
    }
    Ok(())
}
