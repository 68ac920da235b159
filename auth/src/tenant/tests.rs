//! Servers that say where they want their tokens from, and servers that do not.

use super::*;
use crate::{
    identity::IdentityKey,
    tds::{Encryption, Trust},
};
use standins::{
    certificates::CertificateAuthority,
    jwt::Issuer,
    sql_server::{Fault, Login, Outcome, SqlError, SqlServer, SqlServerOptions},
};
use std::{
    net::TcpListener,
    path::PathBuf,
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
};

const TENANT: &str = "5f2c1f4e-8a0b-4a8e-9d57-3c1d2e6b7a90";

/// A server whose word on its tenant is the test's.
struct Bench {
    server: SqlServer,
    roots: PathBuf,
}

impl Bench {
    fn new(sts_url: &str) -> Self {
        static ISSUER: LazyLock<Arc<Issuer>> = LazyLock::new(|| Arc::new(Issuer::new()));
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let authority = CertificateAuthority::new();
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let roots =
            std::env::temp_dir().join(format!("entra-odbc-tenant-{}-{number}.pem", std::process::id()));
        std::fs::write(&roots, authority.pem()).unwrap();
        let options = SqlServerOptions {
            sts_url: sts_url.to_owned(),
            ..SqlServerOptions::new(authority.server_config(&["localhost"]), ISSUER.clone())
        };
        Self {
            server: SqlServer::start(options).unwrap(),
            roots,
        }
    }

    fn target(&self) -> Target {
        Target {
            host: "localhost".into(),
            port: self.server.port(),
            database: Some("payroll".into()),
            encryption: Encryption::Yes,
            trust: Trust::Authorities {
                names: vec!["localhost".into()],
            },
        }
    }

    fn tenants(&self) -> Tenants {
        let roots = self.roots.to_str().unwrap();
        Tenants::new(&Environment::fixed([("SSL_CERT_FILE", roots)]))
    }

    fn ask(&self, target: &Target) -> Result<String, Error> {
        ask(&self.tenants(), target, Duration::from_secs(10))
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.roots);
    }
}

fn ask(tenants: &Tenants, target: &Target, patience: Duration) -> Result<String, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(tenants.of(target, &Deadline::at(Instant::now() + patience)))
}

#[test]
fn a_server_is_asked_once_for_the_tenant_in_its_address_and_nobody_logs_in() {
    let bench = Bench::new(&format!("https://login.example/{TENANT}/"));
    let tenants = bench.tenants();
    for _ in 0..3 {
        let tenant = ask(&tenants, &bench.target(), Duration::from_secs(10)).unwrap();
        assert_eq!(tenant, TENANT);
    }
    // The server sees the end of it a little later than the one who leaves.
    let abandoned = |login: &Login| matches!(login.outcome, Outcome::Abandoned);
    let login = bench.server.wait_for_login(Duration::from_secs(30), abandoned);
    assert!(login.is_some());
    let logins = bench.server.logins();
    assert_eq!(logins.len(), 1, "{logins:?}");
}

#[test]
fn a_server_that_names_no_tenant_is_told_with_the_keyword_that_helps() {
    for url in [
        "https://login.example/common",
        "https://login.example/Organizations/",
        "https://login.example/",
        "https://login.example/a b",
        "no url",
    ] {
        let bench = Bench::new(url);
        let error = bench.ask(&bench.target()).unwrap_err();
        assert_eq!(error.sqlstate(), "HY000");
        assert!(error.to_string().contains("TenantId="), "{error}");
    }
}

#[test]
fn the_certificate_is_checked_as_the_driver_checks_it() {
    let bench = Bench::new(&format!("https://login.example/{TENANT}"));
    let stranger = Tenants::new(&Environment::fixed([("SSL_CERT_FILE", "/nowhere")]));
    let error = ask(&stranger, &bench.target(), Duration::from_secs(10)).unwrap_err();
    assert_eq!(error.sqlstate(), "08001");
    let with = |trust| Target {
        trust,
        ..bench.target()
    };
    let named = |names: &[&str]| {
        with(Trust::Authorities {
            names: names.iter().map(ToString::to_string).collect(),
        })
    };
    assert!(ask(&stranger, &with(Trust::Any), Duration::from_secs(10)).is_ok());
    // Either name will do, as it does for Driver 18.
    assert!(bench.ask(&named(&["other.example", "localhost"])).is_ok());
    assert!(bench.ask(&named(&["other.example"])).is_err());
    assert!(bench.ask(&named(&[])).is_err());
    let authority = bench.roots.to_str().unwrap().to_owned();
    assert!(
        bench.ask(&with(Trust::File(authority))).is_err(),
        "the authority's is not the server's own"
    );
}

