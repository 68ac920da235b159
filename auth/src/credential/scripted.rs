//! An Entra that answers the tests of sign-ins of people as they write it down.

use super::{SignIn, tests::Fixture};
use crate::{Environment, Keyword, user::prompt::Prompt};
use serde_json::{Value, json};
use standins::{
    certificates::CertificateAuthority,
    http::{LOOPBACK, Request, Response, Server},
    record::Recorded,
};
use std::{
    collections::VecDeque,
    fs,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
        mpsc::{Receiver, channel},
    },
};

/// Which request each answer is for, its status and its body.
type Script = VecDeque<(&'static str, u16, Value)>;

/// Gives the answers that it was given, in their order, each for one request to the path's end that it names.
pub struct ScriptedEntra {
    server: Server,
    roots: PathBuf,
    script: Arc<Mutex<Script>>,
}

impl ScriptedEntra {
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let authority = CertificateAuthority::new();
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let roots =
            std::env::temp_dir().join(format!("entra-odbc-people-{}-{number}.pem", std::process::id()));
        fs::write(&roots, authority.pem()).unwrap();
        let script: Arc<Mutex<Script>> = Arc::default();
        let answers = Arc::clone(&script);
        let answer = move |request: &Request| {
            let next = answers.lock().unwrap().pop_front();
            match next {
                Some((path, status, body)) if request.path.ends_with(path) => Response::json(status, &body),
                next => Response::json(
                    400,
                    &json!({ "error": "unscripted", "error_description": format!("{} {next:?}", request.path) }),
                ),
            }
        };
        Self {
            server: Server::start(LOOPBACK, Some(authority.server_config(&["localhost"])), answer),
            roots,
            script,
        }
    }

    pub fn then(&self, path: &'static str, status: u16, body: Value) -> &Self {
        self.script.lock().unwrap().push_back((path, status, body));
        self
    }

    pub fn requests(&self) -> Vec<Recorded> {
        self.server.record().requests()
    }

    pub fn authority(&self) -> String {
        format!("https://localhost:{}", self.server.address().port())
    }

    pub fn environment(&self, more: &[(&str, &str)]) -> Environment {
        let roots = ("SSL_CERT_FILE", self.roots.to_str().unwrap());
        Environment::fixed(more.iter().copied().chain([roots])).with_tools()
    }

    pub fn fixture(&self, pairs: &[(Keyword, &str)], more: &[(&str, &str)]) -> Fixture {
        Fixture::with_environment(pairs, self.environment(more)).at(&self.authority())
    }
}

impl Drop for ScriptedEntra {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.roots);
    }
}

/// Registers a callback that hands the prompts to the test.
pub fn prompts(fixture: &Fixture) -> Receiver<Prompt> {
    let (sender, receiver) = channel();
    let callback = move |prompt: &Prompt| drop(sender.send(prompt.clone()));
    fixture
        .context()
        .services
        .prompts
        .register(Some(Arc::new(callback)));
    receiver
}

/// A sign-in by this mode.
pub fn sign_in(mode: &str, fixture: &Fixture) -> SignIn {
    super::find(mode).unwrap().prepare(&fixture.context()).unwrap()
}

/// What Entra says of a token that it grants.
pub fn granted(token: &str, expires_in: u64) -> Value {
    json!({
        "token_type": "Bearer",
        "access_token": token,
        "expires_in": expires_in,
        "refresh_token": format!("refresh-{token}"),
    })
}
