//! PEM files: certificates and keys between their BEGIN and END lines (RFC 7468), whatever stands around them.

use super::{Parts, PrivateKey, Trouble, cost::Spent};
use crate::Secret;
use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use pkcs8::EncryptedPrivateKeyInfo;
use zeroize::Zeroizing;

/// Some programs leave the padding out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Whether it looks like PEM.
pub fn is(bytes: &[u8]) -> bool {
    bytes.windows(11).any(|window| window == b"-----BEGIN ")
}

/// Everything that is of use in the file.
pub fn parts(bytes: &[u8], password: Option<&Secret>) -> Result<Parts, Trouble> {
    let text = std::str::from_utf8(bytes).map_err(|_| Trouble::Damaged)?;
    let mut parts = Parts::default();
    let spent = Spent::default();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("-----BEGIN ") {
        let (label, after) = after.split_once("-----").ok_or(Trouble::Damaged)?;
        let (body, after) = after
            .split_once(&format!("-----END {label}-----"))
            .ok_or(Trouble::Damaged)?;
        rest = after;
        if body.contains("Proc-Type:") {
            return Err(Trouble::OldEncryption);
        }
        match label {
            "CERTIFICATE" | "X509 CERTIFICATE" => parts.certificates.push(decoded(body)?.to_vec()),
            "PRIVATE KEY" => parts.keys.push(PrivateKey::Pkcs8(decoded(body)?)),
            "RSA PRIVATE KEY" => parts.keys.push(PrivateKey::Pkcs1(decoded(body)?)),
            "EC PRIVATE KEY" => parts.keys.push(PrivateKey::Sec1),
            "ENCRYPTED PRIVATE KEY" => {
                parts.encrypted = true;
                parts.keys.push(decrypted(&decoded(body)?, password, &spent)?);
            }
            _ => {}
        }
    }
    Ok(parts)
}

fn decoded(body: &str) -> Result<Zeroizing<Vec<u8>>, Trouble> {
    let mut plain = Zeroizing::new(String::with_capacity(body.len()));
    plain.extend(body.split_ascii_whitespace());
    BASE64
        .decode(plain.as_bytes())
        .map(Zeroizing::new)
        .map_err(|_| Trouble::Damaged)
}

fn decrypted(der: &[u8], password: Option<&Secret>, spent: &Spent) -> Result<PrivateKey, Trouble> {
    let password = password.ok_or(Trouble::NeedsPassword)?;
    let info = EncryptedPrivateKeyInfo::try_from(der).map_err(|_| Trouble::UnknownEncryption)?;
    spent.check(&info.encryption_algorithm)?;
    // Its padding or its content tells the wrong password; nothing else does.
    let key = info
        .decrypt(password.expose())
        .map_err(|_| Trouble::WrongPassword)?;
    Ok(PrivateKey::Pkcs8(Zeroizing::new(key.as_bytes().to_vec())))
}
