//! A connect with a scripted driver in place of the real one.

mod data_sources;
mod logins;
mod refusals;
mod strings;

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
    record: (&'static str, &'static str),
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
            record: ("28000", "Login failed for user '<token-identified principal>'."),
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
        let (sqlstate, message) = self.record;
        let record = |native: &i32| DriverRecord {
            sqlstate: sqlstate.to_owned(),
            native: *native,
            message: message.to_owned(),
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
            logins: &LoginWatch::new(),
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
