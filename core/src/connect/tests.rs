//! A connect with a scripted driver in place of the real one.

use super::*;
use crate::RedirectCache;
use crate::connection_string::ConnectionString;
use crate::diagnostics::Diagnostic as _;
use entra_auth::{Environment, Secret, Services, user::prompt::Prompts};
use standins::jwt::unsigned as jwt;
use std::collections::VecDeque;

/// What a connect did to the driver, in order.
#[derive(Debug, PartialEq, Eq, Clone)]
enum Did {
    Place(usize),
    TakeOff,
    Limit(u128),
    Pause(u128),
    Connect(String, DriverCompletion),
}

struct Scripted {
    did: Vec<Did>,
    replies: VecDeque<(ConnectOutcome, &'static str)>,
    timeout: Option<Duration>,
    host_timeout: bool,
    host_token: bool,
    natives: Vec<i32>,
}

impl Scripted {
    fn answering(replies: impl IntoIterator<Item = (ConnectOutcome, &'static str)>) -> Self {
        Self {
            did: Vec::new(),
            replies: replies.into_iter().collect(),
            timeout: Some(DEFAULT_LOGIN_TIMEOUT),
            host_timeout: false,
            host_token: false,
            natives: Vec::new(),
        }
    }

    fn connecting() -> Self {
        Self::answering([(ConnectOutcome::Connected(0), "")])
    }

    fn strings(&self) -> Vec<&str> {
        let strings = self.did.iter().filter_map(|did| match did {
            Did::Connect(text, _) => Some(text.as_str()),
            _ => None,
        });
        strings.collect()
    }
}

impl TargetConnection for Scripted {
    fn login_timeout(&mut self) -> Option<Duration> {
        self.timeout
    }
    fn has_application_timeout(&self) -> bool {
        self.host_timeout
    }
    fn limit_login(&mut self, remaining: Duration) {
        self.did.push(Did::Limit(remaining.as_millis().div_ceil(1000)));
    }
    fn has_application_token(&self) -> bool {
        self.host_token
    }
    fn place(&mut self, token: &AccessTokenStruct<'_>) -> Result<(), Error> {
        self.did.push(Did::Place(token.size()));
        Ok(())
    }
    fn remove_token(&mut self) -> Result<(), Error> {
        self.did.push(Did::TakeOff);
        Ok(())
    }
    fn connect(&mut self, text: &[u16], prompt: DriverCompletion) -> DriverReply {
        self.did
            .push(Did::Connect(String::from_utf16(text).unwrap(), prompt));
        let (outcome, completed) = self.replies.pop_front().unwrap();
        DriverReply {
            outcome,
            completed: Zeroizing::new(completed.encode_utf16().collect()),
        }
    }
    fn records(&self) -> Vec<DriverRecord> {
        let natives = self.natives.iter();
        let record = |native: &i32| DriverRecord {
            sqlstate: "28000".to_owned(),
            native: *native,
            message: "Login failed for user '<token-identified principal>'.".to_owned(),
        };
        natives.map(record).collect()
    }
    fn pause(&mut self, pause: Duration) {
        self.did.push(Did::Pause(pause.as_millis().div_ceil(1000)));
    }
}

/// A machine with one data source, and nothing else unless a test adds it.
struct Machine {
    takes_tokens: bool,
    section: Vec<(String, String)>,
    services: Services,
}

impl Machine {
    fn new() -> Self {
        Self {
            takes_tokens: true,
            section: Vec::new(),
            services: Services::new(Environment::empty(), Prompts::unseen()),
        }
    }

    fn with_section(entries: &[(&str, &str)]) -> Self {
        let section = entries
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        Self {
            section: section.collect(),
            ..Self::new()
        }
    }

