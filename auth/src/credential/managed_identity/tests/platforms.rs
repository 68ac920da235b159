//! The platforms beside virtual machines and App Service.

use super::*;
use standins::entra::User;
use std::{fs, path::PathBuf};

/// Stand-ins with someone who has opened Cloud Shell.
fn platforms() -> StandIn {
    let mut tenant = tenant();
    tenant.users.push(User {
        object_id: "ada-object".into(),
        user_principal_name: "ada@contoso.example".into(),
        ..User::default()
    });
    StandIn::start(ManagedIdentityOptions::new(issuer(), tenant, identities()))
}

fn cloud_shell(stand_in: &StandIn) -> Environment {
    Environment::fixed([("MSI_ENDPOINT", stand_in.cloud_shell_endpoint())])
}

fn ml(stand_in: &StandIn, default: Option<&str>) -> Environment {
    let variables = [
        ("MSI_ENDPOINT", stand_in.ml_endpoint()),
        ("MSI_SECRET", stand_in.ml_secret().to_owned()),
    ];
    let default = default.map(|id| ("DEFAULT_IDENTITY_CLIENT_ID", id.to_owned()));
    Environment::fixed(variables.into_iter().chain(default))
}

fn fabric(stand_in: &StandIn, thumbprint: &str) -> Environment {
    Environment::fixed([
        ("IDENTITY_ENDPOINT", stand_in.service_fabric().endpoint()),
        ("IDENTITY_HEADER", stand_in.identity_header().to_owned()),
        ("IDENTITY_SERVER_THUMBPRINT", thumbprint.to_owned()),
    ])
}

/// A machine of Azure Arc, whose agent keeps its keys where a test may write.
struct ArcMachine {
    stand_in: StandIn,
    keys: PathBuf,
}

impl ArcMachine {
    fn new(name: &str) -> Self {
        let keys = std::env::temp_dir().join(format!("entra-odbc-keys-{}-{name}", std::process::id()));
        fs::create_dir_all(&keys).unwrap();
        let stand_in = platforms();
        stand_in.set_arc_keys(&keys, &keys);
        Self { stand_in, keys }
    }

    fn token(&self, pairs: &[(Keyword, &str)]) -> Result<Token, Error> {
        let environment = Environment::fixed([("IDENTITY_ENDPOINT", self.stand_in.arc_endpoint())]);
        let endpoint = azure_arc::AzureArc::with_tokens(&environment, self.keys.clone());
        let fixture = Fixture::with_environment(pairs, environment);
        let sign_in = super::super::sign_in(&fixture.context(), Box::new(endpoint), Role::Alone)?;
        within(Duration::from_secs(10), &sign_in)
    }

    fn who(&self, pairs: &[(Keyword, &str)]) -> String {
        self.token(pairs).unwrap().claims().oid.unwrap()
    }
}

impl Drop for ArcMachine {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.keys);
    }
}

fn refusal(environment: &Environment, pairs: &[(Keyword, &str)]) -> Error {
    let fixture = Fixture::with_environment(pairs, environment.clone());
    match prepare(&fixture.context()) {
        Err(error) => error,
        Ok(sign_in) => within(Duration::from_secs(10), &sign_in).unwrap_err(),
    }
}

#[test]
fn arc_signs_in_by_the_key_that_its_agent_wrote() {
    let arc = ArcMachine::new("good");
    assert_eq!(arc.who(&[]), "own-object");
    let requests = arc.stand_in.record().requests();
    let statuses: Vec<_> = requests.iter().map(|request| request.status).collect();
    assert_eq!(statuses, [Some(401), Some(200)]);
}

#[test]
fn arc_knows_user_assigned_identities_by_any_id() {
    let arc = ArcMachine::new("ids");
    for (keyword, id) in [
        (Keyword::User, "lent-client"),
        (Keyword::User, "lent-object"),
        (Keyword::ClientId, "lent-client"),
        (Keyword::ObjectId, "lent-object"),
        (Keyword::ResourceId, RESOURCE),
    ] {
        assert_eq!(arc.who(&[(keyword, id)]), "lent-object", "{keyword:?} {id}");
    }
    let error = arc.token(&[(Keyword::User, "nobody")]).unwrap_err();
    assert!(
        error.to_string().contains("client id nobody or object id nobody"),
        "{error}"
    );
}

#[test]
fn an_agent_that_passes_over_the_id_signs_nobody_else_in() {
    let arc = ArcMachine::new("old");
    arc.stand_in.set_arc_old();
    let error = arc.token(&[(Keyword::ClientId, "lent-client")]).unwrap_err();
    assert_eq!(error.kind().name(), "refused");
    assert!(error.to_string().contains("someone else"), "{error}");
    assert_eq!(arc.who(&[]), "own-object");
    assert_eq!(arc.who(&[(Keyword::ClientId, "own-client")]), "own-object");
}

#[test]
fn a_file_elsewhere_is_not_sent_to_whoever_answers_for_the_agent() {
    let arc = ArcMachine::new("elsewhere");
    arc.stand_in.set_arc_keys(&arc.keys, &std::env::temp_dir());
    let error = arc.token(&[]).unwrap_err();
    assert_eq!(error.kind().name(), "unreachable");
    assert!(error.to_string().contains("not trusted"), "{error}");
    assert_eq!(arc.stand_in.record().requests().len(), 1);
}

