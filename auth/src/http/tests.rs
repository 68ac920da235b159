//! The transport under a service principal, against the stand-in of Entra.

use crate::{
    Environment, Error, Keyword, Token,
    credential::{self, tests::Fixture},
    token::TokenService,
};
use standins::{
    certificates::CertificateAuthority,
    entra::{App, Directory, Entra, EntraOptions, Tenant},
    http::{Fault, Gate, Times},
    jwt::Issuer,
};
use std::{
    fs,
    io::{BufRead as _, BufReader, ErrorKind, Write as _},
    net::TcpListener,
    path::PathBuf,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant, SystemTime},
};

const TENANT: &str = "8b2c6f0e-3c44-4a52-9d0a-5f0e1f6d7a10";
const CLIENT: &str = "1d0f6a3e-90a4-4f6b-8f8e-0a54b1c7d2e3";
const SECRET: &str = "Qx8~s3cret&with=signs+";

/// An Entra, and a file with the certificate of its authority.
struct Bench {
    entra: Entra,
    roots: PathBuf,
}

impl Bench {
    fn new() -> Self {
        let authority = CertificateAuthority::new();
        Self::with(authority.server_config(&["localhost"]), authority.pem())
    }

    fn with(tls: Arc<rustls::ServerConfig>, roots: &str) -> Self {
        // Making the key is what takes time.
        static ISSUER: LazyLock<Arc<Issuer>> = LazyLock::new(Arc::default);
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let mut tenant = Tenant::new(TENANT, "Contoso", "contoso.example");
        tenant.apps.push(App {
            client_id: CLIENT.into(),
            object_id: "object".into(),
            secrets: vec![SECRET.into()],
            ..App::default()
        });
        let directory = Directory {
            tenants: vec![tenant],
        };
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("entra-odbc-roots-{}-{number}.pem", std::process::id()));
        fs::write(&path, roots).unwrap();
        Self {
            entra: Entra::start(EntraOptions::new(tls, ISSUER.clone(), directory)),
            roots: path,
        }
    }

    fn environment(&self) -> Environment {
        Environment::fixed([("SSL_CERT_FILE", self.roots.to_str().unwrap())])
    }

    fn get_within(
        &self,
        environment: Environment,
        pairs: &[(Keyword, &str)],
        limit: Duration,
    ) -> Result<Token, Error> {
        let fixture = Fixture::with_environment(pairs, environment).at(&self.entra.authority());
        let sign_in = credential::find("ServicePrincipal")
            .unwrap()
            .prepare(&fixture.context())?;
        let issued = TokenService::new().token(&sign_in, Instant::now() + limit)?;
        Ok(Token::clone(&issued.token))
    }

    fn token_with(&self, client: &str, tenant: &str, secret: &str) -> Result<Token, Error> {
        let pairs = [
            (Keyword::User, client),
            (Keyword::TenantId, tenant),
            (Keyword::Password, secret),
        ];
        self.get_within(self.environment(), &pairs, Duration::from_secs(10))
    }

    fn token_in(&self, environment: Environment, limit: Duration) -> Result<Token, Error> {
        let pairs = [
            (Keyword::User, CLIENT),
            (Keyword::TenantId, TENANT),
            (Keyword::Password, SECRET),
        ];
        self.get_within(environment, &pairs, limit)
    }

    fn token(&self) -> Result<Token, Error> {
        self.token_in(self.environment(), Duration::from_secs(10))
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.roots);
    }
}

#[test]
fn a_secret_earns_a_token_with_its_times() {
    let bench = Bench::new();
    bench
        .entra
        .set_lifetimes(Duration::from_hours(1), Some(Duration::from_mins(30)));
    let token = bench.token().unwrap();
    assert_eq!(token.claims().principal.as_deref(), Some(CLIENT));
    // The host may want to choose one itself.
    assert!(rustls::crypto::CryptoProvider::get_default().is_none());
    let left = |time: SystemTime| time.duration_since(SystemTime::now()).unwrap().as_secs();
    assert!((3590..=3600).contains(&left(token.expires_on)));
    assert!((1790..=1800).contains(&left(token.refresh_on.unwrap())));
}

