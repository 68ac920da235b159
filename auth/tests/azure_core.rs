//! azure_core's `TokenCredential` in both directions, against the stand-ins of Entra and of a virtual machine.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may fail by panicking"
)]

#[path = "azure_core/provider.rs"]
mod provider;

use azure_core::credentials::TokenCredential;
use entra_auth::{EntraCredential, EntraCredentialBuilder, Environment, Services, user::prompt::Prompts};
use serde_json::Value;
use standins::{
    certificates::CertificateAuthority,
    entra::{App, Directory, Entra, EntraOptions, Tenant},
    http::{Fault, Gate, Times},
    jwt::Issuer,
    managed_identity::{Identities, Identity, ManagedIdentity, ManagedIdentityOptions},
};
use std::{
    env, fs,
    future::{Future, poll_fn},
    path::PathBuf,
    pin::pin,
    sync::{Arc, LazyLock},
    task::Poll,
};

const STORAGE: &str = "https://storage.azure.com/.default";
const SQL: &str = "https://database.windows.net/.default";
const TENANT: &str = "8b2c6f0e-3c44-4a52-9d0a-5f0e1f6d7a10";
const CLIENT: &str = "1d0f6a3e-90a4-4f6b-8f8e-0a54b1c7d2e3";
const SECRET: &str = "Qx8~s3cret&with=signs+";

/// Making the key is what takes time.
static ISSUER: LazyLock<Arc<Issuer>> = LazyLock::new(Arc::default);

fn tenant() -> Tenant {
    let mut tenant = Tenant::new(TENANT, "Contoso", "contoso.example");
    tenant.apps.push(App {
        client_id: CLIENT.to_owned(),
        object_id: "c5a9d4b7-66f1-4b0e-a1f0-2f7b8a3d9c11".to_owned(),
        secrets: vec![SECRET.to_owned()],
        ..App::default()
    });
    tenant
}

/// An Entra, and the services of a program that trusts its certificate.
struct Bench {
    entra: Entra,
    roots: PathBuf,
    services: Arc<Services>,
}

impl Bench {
    fn new(name: &str) -> Self {
        let authority = CertificateAuthority::new();
        let roots = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("azure-core-{name}.pem"));
        fs::write(&roots, authority.pem()).unwrap();
        let directory = Directory {
            tenants: vec![tenant()],
        };
        let tls = authority.server_config(&["localhost"]);
        let environment = Environment::fixed([("SSL_CERT_FILE", roots.to_str().unwrap())]);
        Self {
            entra: Entra::start(EntraOptions::new(tls, Arc::clone(&ISSUER), directory)),
            roots,
            services: services(environment),
        }
    }

    fn builder(&self, mode: &str) -> EntraCredentialBuilder {
        EntraCredential::builder(mode)
            .authority(self.entra.authority())
            .services(Arc::clone(&self.services))
    }

    fn application(&self, secret: &str) -> EntraCredential {
        self.builder("ServicePrincipal")
            .option("TenantId", TENANT)
            .option("ClientId", CLIENT)
            .option("ClientSecret", secret)
            .build()
            .unwrap()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.roots);
    }
}

fn services(environment: Environment) -> Arc<Services> {
    Arc::new(Services::new(environment, Prompts::unseen()))
}

/// Runs a task on an executor that has neither a timer nor sockets.
fn run<T>(task: impl Future<Output = T>) -> T {
    let executor = tokio::runtime::Builder::new_current_thread().build();
    executor.unwrap().block_on(task)
}

/// The claims of a token of this scope, whose signature is the issuer's.
fn claims(credential: &dyn TokenCredential, scope: &str) -> Value {
    let token = run(credential.get_token(&[scope], None)).unwrap();
    ISSUER.verify(token.token.secret()).unwrap()
}

#[test]
fn a_client_secret_gives_a_token_for_storage_and_the_second_one_comes_from_the_cache() {
    let bench = Bench::new("secret");
    let credential = bench.application(SECRET);
    let first = claims(&credential, STORAGE);
    assert_eq!(first["aud"], "https://storage.azure.com");
    assert_eq!(first["appid"], CLIENT);
    assert_eq!(claims(&credential, STORAGE), first);
    // Another credential of the same identity, and the resource for its scope.
    assert_eq!(
        claims(&bench.application(SECRET), "https://storage.azure.com/"),
        first
    );
    assert_eq!(bench.entra.token_requests().len(), 1);
    assert_eq!(claims(&credential, SQL)["aud"], "https://database.windows.net/");
    assert_eq!(bench.entra.token_requests().len(), 2);
}

