//! The service with a scripted credential.

use super::*;
use crate::{
    ErrorKind, Secret,
    credential::{BoxFuture, Credential, TokenRequest},
    identity_key::IdentityKey,
};
use std::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::SystemTime,
};
use tokio::sync::{Semaphore, SemaphorePermit};

/// Hands out `token-1`, `token-2`, …, each when the test lets it.
#[derive(Debug)]
pub(crate) struct Script {
    asked: AtomicUsize,
    pub(crate) gate: Semaphore,
    pub(crate) life: Duration,
    pub(crate) age: Duration,
    pub(crate) failure: Mutex<Option<Error>>,
}

impl Script {
    pub(crate) fn closed() -> Arc<Self> {
        Arc::new(Self {
            asked: AtomicUsize::new(0),
            gate: Semaphore::new(0),
            life: Duration::from_hours(1),
            age: Duration::ZERO,
            failure: Mutex::new(None),
        })
    }

    pub(crate) fn open() -> Arc<Self> {
        let script = Self::closed();
        script.gate.add_permits(1000);
        script
    }

    pub(crate) fn failing() -> Arc<Self> {
        let script = Self::closed();
        *script.failure.lock().unwrap() = Some(Error::new(ErrorKind::Unreachable, "as scripted"));
        script
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    pub(crate) fn sign_in(self: &Arc<Self>, name: &str) -> SignIn {
        let key = IdentityKey::builder(name).unwrap().finish();
        SignIn::requesting(key, name, "scope", Scripted(Arc::clone(self)))
    }
}

#[derive(Debug)]
struct Scripted(Arc<Script>);

impl Credential for Scripted {
    fn token<'a>(&'a self, _: &'a TokenRequest) -> BoxFuture<'a, Result<Token, Error>> {
        Box::pin(async move {
            let number = self.0.asked.fetch_add(1, Ordering::SeqCst) + 1;
            self.0.gate.acquire().await.map(SemaphorePermit::forget).unwrap();
            if let Some(error) = self.0.failure.lock().unwrap().clone() {
                return Err(error);
            }
            let now = SystemTime::now();
            let mut token = Token::received(Secret::new(format!("token-{number}")), now + self.0.life);
            token.issued.wall = now - self.0.age;
            Ok(token)
        })
    }

