//! Every sign-in kind, on the real driver: what the host is told, and who came at the server.

mod application;
mod given;
mod machine_identity;
mod person;
mod tool;

use entra_odbc_core::credential::MODES;
use standins::sql_server::Outcome;
use std::{sync::Mutex, thread};

use crate::{machine::Machine, who::application};

/// A kind and how it is tried: the machine that it was tried on, what `SUSER_SNAME()` said, and what it should say.
type Kind = (&'static str, fn(Machine) -> Visit);

const KINDS: &[Kind] = &[
    ("Default", machine_identity::default_chain),
    ("Environment", application::environment),
    ("Msi", machine_identity::managed_identity),
    ("ServicePrincipal", application::secret),
    ("ServicePrincipalCertificate", application::with_a_certificate),
    ("ClientAssertion", application::assertion),
    ("WorkloadIdentity", application::workload_identity),
    ("AzurePipelines", application::azure_pipelines),
    ("AzCli", tool::azure_cli),
    ("AzureDeveloperCli", tool::azure_developer_cli),
    ("AzurePowerShell", tool::azure_powershell),
    ("DeviceCode", person::device_code),
    ("Interactive", person::interactive),
    ("Password", person::password),
    ("RefreshToken", person::refresh_token),
    ("OnBehalfOf", person::on_behalf_of),
    ("AccessToken", given::access_token),
    ("TokenProvider", given::token_provider),
];

/// How trying a kind went.
struct Visit {
    machine: Machine,
    said: String,
    expected: String,
}

impl Visit {
    /// Connects pyodbc, through unixODBC, with nothing but a string.
    fn by_string(machine: Machine, rest: &str, expected: impl Into<String>) -> Self {
        let said = machine.pyodbc(&machine.string(rest));
        Self {
            machine,
            said,
            expected: expected.into(),
        }
    }

    /// What is wrong with it; nothing where the host and the server agree on who came.
    fn trouble(&self) -> Option<String> {
        let logins = self.machine.playground.sql_server.logins();
        let came: Vec<_> = logins
            .iter()
            .filter(|login| !matches!(login.outcome, Outcome::Abandoned))
            .map(|login| {
                let claim = |name: &str| login.claims.as_ref()?[name].as_str().map(str::to_owned);
                claim("upn").or_else(|| claim("appid").map(|id| application(&id)))
            })
            .collect();
        let right = came.iter().all(|who| who.as_ref() == Some(&self.expected)) && !came.is_empty();
        (self.said != self.expected || !right).then(|| {
            format!(
                "expected {}, the host was told {}, to the server came {came:?}",
                self.expected, self.said
            )
        })
    }
}

#[test]
fn every_kind_of_the_table_is_in_the_matrix() {
    let mine: Vec<_> = KINDS.iter().map(|(name, _)| *name).collect();
    let all: Vec<_> = MODES.iter().map(|mode| mode.name).collect();
    assert_eq!(mine, all);
}

#[test]
fn every_kind_signs_in_on_the_real_driver_and_the_server_sees_who_it_is() {
    let left = Mutex::new(KINDS.iter());
    let failures = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Some((name, visit)) = left.lock().unwrap().next() else {
                        break;
                    };
                    let outcome = thread::spawn(|| visit(Machine::new()).trouble()).join();
                    let trouble = outcome.unwrap_or_else(|_| Some("see above".to_owned()));
                    eprintln!("{name}: {}", trouble.as_deref().unwrap_or("ok"));
                    failures
                        .lock()
                        .unwrap()
                        .extend(trouble.map(|trouble| format!("{name}: {trouble}")));
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
