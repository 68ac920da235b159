//! Device codes against an Entra that follows a script.

use super::*;
use crate::{
    credential::scripted::{ScriptedEntra, granted, prompts, sign_in},
    token::{Source, TokenService},
};
use serde_json::json;
use std::{sync::mpsc::Receiver, thread};

/// A bench for one sign-in; `pairs` are keywords beside those that every test needs.
struct Bench {
    entra: ScriptedEntra,
    sign_in: SignIn,
    prompts: Receiver<Prompt>,
    tokens: TokenService,
}

impl Bench {
    fn new(pairs: &[(Keyword, &str)]) -> Self {
        let entra = ScriptedEntra::new();
        let mut all = vec![(Keyword::TenantId, "contoso.com")];
        all.extend_from_slice(pairs);
        let fixture = entra.fixture(&all, &[]);
        Self {
            prompts: prompts(&fixture),
            sign_in: sign_in("DeviceCodeFlow", &fixture),
            entra,
            tokens: TokenService::new(),
        }
    }

    /// A code of this life, asked about each second.
    fn code(self, life: u64) -> Self {
        let code = json!({
            "user_code": "GH3KJ\u{1b}[2J",
            "device_code": "d3vice",
            "verification_uri": "https://login.example/device",
            "expires_in": life,
            "interval": 1,
            "message": "Open https://login.example/device\r\nand enter GH3KJ\u{1b}[2J.",
        });
        self.entra.then("/contoso.com/oauth2/v2.0/devicecode", 200, code);
        self
    }

    fn then(self, status: u16, body: Value) -> Self {
        self.entra.then("/contoso.com/oauth2/v2.0/token", status, body);
        self
    }

    fn refused(self, error: &str, number: u32) -> Self {
        let description = format!("AADSTS{number}: as scripted.");
        let body = json!({ "error": error, "error_codes": [number], "error_description": description });
        self.then(400, body)
    }

    /// The token's text for a connect with that login timeout, and whether a person was asked.
    fn connect(&self, timeout: Duration) -> Result<(String, Source, bool), Error> {
        connect(&self.tokens, &self.sign_in, timeout)
    }

    fn failure(&self) -> Error {
        self.connect(SHORT).unwrap_err()
    }
}

fn connect(
    tokens: &TokenService,
    sign_in: &SignIn,
    timeout: Duration,
) -> Result<(String, Source, bool), Error> {
    let issued = tokens.token(sign_in, Instant::now() + timeout)?;
    Ok((
        issued.token.text.expose().to_owned(),
        issued.source,
        issued.prompted,
    ))
}

/// A login timeout that is shorter than any person.
const SHORT: Duration = Duration::from_secs(2);

#[test]
fn a_person_is_asked_in_entras_own_words_and_has_longer_than_the_login_timeout() {
    let bench = Bench::new(&[])
        .code(900)
        .refused("authorization_pending", 70016)
        .refused("authorization_pending", 70016)
        .then(200, granted("one", 3600));
    let issued = bench.connect(SHORT).unwrap();
    assert_eq!(issued, ("one".to_owned(), Source::Requested, true));
    let prompt = bench.prompts.try_recv().unwrap();
    assert_eq!(
        prompt,
        Prompt {
            // What would control a terminal is left out.
            message: "Open https://login.example/device and enter GH3KJ [2J.".into(),
            url: "https://login.example/device".into(),
            user_code: Some("GH3KJ [2J".into()),
            expires_in: Duration::from_mins(5),
        }
    );
    let [code, questions @ ..] = &*bench.entra.requests() else {
        panic!()
    };
    assert_eq!(code.form.get("client_id"), Some(super::super::session::AZURE_CLI));
    assert_eq!(
        code.form.get("scope"),
        Some("https://database.windows.net/.default offline_access openid profile")
    );
    assert_eq!(questions.len(), 3);
    for question in questions {
        assert_eq!(question.form.get("grant_type"), Some(GRANT_TYPE));
        assert_eq!(question.form.get("device_code"), Some("d3vice"));
    }
    assert_eq!(bench.sign_in.identity_origin, IdentityOrigin::Answer);
}

