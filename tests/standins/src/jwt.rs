//! Signs and verifies JSON Web Tokens as Entra does: RS256, the key named by `kid`.
//!
//! Only signature and structure are looked at here: what the claims must say is the business of whoever gets the token.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{
    KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
};
use rsa::pkcs8::EncodePrivateKey as _;
use rsa::traits::PublicKeyParts as _;
use serde_json::{Value, json};

/// Bits of Entra's own signing keys.
const KEY_BITS: usize = 2048;

/// Holds a signing key, as one Entra cloud does.
pub struct Issuer {
    key: RsaKeyPair,
    kid: String,
    modulus: String,
    exponent: String,
}

/// Why a token is not one of this issuer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invalid {
    /// Not three parts of base64url, or not JSON inside.
    Malformed,
    /// The header names another algorithm than RS256.
    Algorithm,
    /// The header names a key that is not this issuer's.
    UnknownKey,
    /// The signature does not belong to these claims.
    Signature,
}

/// A token taken apart, not believed yet.
pub(crate) struct Jwt {
    pub(crate) header: Value,
    pub(crate) claims: Value,
    /// What the signature is over.
    pub(crate) signed: String,
    pub(crate) signature: Vec<u8>,
}

impl Jwt {
    pub(crate) fn parse(token: &str) -> Result<Self, Invalid> {
        let (signed, signature) = token.rsplit_once('.').ok_or(Invalid::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(Invalid::Malformed)?;
        Ok(Self {
            header: decode(header)?,
            claims: decode(claims)?,
            signed: signed.to_owned(),
            signature: BASE64_URL_SAFE_NO_PAD
                .decode(signature)
                .map_err(|_| Invalid::Malformed)?,
        })
    }

    pub(crate) fn algorithm(&self) -> &str {
        self.header.get("alg").and_then(Value::as_str).unwrap_or_default()
    }

    /// A claim that is a text.
    pub(crate) fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim).and_then(Value::as_str)
    }

    /// A claim that is a time, in seconds since 1970.
    pub(crate) fn time(&self, claim: &str) -> Option<i64> {
        self.claims.get(claim).and_then(Value::as_i64)
    }

    /// The audiences: a claim of its own, since it may be one text or a list.
    pub(crate) fn audiences(&self) -> Vec<&str> {
        match self.claims.get("aud") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }
}

impl std::fmt::Display for Invalid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Malformed => "not a JSON Web Token",
            Self::Algorithm => "signed with another algorithm than RS256",
            Self::UnknownKey => "signed with a key of another issuer",
            Self::Signature => "the signature does not fit the claims",
        })
    }
}

impl std::error::Error for Invalid {}

impl Issuer {
    /// Makes an issuer with a new 2048-bit key.
    #[must_use]
    pub fn new() -> Self {
        let key = rsa::RsaPrivateKey::new(&mut rand_core::OsRng, KEY_BITS).expect("an RSA key");
        let modulus = key.n().to_bytes_be();
        let exponent = key.e().to_bytes_be();
        let der = key.to_pkcs8_der().expect("a key in PKCS#8");
        let key = RsaKeyPair::from_pkcs8(der.as_bytes()).expect("ring reads PKCS#8");
        let fingerprint = ring::digest::digest(&ring::digest::SHA256, key.public_key().as_ref());
        // Entra's kids are thumbprints of 20 bytes.
        let kid =
            BASE64_URL_SAFE_NO_PAD.encode(fingerprint.as_ref().iter().copied().take(20).collect::<Vec<u8>>());
        Self {
            key,
            kid,
            modulus: BASE64_URL_SAFE_NO_PAD.encode(modulus),
            exponent: BASE64_URL_SAFE_NO_PAD.encode(exponent),
        }
    }

    /// A signed token with these claims.
    #[must_use]
    pub fn sign(&self, claims: &Value) -> String {
        let header = json!({ "typ": "JWT", "alg": "RS256", "x5t": self.kid, "kid": self.kid });
        let mut token = format!("{}.{}", encode(&header), encode(claims));
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                token.as_bytes(),
                &mut signature,
            )
            .expect("a buffer of the modulus' length");
        token.push('.');
        token.push_str(&BASE64_URL_SAFE_NO_PAD.encode(signature));
        token
    }

    /// The claims of a token that this issuer signed. Audience and times are the caller's to judge.
    pub fn verify(&self, token: &str) -> Result<Value, Invalid> {
        let token = Jwt::parse(token)?;
        self.check(&token)?;
        Ok(token.claims)
    }

    /// Whether this issuer signed the token.
    pub(crate) fn check(&self, token: &Jwt) -> Result<(), Invalid> {
        if token.algorithm() != "RS256" {
            return Err(Invalid::Algorithm);
        }
        if token.header.get("kid").and_then(Value::as_str) != Some(&self.kid) {
            return Err(Invalid::UnknownKey);
        }
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.key.public_key().as_ref())
            .verify(token.signed.as_bytes(), &token.signature)
            .map_err(|_| Invalid::Signature)
    }

    /// The public key as a JSON Web Key Set, the form of Entra's `discovery/v2.0/keys`.
    #[must_use]
    pub fn jwks(&self) -> Value {
        json!({ "keys": [{
            "kty": "RSA", "use": "sig", "kid": self.kid, "x5t": self.kid, "n": self.modulus, "e": self.exponent,
        }] })
    }
}

impl Default for Issuer {
    fn default() -> Self {
        Self::new()
    }
}

/// The key stays out of test output.
impl std::fmt::Debug for Issuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issuer")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

fn encode(value: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(value.to_string())
}

fn decode(part: &str) -> Result<Value, Invalid> {
    let bytes = BASE64_URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| Invalid::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| Invalid::Malformed)
}

/// A token of JWT shape with these claims and no true signature.
#[must_use]
pub fn unsigned(claims: &Value) -> String {
    let part = |value: &str| BASE64_URL_SAFE_NO_PAD.encode(value);
    format!(
        "{}.{}.{}",
        part(r#"{"alg":"RS256","typ":"JWT"}"#),
        part(&claims.to_string()),
        part("signature")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verifies_what_it_signed() {
        let issuer = Issuer::new();
        let claims = json!({ "aud": "https://database.windows.net/", "exp": 1 });
        assert_eq!(issuer.verify(&issuer.sign(&claims)), Ok(claims));
    }

    #[test]
    fn refuses_tokens_of_another_issuer() {
        let token = Issuer::new().sign(&json!({}));
        assert_eq!(Issuer::new().verify(&token), Err(Invalid::UnknownKey));
    }

    #[test]
    fn refuses_claims_changed_after_signing() {
        let issuer = Issuer::new();
        let token = issuer.sign(&json!({ "oid": "mine" }));
        let mut parts = token.split('.');
        let (header, signature) = (parts.next().unwrap_or_default(), parts.nth(1).unwrap_or_default());
        let forged = format!("{header}.{}.{signature}", encode(&json!({ "oid": "yours" })));
        assert_eq!(issuer.verify(&forged), Err(Invalid::Signature));
    }

    #[test]
    fn refuses_unsigned_tokens_and_what_is_no_token() {
        let issuer = Issuer::new();
        let unsigned = format!("{}.{}.", encode(&json!({ "alg": "none" })), encode(&json!({})));
        assert_eq!(issuer.verify(&unsigned), Err(Invalid::Algorithm));
        for garbage in ["", ".", "..", "a.b.c", "eyJ.eyJ", "ä.ö.ü"] {
            assert_eq!(issuer.verify(garbage), Err(Invalid::Malformed), "{garbage}");
        }
    }
}
