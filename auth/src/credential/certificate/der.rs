//! A minimal X.509 parser for subject, issuer, public key and validity.

use pkcs8::der::{
    AnyRef, Decode as _, Reader, SliceReader, Tag, Tagged as _,
    asn1::{BitStringRef, GeneralizedTime, ObjectIdentifier, UtcTime},
};
use std::time::SystemTime;

/// `id-ecPublicKey` (RFC 5480).
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

/// A parsed certificate.
pub struct X509<'a> {
    issuer: &'a [u8],
    subject: &'a [u8],
    validity: AnyRef<'a>,
    public_key: &'a [u8],
}

impl<'a> X509<'a> {
    /// `None` where it is none.
    pub fn parse(certificate: &'a [u8]) -> Option<Self> {
        let mut outer = SliceReader::new(AnyRef::from_der(certificate).ok()?.value()).ok()?;
        let mut to_be_signed = SliceReader::new(AnyRef::decode(&mut outer).ok()?.value()).ok()?;
        let mut field = || AnyRef::decode(&mut to_be_signed).ok();
        let first = field()?;
        // The version, which a certificate of version 1 does without.
        if first.tag().is_context_specific() {
            let _serial = field()?;
        }
        let _algorithm = field()?;
        let (issuer, validity, subject) = (field()?, field()?, field()?);
        let mut key = SliceReader::new(field()?.value()).ok()?;
        let _algorithm = AnyRef::decode(&mut key).ok()?;
        let public_key = BitStringRef::decode(&mut key).ok()?.as_bytes()?;
        Some(Self {
            issuer: issuer.value(),
            subject: subject.value(),
            validity,
            public_key,
        })
    }

    /// The subject.
    pub fn subject(&self) -> &'a [u8] {
        self.subject
    }

    /// The issuer, unless the certificate is self-signed.
    pub fn issuer(&self) -> Option<&'a [u8]> {
        Some(self.issuer).filter(|issuer| *issuer != self.subject)
    }

    /// The key as PKCS#1 has it, for RSA.
    pub fn public_key(&self) -> &'a [u8] {
        self.public_key
    }

    /// The validity period.
    pub fn validity(&self) -> Option<(SystemTime, SystemTime)> {
        let mut reader = SliceReader::new(self.validity.value()).ok()?;
        Some((time(&mut reader)?, time(&mut reader)?))
    }
}

fn time(reader: &mut SliceReader<'_>) -> Option<SystemTime> {
    let since = match reader.peek_tag().ok()? {
        Tag::UtcTime => UtcTime::decode(reader).ok()?.to_unix_duration(),
        _ => GeneralizedTime::decode(reader).ok()?.to_unix_duration(),
    };
    SystemTime::UNIX_EPOCH.checked_add(since)
}

/// Whether a key in PKCS#8 is one of an elliptic curve.
pub fn is_elliptic(key: &[u8]) -> bool {
    pkcs8::PrivateKeyInfo::try_from(key).is_ok_and(|info| info.algorithm.oid == EC_PUBLIC_KEY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_is_none() {
        for bytes in [
            &b""[..],
            b"\x30",
            b"\x30\x03\x02\x01\x01",
            b"no certificate at all",
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
        ] {
            assert!(X509::parse(bytes).is_none());
        }
    }
}