#[test]
fn whoever_waits_with_the_one_who_was_asked_has_as_much_time_and_sees_no_prompt() {
    let bench = Bench::new(&[])
        .code(900)
        .refused("authorization_pending", 70016)
        .then(200, granted("one", 3600));
    thread::scope(|scope| {
        let Bench {
            sign_in,
            tokens,
            prompts,
            ..
        } = &bench;
        let first = scope.spawn(move || connect(tokens, sign_in, SHORT));
        // The prompt is out, so these join that request.
        let prompt = prompts.recv().unwrap();
        let waiters: Vec<_> = (0..20)
            .map(|_| scope.spawn(move || connect(tokens, sign_in, Duration::from_millis(50))))
            .collect();
        for waiter in waiters {
            let waited = waiter.join().unwrap().unwrap();
            assert_eq!(waited, ("one".to_owned(), Source::Waited, true));
        }
        assert_eq!(first.join().unwrap().unwrap().1, Source::Requested);
        assert_eq!(prompt.user_code.as_deref(), Some("GH3KJ [2J"));
    });
    assert!(bench.prompts.try_recv().is_err(), "a second prompt");
    assert_eq!(bench.entra.requests().len(), 3);
}

#[test]
fn the_next_token_is_had_without_the_person() {
    let bench = Bench::new(&[])
        .code(900)
        .then(200, granted("one", 1))
        .then(200, granted("two", 3600));
    assert_eq!(bench.connect(SHORT).unwrap().0, "one");
    // Which renews itself behind everyone's back as well, and that asks nobody either.
    let until = Instant::now() + Duration::from_secs(20);
    while bench.connect(Duration::from_secs(5)).unwrap().0 == "one" {
        assert!(Instant::now() < until);
        thread::yield_now();
    }
    assert_eq!(
        bench.connect(SHORT).unwrap(),
        ("two".to_owned(), Source::Cached, false)
    );
    let requests = bench.entra.requests();
    let silent = requests.last().unwrap();
    assert_eq!(silent.form.get("grant_type"), Some("refresh_token"));
    assert_eq!(silent.form.get("refresh_token"), Some("refresh-one"));
    assert_eq!((requests.len(), bench.prompts.try_iter().count()), (3, 1));
}

#[test]
fn a_sign_in_that_was_revoked_asks_again_but_only_at_a_connect() {
    let bench = Bench::new(&[])
        .code(900)
        .then(200, granted("one", 1))
        // The renewal's, or that of a connect that came before it.
        .refused("invalid_grant", 50173)
        .code(900)
        .then(200, granted("two", 3600));
    assert_eq!(bench.connect(SHORT).unwrap().0, "one");
    let until = Instant::now() + Duration::from_secs(20);
    while bench.connect(Duration::from_secs(5)).unwrap().0 == "one" {
        assert!(Instant::now() < until);
        thread::yield_now();
    }
    assert_eq!(bench.prompts.try_iter().count(), 2);
}

#[test]
fn without_anyone_to_ask_no_request_goes_out() {
    let entra = ScriptedEntra::new();
    let fixture = entra.fixture(&[], &[]);
    let sign_in = sign_in("DeviceCode", &fixture);
    let error = TokenService::new()
        .token(&sign_in, Instant::now() + SHORT)
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.kind().name()),
        (ErrorKind::PromptNeeded, "prompt_needed")
    );
    assert!(error.to_string().contains("entra-odbc login"), "{error}");
    assert!(entra.requests().is_empty());
}