#[test]
fn entras_refusals_keep_their_number_and_their_words() {
    let bench = Bench::new();
    for (client, tenant, secret, number, cause) in [
        (CLIENT, TENANT, "wrong", 7_000_215, "the client secret is wrong"),
        (
            "00000000-0000-0000-0000-000000000001",
            TENANT,
            SECRET,
            700_016,
            "no application",
        ),
        (
            CLIENT,
            "00000000-0000-0000-0000-000000000001",
            SECRET,
            90_002,
            "tenant does not exist",
        ),
    ] {
        let error = bench.token_with(client, tenant, secret).unwrap_err();
        assert_eq!(
            (error.kind().name(), error.code()),
            ("refused", number),
            "{error}"
        );
        let text = error.to_string();
        let start = "[entra-odbc][ServicePrincipal] Entra refused the sign-in: ";
        assert!(text.starts_with(start) && text.contains(cause), "{text}");
        assert!(
            text.contains(&format!("AADSTS{number}")) && !text.contains(SECRET),
            "{text}"
        );
    }
}

#[test]
fn a_certificate_that_is_not_trusted_is_told_at_once_as_what_it_is() {
    let authority = CertificateAuthority::new();
    for (tls, words) in [
        (
            CertificateAuthority::new().server_config(&["localhost"]),
            "is not among the authorities of",
        ),
        (
            CertificateAuthority::self_signed_server_config(&["localhost"]),
            "not trusted",
        ),
        (authority.expired_server_config(&["localhost"]), "expired"),
        (
            authority.server_config(&["elsewhere.example"]),
            "for another host",
        ),
    ] {
        let bench = Bench::with(tls, authority.pem());
        let start = Instant::now();
        let error = bench.token().unwrap_err();
        assert_eq!(error.kind().name(), "unreachable");
        assert!(error.to_string().contains(words), "{error}");
        assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    }
}

#[test]
fn a_machine_without_ca_certificates_is_told_so() {
    let bench = Bench::with(CertificateAuthority::new().server_config(&["localhost"]), "");
    for roots in [bench.roots.to_str().unwrap(), "/nowhere.pem"] {
        let environment = Environment::fixed([("SSL_CERT_FILE", roots)]);
        let error = bench.token_in(environment, Duration::from_secs(10)).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("no CA certificate could be loaded") && text.contains(roots),
            "{text}"
        );
    }
}

#[test]
fn a_root_in_a_directory_is_found_when_the_bundle_lacks_it() {
    let bench = Bench::new();
    let directory = bench.roots.with_extension("d");
    fs::create_dir_all(&directory).unwrap();
    fs::copy(&bench.roots, directory.join("ca.pem")).unwrap();
    let other = bench.roots.with_extension("other.pem");
    fs::write(&other, CertificateAuthority::new().pem()).unwrap();
    let environment = Environment::fixed([
        ("SSL_CERT_FILE", other.to_str().unwrap()),
        ("SSL_CERT_DIR", directory.to_str().unwrap()),
    ]);
    let result = bench.token_in(environment, Duration::from_secs(10));
    fs::remove_dir_all(&directory).unwrap();
    fs::remove_file(&other).unwrap();
    result.unwrap();
}

#[test]
fn faults_that_pass_are_waited_out_and_others_told() {
    let bench = Bench::new();
    for fault in [
        Fault::status(500),
        Fault::status(503),
        Fault::Reset,
        Fault::Close,
        Fault::Truncated,
    ] {
        bench.entra.inject(fault.clone());
        assert!(bench.token().is_ok(), "{fault:?}");
    }
    for fault in [
        Fault::html(200),
        Fault::MalformedJson,
        Fault::WithoutField("access_token".into()),
        Fault::WithoutField("expires_in".into()),
        Fault::Huge(100_000_000),
        Fault::redirect("https://example.com/"),
    ] {
        bench.entra.faults().clear();
        bench.entra.inject_on("", Times::UntilCleared, fault.clone());
        let error = bench.token().unwrap_err();
        assert_eq!(error.kind().name(), "unreachable", "{fault:?}: {error}");
        assert!(!error.to_string().contains("eyJ"), "{fault:?}: {error}");
    }
    bench.entra.faults().clear();
    assert!(bench.token().is_ok());
}