    fn is_shareable(&self) -> bool {
        true
    }
}

pub(crate) fn soon() -> Instant {
    Instant::now() + Duration::from_secs(5)
}

/// Waits until the background thread has asked the credential so often.
pub(crate) fn until_asked(script: &Script, times: usize) {
    let deadline = soon();
    while script.asked() < times && Instant::now() < deadline {
        thread::yield_now();
    }
    assert_eq!(script.asked(), times);
}

/// Fifty threads that all ask before the credential answers.
fn fifty(script: &Arc<Script>) -> Vec<Result<Issued, Error>> {
    let tokens = TokenService::new();
    let sign_in = script.sign_in("one");
    thread::scope(|scope| {
        let threads: Vec<_> = (0..50)
            .map(|_| scope.spawn(|| tokens.token(&sign_in, soon())))
            .collect();
        until_asked(script, 1);
        let entry = entry(&tokens, &sign_in);
        let in_flight = entry.state().in_flight.clone().unwrap();
        // Each waiter holds the request, as do its task, the entry and we.
        let deadline = soon();
        while Arc::strong_count(&in_flight) < 53 && Instant::now() < deadline {
            thread::yield_now();
        }
        script.gate.add_permits(1);
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

pub(crate) fn entry(tokens: &TokenService, sign_in: &SignIn) -> Arc<Entry> {
    let SignInSource::Credential(credential) = sign_in.source() else {
        panic!()
    };
    tokens.cache.entry(sign_in, credential)
}

pub(crate) fn text(issued: &Issued) -> &str {
    issued.token.text.expose()
}

#[test]
fn fifty_threads_make_one_request_and_share_its_token() {
    let script = Script::closed();
    let issued = fifty(&script);
    assert_eq!(script.asked(), 1);
    assert!(
        issued
            .iter()
            .all(|issued| text(issued.as_ref().unwrap()) == "token-1")
    );
    let requested = issued
        .iter()
        .filter(|issued| issued.as_ref().unwrap().source == Source::Requested);
    assert_eq!(requested.count(), 1);
}

#[test]
fn fifty_threads_make_one_request_and_share_its_failure() {
    let script = Script::failing();
    let issued = fifty(&script);
    assert_eq!(script.asked(), 1);
    assert!(
        issued
            .iter()
            .all(|issued| issued.as_ref().unwrap_err().kind().name() == "unreachable")
    );
}

#[test]
fn a_living_token_is_at_hand_and_an_ended_one_is_not() {
    let script = Script::open();
    let tokens = TokenService::new();
    let sign_in = script.sign_in("one");
    assert_eq!(tokens.token(&sign_in, soon()).unwrap().source, Source::Requested);
    // Even for someone with no time at all.
    let again = tokens.token(&sign_in, Instant::now()).unwrap();
    assert_eq!((again.source, text(&again)), (Source::Cached, "token-1"));
    let entry = entry(&tokens, &sign_in);
    let mut ended = Token::clone(&again.token);
    ended.expires_on = ended.issued.wall;
    entry.state().token = Some(Arc::new(ended));
    assert_eq!(text(&tokens.token(&sign_in, soon()).unwrap()), "token-2");
}

#[test]
fn a_failure_is_the_answer_for_a_while_and_a_success_clears_it() {
    let script = Script::failing();
    script.gate.add_permits(1000);
    let tokens = TokenService::new();
    let sign_in = script.sign_in("one");
    let first = tokens.token(&sign_in, soon()).unwrap_err();
    for _ in 0..100 {
        assert_eq!(tokens.token(&sign_in, soon()).unwrap_err(), first);
    }
    assert_eq!(script.asked(), 1);
    *script.failure.lock().unwrap() = None;
    entry(&tokens, &sign_in).state().failures.clear();
    assert_eq!(text(&tokens.token(&sign_in, soon()).unwrap()), "token-2");
}

#[test]
fn who_gives_up_leaves_the_request_to_those_who_wait() {
    let script = Script::closed();
    let tokens = TokenService::new();
    let sign_in = script.sign_in("one");
    thread::scope(|scope| {
        let hasty = scope.spawn(|| tokens.token(&sign_in, Instant::now() + Duration::from_millis(200)));
        until_asked(&script, 1);
        let patient = scope.spawn(|| tokens.token(&sign_in, soon()));
        let error = hasty.join().unwrap().unwrap_err();
        assert_eq!(error.kind().name(), "timed_out");
        script.gate.add_permits(1);
        let issued = patient.join().unwrap().unwrap();
        assert_eq!((issued.source, text(&issued)), (Source::Waited, "token-1"));
    });
    assert_eq!(script.asked(), 1);
}

#[test]
fn a_request_that_nobody_waits_for_any_more_ends_and_the_next_one_starts() {
    let script = Script::closed();
    let tokens = TokenService::new();
    let sign_in = script.sign_in("one");
    let start = Instant::now();
    assert!(
        tokens
            .token(&sign_in, start + Duration::from_millis(100))
            .is_err()
    );
    assert!(start.elapsed() < Duration::from_secs(8));
    script.gate.add_permits(1);
    assert_eq!(text(&tokens.token(&sign_in, soon()).unwrap()), "token-2");
}

#[test]
fn different_identities_do_not_wait_for_each_other() {
    let (stuck, quick) = (Script::closed(), Script::open());
    let tokens = TokenService::new();
    let (slow, fast) = (stuck.sign_in("slow"), quick.sign_in("fast"));
    thread::scope(|scope| {
        let waiting = scope.spawn(|| tokens.token(&slow, soon()));
        until_asked(&stuck, 1);
        assert_eq!(text(&tokens.token(&fast, soon()).unwrap()), "token-1");
        stuck.gate.add_permits(1);
        waiting.join().unwrap().unwrap();
    });
}

#[test]
fn what_may_not_be_cached_is_asked_for_each_time() {
    let script = Script::open();
    let tokens = TokenService::new();
    let mut sign_in = script.sign_in("one");
    sign_in.cache = false;
    for expected in ["token-1", "token-2"] {
        assert_eq!(text(&tokens.token(&sign_in, soon()).unwrap()), expected);
    }
}

#[test]
fn a_panic_in_a_credential_is_an_error_and_no_hang() {
    #[derive(Debug)]
    struct Panics;
    impl Credential for Panics {
        fn token<'a>(&'a self, _: &'a TokenRequest) -> BoxFuture<'a, Result<Token, Error>> {
            Box::pin(async { panic!("as scripted") })
        }
    }
    let key = IdentityKey::builder("panics").unwrap().finish();
    let sign_in = SignIn::requesting(key, "panics", "scope", Panics);
    let tokens = TokenService::new();
    for _ in 0..2 {
        let error = tokens.token(&sign_in, soon()).unwrap_err();
        assert_eq!(error.kind().name(), "unreachable");
    }
}

#[test]
fn a_refused_token_is_replaced_once_if_it_is_not_young() {
    let mut old = Script::open();
    Arc::get_mut(&mut old).unwrap().age = Duration::from_secs(61);
    let tokens = TokenService::new();
    let sign_in = old.sign_in("one");
    let refused = tokens.token(&sign_in, soon()).unwrap().token;
    let fresh = tokens.replace_refused(&sign_in, &refused, soon()).unwrap();
    assert_eq!(fresh.text.expose(), "token-2");
    assert_eq!(text(&tokens.token(&sign_in, soon()).unwrap()), "token-2");
    // Not again in the next five minutes.
    for (since, again) in [
        (Duration::ZERO, false),
        (Duration::from_secs(295), false),
        (Duration::from_secs(301), true),
    ] {
        entry(&tokens, &sign_in).state().replaced = Instant::now().checked_sub(since);
        let fresh = tokens.token(&sign_in, soon()).unwrap().token;
        let replaced = tokens.replace_refused(&sign_in, &fresh, soon());
        assert_eq!(replaced.is_some(), again, "{since:?}");
    }

    let mut young = Script::open();
    Arc::get_mut(&mut young).unwrap().age = Duration::from_secs(50);
    let young = young.sign_in("two");
    let refused = tokens.token(&young, soon()).unwrap().token;
    assert!(tokens.replace_refused(&young, &refused, soon()).is_none());
}

#[test]
fn the_cache_stays_within_its_bounds_and_keeps_what_was_used_last() {
    let tokens = TokenService::new();
    let script = Script::open();
    let first = script.sign_in("first");
    tokens.token(&first, soon()).unwrap();
    for number in 0..10_100 {
        let sign_in = script.sign_in(&number.to_string());
        let token = Token::received(
            Secret::new("t".into()),
            SystemTime::now() + Duration::from_hours(1),
        );
        entry(&tokens, &sign_in).state().token = Some(Arc::new(token));
        if number == 9_000 {
            tokens.token(&first, soon()).unwrap();
        }
    }
    assert!(tokens.cache.len() <= 10_000);
    assert_eq!(tokens.token(&first, soon()).unwrap().source, Source::Cached);
}
