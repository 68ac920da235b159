//! Client assertions (RFC 7523): signed by a registered certificate's key, or by an issuer that the application trusts.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use rustls::pki_types::CertificateDer;
use serde_json::Value;
use time::OffsetDateTime;
use webpki::EndEntityCert;

use crate::entra::directory::{App, Federated};
use crate::entra::grant::TokenRequest;
use crate::entra::refusal::Refusal;

/// What `client_assertion_type` must say.
pub(super) const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// An assertion, taken apart but not believed yet.
struct Assertion {
    header: Value,
    claims: Value,
    signed: String,
    signature: Vec<u8>,
}

/// Checks who signed, about whom, for whom and when.
pub(super) fn check(asked: &TokenRequest<'_>, app: &App, text: &str) -> Result<(), Refusal> {
    let assertion = Assertion::parse(text).ok_or_else(Refusal::assertion_malformed)?;
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let time = |name| assertion.claims.get(name).and_then(Value::as_i64);
    if time("exp").is_none_or(|end| end <= now) || time("nbf").is_some_and(|start| start > now + 300) {
        return Err(Refusal::assertion_out_of_time());
    }
    if assertion.text("iss") != app.client_id {
        return assertion.federated(asked, app);
    }
    let certificate = app
        .certificates
        .iter()
        .find(|certificate| assertion.names(certificate))
        .ok_or_else(|| Refusal::unknown_certificate(&app.client_id))?;
    assertion.verify(certificate)?;
    if assertion.text("sub") != app.client_id {
        return Err(Refusal::assertion_malformed());
    }
    if !asked.is_endpoint(assertion.text("aud")) {
        return Err(Refusal::assertion_audience(&app.client_id));
    }
    Ok(())
}

impl Assertion {
    fn parse(text: &str) -> Option<Self> {
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let part = |text: &str| -> Option<Value> {
            serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(text).ok()?).ok()
        };
        Some(Self {
            header: part(header)?,
            claims: part(claims)?,
            signed: signed.to_owned(),
            signature: BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?,
        })
    }

    fn text(&self, claim: &str) -> &str {
        self.claims.get(claim).and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether the header means this certificate, by thumbprint or by bringing it along.
    fn names(&self, certificate: &[u8]) -> bool {
        let header = |name: &str| self.header.get(name);
        let is = |name, thumbprint: &[u8]| {
            header(name).and_then(Value::as_str) == Some(&BASE64_URL_SAFE_NO_PAD.encode(thumbprint))
        };
        let brought = header("x5c")
            .and_then(|chain| chain.get(0))
            .and_then(Value::as_str);
        is("x5t#S256", digest(&SHA256, certificate).as_ref())
            || is("x5t", digest(&SHA1_FOR_LEGACY_USE_ONLY, certificate).as_ref())
            || brought == Some(&BASE64_STANDARD.encode(certificate))
    }

    fn verify(&self, certificate: &[u8]) -> Result<(), Refusal> {
        let algorithm = match self.header.get("alg").and_then(Value::as_str) {
            Some("PS256") => webpki::ring::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
            Some("RS256") => webpki::ring::RSA_PKCS1_2048_8192_SHA256,
            _ => return Err(Refusal::assertion_malformed()),
        };
        let certificate = CertificateDer::from(certificate);
        let certificate =
            EndEntityCert::try_from(&certificate).map_err(|_| Refusal::assertion_malformed())?;
        certificate
            .verify_signature(algorithm, self.signed.as_bytes(), &self.signature)
            .map_err(|_| Refusal::assertion_signature())
    }

    /// An assertion of someone else: the stand-in's own issuer signs for all of them.
    fn federated(&self, asked: &TokenRequest<'_>, app: &App) -> Result<(), Refusal> {
        let fits = |federated: &&Federated| {
            federated.issuer == self.text("iss")
                && federated.subject == self.text("sub")
                && federated.audience == self.text("aud")
        };
        if !app.federated.iter().any(|federated| fits(&federated)) {
            return Err(Refusal::no_federated_credential(
                self.text("iss"),
                self.text("sub"),
                self.text("aud"),
            ));
        }
        let text = format!(
            "{}.{}",
            self.signed,
            BASE64_URL_SAFE_NO_PAD.encode(&self.signature)
        );
        asked
            .issuer
            .verify(&text)
            .map(drop)
            .map_err(|_| Refusal::assertion_signature())
    }
}