#[test]
fn an_answer_that_does_not_come_or_comes_too_slowly_ends_at_the_deadline() {
    let bench = Bench::new();
    let limit = Duration::from_millis(500);
    for fault in [
        Fault::HangBefore(Gate::new()),
        Fault::HangMidway(Gate::new()),
        Fault::Drip(Duration::from_millis(100)),
    ] {
        bench.entra.inject(fault.clone());
        // None of these answers would ever end by itself.
        let error = bench.token_in(bench.environment(), limit).unwrap_err();
        assert_eq!(error.kind().name(), "timed_out", "{fault:?}: {error}");
        assert!(error.to_string().contains("localhost"), "{fault:?}: {error}");
        bench.entra.faults().clear();
    }
}

#[test]
fn the_proxy_of_the_environment_is_used_unless_the_host_is_excepted() {
    let bench = Bench::new();
    let with_proxy = |excepted: &str| {
        Environment::fixed([
            ("SSL_CERT_FILE", bench.roots.to_str().unwrap()),
            ("HTTPS_PROXY", "http://127.0.0.1:1"),
            ("NO_PROXY", excepted),
        ])
    };
    let limit = Duration::from_secs(10);
    assert_eq!(
        bench
            .token_in(with_proxy("other.example"), limit)
            .unwrap_err()
            .kind()
            .name(),
        "unreachable"
    );
    bench.token_in(with_proxy("localhost"), limit).unwrap();
}

#[test]
fn a_proxy_that_refuses_is_told_with_what_to_set_and_not_asked_again() {
    for status in ["407 Proxy Authentication Required", "403 Forbidden"] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let proxy = thread::spawn(move || {
            let (mut client, _) = listener.accept().unwrap();
            let mut lines = BufReader::new(client.try_clone().unwrap())
                .lines()
                .map_while(Result::ok);
            assert!(lines.any(|line| line.is_empty()));
            write!(client, "HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").unwrap();
            drop(client);
            listener.set_nonblocking(true).unwrap();
            listener
        });
        let bench = Bench::new();
        let environment = Environment::fixed([("HTTPS_PROXY", address.as_str())]);
        let error = bench
            .token_in(environment, Duration::from_secs(20))
            .unwrap_err()
            .to_string();
        for part in [
            "the proxy does not connect to",
            "(407)",
            "http://user:password@",
            "NO_PROXY",
        ] {
            assert!(error.contains(part), "{part}: {error}");
        }
        let again = proxy.join().unwrap().accept().map(|_| ());
        assert_eq!(again.unwrap_err().kind(), ErrorKind::WouldBlock, "{status}");
    }
}

#[test]
fn a_certificate_for_other_names_is_told_with_them() {
    let authority = CertificateAuthority::new();
    let bench = Bench::with(
        authority.server_config(&["a.example", "b.example", "c.example", "d.example"]),
        authority.pem(),
    );
    let error = bench
        .token_in(bench.environment(), Duration::from_secs(20))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("it is for another host: a.example, b.example, c.example and 1 more."),
        "{error}"
    );
}

#[test]
fn connections_are_kept_for_the_next_request() {
    let bench = Bench::new();
    let pairs = [
        (Keyword::User, CLIENT),
        (Keyword::TenantId, TENANT),
        (Keyword::Password, SECRET),
    ];
    let fixture = Fixture::with_environment(&pairs, bench.environment()).at(&bench.entra.authority());
    let mode = credential::find("ServicePrincipal").unwrap();
    let mut sign_in = mode.prepare(&fixture.context()).unwrap();
    sign_in.cache = false;
    let tokens = TokenService::new();
    let mut took = Vec::new();
    for _ in 0..3 {
        took.push(
            tokens
                .token(&sign_in, Instant::now() + Duration::from_secs(10))
                .unwrap()
                .waited,
        );
    }
    eprintln!("first token and the two after it: {took:?}");
    assert_eq!(bench.entra.token_requests().len(), 3);
}
