//! Certificates and keys as OpenSSL writes them, in all the forms that people have.

use super::*;
use std::{fs, path::PathBuf, process::Command};

/// A directory with a key (`key.pem`) and its certificate (`cert.pem`) in it.
pub(crate) struct Files(PathBuf);

impl Files {
    fn new(name: &str, days: &str, algorithm: &[&str]) -> Self {
        let path = std::env::temp_dir().join(format!("entra-odbc-cert-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        let files = Self(path);
        files.openssl(&[&["genpkey", "-out", "key.pem"], algorithm].concat());
        files.openssl(&[
            "req",
            "-x509",
            "-new",
            "-key",
            "key.pem",
            "-subj",
            "/CN=payroll",
            "-days",
            days,
            "-out",
            "cert.pem",
        ]);
        files
    }

    pub(crate) fn rsa(name: &str) -> Self {
        Self::new(
            name,
            "2",
            &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
        )
    }

    fn openssl(&self, arguments: &[&str]) {
        let output = Command::new("openssl")
            .args(arguments)
            .current_dir(&self.0)
            .output()
            .expect("openssl: `make test` installs it");
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn join(&self, names: &[&str], into: &str) {
        let all: Vec<_> = names
            .iter()
            .map(|name| fs::read(self.path(name)).unwrap())
            .collect();
        fs::write(self.path(into), all.concat()).unwrap();
    }

    fn read(&self, name: &str, password: Option<&str>) -> Result<Certificate, Error> {
        let password = password.map(|password| Secret::new(password.to_owned()));
        Certificate::read(&self.path(name), password.as_ref(), None)
    }

    fn refusal(&self, name: &str, password: Option<&str>) -> String {
        let error = self.read(name, password).unwrap_err();
        assert_eq!(error.kind().name(), "invalid");
        let text = error.to_string();
        assert!(
            text.contains("ClientCertificate=") && text.contains(name),
            "{text}"
        );
        text
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn an_assertion_says_who_to_whom_and_is_signed_with_the_key() {
    let files = Files::rsa("assertion");
    files.join(&["key.pem", "cert.pem"], "both.pem");
    let certificate = files.read("both.pem", None).unwrap();
    let assertion = certificate
        .assertion("client-1", "https://login.example/t/token", true)
        .unwrap();
    let (signed, signature) = assertion.expose().rsplit_once('.').unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let part = |text: &str| -> serde_json::Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
    };
    let (header, claims) = (part(header), part(claims));
    assert_eq!(
        (&header["alg"], &claims["iss"]),
        (&json!("PS256"), &json!("client-1"))
    );
    assert_eq!(claims["aud"], "https://login.example/t/token");
    assert_eq!(
        claims["exp"].as_u64().unwrap() - claims["nbf"].as_u64().unwrap(),
        600
    );
    let thumbprint = digest::digest(&digest::SHA256, certificate.own());
    assert_eq!(header["x5t#S256"], URL_SAFE_NO_PAD.encode(thumbprint));
    assert_eq!(header["x5c"][0], STANDARD.encode(certificate.own()));
    let public = X509::parse(certificate.own()).unwrap().public_key();
    signature::UnparsedPublicKey::new(&signature::RSA_PSS_2048_8192_SHA256, public)
        .verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap())
        .unwrap();
    let other = certificate
        .assertion("client-1", "https://login.example/t/token", false)
        .unwrap();
    assert_ne!(other.expose(), assertion.expose(), "each has an id of its own");
    assert!(!format!("{certificate:?}").contains("PRIVATE"));
}

#[test]
fn every_form_that_openssl_writes_is_read() {
    let files = Files::rsa("forms");
    files.openssl(&["pkey", "-in", "key.pem", "-traditional", "-out", "pkcs1.pem"]);
    files.openssl(&[
        "pkcs8",
        "-topk8",
        "-in",
        "key.pem",
        "-passout",
        "pass:s3cret",
        "-out",
        "encrypted.pem",
    ]);
    let scrypt = ["pkcs8", "-topk8", "-scrypt", "-in", "key.pem"];
    files.openssl(&[&scrypt[..], &["-passout", "pass:s3cret", "-out", "scrypt.pem"]].concat());
    for (key, password) in [
        ("key.pem", None),
        ("pkcs1.pem", None),
        ("encrypted.pem", Some("s3cret")),
        ("scrypt.pem", Some("s3cret")),
    ] {
        files.join(&["cert.pem", key], "both.pem");
        files
            .read("both.pem", password)
            .unwrap_or_else(|error| panic!("{key}: {error}"));
        let password = password.map(|password| Secret::new(password.to_owned()));
        let key = files.path(key);
        Certificate::read(&files.path("cert.pem"), password.as_ref(), Some(&key)).unwrap();
    }
    let export = ["pkcs12", "-export", "-inkey", "key.pem", "-in", "cert.pem"];
    let cases: [(&str, &[&str]); 5] = [
        ("new", &[]),
        ("old", &["-legacy"]),
        (
            "3des",
            &[
                "-keypbe",
                "PBE-SHA1-3DES",
                "-certpbe",
                "PBE-SHA1-3DES",
                "-macalg",
                "SHA1",
            ],
        ),
        ("plain", &["-keypbe", "NONE", "-certpbe", "NONE"]),
        ("no-mac", &["-nomac"]),
    ];
    for (name, further) in cases {
        for password in ["pä$$word", ""] {
            let out = format!("{name}.pfx");
            let word = format!("pass:{password}");
            files.openssl(&[&export[..], further, &["-passout", &word, "-out", &out]].concat());
            let given = Some(password).filter(|password| !password.is_empty());
            files
                .read(&out, given)
                .unwrap_or_else(|error| panic!("{name} {password}: {error}"));
            if name != "plain" && name != "no-mac" {
                assert!(
                    files
                        .refusal(&out, Some("wrong"))
                        .contains("the password is wrong")
                );
            }
            if name != "plain" && given.is_some() {
                assert!(files.refusal(&out, None).contains("it is encrypted"), "{name}");
            }
        }
    }
}

#[test]
fn the_certificate_of_the_key_comes_first_whatever_the_order() {
    let (files, other) = (Files::rsa("order"), Files::rsa("order-other"));
    fs::copy(other.path("cert.pem"), files.path("other.pem")).unwrap();
    files.join(&["other.pem", "cert.pem", "key.pem"], "chain.pem");
    let chain = files.read("chain.pem", None).unwrap();
    files.join(&["cert.pem", "key.pem"], "both.pem");
    assert_eq!(chain.digest(), files.read("both.pem", None).unwrap().digest());
    assert_eq!(chain.chain.len(), 1, "a stranger is no part of the chain");
    files.join(&["other.pem", "key.pem"], "mixed.pem");
    assert!(files.refusal("mixed.pem", None).contains("belongs to the key"));
}

#[test]
fn a_chain_goes_from_the_certificate_to_its_root_whatever_the_order() {
    let files = Files::rsa("chain");
    let issue = |name: &str, issuer: &str| {
        let key = format!("{name}.key");
        files.openssl(&[
            "genpkey",
            "-algorithm",
            "EC",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-out",
            &key,
        ]);
        let (subject, out) = (format!("/CN={name}"), format!("{name}.pem"));
        let request = ["req", "-new", "-key", &key, "-subj", &subject];
        if issuer.is_empty() {
            files.openssl(&[&request[..], &["-x509", "-days", "2", "-out", &out]].concat());
            return;
        }
        files.openssl(&[&request[..], &["-out", "request.pem"]].concat());
        let (ca, ca_key) = (format!("{issuer}.pem"), format!("{issuer}.key"));
        let sign = [
            "x509",
            "-req",
            "-in",
            "request.pem",
            "-CA",
            &ca,
            "-CAkey",
            &ca_key,
            "-CAcreateserial",
        ];
        files.openssl(&[&sign[..], &["-days", "2", "-out", &out]].concat());
    };
    issue("root", "");
    issue("middle", "root");
    // The leaf has the RSA key.
    files.openssl(&[
        "req", "-new", "-key", "key.pem", "-subj", "/CN=leaf", "-out", "leaf.req",
    ]);
    files.openssl(&[
        "x509",
        "-req",
        "-in",
        "leaf.req",
        "-CA",
        "middle.pem",
        "-CAkey",
        "middle.key",
        "-CAcreateserial",
        "-days",
        "2",
        "-out",
        "leaf.pem",
    ]);
    issue("stranger", "");
    // Windows puts the root first.
    files.join(&["root.pem", "stranger.pem", "middle.pem", "leaf.pem"], "all.pem");
    files.openssl(&[
        "pkcs12", "-export", "-nokeys", "-in", "all.pem", "-passout", "pass:", "-out", "all.pfx",
    ]);
    let expected = ["leaf.pem", "middle.pem", "root.pem"].map(|name| {
        let pem = fs::read(files.path(name)).unwrap();
        pem::parts(&pem, None).unwrap().certificates.remove(0)
    });
    for certificates in ["all.pem", "all.pfx"] {
        let read = Certificate::read(&files.path(certificates), None, Some(&files.path("key.pem")));
        assert_eq!(read.unwrap().chain, expected, "{certificates}");
    }
}

#[test]
fn what_is_wrong_with_a_file_is_told_and_what_to_do() {
    let files = Files::rsa("wrong");
    assert!(files.refusal("absent.pem", None).contains("No such file"));
    assert!(files.refusal("cert.pem", None).contains("no private key"));
    assert!(files.refusal("key.pem", None).contains("no certificate"));
    fs::write(files.path("noise"), [0x30, 0x82, 0x01, 0x00, 0x02]).unwrap();
    assert!(files.refusal("noise", None).contains("damaged"));
    fs::write(files.path("ber.pfx"), [0x30, 0x80, 0x02, 0x01, 0x03]).unwrap();
    assert!(
        files
            .refusal("ber.pfx", None)
            .contains("openssl pkcs12 -in old.pfx")
    );
    fs::write(files.path("text"), "hello").unwrap();
    assert!(files.refusal("text", None).contains("neither a PEM nor a PFX"));
    files.openssl(&[
        "rsa",
        "-in",
        "key.pem",
        "-aes256",
        "-traditional",
        "-passout",
        "pass:x",
        "-out",
        "old.pem",
    ]);
    files.join(&["cert.pem", "old.pem"], "both.pem");
    assert!(
        files
            .refusal("both.pem", Some("x"))
            .contains("openssl pkcs8 -topk8")
    );
}

#[test]
fn a_key_that_entra_does_not_take_is_refused_here_already() {
    let small = Files::new(
        "small",
        "2",
        &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"],
    );
    small.join(&["cert.pem", "key.pem"], "both.pem");
    assert!(small.refusal("both.pem", None).contains("2048 bits"));
    let curve = Files::new(
        "curve",
        "2",
        &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    );
    curve.join(&["cert.pem", "key.pem"], "both.pem");
    assert!(curve.refusal("both.pem", None).contains("elliptic curve"));
}

#[test]
fn a_certificate_is_refused_with_its_date_before_and_after_its_time() {
    let files = Files::rsa("times");
    files.openssl(&[
        "req",
        "-new",
        "-key",
        "key.pem",
        "-subj",
        "/CN=payroll",
        "-out",
        "request.pem",
    ]);
    let configuration = "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=.\n\
                         default_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n";
    fs::write(files.path("ca.conf"), configuration).unwrap();
    for (start, end, words) in [
        ("20200101000000Z", "20210203000000Z", "expired 2021-02-03"),
        // From 2050 on, times are written in another way (RFC 5280, 4.1.2.5).
        ("20900405000000Z", "20910101000000Z", "good only from 2090-04-05"),
    ] {
        fs::write(files.path("index.txt"), "").unwrap();
        files.openssl(&[
            "ca",
            "-batch",
            "-config",
            "ca.conf",
            "-create_serial",
            "-selfsign",
            "-keyfile",
            "key.pem",
            "-in",
            "request.pem",
            "-startdate",
            start,
            "-enddate",
            end,
            "-notext",
            "-out",
            "dated.pem",
        ]);
        files.join(&["dated.pem", "key.pem"], "both.pem");
        assert!(files.refusal("both.pem", None).contains(words), "{words}");
    }
}
