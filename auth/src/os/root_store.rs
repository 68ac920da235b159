//! The certificate authorities that the system's own functions give: of the keychains of macOS, of the certificate store
//! of Windows.

use rustls::pki_types::CertificateDer;

/// All that are trusted for servers.
///
/// Refused where a variable would have them read from elsewhere: this is called where none is heeded, in a privileged
/// program, whose caller must not say whom to trust.
pub(crate) fn load() -> Result<Vec<CertificateDer<'static>>, String> {
    for name in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
        if std::env::var_os(name).is_some() {
            return Err(format!("{name} is set, but is not heeded here"));
        }
    }
    let found = rustls_native_certs::load_native_certs();
    match found.errors.first() {
        Some(error) if found.certs.is_empty() => Err(error.to_string()),
        _ => Ok(found.certs),
    }
}