    fn connect_pending(
        &self,
        text: &str,
        pending: &mut Option<Attempt>,
        real: &mut Scripted,
    ) -> Result<Answer, Error> {
        let text: Vec<u16> = text.encode_utf16().collect();
        let context = ConnectContext {
            services: &self.services,
            redirects: &RedirectCache::new(),
            installed: &|_| None,
            takes_tokens: &|| self.takes_tokens,
            data_source: &|section, keyword| {
                let payroll: Vec<u16> = "payroll".encode_utf16().collect();
                let is_asked = |(key, _): &&(String, String)| key.eq_ignore_ascii_case(keyword);
                let entry = self.section.iter().find(is_asked).filter(|_| section == payroll);
                entry.map(|(_, value)| value.clone())
            },
            data_source_keywords: &|_| {
                let keys = self.section.iter().map(|(key, _)| Zeroizing::new(key.clone()));
                keys.collect()
            },
        };
        connect(&text, pending, real, &context)
    }

    fn connect(&self, text: &str, real: &mut Scripted) -> Result<Answer, Error> {
        self.connect_pending(text, &mut None, real)
    }

    fn refusal(&self, text: &str) -> Error {
        let mut real = Scripted::answering([]);
        let error = self.connect(text, &mut real).unwrap_err();
        assert_eq!(real.strings(), [""; 0], "the driver must not be called");
        error
    }
}

/// What the driver is told of a validated connection to this machine, then `rest`.
fn driver_string(driver: &str, rest: &str) -> String {
    format!(
        "DRIVER={{{driver}}};SERVER=127.0.0.1;ADDRESS=127.0.0.1;Encrypt=yes;TrustServerCertificate=no;\
         HostnameInCertificate={{localhost}};ServerCertificate={{}};Trusted_Connection=no;{rest}"
    )
}

const STOCK: &str = crate::driver::MICROSOFT_SECTION;

fn completed(answer: Answer) -> String {
    match answer {
        Answer::SignedIn { reply, .. } => String::from_utf16(&reply.completed).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn without_one_of_our_modes_the_call_is_forwarded_unchanged() {
    for text in [
        "",
        "Driver=x;Server=localhost;UID=sa;PWD=s",
        "Server=x;Authentication=SqlPassword;UID=a;PWD=b;ClientId=c",
        "Server=x;authentication=activedirectoryintegrated",
        "Server=x;Authentication=;Trusted_Connection=yes",
        "Server=x;UID={open",
        "Server=x;Tennant=a;Authenticated=ActiveDirectoryMsi",
    ] {
        let mut real = Scripted::answering([]);
        let answer = Machine::new().connect(text, &mut real);
        assert!(matches!(answer, Ok(Answer::StepAside)), "{text}: {answer:?}");
        assert_eq!(real.did, [Did::TakeOff]);
    }
}

#[test]
fn our_keywords_leave_the_string_and_the_rest_stays_as_it_was() {
    let mut real = Scripted::connecting();
    let text = "DRIVER={x};Server= localhost,1 ;APP=a{b;Authentication=ActiveDirectoryAccessToken;\
                AccessToken=abc;Trusted_Connection=Yes;UID=;PWD={};Tenant=t;Encrypt=strict;Language= a ";
    Machine::new().connect(text, &mut real).unwrap();
    assert_eq!(
        real.did,
        [
            Did::TakeOff,
            Did::Place(16),
            Did::Connect(
                "DRIVER={x};SERVER=127.0.0.1,1;ADDRESS=127.0.0.1,1;Encrypt=strict;TrustServerCertificate=no;\
                 HostnameInCertificate={localhost};ServerCertificate={};Trusted_Connection=no;APP=a{b;Language= a ;"
                    .into(),
                DriverCompletion::NoPrompt
            ),
        ]
    );
}

#[test]
fn a_token_alone_selects_its_mode() {
    let mut real = Scripted::connecting();
    let answer = Machine::new().connect("Server=localhost;AccessToken=abc", &mut real);
    assert!(matches!(answer, Ok(Answer::SignedIn { opened: Some(_), .. })));
    assert_eq!(real.strings(), [driver_string(STOCK, "")]);
}

#[test]
fn a_clouds_certificate_is_validated_whatever_the_string_says() {
    let mut real = Scripted::connecting();
    let token = jwt(&serde_json::json!({ "aud": "https://database.windows.net/" }));
    let string = "Server=x.database.windows.net;TrustServerCertificate=yes;AccessToken=";
    Machine::new()
        .connect(&format!("{string}{token}"), &mut real)
        .unwrap();
    // Of what is no JWT nobody can tell whom it is for.
    let error = Machine::new().refusal(&format!("{string}0pa9ue")).to_string();
    assert!(
        error.contains("docs/trust.md") && !error.contains("0pa9ue"),
        "{error}"
    );
    assert_eq!(
        real.strings(),
        [format!(
            "DRIVER={{{STOCK}}};SERVER=x.database.windows.net;ADDRESS=x.database.windows.net;Encrypt=yes;\
             TrustServerCertificate=no;HostnameInCertificate={{}};ServerCertificate={{}};Trusted_Connection=no;"
        )]
    );
}

#[test]
fn a_second_server_in_the_string_cannot_hide_behind_a_trusted_first() {
    let machine = Machine::new();
    for text in [
        "Server=localhost;Addr=evil.example;TrustServerCertificate=yes;AccessToken=abc",
        "Server=localhost;Failover_Partner=evil.example;TrustServerCertificate=yes;AccessToken=abc",
    ] {
        let error = machine.refusal(text).to_string();
        assert!(
            error.contains("Addr=") || error.contains("Failover_Partner="),
            "{error}"
        );
    }
    let mut real = Scripted::connecting();
    machine
        .connect("Server=localhost;Server=evil.example;AccessToken=abc", &mut real)
        .unwrap();
    assert_eq!(real.strings(), [driver_string(STOCK, "")]);
}

#[test]
fn the_completed_string_has_ours_back_except_for_secrets() {
    let mut real = Scripted::answering([(
        ConnectOutcome::Connected(1),
        "DRIVER=x;SERVER=127.0.0.1;UID=;APP=a;Trusted_Connection=no;HostNameInCertificate=localhost;",
    )]);
    let text = "DRIVER={x};Server=localhost;Authentication=ActiveDirectoryAccessToken;AccessToken=s3cret;\
                PWD=hidden;ClientId={a;b};Trusted_Connection=yes";
    let answer = Machine::new().connect(text, &mut real).unwrap();
    assert_eq!(
        completed(answer),
        "DRIVER={x};Server=localhost;APP=a;Authentication=ActiveDirectoryAccessToken;ClientId={a;b};"
    );
}

#[test]
fn debug_texts_have_no_value_of_a_string_or_a_variable_in_them() {
    let text = "Server=localhost;Authentication=Sql Password;UID=me;PWD=hidden";
    let mut real = Scripted::answering([(ConnectOutcome::Connected(0), "PWD=hidden")]);
    let answer = Machine::new().connect(text, &mut real).unwrap();
    let text: Vec<u16> = text.encode_utf16().collect();
    let string = ConnectionString::parse(&text);
    let environment = Environment::fixed([("AZURE_CLIENT_SECRET", "hidden")]);
    for shown in [
        format!("{answer:?}"),
        format!("{string:?}"),
        format!("{environment:?}"),
    ] {
        // As text, and as its units.
        assert!(
            !shown.contains("hidden") && !shown.contains("104, 105, 100"),
            "{shown}"
        );
    }
}

#[test]
fn the_completed_string_of_a_token_alone_still_asks_for_one() {
    let mut real = Scripted::answering([(ConnectOutcome::Connected(0), "SERVER=localhost;")]);
    let answer = Machine::new()
        .connect("Server=localhost;AccessToken=s3cret", &mut real)
        .unwrap();
    assert_eq!(
        completed(answer),
        "Server=localhost;Authentication=ActiveDirectoryAccessToken;"
    );
}

#[test]
fn a_data_source_selects_the_mode_and_all_of_it_comes_to_the_driver_in_the_string() {
    let machine = Machine::with_section(&[
        ("Driver", "Entra"),
        ("Server", "localhost"),
        ("Authentication", "ActiveDirectoryAccessToken"),
        ("AccessToken", "abc"),
        ("RegPrecedence", "Yes"),
        ("Database", "a;b"),
        ("Language", "us_english"),
    ]);
    let mut real = Scripted::answering([(
        ConnectOutcome::Connected(0),
        "DRIVER=Entra;SERVER=127.0.0.1;APP=x;",
    )]);
    let answer = machine
        .connect("DSN=payroll;APP=x;Language=y", &mut real)
        .unwrap();
    assert_eq!(
        real.strings(),
        [driver_string("Entra", "APP=x;Language=y;Database={a;b};")]
    );
    // What the host stores names the data source again.
    assert_eq!(completed(answer), "DSN=payroll;APP=x;");
}

#[test]
fn nothing_of_a_data_source_can_lead_the_token_elsewhere() {
    let given = [
        ("Authentication", "ActiveDirectoryAccessToken"),
        ("AccessToken", "abc"),
    ];
    for (more, expected) in [
        (("Failover_Partner", "evil.example"), "Failover_Partner="),
        (("Server", "evil.example"), "evil.example"),
        (
            ("HostnameInCertificate", "evil.example"),
            "HostnameInCertificate=",
        ),
        (("Encrypt", "no"), "Encrypt="),
    ] {
        let machine =
            Machine::with_section(&[given[0], given[1], more, ("Server", "x.database.windows.net")]);
        let error = machine.refusal("DSN=payroll").to_string();
        assert!(error.contains(expected), "{error}");
    }
    let machine = Machine::with_section(&given);
    for name in ["", "\u{100}", "pay\u{16f}roll"] {
        let error = machine
            .refusal(&format!("DSN={name};Server=localhost;AccessToken=abc"))
            .to_string();
        assert!(error.contains("DSN="), "{error}");
    }
}

#[test]
fn the_string_wins_over_the_data_source_and_a_driver_before_it_ignores_it() {
    let machine = Machine::with_section(&[
        ("Server", "localhost"),
        ("Authentication", "ActiveDirectoryAccessToken"),
        ("AccessToken", "abc"),
    ]);
    for text in [
        "DSN=payroll;Authentication=SqlPassword;UID=a",
        "DRIVER=x;DSN=payroll;UID=a",
        "DSN=other",
    ] {
        let mut real = Scripted::answering([]);
        assert!(
            matches!(machine.connect(text, &mut real), Ok(Answer::StepAside)),
            "{text}"
        );
    }
}

#[test]
fn the_first_of_equal_keywords_wins() {
    let mut real = Scripted::connecting();
    let text = "Server=localhost;AccessToken=abcde;Authentication=ActiveDirectoryAccessToken;\
                Authentication=Nonsense;AccessToken=a";
    Machine::new().connect(text, &mut real).unwrap();
    assert_eq!(real.did[1], Did::Place(16));
}

#[test]
fn another_clients_spelling_of_a_forwarded_mode_is_rewritten() {
    for (text, expected) in [
        (
            "Server=x;Authentication=Active Directory Integrated;APP=a",
            "Authentication=ActiveDirectoryIntegrated;Server=x;APP=a;",
        ),
        (
            "Server=x;Authentication=Sql Password;UID=u;PWD=p",
            "Authentication=SqlPassword;Server=x;UID=u;PWD=p;",
        ),
        (
            "Server=x;fedauth=ActiveDirectoryIntegrated",
            "Authentication=ActiveDirectoryIntegrated;Server=x;",
        ),
        // Says nothing, and is refused by Driver 18.
        (
            "Server=x;Authentication=NotSpecified;UID=u;PWD=p",
            "Server=x;UID=u;PWD=p;",
        ),
        (
            "Data Source=x;Authentication=\"Not Specified\";User ID=u;Password=p",
            "Server=x;UID=u;PWD=p;",
        ),
    ] {
        let mut real = Scripted::connecting();
        let answer = Machine::new().connect(text, &mut real);
        assert!(matches!(answer, Ok(Answer::Replied(_))), "{answer:?}");
        assert_eq!(
            real.did[1..],
            [Did::Connect(expected.to_owned(), DriverCompletion::AsRequested)]
        );
    }
}

#[test]
fn beside_a_token_of_the_hosts_own_only_what_the_driver_refuses_goes() {
    for (text, expected) in [
        (
            "Server=x;Trusted_Connection=Yes;UID=;PWD={};ClientId=a",
            Some("Server=x;ClientId=a;"),
        ),
        ("Server=x;Authentication=ActiveDirectoryMsi", Some("Server=x;")),
        ("Server=x;UID=a;PWD=b", None),
        (
            "DSN=payroll",
            Some("DSN=payroll;Authentication=;Trusted_Connection=no;"),
        ),
    ] {
        let mut real = Scripted::connecting();
        real.host_token = true;
        let machine = Machine::with_section(&[("Authentication", "ActiveDirectoryMsi")]);
        machine.connect(text, &mut real).unwrap();
        assert_eq!(real.strings(), Vec::from_iter(expected), "{text}");
        assert!(!real.did.iter().any(|did| matches!(did, Did::Place(_))));
    }
}

#[test]
fn over_another_driver_only_our_exact_names_are_ours() {
    let machine = Machine {
        takes_tokens: false,
        ..Machine::new()
    };
    for text in [
        "Server=x;Authentication=msi",
        "Server=x;Authentication=Nonsense",
        "Server=x;AccessToken=abc",
    ] {
        let mut real = Scripted::answering([]);
        assert!(
            matches!(machine.connect(text, &mut real), Ok(Answer::StepAside)),
            "{text}"
        );
    }
    let mut real = Scripted::connecting();
    let text = "Server=localhost;Authentication=ActiveDirectoryAccessToken;AccessToken=abc";
    machine.connect(text, &mut real).unwrap();
    assert_eq!(real.strings(), [driver_string(STOCK, "")]);
}

#[test]
fn bad_strings_are_refused_before_the_driver_with_the_keyword_and_the_remedy() {
    let machine = Machine::new();
    for (text, state, parts) in [
        (
            "Server=x;Authentication=ActiveDirectoryMsy",
            "08001",
            &["ActiveDirectoryMsy", "ActiveDirectoryMsi", "SqlPassword"][..],
        ),
        (
            "Authentication=ActiveDirectoryAccessToken;AccessToken=abc",
            "HY000",
            &["[AccessToken]", "Server="],
        ),
        (
            "Server=localhost;Authentication=ActiveDirectoryMsi;AccessToken=s3cret",
            "HY000",
            &["AccessToken=", "Authentication="],
        ),
        ("Server=localhost;AccessToken=abc;APP={open", "HY000", &["APP="]),
        (
            "Server=localhost;AccessToken=abc;TokenTimeout=soon",
            "HY000",
            &["TokenTimeout="],
        ),
        (
            "Server=db.example;AccessToken=abc;TrustServerCertificate=yes",
            "HY000",
            &[
                "db.example",
                "TrustServerCertificate=",
                "ENTRA_ODBC_TRUSTED_SERVERS",
                "trust add db.example",
                "docs/trust.md",
            ],
        ),
        (
            "Server=localhost;AccessToken=abc;Authority=https://evil.example",
            "HY000",
            &["Authority="],
        ),
        (
            "Server=localhost;Authentication=ActiveDirectoryAccessToken",
            "HY000",
            &["AccessToken="],
        ),
    ] {
        let error = machine.refusal(text);
        let message = error.to_string();
        assert_eq!(error.sqlstate(), state, "{message}");
        for part in parts {
            assert!(message.contains(part), "{part} in {message}");
        }
        assert!(!message.contains("s3cret"), "{message}");
        assert!(
            message.encode_utf16().count() <= crate::diagnostics::MESSAGE_LIMIT,
            "{message}"
        );
    }
}

#[test]
fn near_misses_are_ours_or_told_with_the_right_spelling() {
    let machine = Machine::new();
    for text in [
        "Server = localhost; Authentication = ActiveDirectoryAccessToken ; AccessToken = abcdef ;APP=a",
        "Server=localhost;Access_Token=abcdef;APP=a",
        "Server=localhost;access token=abcdef;Client-Id =x;APP=a",
        "Server=\"localhost\";Authentication='Access Token';AccessToken=\"abcdef\";APP=a",
    ] {
        let mut real = Scripted::connecting();
        machine.connect(text, &mut real).unwrap();
        assert_eq!(real.strings(), [driver_string(STOCK, "APP=a;")], "{text}");
        assert!(real.did.contains(&Did::Place(16)), "{text}: {:?}", real.did);
    }
    for (text, expected) in [
        ("Server=localhost;AccessToken=abc;Tennant=x", "Tenant="),
        (
            "Server=localhost;Authentification=ActiveDirectoryMsi",
            "Authentication=",
        ),
        ("Server=localhost;Acces_Token=eyJ0", "AccessToken="),
        ("Server=localhost;Authentication = nonsense", "nonsense"),
        ("Server=localhost;AccessToken=abc;UID = {a;b}", "UID="),
    ] {
        let error = machine.refusal(text).to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
    let error = machine.refusal("Server=localhost;Authentication=Msi;PWD= {s3cret;x}");
    assert!(
        error.to_string().contains("PWD=") && !error.to_string().contains("s3cret"),
        "{error}"
    );
    // As Driver 18 has it comes first.
    let mut real = Scripted::connecting();
    machine
        .connect(
            "Server=localhost;Access_Token=abcdefg;AccessToken=abcdef",
            &mut real,
        )
        .unwrap();
    assert_eq!(real.did[1], Did::Place(16));
    // Driver 18 would pass this over, and log in as somebody else.
    let mut real = Scripted::connecting();
    machine
        .connect(
            "Server = x;Authentication = SqlPassword;UID = a;PWD = b",
            &mut real,
        )
        .unwrap();
    assert_eq!(
        real.strings(),
        ["Authentication=SqlPassword;Server=x;UID=a;PWD=b;"]
    );
}

#[test]
fn a_section_has_the_same_spellings_as_a_string() {
    let machine = Machine::with_section(&[
        ("Driver", "Entra"),
        ("Data Source", "localhost"),
        ("Port", "1"),
        ("Initial Catalog", "{b}"),
        ("Authentication", "{Active Directory Access Token}"),
        ("Access_Token", "\"abcdef\""),
        ("Trust Server Certificate", "False"),
    ]);
    let mut real = Scripted::connecting();
    machine.connect("DSN=payroll", &mut real).unwrap();
    let expected = driver_string("Entra", "Database=b;").replace("=127.0.0.1", "=127.0.0.1,1");
    assert_eq!(real.strings(), [expected]);
    assert!(real.did.contains(&Did::Place(16)), "{:?}", real.did);
    for (entry, expected) in [
        (("Authentification", "ActiveDirectoryMsi"), "Authentication="),
        (("AccesToken", "eyJ0"), "AccessToken="),
    ] {
        let error = Machine::with_section(&[("Server", "localhost"), entry]).refusal("DSN=payroll");
        assert!(error.to_string().contains(expected), "{error}");
    }
    let plain = Machine::with_section(&[("Server", "x"), ("Authentification", "none"), ("Tennant", "x")]);
    let answer = plain.connect("DSN=payroll;UID=a", &mut Scripted::answering([]));
    assert!(matches!(answer, Ok(Answer::StepAside)), "{answer:?}");
}

#[test]
fn braces_are_looked_at_before_anything_is_rewritten() {
    let machine = Machine::new();
    for text in [
        "Server=localhost;AccessToken=abc;Initial Catalog={a;PWD=s3cret",
        "Data Source={localhost}x;AccessToken=abc;PWD=s3cret",
    ] {
        let error = machine.refusal(text).to_string();
        assert!(!error.contains("s3cret"), "{error}");
    }
}

#[test]
fn a_hundred_thousand_characters_are_just_long() {
    let text = format!("Server=localhost;AccessToken=abc;APP={}", "x".repeat(100_000));
    let mut real = Scripted::connecting();
    Machine::new().connect(&text, &mut real).unwrap();
    assert_eq!(
        real.strings()[0].len(),
        driver_string(STOCK, "APP=;").len() + 100_000
    );
}

#[test]
fn no_limit_at_the_host_means_the_default_for_the_whole_connect() {
    let mut real = Scripted::connecting();
    real.timeout = None;
    Machine::new()
        .connect("Server=localhost;AccessToken=abc", &mut real)
        .unwrap();
    assert!(real.did.contains(&Did::Limit(15)), "{:?}", real.did);
}

#[test]
fn the_strings_login_timeout_counts_where_the_program_set_none() {
    for (keyword, expected) in [
        ("Connect Timeout=40", Some(40)),
        ("ConnectTimeout=40", Some(40)),
        ("connection timeout=40", Some(40)),
        ("LoginTimeout= 40 ", Some(40)),
        // No limit, for which there is the default.
        ("LoginTimeout=0", Some(15)),
        ("LoginTimeout=", None),
        ("LoginTimeout=2;Connect Timeout=40", Some(2)),
    ] {
        let text = format!("Server=localhost;AccessToken=abc;APP=a;{keyword}");
        let mut real = Scripted::connecting();
        Machine::new().connect(&text, &mut real).unwrap();
        assert_eq!(real.strings(), [driver_string(STOCK, "APP=a;")], "{keyword}");
        let limit = real.did.iter().find_map(|did| match did {
            Did::Limit(seconds) => Some(*seconds),
            _ => None,
        });
        assert_eq!(limit, expected, "{keyword}");
    }
    let mut real = Scripted::connecting();
    real.host_timeout = true;
    let machine = Machine::with_section(&[("Server", "localhost"), ("Connect Timeout", "40")]);
    let text = "DSN=payroll;AccessToken=abc";
    machine.connect(text, &mut real).unwrap();
    assert!(
        !real.did.iter().any(|did| matches!(did, Did::Limit(_))),
        "{:?}",
        real.did
    );
    let mut real = Scripted::connecting();
    machine.connect(text, &mut real).unwrap();
    assert!(real.did.contains(&Did::Limit(40)), "{:?}", real.did);
    let error = machine.refusal("Server=localhost;AccessToken=abc;Connect Timeout=soon");
    assert!(error.to_string().contains("Connect Timeout="), "{error}");
}

#[test]
fn a_token_beside_not_specified_signs_in_and_is_still_asked_for_by_the_completed_string() {
    let mut real = Scripted::answering([(ConnectOutcome::Connected(0), "SERVER=localhost;")]);
    let answer = Machine::new()
        .connect(
            "Server=localhost;Authentication=NotSpecified;AccessToken=s3cret",
            &mut real,
        )
        .unwrap();
    assert_eq!(
        completed(answer),
        "Server=localhost;Authentication=ActiveDirectoryAccessToken;"
    );
}

#[test]
fn a_driver_that_still_executes_is_called_again_with_the_kept_string_and_token() {
    let mut real = Scripted::answering([
        (ConnectOutcome::StillExecuting(2), ""),
        (ConnectOutcome::StillExecuting(2), ""),
        (ConnectOutcome::Connected(0), "SERVER=localhost;"),
    ]);
    let machine = Machine::new();
    let mut pending = None;
    let text = "Server=localhost;AccessToken=abc;ClientId=c";
    for _ in 0..2 {
        machine.connect_pending(text, &mut pending, &mut real).unwrap();
        assert!(pending.is_some());
    }
    let answer = machine
        .connect_pending(
            "other arguments of the poll do not count",
            &mut pending,
            &mut real,
        )
        .unwrap();
    assert!(pending.is_none());
    assert_eq!(
        real.strings(),
        [
            driver_string(STOCK, ""),
            driver_string(STOCK, ""),
            driver_string(STOCK, "")
        ]
    );
    assert_eq!(
        real.did.iter().filter(|did| matches!(did, Did::Place(_))).count(),
        1
    );
    assert!(completed(answer).contains("ClientId=c"));
}

#[test]
fn a_refused_login_with_a_given_token_is_not_tried_again() {
    let mut real = Scripted::answering([(ConnectOutcome::Failed(-1), "")]);
    real.natives = vec![18456];
    let answer = Machine::new()
        .connect("Server=localhost;AccessToken=abc", &mut real)
        .unwrap();
    assert!(matches!(
        answer,
        Answer::SignedIn {
            reply: DriverReply {
                outcome: ConnectOutcome::Failed(-1),
                ..
            },
            ..
        }
    ));
}

#[test]
fn a_login_that_is_refused_for_a_moment_is_made_again_after_a_pause() {
    let failed = (ConnectOutcome::Failed(-1), "");
    let mut real = Scripted::answering([failed, failed, (ConnectOutcome::Connected(0), "")]);
    real.natives = vec![40_613];
    let answer = Machine::new()
        .connect("Server=localhost;AccessToken=abc", &mut real)
        .unwrap();
    assert!(matches!(answer, Answer::SignedIn { opened: Some(_), .. }));
    let pauses: Vec<_> = real
        .did
        .iter()
        .filter(|did| matches!(did, Did::Pause(_) | Did::Limit(_)))
        .collect();
    // No pause is a real one here, so that nothing of the login timeout is used up.
    assert_eq!(
        pauses,
        [&Did::Pause(5), &Did::Limit(15), &Did::Pause(10), &Did::Limit(15)]
    );
    assert_eq!(real.strings().len(), 3);
    assert_eq!(
        real.did.iter().filter(|did| matches!(did, Did::Place(_))).count(),
        1
    );
}

#[test]
fn an_application_that_polls_is_not_kept_waiting_for_the_next_login() {
    let mut real = Scripted::answering([
        (ConnectOutcome::StillExecuting(2), ""),
        (ConnectOutcome::Failed(-1), ""),
        (ConnectOutcome::Connected(0), ""),
    ]);
    real.natives = vec![40_613];
    let (machine, mut pending) = (Machine::new(), None);
    let text = "Server=localhost;AccessToken=abc;ConnectRetryInterval=1";
    let mut polls = 0;
    loop {
        let answer = machine.connect_pending(text, &mut pending, &mut real).unwrap();
        match answer {
            Answer::SignedIn { opened: Some(_), .. } => break,
            Answer::SignedIn { reply, .. } => {
                assert_eq!(reply.outcome, ConnectOutcome::StillExecuting(2));
                assert!(pending.is_some());
            }
            other => panic!("{other:?}"),
        }
        polls += 1;
        std::thread::yield_now();
    }
    assert!(polls > 2, "{polls}");
    assert_eq!(real.strings().len(), 3);
    assert!(!real.did.iter().any(|did| matches!(did, Did::Pause(_))));
}

#[test]
fn as_many_logins_are_made_as_the_string_or_its_data_source_says() {
    for (machine, text, logins) in [
        (
            Machine::new(),
            "Server=localhost;AccessToken=abc;ConnectRetryCount=0",
            1,
        ),
        (
            Machine::new(),
            "Server=localhost;AccessToken=abc;ConnectRetryCount=2;ConnectRetryInterval=3",
            3,
        ),
        (
            Machine::with_section(&[("Server", "localhost"), ("ConnectRetryCount", "1")]),
            "DSN=payroll;AccessToken=abc",
            2,
        ),
    ] {
        let mut real = Scripted::answering(std::iter::repeat_n((ConnectOutcome::Failed(-1), ""), logins));
        real.natives = vec![40_501];
        let answer = machine.connect(text, &mut real).unwrap();
        let Answer::SignedIn {
            failure: Some(failure),
            ..
        } = answer
        else {
            panic!("{answer:?}")
        };
        assert_eq!((failure.sqlstate.as_str(), failure.native), ("28000", 40_501));
        assert_eq!(real.strings().len(), logins, "{text}");
    }
}

#[test]
fn a_token_that_fits_no_struct_never_reaches_the_driver() {
    let machine = Machine::new();
    let error = machine.refusal("Server=localhost;AccessToken={a b}");
    assert_eq!(error.sqlstate(), "HY000");
    assert!(
        error.to_string().starts_with("[entra-odbc][AccessToken]"),
        "{error}"
    );
    // The guard for tokens that come from elsewhere.
    assert!(
        AccessTokenStruct::new(&Token::received(Secret::new("é".into()), std::time::SystemTime::now()).text)
            .is_err()
    );
}

#[test]
fn a_string_with_lone_surrogates_passes() {
    let mut text: Vec<u16> = "Server=localhost;AccessToken=abc;APP=".encode_utf16().collect();
    text.push(0xd800);
    assert_eq!(ConnectionString::parse(&text).attributes().len(), 3);
}
