//! A SQL server for the tests, whose word on its tenant is the test's.

use super::{Encryption, LoginOptions, Target, Trust};
use entra_auth::{Environment, Services, user::prompt::Prompts};
use standins::{
    certificates::CertificateAuthority,
    jwt::Issuer,
    sql_server::{SqlServer, SqlServerOptions},
};
use std::{
    path::PathBuf,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU32, Ordering},
    },
};

pub const TENANT: &str = "5f2c1f4e-8a0b-4a8e-9d57-3c1d2e6b7a90";

/// Runs a future to its end on this thread.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

/// A server whose word on its tenant is the test's.
pub struct ScriptedServer {
    pub server: SqlServer,
    pub roots: PathBuf,
}

impl ScriptedServer {
    pub fn new(sts_url: &str) -> Self {
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

    pub fn target(&self) -> Target {
        Target {
            host: "localhost".into(),
            port: self.server.port(),
            connect_to: None,
            options: LoginOptions {
                database: Some("payroll".into()),
                language: None,
            },
            encryption: Encryption::Yes,
            trust: Trust::Authorities {
                names: vec!["localhost".into()],
            },
        }
    }

    /// The variables of a program that accepts its certificate.
    pub fn environment(&self) -> Environment {
        Environment::fixed([("SSL_CERT_FILE", self.roots.to_str().unwrap())])
    }

    pub fn services(&self) -> Services {
        Services::new(self.environment(), Prompts::unseen())
    }
}

impl Drop for ScriptedServer {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.roots);
    }
}
