//! Cancelling with a scripted credential.

use super::*;
use crate::token::{
    TokenService, Wait,
    service::tests::{Script, soon, until_asked},
};
use std::thread;

fn wait(cancellation: &Cancellation) -> Wait<'_> {
    Wait::until(soon()).unless(Some(cancellation))
}

#[test]
fn who_cancels_waits_no_longer_and_the_others_get_their_token() {
    let (tokens, script, cancellation) = (TokenService::new(), Script::closed(), Cancellation::new());
    thread::scope(|scope| {
        let other = scope.spawn(|| tokens.token(&script.sign_in("a"), soon()));
        until_asked(&script, 1);
        let one = scope.spawn(|| tokens.token(&script.sign_in("a"), wait(&cancellation)));
        while cancellation.0.watched.lock().is_empty() {
            thread::yield_now();
        }
        cancellation.cancel();
        assert_eq!(one.join().unwrap().unwrap_err().kind().name(), "cancelled");
        script.gate.add_permits(1);
        assert_eq!(other.join().unwrap().unwrap().token.text.expose(), "token-1");
    });
    assert_eq!(script.asked(), 1);
    assert!(cancellation.0.watched.lock().is_empty());
}

#[test]
fn a_request_that_nobody_wants_any_more_is_broken_off_and_the_next_caller_starts_another() {
    let (tokens, script, cancellation) = (TokenService::new(), Script::closed(), Cancellation::new());
    thread::scope(|scope| {
        let one = scope.spawn(|| tokens.token(&script.sign_in("a"), wait(&cancellation)));
        until_asked(&script, 1);
        cancellation.cancel();
        assert_eq!(one.join().unwrap().unwrap_err().kind().name(), "cancelled");
        let next = scope.spawn(|| tokens.token(&script.sign_in("a"), soon()));
        until_asked(&script, 2);
        script.gate.add_permits(1);
        assert_eq!(next.join().unwrap().unwrap().token.text.expose(), "token-2");
    });
}

#[test]
fn what_is_cancelled_already_asks_nobody_not_even_the_cache() {
    let (tokens, script, cancellation) = (TokenService::new(), Script::open(), Cancellation::new());
    tokens.token(&script.sign_in("a"), wait(&cancellation)).unwrap();
    cancellation.clone().cancel();
    let error = tokens
        .token(&script.sign_in("a"), wait(&cancellation))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert_eq!(script.asked(), 1);
}
