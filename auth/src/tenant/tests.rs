//! Which names are tenants, and how long a server's answer is kept.

use super::*;
use std::sync::atomic::{AtomicUsize, Ordering};

const TENANT: &str = "5f2c1f4e-8a0b-4a8e-9d57-3c1d2e6b7a90";

/// A server that answers at once, and counts how often it is asked.
#[derive(Debug)]
struct Scripted {
    name: String,
    answer: Result<String, Error>,
    asked: AtomicUsize,
}

impl Scripted {
    fn new(name: &str, answer: Result<&str, Error>) -> Self {
        Self {
            name: name.to_owned(),
            answer: answer.map(str::to_owned),
            asked: AtomicUsize::new(0),
        }
    }
}

impl TenantDiscovery for Scripted {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn identify(&self, key: IdentityKeyBuilder) -> IdentityKeyBuilder {
        key.with("server", &self.name)
    }

    fn discover(&self) -> BoxFuture<'_, Result<String, Error>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Box::pin(async { self.answer.clone() })
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

fn deadline() -> Deadline {
    Deadline::at(Instant::now() + Duration::from_secs(10))
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
fn a_server_is_asked_once_and_a_failure_is_not_kept() {
    let tenants = TenantCache::new();
    let server = Scripted::new("db,1433", Ok(TENANT));
    for _ in 0..3 {
        assert_eq!(
            run(tenants.get_or_discover(&server, &deadline())).unwrap(),
            TENANT
        );
    }
    assert_eq!(server.asked.load(Ordering::Relaxed), 1);
    let failing = Scripted::new("other,1433", Err(Error::new(ErrorKind::Unreachable, "x")));
    for _ in 0..2 {
        assert!(run(tenants.get_or_discover(&failing, &deadline())).is_err());
    }
    assert_eq!(failing.asked.load(Ordering::Relaxed), 2);
}

#[test]
fn a_person_signs_in_without_the_servers_answer() {
    let tenant = Tenant::OfServer {
        server: Arc::new(Scripted::new(
            "db,1433",
            Err(Error::new(ErrorKind::Unreachable, "x")),
        )),
        tenants: Arc::default(),
        fallback: Some("organizations"),
    };
    assert_eq!(run(tenant.resolve(&deadline())).unwrap(), "organizations");
}

#[test]
fn so_many_servers_are_remembered_and_no_more() {
    let tenants = TenantCache::new();
    for number in 0..=MAX_CACHED_TENANTS {
        let server = Scripted::new(&number.to_string(), Ok(TENANT));
        run(tenants.get_or_discover(&server, &deadline())).unwrap();
    }
    assert_eq!(tenants.0.lock().len(), 1);
}
