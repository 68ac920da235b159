use super::{members::MEMBERS, *};
use crate::{
    Environment, Keyword, TokenService, credential::tests::Fixture, os::child::tests::write_script,
    token::Issued,
};
use standins::{
    http::{Fault, Response, Times},
    playground::{PAYROLL_CLIENT_ID, PAYROLL_SECRET, Playground, PlaygroundOptions, TENANT_ID},
};
use std::{fs, path::PathBuf};

/// A machine on which nothing is there unless the test puts it there.
struct Machine {
    playground: Playground,
    directory: PathBuf,
    variables: Vec<(String, String)>,
}

impl Machine {
    fn new(name: &str) -> Self {
        let playground = Playground::start(&PlaygroundOptions::default());
        let directory = std::env::temp_dir().join(format!("entra-odbc-chain-{}-{name}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("ca.pem"), playground.ca.pem()).unwrap();
        let path = |path: PathBuf| path.to_str().unwrap().to_owned();
        let variables = [
            ("SSL_CERT_FILE", path(directory.join("ca.pem"))),
            ("PATH", path(directory.clone())),
            ("HOME", path(directory.clone())),
            // A port that nobody listens on.
            (
                "AZURE_POD_IDENTITY_AUTHORITY_HOST",
                "http://127.0.0.1:1".to_owned(),
            ),
        ]
        .map(|(name, value)| (name.to_owned(), value));
        Self {
            playground,
            directory,
            variables: variables.into(),
        }
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    fn with_imds(self) -> Self {
        let imds = self.playground.managed_identity.imds();
        self.with("AZURE_POD_IDENTITY_AUTHORITY_HOST", &imds)
    }

    fn with_application(self, secret: &str) -> Self {
        self.with("AZURE_CLIENT_ID", PAYROLL_CLIENT_ID)
            .with("AZURE_TENANT_ID", TENANT_ID)
            .with("AZURE_CLIENT_SECRET", secret)
    }

    fn with_az(self, script: &str) -> Self {
        let az = self.directory.join("az");
        write_script(&az, script);
        self
    }

    /// Has the address of IMDS answer so, whatever it is asked.
    fn imds_answers(&self, fault: Fault) {
        let imds = &self.playground.managed_identity;
        imds.faults().clear();
        imds.inject_on("/token", Times::UntilCleared, fault);
    }

    fn fixture(&self, pairs: &[(Keyword, &str)]) -> Fixture {
        let environment = Environment::fixed(self.variables.clone()).with_tools();
        Fixture::with_environment(pairs, environment).at(&self.playground.entra.authority())
    }

    fn token(&self) -> Result<Issued, Error> {
        issue(&TokenService::new(), &self.fixture(&[]))
    }

    fn who(&self) -> String {
        self.token().unwrap().token.claims().to_string()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}

fn issue(service: &TokenService, fixture: &Fixture) -> Result<Issued, Error> {
    let sign_in = crate::credential::find("Default")
        .unwrap()
        .prepare(&fixture.context())?;
    service.token(&sign_in, Instant::now() + Duration::from_secs(10))
}

fn az_of(machine: &Machine, name: &str) -> String {
    let token = machine.playground.user_token(name, Duration::from_hours(1));
    format!("echo '{{\"accessToken\":\"{token}\",\"expires_on\":4102444800,\"tokenType\":\"Bearer\"}}'")
}

#[test]
fn the_environment_comes_before_the_managed_identity_and_that_before_a_developers_tool() {
    let machine = Machine::new("order");
    let az = az_of(&machine, "ada@contoso.com");
    let machine = machine.with_az(&az);
    assert!(machine.who().starts_with("ada@contoso.com"));
    let machine = machine.with_imds();
    let system = machine.playground.description()["system_assigned"]["client_id"].clone();
    assert!(
        machine.who().contains(system.as_str().unwrap()),
        "{}",
        machine.who()
    );
    let machine = machine.with_application(PAYROLL_SECRET);
    assert!(machine.who().contains(PAYROLL_CLIENT_ID), "{}", machine.who());
}

#[test]
fn a_member_that_is_configured_and_refused_ends_the_chain() {
    let machine = Machine::new("refused");
    let az = az_of(&machine, "ada@contoso.com");
    let error = machine
        .with_az(&az)
        .with_application("wrong")
        .token()
        .unwrap_err();
    assert_eq!((error.kind().name(), error.code()), ("refused", 7_000_215));
    assert!(
        error
            .to_string()
            .starts_with("[entra-odbc][Default] Environment: "),
        "{error}"
    );
}

#[test]
fn a_machine_without_an_identity_of_its_own_lets_a_developers_tool_try() {
    let machine = Machine::new("none").with_imds();
    let az = az_of(&machine, "ada@contoso.com");
    let machine = machine.with_az(&az);
    let none = r#"{"error":"invalid_request","error_description":"Identity not found"}"#;
    machine.imds_answers(Fault::Answer(Response::new(400, "application/json", none)));
    assert!(machine.who().starts_with("ada@contoso.com"));

    // One that was asked for is missed.
    let pairs = [(Keyword::ClientId, "11111111-2222-3333-4444-555555555555")];
    let error = issue(&TokenService::new(), &machine.fixture(&pairs)).unwrap_err();
    assert_eq!(error.kind().name(), "refused");
    assert!(error.to_string().contains("Msi: "), "{error}");
}

#[test]
fn another_clouds_metadata_service_and_a_proxys_refusal_are_no_managed_identity() {
    let machine = Machine::new("foreign").with_imds();
    let az = az_of(&machine, "ada@contoso.com");
    let machine = machine.with_az(&az);
    for (status, kind, body) in [
        // EC2, with and without version 1 of its service.
        (
            404,
            "text/html",
            "<?xml version=\"1.0\"?><html><title>404 - Not Found</title></html>",
        ),
        (
            401,
            "text/html",
            "<?xml version=\"1.0\"?><html><title>401 - Unauthorized</title></html>",
        ),
        // Docker Desktop.
        (
            403,
            "text/plain",
            "connecting to 169.254.169.254:80: connectex: A socket operation was attempted to an unreachable network.",
        ),
        (200, "text/html", "<html>Welcome to the guests' network</html>"),
    ] {
        machine.imds_answers(Fault::Answer(Response::new(status, kind, body)));
        assert!(machine.who().starts_with("ada@contoso.com"), "{status}");
    }
    // It is there, and in trouble: another identity must not take its place.
    machine.imds_answers(Fault::status(503));
    assert!(machine.token().unwrap_err().to_string().contains("Msi: "));
}

#[test]
fn a_developers_tool_that_fails_lets_the_next_one_try() {
    let machine = Machine::new("tools").with_az("echo 'AADSTS50076: use MFA' >&2; exit 1");
    let error = machine.token().unwrap_err();
    assert_eq!((error.kind().name(), error.code()), ("refused", 50076));
}

#[test]
fn a_developers_tool_that_uses_up_the_time_is_named() {
    let machine = Machine::new("slow").with_az("exec /bin/sleep 1000");
    let fixture = machine.fixture(&[]);
    let sign_in = crate::credential::find("Default")
        .unwrap()
        .prepare(&fixture.context())
        .unwrap();
    let soon = Instant::now() + Duration::from_secs(2);
    let error = TokenService::new().token(&sign_in, soon).unwrap_err();
    assert_eq!(error.kind().name(), "timed_out");
    assert!(
        error
            .to_string()
            .contains("[Default] AzCli: it did not answer in time. Raise the login timeout, or run az"),
        "{error}"
    );
}

#[test]
fn when_all_fail_each_member_says_why_within_what_a_host_is_told() {
    let error = Machine::new("all").token().unwrap_err();
    assert_eq!(error.kind().name(), "unavailable");
    let text = error.to_string();
    for member in MEMBERS {
        assert!(text.contains(&format!("{}: ", member.name)), "{text}");
    }
    assert!(
        text.contains("AZURE_CLIENT_ID is not set")
            && text.contains("AZURE_FEDERATED_TOKEN_FILE is not set")
            && text.contains("127.0.0.1"),
        "{text}"
    );
    assert!(text.contains("entra-odbc login"), "{text}");
    // As much as unixODBC 2.3.11 passes on to a host.
    assert!(text.encode_utf16().count() <= 512, "{} {text}", text.len());
}

#[test]
fn the_variable_of_the_sdks_selects_members() {
    let machine = Machine::new("selected");
    let az = az_of(&machine, "ada@contoso.com");
    let mut machine = machine.with_az(&az).with_imds().with_application(PAYROLL_SECRET);
    for (value, expected) in [
        ("dev", "ada@contoso.com"),
        (" Prod ", PAYROLL_CLIENT_ID),
        ("azureclicredential", "ada@contoso.com"),
        ("EnvironmentCredential", PAYROLL_CLIENT_ID),
    ] {
        machine = machine.with("AZURE_TOKEN_CREDENTIALS", value);
        assert!(machine.who().contains(expected), "{value}: {}", machine.who());
    }
    let machine = machine.with("AZURE_TOKEN_CREDENTIALS", "VisualStudioCredential");
    let error = machine.token().unwrap_err();
    assert_eq!(error.kind().name(), "invalid");
    assert!(error.to_string().contains("AZURE_TOKEN_CREDENTIALS"), "{error}");
}

#[test]
fn the_client_id_names_the_managed_identity() {
    let machine = Machine::new("client").with_imds();
    let identity = machine.playground.description()["user_assigned"]["client_id"].clone();
    let id = identity.as_str().unwrap();
    for keyword in [Keyword::ClientId, Keyword::User] {
        let issued = issue(&TokenService::new(), &machine.fixture(&[(keyword, id)])).unwrap();
        assert!(issued.token.claims().to_string().contains(id));
    }
    let machine = machine.with("AZURE_CLIENT_ID", id);
    assert!(machine.who().contains(id));
}

#[test]
fn a_managed_identity_is_looked_for_once_where_it_is_one_of_several() {
    let machine = Machine::new("probe").with_imds();
    machine.token().unwrap();
    let requests = machine.playground.managed_identity.record().requests();
    assert_eq!(requests.len(), 2, "a probe and a request");
    assert!(requests[0].headers.get("metadata").is_none());
    let machine = machine.with("AZURE_TOKEN_CREDENTIALS", "ManagedIdentityCredential");
    machine.token().unwrap();
    assert_eq!(machine.playground.managed_identity.record().requests().len(), 3);
}

#[test]
fn the_member_that_worked_is_asked_again_alone() {
    let machine = Machine::new("winner").with_imds();
    machine.playground.set_token_lifetime(Duration::from_secs(1));
    let (service, fixture) = (TokenService::new(), machine.fixture(&[]));
    let first = issue(&service, &fixture).unwrap();
    let ended = |issued: &Issued| !issued.token.lives_at(crate::token::Moment::now());
    while !ended(&first) {
        std::thread::yield_now();
    }
    issue(&service, &fixture).unwrap();
    let probes = machine.playground.managed_identity.record().requests();
    let probes = probes
        .iter()
        .filter(|request| request.headers.get("metadata").is_none());
    assert_eq!(probes.count(), 1);
}
