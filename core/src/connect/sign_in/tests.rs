//! Sign-ins by keywords, with a token provider of the test's own.

use super::*;
use crate::{RedirectCache, connect::LoginWatch, diagnostics::Diagnostic as _};
use entra_auth::{
    Environment, Secret, Services,
    user::{prompt::Prompts, token_provider::Provided},
};
use std::time::{Duration, SystemTime};

/// A process with a provider "mine", whose tokens are the scopes that it was asked for.
struct Program {
    services: Services,
}

/// The data source "payroll".
const PAYROLL: [(&str, &str); 4] = [
    ("Driver", "Stock"),
    ("Authentication", "TokenProvider"),
    ("TokenProvider", "mine"),
    ("Database", "books"),
];

impl Program {
    fn new() -> Self {
        let services = Services::new(Environment::empty(), Prompts::unseen());
        services.providers.register(
            "mine",
            Some(Arc::new(|request| {
                Ok(Provided {
                    token: Secret::new(request.scope.clone()),
                    expires_on: Some(SystemTime::now() + Duration::from_mins(1)),
                    identity: None,
                })
            })),
        );
        Self { services }
    }

    fn context<T>(&self, body: impl FnOnce(&ConnectContext<'_>) -> T) -> T {
        body(&ConnectContext {
            services: &self.services,
            redirects: &RedirectCache::new(),
            logins: &LoginWatch::new(),
            installed: &|_| None,
            takes_tokens: &|| true,
            data_source_keywords: &|_| {
                let keys = PAYROLL.iter().map(|(key, _)| Zeroizing::new((*key).to_owned()));
                keys.collect()
            },
            data_source: &|section, keyword| {
                let payroll: Vec<u16> = "payroll".encode_utf16().collect();
                let entry = PAYROLL.into_iter().find(|(key, _)| *key == keyword);
                entry
                    .filter(|_| section == payroll)
                    .map(|(_, value)| value.to_owned())
            },
        })
    }

    fn read(&self, text: &str) -> Result<KeywordSignIn, Error> {
        self.context(|context| KeywordSignIn::from_string(text, context))
    }

    fn token(&self, text: &str, scope: Option<&str>) -> String {
        let sign_in = self.read(text).unwrap();
        let wait = Wait::until(Instant::now() + Duration::from_secs(5));
        let issued = self
            .context(|context| sign_in.token(scope, wait, context))
            .unwrap();
        issued.token.text.expose().to_owned()
    }

    fn refusal(&self, text: &str) -> String {
        self.read(text).unwrap_err().to_string()
    }
}

const MINE: &str = "Authentication=TokenProvider;TokenProvider=mine;";

#[test]
fn the_scope_is_the_one_asked_for_else_that_of_the_keywords_else_that_of_the_cloud() {
    let program = Program::new();
    let of = |text: &str, scope| program.token(&format!("{MINE}{text}"), scope);
    assert_eq!(of("", None), "https://database.windows.net/.default");
    assert_eq!(of("", Some(" ")), "https://database.windows.net/.default");
    assert_eq!(
        of("SERVER=x.database.usgovcloudapi.net", None),
        "https://database.usgovcloudapi.net/.default"
    );
    assert_eq!(
        of("Data Source=x.database.usgovcloudapi.net", None),
        "https://database.usgovcloudapi.net/.default"
    );
    assert_eq!(of("Scope=api://a", None), "api://a/.default");
    assert_eq!(
        of("Scope=api://a", Some("https://vault.azure.net/")),
        "https://vault.azure.net/.default"
    );
}

#[test]
fn keywords_may_stand_in_a_data_source() {
    let scope = Program::new().token("DSN=payroll", None);
    assert_eq!(scope, "https://database.windows.net/.default");
}

#[test]
fn what_signs_nobody_in_is_refused_by_the_keyword_that_is_to_blame() {
    let program = Program::new();
    for (text, expected) in [
        ("", "Authentication= is missing"),
        (
            "SERVER=x.database.windows.net;UID=sa;PWD=x",
            "Authentication= is missing",
        ),
        (
            "Authentication=SqlPassword;UID=sa;PWD=s3cret",
            "Authentication=SqlPassword",
        ),
        ("Authentication=Sql Password", "Authentication=Sql Password"),
        (
            "Authentication=ActiveDirectoryServicePrincipal",
            "UID= is missing",
        ),
        (
            "Authentication=Msi;AccessToken=abc",
            "AccessToken= and Authentication=",
        ),
        ("Authentication=Msi;TokenTimeout=soon", "TokenTimeout="),
        ("Authentication=Msi;UID={abc", "UID= opens a brace"),
        ("Authentication=Msi;PWD=abc;s3cret~tail={d}e", "needs braces"),
        ("Authentication=Msi;PWD=abc;s3cret~tail={d", "needs braces"),
        ("Authentication=Msi PWD=s3cret", "\"Msi\""),
        ("Authentication=Msi;TokenTimeout=5 PWD=s3cret", "TokenTimeout="),
        ("Authentication=Msi;Authority=evil.example", "Authority="),
    ] {
        let error = program.refusal(text);
        assert!(error.contains(expected) && !error.contains("s3cret"), "{error}");
    }
}

#[test]
fn pairs_mean_what_they_say_whatever_is_in_them() {
    let program = Program::new();
    let value = " {a};UID=b} ";
    program
        .services
        .providers
        .register(value, Some(Arc::new(|_| Err("never asked".to_owned()))));
    let pairs = [("authentication", "token-provider"), (" TokenProvider ", value)];
    let sign_in = program
        .context(|context| KeywordSignIn::from_pairs(pairs, context))
        .unwrap();
    assert_eq!(sign_in.mode(), "TokenProvider");
    for keyword in ["", "  ", "UID=x;PWD", "a;b", "{a}"] {
        let error = program
            .context(|context| KeywordSignIn::from_pairs([(keyword, "x")], context))
            .unwrap_err();
        assert_eq!(error.sqlstate(), "HY000");
    }
}

#[test]
fn what_the_keywords_alone_decide_is_resolved_once_and_all_else_each_time() {
    let program = Program::new();
    let is_kept = |text: &str| {
        let sign_in = program.read(text).unwrap();
        let resolved = || program.context(|context| sign_in.resolved("scope", context).unwrap());
        Arc::ptr_eq(&resolved(), &resolved())
    };
    let application = "Authentication=ActiveDirectoryServicePrincipal;UID=a;TenantId=t.example;";
    assert!(is_kept(&format!("{application}PWD=x")));
    // Any file will do for it here; it is a line of text once, and something else the next time.
    let file = std::env::temp_dir().join(format!("entra-odbc-{}-kept", std::process::id()));
    std::fs::write(&file, "x").unwrap();
    assert!(!is_kept(&format!("{application}PWDFile={}", file.display())));
    std::fs::remove_file(file).unwrap();
    // Variables say where its endpoint is, or that it is elsewhere by not being set.
    assert!(!is_kept("Authentication=Msi"));
    assert!(!is_kept(MINE));
    assert!(!is_kept("AccessToken=opaque"));
}

#[test]
fn a_timeout_of_the_keywords_is_the_least() {
    let program = Program::new();
    let release = Arc::new(std::sync::Barrier::new(2));
    let held = Arc::clone(&release);
    program.services.providers.register(
        "mine",
        Some(Arc::new(move |_| {
            held.wait();
            Err("released".to_owned())
        })),
    );
    let sign_in = program.read(&format!("{MINE}TokenTimeout=1")).unwrap();
    let wait = Wait::until(Instant::now() + Duration::from_mins(1));
    let began = Instant::now();
    let error = program
        .context(|context| sign_in.token(None, wait, context))
        .unwrap_err();
    assert_eq!(error.sqlstate(), "HYT00");
    assert!(began.elapsed() < Duration::from_secs(30));
    release.wait();
}

#[test]
fn the_stock_driver_gets_the_string_without_our_keywords() {
    let program = Program::new();
    let stock = |text: &str| {
        let text: Vec<u16> = text.encode_utf16().collect();
        let stock = program.context(|context| crate::connect::unwrapped::string(&text, context));
        stock
            .map(|text| String::from_utf16(&text).unwrap())
            .map_err(|error| error.to_string())
    };
    let told = |server: &str, name: &str| {
        format!(
            "SERVER={server};ADDRESS={server};Encrypt=yes;TrustServerCertificate=no;HostnameInCertificate={{{name}}};\
             ServerCertificate={{}};Trusted_Connection=no;"
        )
    };
    let local = told("127.0.0.1", "localhost");
    assert_eq!(
        stock("SERVER=localhost;Authentication=Msi;UID=abc;Database={a;b}").unwrap(),
        format!("{local}Database={{a;b}};")
    );
    assert_eq!(
        stock("Driver={x};SERVER=x.database.windows.net;fedauth=Msi;TrustServerCertificate=yes").unwrap(),
        format!("DRIVER={{x}};{}", told("x.database.windows.net", ""))
    );
    assert_eq!(
        stock("DSN=payroll;SERVER=localhost").unwrap(),
        format!("DRIVER={{Stock}};{local}Database=books;")
    );
    assert!(
        stock("DSN=other;SERVER=localhost")
            .unwrap_err()
            .contains("Driver=")
    );
    // Whoever brings the token, it travels with the string.
    assert_eq!(
        stock("SERVER=localhost;UID=;PWD={};Trusted_Connection=Yes;Database=a").unwrap(),
        format!("{local}Database=a;")
    );
    let sql = "SERVER=localhost; UID=sa;PWD={x}";
    assert_eq!(stock(sql).unwrap(), format!("{local}UID=sa;PWD={{x}};"));
    let unspecified = "SERVER=localhost;Authentication=NotSpecified;Database=a";
    assert_eq!(stock(unspecified).unwrap(), format!("{local}Database=a;"));
    let integrated = "SERVER=evil.example;Authentication=ActiveDirectoryIntegrated";
    // Whatever would keep the token from going along there, it is not this string's to say.
    for left in [
        integrated,
        "SERVER=evil.example;APP={a}b;Authentication=SqlPassword",
        "SERVER=evil.example;fedauth=SqlPassword",
    ] {
        let error = stock(left).unwrap_err();
        assert!(error.contains("Authentication="), "{left}: {error}");
    }
    // The token is whosever: the string cannot say that it is for a server of its own choice.
    let scope = "SERVER=evil.example;Authentication=Msi;Scope=https://evil.example";
    assert!(
        stock(scope)
            .unwrap_err()
            .contains("evil.example is no name of Azure's")
    );
    // Where nothing vouches for the server it is asked, or refused where it cannot be.
    let unasked = "SERVER=127.0.0.1;TrustServerCertificate=yes;ApplicationIntent=ReadOnly";
    assert!(stock(unasked).unwrap_err().contains("ApplicationIntent="));
    assert!(
        stock("SERVER=127.0.0.1,1;TrustServerCertificate=yes")
            .unwrap_err()
            .contains("redirects")
    );
    assert!(
        stock("SERVER=evil.example;TrustServerCertificate=yes")
            .unwrap_err()
            .contains("evil.example")
    );
    for (text, expected) in [
        ("Authentication=Msi", "Server="),
        (
            "SERVER=x.database.windows.net;Authentication=Msi;Encrypt=no",
            "Encrypt=",
        ),
        ("SERVER=localhost;Authentication=Mssi", "Mssi"),
    ] {
        let error = stock(text).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}
