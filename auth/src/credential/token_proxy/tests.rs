//! The token proxy of the stand-in's cluster, and variables that lead to none.

use super::*;
use crate::{
    Token,
    credential::{find, tests::Fixture},
    identity_key::IdentityKey,
    token::TokenService,
};
use standins::{
    certificates::CertificateAuthority,
    http::{LOOPBACK, Response, Server},
    playground::{PAYROLL_CLIENT_ID, Playground, PlaygroundOptions, TENANT_ID},
    token_proxy,
};
use std::{
    fs,
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

/// A pod of a cluster with identity bindings.
struct Pod {
    playground: Playground,
    directory: PathBuf,
}

impl Pod {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let directory = std::env::temp_dir().join(format!("entra-odbc-pod-{}-{number}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let playground = Playground::start(&PlaygroundOptions::default());
        let pod = Self {
            playground,
            directory,
        };
        pod.file("cluster.pem", pod.playground.token_proxy.ca());
        pod.file("roots.pem", pod.playground.ca.pem());
        pod.file(
            "token",
            &pod.playground.binding_assertion(Duration::from_hours(1)),
        );
        pod
    }

    fn file(&self, name: &str, content: &str) -> String {
        let path = self.directory.join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn path(&self, name: &str) -> String {
        self.directory.join(name).to_str().unwrap().to_owned()
    }

    fn fixture(&self, variables: &[(&str, &str)]) -> Fixture {
        let (token, roots, proxy) = (
            self.path("token"),
            self.path("roots.pem"),
            self.playground.token_proxy.url(),
        );
        let usual = [
            ("AZURE_CLIENT_ID", PAYROLL_CLIENT_ID),
            ("AZURE_TENANT_ID", TENANT_ID),
            ("AZURE_FEDERATED_TOKEN_FILE", &token),
            ("SSL_CERT_FILE", &roots),
            (TOKEN_PROXY, &proxy),
            (SNI_NAME, token_proxy::SNI_NAME),
        ];
        let environment = Environment::fixed(usual.into_iter().chain(variables.iter().copied()));
        Fixture::with_environment(&[], environment).at(&self.playground.entra.authority())
    }

    fn token(&self, variables: &[(&str, &str)]) -> Result<Arc<Token>, Error> {
        let sign_in = find("WorkloadIdentity")
            .unwrap()
            .prepare(&self.fixture(variables).context())?;
        let until = Instant::now() + Duration::from_secs(10);
        Ok(TokenService::new().token(&sign_in, until)?.token)
    }
}

impl Drop for Pod {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}

#[test]
fn the_cluster_takes_the_request_to_entra_over_tls_of_its_own() {
    let pod = Pod::new();
    let (file, data) = (pod.path("cluster.pem"), pod.playground.token_proxy.ca());
    for authority in [(CA_FILE, file.as_str()), (CA_DATA, data)] {
        // Which a proxy for the rest of the world has nothing to do with.
        let token = pod
            .token(&[authority, ("HTTPS_PROXY", "http://127.0.0.1:1")])
            .unwrap();
        assert_eq!(token.claims().client_id.as_deref(), Some(PAYROLL_CLIENT_ID));
    }
    assert!(pod.playground.entra.record().requests().is_empty());
    let asked = pod.playground.token_proxy.record().requests();
    let path = format!("/identity-bindings/{TENANT_ID}/oauth2/v2.0/token");
    assert!(
        asked.len() == 2 && asked.iter().all(|request| request.path == path),
        "{asked:#?}"
    );
}

#[test]
fn the_authority_of_the_cluster_takes_the_place_of_the_systems() {
    let pod = Pod::new();
    let (file, roots) = (pod.path("cluster.pem"), pod.path("roots.pem"));
    for (variables, words) in [
        // Of an authority that the system does not know.
        (
            &[][..],
            "which the cluster sets, and the system's CA certificates.",
        ),
        // One of the same name that the system does know, but not the cluster's.
        (
            &[(CA_FILE, roots.as_str())],
            "its issuer is not among the CA certificates for it",
        ),
        // The certificate is for another name.
        (
            &[(CA_FILE, file.as_str()), (SNI_NAME, "other.ests.aks")],
            "it is for another host",
        ),
    ] {
        let error = pod.token(variables).unwrap_err();
        let text = error.to_string();
        assert_eq!(error.kind().name(), "unreachable", "{text}");
        assert!(
            text.contains(words) && text.contains(TOKEN_PROXY) && text.contains(SNI_NAME),
            "{text}"
        );
    }
    assert!(pod.playground.token_proxy.record().requests().is_empty());

    // Nor does it vouch for anyone else: this server has a certificate of the system's authority.
    let tls = pod.playground.ca.server_config(&["proxy.example"]);
    let stranger = Server::start(LOOPBACK, Some(tls), |_| Response::new(404, "text/plain", ""));
    let url = format!("https://127.0.0.1:{}", stranger.address().port());
    let error = pod
        .token(&[(CA_FILE, &file), (TOKEN_PROXY, &url), (SNI_NAME, "proxy.example")])
        .unwrap_err();
    assert!(error.to_string().contains("its issuer is not among"), "{error}");
    assert!(stranger.record().requests().is_empty());
}

#[test]
fn a_renewed_authority_is_read_from_its_file_and_an_empty_file_is_one_that_is_being_written() {
    let pod = Pod::new();
    let good = pod.playground.token_proxy.ca().to_owned();
    let file = pod.file("rotated.pem", CertificateAuthority::new().pem());
    let environment = Environment::fixed([(TOKEN_PROXY, "https://127.0.0.1:1"), (CA_FILE, file.as_str())]);
    let proxy = TokenProxy::from_environment(&environment).unwrap().unwrap();
    let authorities = || match proxy.route().unwrap() {
        Route::Cluster(cluster) => cluster.authorities.clone().unwrap(),
        other => panic!("{other:?}"),
    };
    let first = authorities();
    pod.file("rotated.pem", "");
    assert_eq!(authorities(), first);
    pod.file("rotated.pem", &good);
    assert_eq!(authorities(), good.as_bytes());
    pod.file("rotated.pem", "something else");
    let error = proxy.route().unwrap_err().to_string();
    assert!(
        error.contains("AZURE_KUBERNETES_CA_FILE has no CA certificate"),
        "{error}"
    );
}

#[test]
fn variables_that_lead_nowhere_are_named() {
    let good = CertificateAuthority::new();
    let proxy = (TOKEN_PROXY, "https://10.0.0.1");
    for (variables, words) in [
        (
            &[(SNI_NAME, "x.ests.aks")][..],
            "AZURE_KUBERNETES_SNI_NAME is set, but AZURE_KUBERNETES_TOKEN_PROXY is not",
        ),
        (&[(CA_FILE, "/x")], "AZURE_KUBERNETES_CA_FILE is set, but"),
        (&[(TOKEN_PROXY, "http://10.0.0.1")], "is not an https URL"),
        (&[(TOKEN_PROXY, "10.0.0.1")], "is not a URL"),
        (
            &[(TOKEN_PROXY, "https://hidden:x@10.0.0.1")],
            "must not name a user",
        ),
        (&[(TOKEN_PROXY, "https://10.0.0.1/?hidden")], "neither a query"),
        (&[(TOKEN_PROXY, "https://10.0.0.1/#hidden")], "neither a query"),
        (
            &[proxy, (SNI_NAME, "10.0.0.2")],
            "AZURE_KUBERNETES_SNI_NAME is not a host name",
        ),
        (
            &[proxy, (SNI_NAME, "a/b")],
            "AZURE_KUBERNETES_SNI_NAME is not a host name",
        ),
        (&[proxy, (CA_FILE, "/nowhere.pem")], "AZURE_KUBERNETES_CA_FILE"),
        (
            &[proxy, (CA_DATA, "hidden")],
            "AZURE_KUBERNETES_CA_DATA has no CA certificate",
        ),
        (
            &[proxy, (CA_FILE, "/x"), (CA_DATA, good.pem())],
            "AZURE_KUBERNETES_CA_FILE and AZURE_KUBERNETES_CA_DATA contradict each other",
        ),
    ] {
        let environment = Environment::fixed(variables.iter().copied());
        let error = TokenProxy::from_environment(&environment).unwrap_err();
        assert_eq!(error.kind().name(), "invalid");
        let text = error.to_string();
        assert!(text.contains(words) && !text.contains("hidden"), "{text}");
    }
    assert!(
        TokenProxy::from_environment(&Environment::empty())
            .unwrap()
            .is_none()
    );
}

#[test]
fn requests_go_below_the_path_of_the_proxy_and_name_it_as_it_is_called() {
    for (proxy, sni, url, header) in [
        ("https://10.0.0.1", None, "https://10.0.0.1/t/token", None),
        ("https://10.0.0.1/", None, "https://10.0.0.1/t/token", None),
        (
            "https://kubernetes.default.svc:6443/a/b/",
            Some("x.ests.aks"),
            "https://x.ests.aks:6443/a/b/t/token",
            Some("kubernetes.default.svc:6443"),
        ),
        (
            "https://[fd00::1]:443/a",
            Some("x.ests.aks"),
            "https://x.ests.aks/a/t/token",
            Some("[fd00::1]"),
        ),
    ] {
        let sni = sni.map(|name| (SNI_NAME, name));
        let environment = Environment::fixed([(TOKEN_PROXY, proxy)].into_iter().chain(sni));
        let found = TokenProxy::from_environment(&environment).unwrap().unwrap();
        assert_eq!(found.url("t/token"), url);
        assert_eq!(found.host_header.as_deref(), header, "{proxy}");
    }
}

#[test]
fn the_endpoint_is_part_of_the_identity() {
    let pod = Pod::new();
    let file = pod.path("cluster.pem");
    let key = |variables: &[(&str, &str)]| -> IdentityKey {
        let fixture = pod.fixture(variables);
        let mode = find("WorkloadIdentity").unwrap();
        mode.prepare(&fixture.context()).unwrap().key
    };
    let keys = [
        key(&[]),
        key(&[(TOKEN_PROXY, "https://10.0.0.1")]),
        key(&[(SNI_NAME, "other.ests.aks")]),
        key(&[(CA_FILE, &file)]),
        key(&[(TOKEN_PROXY, ""), (SNI_NAME, "")]),
    ];
    for (at, one) in keys.iter().enumerate() {
        assert!(!keys[..at].contains(one), "{at}");
    }
}

#[test]
fn the_default_chain_reads_them_too_and_ends_where_they_are_wrong() {
    let pod = Pod::new();
    let file = pod.path("cluster.pem");
    let get = |variables: &[(&str, &str)]| {
        let sign_in = find("Default")
            .unwrap()
            .prepare(&pod.fixture(variables).context())?;
        TokenService::new().token(&sign_in, Instant::now() + Duration::from_secs(10))
    };
    let issued = get(&[(CA_FILE, &file)]).unwrap();
    assert_eq!(
        issued.token.claims().client_id.as_deref(),
        Some(PAYROLL_CLIENT_ID)
    );
    let error = get(&[(CA_FILE, "/nowhere.pem")]).unwrap_err().to_string();
    assert!(
        error.contains("WorkloadIdentity: the file of AZURE_KUBERNETES_CA_FILE"),
        "{error}"
    );
}