#[test]
fn a_server_that_hangs_or_speaks_something_else_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let bench = Bench::new("https://login.example/t");
    let target = Target {
        port,
        ..bench.target()
    };
    let error = ask(&bench.tenants(), &target, Duration::from_millis(200)).unwrap_err();
    assert_eq!(error.sqlstate(), "HYT00");

    let noise = std::thread::spawn(move || {
        // The connection of the first part waits in line before.
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = io::Write::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let error = ask(&bench.tenants(), &target, Duration::from_secs(10)).unwrap_err();
    assert_eq!(error.sqlstate(), "08001");
    assert!(error.to_string().contains("does not speak TDS"), "{error}");
    noise.join().unwrap();
}

#[test]
fn a_person_may_do_without_the_servers_word() {
    let bench = Bench::new("https://login.example/common");
    let tenant = Tenant::OfServer {
        target: Arc::new(bench.target()),
        tenants: Arc::new(bench.tenants()),
        otherwise: Some("organizations"),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let deadline = Deadline::at(Instant::now() + Duration::from_secs(10));
    assert_eq!(
        runtime.block_on(tenant.resolve(&deadline)).unwrap(),
        "organizations"
    );
}

#[test]
fn a_tenant_is_a_guid_or_a_domain_name() {
    let longest = "a".repeat(253);
    for name in [TENANT, "contoso.com", &longest] {
        assert_eq!(
            tenant_in(&format!("https://login.example/{name}/x")).as_deref(),
            Some(name)
        );
    }
    let too_long = "a".repeat(254);
    for name in ["", ".com", "-a", "a_b", "a%20b", "common", &too_long] {
        assert_eq!(
            tenant_in(&format!("https://login.example/{name}/x")),
            None,
            "{name}"
        );
    }
}

#[test]
fn what_servers_said_is_remembered_for_so_many_of_them_and_no_more() {
    let bench = Bench::new(&format!("https://login.example/{TENANT}/"));
    let tenants = bench.tenants();
    let other = |number: usize| Target {
        host: number.to_string(),
        ..bench.target()
    };
    let others = (0..LIMIT).map(|number| (other(number), TENANT.to_owned()));
    tenants.known.lock().extend(others);
    ask(&tenants, &bench.target(), Duration::from_secs(10)).unwrap();
    let known = tenants.known.lock();
    assert!(known.len() <= LIMIT && known.keys().any(|target| target.host == "localhost"));
}

#[test]
fn a_server_may_send_on_within_its_cloud_only() {
    for (from, to, may) in [
        ("a.database.windows.net", "b.tr1.database.windows.net", true),
        ("a.database.windows.net", "evil.example", false),
        ("a.database.windows.net", "x.database.chinacloudapi.cn", false),
        ("localhost", "127.0.0.1", true),
        ("localhost", "db.example", false),
        ("db.example", "db.example", true),
        ("db.example", "other.example", false),
    ] {
        assert_eq!(may_go(from, to), may, "{from} {to}");
    }
}

#[test]
fn a_server_that_redirects_is_refused_and_one_that_does_not_is_asked_once() {
    let bench = Bench::new(&format!("https://login.example/{TENANT}"));
    let tenants = Arc::new(bench.tenants());
    let tokens = TokenService::new();
    let ask =
        || tenants.rule_out_redirect(&bench.target(), Instant::now() + Duration::from_secs(10), &tokens);
    bench.server.inject(Fault::RouteLogin {
        host: "gateway.example".into(),
        port: 11_000,
    });
    let error = ask().unwrap_err().to_string();
    assert!(
        error.contains("gateway.example,11000") && error.contains("docs/trust.md"),
        "{error}"
    );
    for _ in 0..3 {
        ask().unwrap();
    }
    // The refusal is not remembered, the good answer is. A login is in the record once its client has left.
    let is_second = |login: &Login| login.connection == 2;
    assert!(
        bench
            .server
            .wait_for_login(Duration::from_secs(10), is_second)
            .is_some()
    );
    assert_eq!(bench.server.logins().len(), 2);
}

#[test]
fn a_server_that_cannot_be_asked_about_redirects_is_not_trusted() {
    let bench = Bench::new("https://login.example/t");
    let unreachable = Target {
        port: 1,
        ..bench.target()
    };
    let tenants = Arc::new(bench.tenants());
    let error = tenants
        .rule_out_redirect(
            &unreachable,
            Instant::now() + Duration::from_secs(10),
            &TokenService::new(),
        )
        .unwrap_err();
    assert_eq!(error.sqlstate(), "08001");
}

#[test]
fn what_nothing_vouched_for_is_no_answer_for_a_validated_sign_in() {
    let bench = Bench::new(&format!("https://login.example/{TENANT}"));
    let tenants = bench.tenants();
    let unvalidated = Target {
        trust: Trust::Any,
        ..bench.target()
    };
    let tenant = |target: &Target| Tenant::OfServer {
        target: Arc::new(target.clone()),
        tenants: Arc::new(bench.tenants()),
        otherwise: None,
    };
    let key = |target: &Target| {
        tenant(target)
            .identify(IdentityKey::of_kind("test").unwrap())
            .finish()
    };
    assert_ne!(key(&unvalidated), key(&bench.target()));
    for target in [&unvalidated, &bench.target(), &unvalidated, &bench.target()] {
        assert_eq!(ask(&tenants, target, Duration::from_secs(10)).unwrap(), TENANT);
    }
    assert_eq!(tenants.known.lock().len(), 2);
}

#[test]
fn a_server_that_refuses_the_question_about_redirects_is_asked_again() {
    let bench = Bench::new(&format!("https://login.example/{TENANT}"));
    let tenants = Arc::new(bench.tenants());
    let tokens = TokenService::new();
    let ask =
        || tenants.rule_out_redirect(&bench.target(), Instant::now() + Duration::from_secs(10), &tokens);
    let busy = SqlError::new(40613, "Database is not currently available.");
    bench.server.inject(Fault::RefuseLogin(busy));
    let error = ask().unwrap_err();
    assert_eq!(error.sqlstate(), "08001");
    assert!(error.to_string().contains("not currently available"), "{error}");
    ask().unwrap();
}