#[test]
fn each_way_to_fail_says_what_to_do() {
    let declined = Bench::new(&[]).code(900).refused("authorization_declined", 70018);
    let error = declined.failure();
    assert_eq!((error.kind().name(), error.code()), ("refused", 70018));
    assert!(
        error
            .to_string()
            .starts_with("[entra-odbc][DeviceCode] the person declined the sign-in. Connect again"),
        "{error}"
    );
    let expired = Bench::new(&[])
        .code(900)
        .refused("expired_token", 70020)
        .failure();
    assert!(
        expired.to_string().contains("the code ended before anyone"),
        "{expired}"
    );
    let unknown = Bench::new(&[])
        .code(900)
        .refused("bad_verification_code", 70001)
        .failure();
    assert!(
        unknown.to_string().contains("does not know the code"),
        "{unknown}"
    );
    let blocked = Bench::new(&[])
        .code(900)
        .refused("invalid_grant", 53003)
        .failure();
    assert_eq!(blocked.code(), 53003);
}

#[test]
fn a_tenant_or_client_that_entra_does_not_know_fails_before_anyone_is_asked() {
    let bench = Bench::new(&[]);
    let body = json!({ "error": "unauthorized_client", "error_description": "AADSTS700016: as scripted." });
    bench.entra.then("/devicecode", 400, body);
    assert_eq!(bench.failure().code(), 700_016);
    assert!(bench.prompts.try_recv().is_err());
}

#[test]
fn nobody_in_time_is_a_timeout_that_names_the_keyword() {
    let bench = Bench::new(&[(Keyword::InteractiveTimeout, "1")])
        .code(900)
        .refused("authorization_pending", 70016);
    let error = bench.failure();
    assert_eq!(error.kind().name(), "timed_out");
    let text = error.to_string();
    assert!(
        text.contains("nobody signed in within 1 s") && text.contains("InteractiveTimeout="),
        "{text}"
    );

    let short = Bench::new(&[]).code(1).refused("authorization_pending", 70016);
    let error = short.failure();
    assert_eq!(error.kind().name(), "timed_out");
    assert!(error.to_string().contains("the code ended before"), "{error}");
}

#[test]
fn an_endpoint_in_trouble_is_asked_again() {
    let bench = Bench::new(&[])
        .code(900)
        .then(500, json!({}))
        .then(200, json!({ "access_token": "of no use" }))
        .then(200, granted("one", 3600));
    assert_eq!(bench.connect(SHORT).unwrap().0, "one");
}

#[test]
fn the_pace_is_entras_own_slower_where_it_asks_for_that_and_slower_still_in_trouble() {
    let seconds = |pace: &Pace| pace.wait().as_secs();
    let mut pace = Pace::new(Duration::from_secs(5));
    pace.accept_reason("authorization_pending").unwrap();
    assert_eq!(seconds(&pace), 5);
    pace.accept_reason("slow_down").unwrap();
    assert_eq!(seconds(&pace), 10);
    for expected in [20, 40, 60, 60] {
        pace.back_off(None);
        assert_eq!(seconds(&pace), expected);
    }
    pace.accept_reason("authorization_pending").unwrap();
    assert_eq!(seconds(&pace), 10);
    assert!(pace.accept_reason("invalid_grant").is_none());
    assert_eq!(seconds(&Pace::new(Duration::ZERO)), 1);
    pace = Pace::new(Duration::from_secs(1));
    pace.back_off(Some(Duration::from_secs(30)));
    assert_eq!(seconds(&pace), 30);
}

#[test]
fn different_names_are_different_people() {
    let entra = ScriptedEntra::new();
    let key = |user| sign_in("DeviceCode", &entra.fixture(&[(Keyword::User, user)], &[])).key;
    assert_ne!(key("ada@contoso.com"), key("grace@contoso.com"));
    assert_eq!(key("ada@contoso.com"), key("ada@contoso.com"));
}

#[test]
fn debug_shows_no_secret() {
    let bench = Bench::new(&[]).code(900).then(200, granted("one", 3600));
    bench.connect(SHORT).unwrap();
    let shown = format!("{:?}", bench.sign_in);
    assert!(
        shown.contains("DeviceCode") && !shown.contains("refresh-one"),
        "{shown}"
    );
}
