//! Every authentication mode, on the real driver: what the host is told, and who came at the server.

mod application;
mod given;
mod machine_identity;
mod person;
mod tool;

use entra_auth::credential::MODES;
use standins::sql_server::Outcome;
use std::{fs, sync::Mutex, thread};

pub use given::PROVIDER;

use test_support::{login_name::application, machine::Machine};

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

/// The log of a machine's hosts.
const LOG: &str = "log";

/// What token requests have secrets in.
const SECRETS: &[&str] = &[
    "assertion",
    "client_assertion",
    "client_secret",
    "code",
    "code_verifier",
    "device_code",
    "password",
    "refresh_token",
    "state",
];

/// A machine on which the library logs all that it has to tell.
fn logging() -> Machine {
    let machine = Machine::new();
    let log = machine.path(LOG).to_str().unwrap().to_owned();
    machine
        .with("ENTRA_ODBC_LOG", "trace")
        .with("ENTRA_ODBC_LOG_FILE", log)
}

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

    /// The first secret of this sign-in that the log tells; nothing where it tells none, or is not written.
    fn leak(&self) -> Option<String> {
        let playground = &self.machine.playground;
        let log = fs::read_to_string(self.machine.path(LOG)).unwrap_or_default();
        if !log.contains("token") {
            return Some(format!("there is no log: {log:?}"));
        }
        let records = [
            playground.entra.record(),
            playground.managed_identity.record(),
            playground.pipelines.record(),
            playground.token_proxy.record(),
        ];
        let sent: Vec<_> = records.iter().flat_map(|record| record.requests()).collect();
        let in_requests = sent.iter().flat_map(|request| {
            let forms = request.form.iter().chain(request.query.iter());
            let named = forms.filter(|(name, _)| SECRETS.contains(name));
            named.chain(
                request
                    .headers
                    .iter()
                    .filter(|(name, _)| *name == "authorization"),
            )
        });
        let secrets = in_requests.map(|(_, value)| value.to_owned());
        let logins = playground.sql_server.logins();
        let tokens = logins
            .iter()
            .filter_map(|login| Some(login.token.as_ref()?.reveal().to_owned()));
        secrets
            .chain(tokens)
            .chain(self.kept())
            // The beginning of any JWT.
            .chain(["eyJ".to_owned()])
            .find(|secret| log.contains(secret.get(secret.len() / 3..).unwrap_or(secret)))
    }

    /// Lines that only secrets have, from files and scripts that this machine signs in by.
    fn kept(&self) -> Vec<String> {
        let tools = self.machine.path("tools");
        let files = [self.machine.directory(), &tools]
            .into_iter()
            .filter_map(|directory| fs::read_dir(directory).ok())
            .flatten()
            .map(|file| file.unwrap().path());
        files
            .filter(|file| !file.ends_with(LOG))
            .filter_map(|file| fs::read_to_string(file).ok())
            .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
            .filter(|line| line.len() >= 60 && !line.contains("Driver="))
            .collect()
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
fn every_kind_signs_in_on_the_real_driver_and_the_server_sees_who_it_is_and_the_log_no_secret() {
    let left = Mutex::new(KINDS.iter());
    let failures = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Some((name, visit)) = left.lock().unwrap().next() else {
                        break;
                    };
                    let tried = || {
                        let visit = visit(logging());
                        let leak = visit.leak().map(|secret| format!("in the log: {secret}"));
                        visit.trouble().or(leak)
                    };
                    let outcome = thread::spawn(tried).join();
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