#[test]
fn cloud_shell_signs_in_the_person_and_nobody_by_an_id() {
    let stand_in = platforms();
    let environment = cloud_shell(&stand_in);
    assert_eq!(who(&environment, &[]), "ada-object");
    for keyword in [
        Keyword::User,
        Keyword::ClientId,
        Keyword::ObjectId,
        Keyword::ResourceId,
    ] {
        let error = refusal(&environment, &[(keyword, "lent-client")]);
        assert_eq!(error.kind().name(), "invalid");
        assert!(error.to_string().contains("lent-client"), "{error}");
    }
    assert_eq!(stand_in.record().requests().len(), 1);
    let fixture = Fixture::with_environment(&[(Keyword::Scope, "x")], environment);
    let mut context = fixture.context();
    context.scope = "https://unknown/.default";
    let error = within(Duration::from_secs(10), &prepare(&context).unwrap()).unwrap_err();
    assert!(
        error.to_string().contains("AudienceNotSupported: Audience"),
        "{error}"
    );
}

#[test]
fn machine_learning_takes_the_client_id_or_the_one_that_the_platform_names() {
    let stand_in = platforms();
    assert_eq!(who(&ml(&stand_in, Some("lent-client")), &[]), "lent-object");
    assert_eq!(who(&ml(&stand_in, None), &[]), "own-object");
    let named = ml(&stand_in, Some("other-client"));
    for keyword in [Keyword::User, Keyword::ClientId] {
        assert_eq!(who(&named, &[(keyword, "lent-client")]), "lent-object");
    }
    let error = refusal(&named, &[(Keyword::ClientId, "nobody")]);
    assert_eq!(error.kind().name(), "refused");
    assert!(error.to_string().contains("client id nobody"), "{error}");
    for keyword in [Keyword::ObjectId, Keyword::ResourceId] {
        assert_eq!(refusal(&named, &[(keyword, "x")]).kind().name(), "invalid");
    }
}

#[test]
fn service_fabric_is_known_by_the_thumbprint_of_its_certificate() {
    let stand_in = platforms();
    let thumbprint = stand_in.service_fabric().thumbprint();
    let environment = fabric(&stand_in, thumbprint);
    assert_eq!(who(&environment, &[]), "own-object");
    assert_eq!(
        who(&fabric(&stand_in, &thumbprint.to_lowercase()), &[]),
        "own-object"
    );

    let other = fabric(&stand_in, &"ab".repeat(20));
    let start = Instant::now();
    let error = refusal(&other, &[]);
    assert_eq!(error.kind().name(), "unreachable");
    assert!(error.to_string().contains("thumbprint"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(8));
    assert_eq!(stand_in.service_fabric().record().requests().len(), 2);

    let error = refusal(&environment, &[(Keyword::ClientId, "lent-client")]);
    assert_eq!(error.kind().name(), "invalid");
    assert!(error.to_string().contains("manifest"), "{error}");
}

#[test]
fn service_fabric_without_an_identity_says_where_to_give_it_one() {
    let stand_in = StandIn::start(ManagedIdentityOptions::new(
        issuer(),
        tenant(),
        Identities::default(),
    ));
    let environment = fabric(&stand_in, stand_in.service_fabric().thumbprint());
    // The platform says 404 to it, as IMDS does while it is updated.
    let error = refusal(&environment, &[]);
    assert_eq!(error.kind().name(), "refused");
    let text = error.to_string();
    assert!(
        text.contains("ApplicationManifest.xml") && text.contains("ManagedIdentityNotFound"),
        "{text}"
    );
}

#[test]
fn the_two_endpoints_at_one_address_are_two_identities() {
    let stand_in = platforms();
    let key = |environment: &Environment| sign_in(environment, &[]).key;
    let keys = [
        key(&cloud_shell(&stand_in)),
        key(&ml(&stand_in, None)),
        key(&ml(&stand_in, Some("a"))),
        key(&ml(&stand_in, Some("b"))),
        key(&vm(&stand_in)),
        key(&fabric(&stand_in, stand_in.service_fabric().thumbprint())),
    ];
    for (i, one) in keys.iter().enumerate() {
        assert!(keys[i + 1..].iter().all(|other| other != one), "{i}");
    }
}

#[test]
fn a_platform_whose_endpoint_is_silent_is_named() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    for (variables, name) in [
        (&[("MSI_ENDPOINT", format!("http://{closed}"))][..], "Cloud Shell"),
        (
            &[
                ("MSI_ENDPOINT", format!("http://{closed}")),
                ("MSI_SECRET", "s".into()),
            ],
            "Machine Learning",
        ),
        (
            &[
                ("IDENTITY_ENDPOINT", format!("http://{closed}")),
                ("IMDS_ENDPOINT", "x".into()),
            ],
            "Azure Arc",
        ),
        (
            &[
                ("IDENTITY_ENDPOINT", format!("https://{closed}")),
                ("IDENTITY_HEADER", "h".into()),
                ("IDENTITY_SERVER_THUMBPRINT", "ab".repeat(20)),
            ],
            "Service Fabric",
        ),
    ] {
        let error = refusal(&Environment::fixed(variables.iter().cloned()), &[]);
        assert_eq!(error.kind().name(), "unreachable");
        let text = error.to_string();
        let silent = text.contains("does not answer") || text.contains("cannot be reached");
        assert!(text.contains(name) && silent, "{text}");
    }
}
