//! The stand-ins for Entra, managed identity and SQL Server, and a machine that is configured for them.

use crate::{
    library::{built_library, real_driver},
    machine::{Machine, OURS},
    tool::Run,
};
use std::{ops::Deref, path::Path, process::Command, sync::Once};

pub use ::standins::playground::{PAYROLL_CLIENT_ID, PAYROLL_SECRET, TENANT_ID, USER, USER_PASSWORD};
use ::standins::playground::{Playground, PlaygroundOptions};

/// A machine on which the driver is registered, with the stand-ins for its cloud.
pub struct CloudMachine {
    pub playground: Playground,
    machine: Machine,
}

impl Deref for CloudMachine {
    type Target = Machine;

    fn deref(&self) -> &Machine {
        &self.machine
    }
}

/// The program through which the tool connects, built unless `make test` has built everything.
fn connecting_program() {
    static BUILT: Once = Once::new();
    BUILT.call_once(|| {
        if std::env::var_os("ENTRA_ODBC_TEST_LIBRARY").is_none() {
            let tool = Path::new(env!("CARGO_BIN_EXE_entra-odbc"));
            let target = tool.ancestors().nth(2).unwrap();
            let mut cargo = Command::new(env!("CARGO"));
            cargo
                .args(["build", "--quiet", "--package", "entra-odbc-connect"])
                .env("CARGO_TARGET_DIR", target);
            assert!(cargo.status().unwrap().success());
        }
    });
}

/// Where the tool's programs were built.
pub fn tools() -> &'static Path {
    connecting_program();
    Path::new(env!("CARGO_BIN_EXE_entra-odbc")).parent().unwrap()
}

impl CloudMachine {
    pub fn new() -> Self {
        connecting_program();
        let machine = Machine::empty();
        let playground = Playground::start(&PlaygroundOptions::default());
        machine.write("ca.pem", playground.ca.pem());
        machine.write(
            "odbcinst.ini",
            format!(
                "[{OURS}]\nDriver={}\nRealDriver={}\n",
                built_library().display(),
                real_driver().display()
            ),
        );
        Self { playground, machine }
    }

    /// The tool, with its cloud.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.machine.command(arguments);
        self.set_cloud_variables(&mut command);
        command
    }

    /// Another program, likewise.
    pub fn program(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        let tool = self.command(&[]);
        command
            .args(arguments)
            .env_clear()
            .envs(tool.get_envs().filter_map(|(name, value)| Some((name, value?))))
            .current_dir(&self.machine.directory);
        command
    }

    fn set_cloud_variables(&self, command: &mut Command) {
        command
            .env("SSL_CERT_FILE", self.machine.path("ca.pem"))
            .env("AZURE_AUTHORITY_HOST", self.playground.entra.authority())
            .env(
                "AZURE_POD_IDENTITY_AUTHORITY_HOST",
                self.playground.managed_identity.imds(),
            );
    }

    pub fn run(&self, arguments: &[&str]) -> Run {
        Run::of(&mut self.command(arguments))
    }

    /// Keywords by which the application "payroll" signs in, its secret left out.
    pub fn payroll() -> [String; 3] {
        [
            "Authentication=ActiveDirectoryServicePrincipal".to_owned(),
            format!("UID={PAYROLL_CLIENT_ID}"),
            format!("TenantId={TENANT_ID}"),
        ]
    }

    /// `Server=` of the stand-in.
    pub fn server(&self) -> String {
        format!("Server=localhost,{}", self.playground.sql_server.port())
    }
}
