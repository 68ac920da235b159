//! Odd files and directories of authorities.

use super::*;
use crate::process::regular_file::tests::Place;
use standins::certificates::CertificateAuthority;
use std::os::unix::fs::symlink;

fn verifier(variables: [(&str, &Path); 1]) -> Verifier {
    let variables = variables.map(|(name, path)| (name, path.to_str().unwrap()));
    let provider = rustls::crypto::ring::default_provider();
    Verifier::new(&Environment::fixed(variables), Arc::new(provider))
}

#[test]
fn a_file_that_can_be_no_bundle_is_told_with_the_reason_and_keeps_nobody_waiting() {
    let place = Place::new("bundle");
    for (path, kind) in [(place.fifo("fifo"), "a FIFO"), ("/dev/zero".into(), "a device")] {
        let verifier = verifier([("SSL_CERT_FILE", &path)]);
        let none = verifier.everything().as_ref().unwrap_err().to_string();
        assert!(
            none.contains(path.to_str().unwrap()) && none.contains(kind),
            "{none}"
        );
    }
}

#[test]
fn what_else_is_in_a_directory_of_authorities_is_passed_over() {
    let place = Place::new("authorities");
    place.fifo("fifo");
    symlink("/dev/zero", place.path("zero")).unwrap();
    place.file("long", vec![b'x'; MAX_CERTIFICATE_LENGTH + 1]);
    place.file("text", "no certificate");
    place.file("ca.pem", CertificateAuthority::new().pem());
    assert!(verifier([("SSL_CERT_DIR", &place.path(""))]).everything().is_ok());
}

#[test]
fn a_named_file_replaces_the_systems_roots_and_a_named_directory_adds_to_it() {
    let file = Places::from_environment(&Environment::fixed([("SSL_CERT_FILE", "/a.pem")]));
    assert_eq!(file.bundle.as_deref(), Some(Path::new("/a.pem")));
    assert!(file.directories.is_empty());
    let both = Places::from_environment(&Environment::fixed([
        ("SSL_CERT_FILE", "/a.pem"),
        ("SSL_CERT_DIR", "/b::/c"),
    ]));
    assert_eq!(both.to_string(), "/a.pem, /b, /c");
}