#[test]
fn a_managed_identity_gives_a_token_for_storage_and_the_second_one_comes_from_the_cache() {
    let identity = Identity {
        client_id: CLIENT.to_owned(),
        object_id: "own-object".to_owned(),
        resource_id: "/own".to_owned(),
    };
    let identities = Identities {
        system_assigned: Some(identity),
        user_assigned: Vec::new(),
    };
    let options = ManagedIdentityOptions::new(Arc::clone(&ISSUER), tenant(), identities);
    let machine = ManagedIdentity::start(options);
    let environment = Environment::fixed([("AZURE_POD_IDENTITY_AUTHORITY_HOST", machine.imds())]);
    let credential = EntraCredential::builder("Msi")
        .services(services(environment))
        .build()
        .unwrap();
    let first = claims(&credential, STORAGE);
    assert_eq!(first["aud"], "https://storage.azure.com");
    assert_eq!(first["oid"], "own-object");
    let requests = machine.record().requests().len();
    assert_eq!(claims(&credential, STORAGE), first);
    assert_eq!(machine.record().requests().len(), requests);
}

#[test]
fn a_future_that_is_dropped_while_entra_hangs_leaves_the_credential_as_it_was() {
    let bench = Bench::new("dropped");
    let credential = bench.application(SECRET);
    let gate = Gate::new();
    bench
        .entra
        .inject_on("/token", Times::Next(1), Fault::HangBefore(gate.clone()));
    run(async {
        let mut asked = pin!(credential.get_token(&[STORAGE], None));
        poll_fn(|context| {
            assert!(asked.as_mut().poll(context).is_pending());
            Poll::Ready(())
        })
        .await;
        while bench.entra.token_requests().is_empty() {
            std::thread::yield_now();
        }
    });
    assert_eq!(claims(&credential, STORAGE)["aud"], "https://storage.azure.com");
    assert_eq!(bench.entra.token_requests().len(), 2);
    gate.open();
}

#[test]
fn a_refusal_is_an_error_of_kind_credential_in_our_words_without_the_secret() {
    let bench = Bench::new("refused");
    let credential = bench.application("wrong-s3cret");
    let error = run(credential.get_token(&[STORAGE], None)).unwrap_err();
    assert_eq!(error.kind(), &azure_core::error::ErrorKind::Credential);
    let text = format!("{error} {error:?} {credential:?}");
    assert!(
        text.contains("AADSTS7000215") && text.contains("[ServicePrincipal]"),
        "{text}"
    );
    assert!(!text.contains("s3cret"), "{text}");
    let ours = error.into_downcast::<entra_auth::Error>().unwrap();
    assert_eq!(ours.code(), 7_000_215);
    for scopes in [&[][..], &[STORAGE, SQL]] {
        let error = run(credential.get_token(scopes, None)).unwrap_err().to_string();
        assert!(error.contains("one scope"), "{error}");
    }
}

#[test]
fn options_that_cannot_work_are_told_before_anyone_is_asked() {
    let bench = Bench::new("options");
    let refused = |builder: EntraCredentialBuilder| builder.build().unwrap_err().to_string();
    let cases = [
        (
            bench.builder("ServicePrincipel"),
            "Did you mean ActiveDirectoryServicePrincipal?",
        ),
        (bench.builder("ServicePrincipal"), "UID="),
        (bench.builder("Msi").option("s3cret", "x"), "unknown name"),
        (
            bench.builder("Msi").option("Scope", "s3cret"),
            "Scope is no option",
        ),
        (
            bench.builder("Msi").option("TokenTimeout", "s3cret"),
            "TokenTimeout=",
        ),
        (bench.builder("Msi").authority("http://s3cret"), "authority"),
    ];
    for (builder, expected) in cases {
        let error = refused(builder);
        assert!(error.contains(expected) && !error.contains("s3cret"), "{error}");
    }
    assert!(bench.entra.record().requests().is_empty());
}
