//! Client assertions (RFC 7523): signed by a certificate's key, or by an issuer that the application trusts.

use rustls::pki_types::{CertificateDer, SignatureVerificationAlgorithm};
use time::OffsetDateTime;
use webpki::EndEntityCert;

use super::{certificate, federated};
use crate::entra::directory::App;
use crate::entra::grant::TokenRequest;
use crate::entra::refusal::Refusal;
use crate::jwt::Jwt;

/// What `client_assertion_type` must say.
pub(super) const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Clocks may differ by so many seconds.
const SKEW: i64 = 300;

/// Checks who signed, about whom, for whom and when.
pub(super) fn check(asked: &TokenRequest<'_>, app: &App, text: &str) -> Result<(), Refusal> {
    let assertion = Jwt::parse(text).map_err(|_| Refusal::assertion_malformed())?;
    let need = |name| assertion.text(name).ok_or_else(|| Refusal::missing_field(name));
    let (issuer, subject) = (need("iss")?, need("sub")?);
    if assertion.audiences().is_empty() {
        return Err(Refusal::missing_field("aud"));
    }
    // Entra knows RSA alone, for certificates as for federation.
    if !["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"].contains(&assertion.algorithm()) {
        return Err(Refusal::unsupported_algorithm(assertion.algorithm()));
    }
    if issuer == app.client_id {
        if subject != app.client_id {
            return Err(Refusal::assertion_of_another());
        }
        certificate::check(app, &assertion)?;
        in_time(&assertion)?;
        if !assertion
            .audiences()
            .iter()
            .any(|audience| asked.is_endpoint(audience))
        {
            return Err(Refusal::assertion_audience());
        }
        return Ok(());
    }
    // An application that signs itself, but says to be another.
    if issuer == subject {
        return Err(Refusal::assertion_of_another());
    }
    federated::check(asked, app, &assertion)?;
    in_time(&assertion)
}

fn in_time(assertion: &Jwt) -> Result<(), Refusal> {
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let end = assertion
        .time("exp")
        .ok_or_else(|| Refusal::missing_field("exp"))?;
    let start = assertion.time("nbf").unwrap_or(0);
    if end <= now || start > now + SKEW {
        return Err(Refusal::assertion_out_of_time(start, end));
    }
    Ok(())
}

/// Whether the key of this certificate signed; `None` where the key is not of the algorithm's kind.
pub(super) fn signed_by(assertion: &Jwt, certificate: &[u8]) -> Option<bool> {
    let algorithm: &dyn SignatureVerificationAlgorithm = match assertion.algorithm() {
        "RS256" => webpki::ring::RSA_PKCS1_2048_8192_SHA256,
        "RS384" => webpki::ring::RSA_PKCS1_2048_8192_SHA384,
        "RS512" => webpki::ring::RSA_PKCS1_2048_8192_SHA512,
        "PS256" => webpki::ring::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
        "PS384" => webpki::ring::RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
        "PS512" => webpki::ring::RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
        _ => return None,
    };
    let certificate = CertificateDer::from(certificate);
    let certificate = EndEntityCert::try_from(&certificate).ok()?;
    match certificate.verify_signature(algorithm, assertion.signed.as_bytes(), &assertion.signature) {
        Ok(()) => Some(true),
        Err(webpki::Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_)) => None,
        Err(_) => Some(false),
    }
}
