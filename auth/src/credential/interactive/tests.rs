//! The browser's sign-in against an Entra that follows a script; the browser is a callback.

use super::*;
use crate::{
    credential::scripted::{ScriptedEntra, granted, sign_in},
    token::TokenService,
};
use serde_json::json;
use std::{
    collections::HashMap,
    io::{Read, Write},
    net::TcpStream,
    sync::Mutex,
    time::Instant,
};

/// What the browser does with the page that it is to open: the query that it comes back with.
type Person = fn(&Query) -> String;

type Query = HashMap<String, String>;

/// What the browser was asked for, and the page that it was shown in the end.
type Seen = (Query, String);

struct Bench {
    entra: ScriptedEntra,
    sign_in: SignIn,
    tokens: TokenService,
    prompts: Arc<Prompts>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Bench {
    fn new(pairs: &[(Keyword, &str)], person: Person) -> Self {
        let entra = ScriptedEntra::new();
        let mut all = vec![(Keyword::TenantId, "contoso.com")];
        all.extend_from_slice(pairs);
        let fixture = entra.fixture(&all, &[]);
        let seen: Arc<Mutex<Vec<_>>> = Arc::default();
        let pages = Arc::clone(&seen);
        let browse = move |prompt: &Prompt| {
            let url = Url::parse(&prompt.url).unwrap();
            let query: Query = url.query_pairs().into_owned().collect();
            let back = Url::parse(&query["redirect_uri"]).unwrap();
            let mut socket = TcpStream::connect(("127.0.0.1", back.port().unwrap())).unwrap();
            write!(socket, "GET {}?{} HTTP/1.1\r\n\r\n", back.path(), person(&query)).unwrap();
            let mut page = String::new();
            socket.read_to_string(&mut page).unwrap();
            pages.lock().unwrap().push((query, page));
        };
        let prompts = Arc::clone(&fixture.context().services.prompts);
        prompts.register(Some(Arc::new(browse)));
        Self {
            sign_in: sign_in("Interactive", &fixture),
            entra,
            tokens: TokenService::new(),
            prompts,
            seen,
        }
    }

    fn connect(&self) -> Result<String, Error> {
        let deadline = Instant::now() + Duration::from_secs(5);
        let issued = self.tokens.token(&self.sign_in, deadline)?;
        Ok(issued.token.text.expose().to_owned())
    }

    /// What the browser saw, once it has seen all of it.
    fn seen(&self) -> Seen {
        loop {
            if let Some(seen) = self.seen.lock().unwrap().pop() {
                return seen;
            }
            std::thread::yield_now();
        }
    }
}

fn consents(query: &Query) -> String {
    let pairs = [("code", "c0de"), ("state", &query["state"])];
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

#[test]
fn the_code_is_redeemed_with_the_verifier_of_its_challenge_and_the_next_token_needs_no_browser() {
    let bench = Bench::new(&[(Keyword::User, "ada@contoso.com")], consents);
    bench
        .entra
        .then("/contoso.com/oauth2/v2.0/token", 200, granted("one", 1));
    bench
        .entra
        .then("/contoso.com/oauth2/v2.0/token", 200, granted("two", 3600));
    assert_eq!(bench.connect().unwrap(), "one");
    let (query, page) = bench.seen();
    assert_eq!(query["login_hint"], "ada@contoso.com");
    assert_eq!(query["code_challenge_method"], "S256");
    assert!(!query.contains_key("prompt"));
    assert!(page.contains("You are signed in."), "{page}");
    let redeemed = bench.entra.requests().remove(0);
    assert_eq!(redeemed.form.get("code"), Some("c0de"));
    assert_eq!(
        redeemed.form.get("redirect_uri"),
        Some(query["redirect_uri"].as_str())
    );
    let verifier = redeemed.form.get("code_verifier").unwrap();
    let digest = ring::digest::digest(&ring::digest::SHA256, verifier.as_bytes());
    let challenge = base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, digest);
    assert_eq!(query["code_challenge"], challenge);
    let until = Instant::now() + Duration::from_secs(20);
    while bench.connect().unwrap() == "one" {
        assert!(Instant::now() < until);
        std::thread::yield_now();
    }
    assert!(bench.seen.lock().unwrap().is_empty(), "asked again");
}

#[test]
fn a_person_who_says_no_ends_it_and_reads_so() {
    let bench = Bench::new(&[], |query| {
        format!(
            "error=access_denied&error_description=AADSTS65004%3A+User+declined.&state={}",
            query["state"]
        )
    });
    let error = bench.connect().unwrap_err();
    assert_eq!((error.kind().name(), error.code()), ("refused", 65004));
    assert!(error.to_string().contains("declined"), "{error}");
    let (query, page) = bench.seen();
    assert_eq!(query["prompt"], "select_account");
    assert!(
        page.contains("You declined the permissions") && page.contains("AADSTS65004"),
        "{page}"
    );
    assert!(bench.entra.requests().is_empty());
}

#[test]
fn a_person_who_leaves_entras_page_reads_that_they_cancelled() {
    let bench = Bench::new(&[], |query| {
        format!(
            "error=access_denied&error_subcode=cancel&error_description=the+user+canceled&state={}",
            query["state"]
        )
    });
    let error = bench.connect().unwrap_err();
    assert_eq!((error.kind().name(), error.code()), ("refused", 0));
    assert!(error.to_string().contains("cancelled the sign-in"), "{error}");
    let page = bench.seen().1;
    assert!(page.contains("You cancelled the sign-in."), "{page}");
    assert!(page.contains("the user canceled"), "{page}");
}

#[test]
fn access_that_entra_denies_is_not_what_the_person_did() {
    let bench = Bench::new(&[], |query| {
        format!(
            "error=access_denied&error_description=AADSTS53003%3A+Blocked.&state={}",
            query["state"]
        )
    });
    let error = bench.connect().unwrap_err();
    assert_eq!((error.kind().name(), error.code()), ("refused", 53003));
    assert!(error.to_string().contains("Conditional Access"), "{error}");
    let page = bench.seen().1;
    assert!(
        page.contains("Conditional Access") && !page.contains("You "),
        "{page}"
    );
}

#[test]
fn page_and_end_of_the_prompt_name_who_signed_in() {
    let bench = Bench::new(&[], consents);
    let token = crate::token::jwt(&json!({ "upn": "ada@contoso.com" }));
    bench.entra.then("/token", 200, granted(&token, 3600));
    let (sender, ended) = std::sync::mpsc::channel();
    bench.prompts.register_end(Some(Arc::new(move |_, account| {
        sender.send(account.map(str::to_owned)).unwrap();
    })));
    bench.connect().unwrap();
    assert_eq!(ended.try_recv().unwrap().as_deref(), Some("ada@contoso.com"));
    let page = bench.seen().1;
    assert!(page.contains("You are signed in as ada@contoso.com."), "{page}");
}

#[test]
fn a_token_that_answers_another_sign_in_is_refused() {
    let bench = Bench::new(&[], consents);
    let mut answer = granted("one", 3600);
    answer["id_token"] = crate::token::jwt(&json!({ "nonce": "another" })).into();
    bench.entra.then("/token", 200, answer);
    let error = bench.connect().unwrap_err();
    assert!(error.to_string().contains("nonce"), "{error}");
    assert!(bench.seen().1.contains("Not signed in"));
}

#[test]
fn nobody_in_time_is_a_timeout_and_nobody_to_ask_an_error_at_once() {
    let bench = Bench::new(&[(Keyword::InteractiveTimeout, "1")], |_| {
        "state=wrong".to_owned()
    });
    let error = bench.connect().unwrap_err();
    assert_eq!(error.kind().name(), "timed_out");
    assert!(
        error.to_string().contains("nobody signed in within 1 s"),
        "{error}"
    );

    let entra = ScriptedEntra::new();
    let sign_in = sign_in("Interactive", &entra.fixture(&[], &[]));
    let error = TokenService::new()
        .token(&sign_in, Instant::now() + Duration::from_secs(5))
        .unwrap_err();
    assert_eq!(error.kind().name(), "prompt_needed");
    assert!(error.to_string().contains("entra-odbc login"), "{error}");
}
