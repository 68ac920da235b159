//! Renewal with a scripted credential, and the decisions behind it at moments of the test's choice.

use super::*;
use crate::{
    ErrorKind, Secret,
    token::{
        Source, TokenService, TokenSubscriber,
        service::tests::{Script, entry, soon, text, until_asked},
        subscriber::tests::Recorder,
    },
};

const HOUR: Duration = Duration::from_hours(1);

/// A credential whose tokens live for 600 ms, of which renewal leaves 200.
fn short_lived() -> Arc<Script> {
    let mut script = Script::closed();
    Arc::get_mut(&mut script).unwrap().life = Duration::from_millis(600);
    script.gate.add_permits(1);
    script
}

/// The state of an entry whose token, of an hour's life, was asked for and got just now.
fn fresh() -> (State, Moment) {
    let mut state = State::default();
    let now = Moment::now();
    let token = Token::received(Secret::new("t".into()), now.wall + HOUR);
    state.complete(Ok(token), now).unwrap();
    state.due = Some(now.after(HOUR * 2 / 3));
    state.last_request = Some(now.steady);
    (state, now)
}

fn minutes(count: u64) -> Duration {
    Duration::from_mins(count)
}

fn is_due(step: &Step) -> bool {
    matches!(step, Step::Renew(_))
}

#[test]
fn a_token_in_use_is_renewed_before_it_ends_and_open_connections_carry_the_new_one() {
    let script = short_lived();
    script.gate.add_permits(100);
    let tokens = TokenService::new();
    let sign_in = script.sign_in("one");
    let first = tokens.token(&sign_in, soon()).unwrap().token;
    let open = Recorder::new(1000);
    let subscriber: Arc<dyn TokenSubscriber> = Arc::clone(&open) as _;
    tokens.subscribe(&sign_in, &first, &subscriber);
    drop(subscriber);
    let deadline = soon();
    while open.last().1 < 2 && Instant::now() < deadline {
        // With no time to wait, since the living token is at hand all along.
        let issued = tokens.token(&sign_in, Instant::now()).unwrap();
        assert_eq!(issued.source, Source::Cached);
        std::thread::yield_now();
    }
    assert_eq!(open.last(), (Some("token-3".to_owned()), 2));
}

#[test]
fn a_connection_that_opened_while_its_token_was_renewed_carries_the_new_one() {
    let script = Script::open();
    let tokens = TokenService::new();
    let sign_in = script.sign_in("one");
    let first = tokens.token(&sign_in, soon()).unwrap().token;
    let renewed = Token::received(Secret::new("renewed".into()), first.expires_on);
    entry(&tokens, &sign_in)
        .state()
        .complete(Ok(renewed), Moment::now())
        .unwrap();
    let open = Recorder::new(1000);
    let subscriber: Arc<dyn TokenSubscriber> = Arc::clone(&open) as _;
    tokens.subscribe(&sign_in, &first, &subscriber);
    assert_eq!(open.last(), (Some("renewed".to_owned()), 1));
}

#[test]
fn while_a_renewal_hangs_nobody_waits_and_once_it_answers_all_have_the_new_token() {
    let script = short_lived();
    let tokens = TokenService::new();
    let sign_in = script.sign_in("one");
    tokens.token(&sign_in, soon()).unwrap();
    until_asked(&script, 2);
    let issued = tokens.token(&sign_in, Instant::now()).unwrap();
    assert_eq!((issued.source, text(&issued)), (Source::Cached, "token-1"));
    script.gate.add_permits(1);
    let deadline = soon();
    while text(&tokens.token(&sign_in, soon()).unwrap()) != "token-2" {
        assert!(Instant::now() < deadline);
    }
}

#[test]
fn a_renewal_that_fails_leaves_the_living_token_in_use_and_is_tried_again() {
    let mut script = Script::open();
    Arc::get_mut(&mut script).unwrap().life = Duration::from_secs(2);
    let tokens = TokenService::new();
    let sign_in = script.sign_in("one");
    let first = tokens.token(&sign_in, soon()).unwrap().token;
    let subscriber: Arc<dyn TokenSubscriber> = Recorder::new(1000);
    tokens.subscribe(&sign_in, &first, &subscriber);
    *script.failure.lock().unwrap() = Some(Error::new(ErrorKind::Unreachable, "as scripted"));
    until_asked(&script, 2);
    let issued = tokens.token(&sign_in, Instant::now()).unwrap();
    assert_eq!(text(&issued), "token-1");
    *script.failure.lock().unwrap() = None;
    until_asked(&script, 3);
}

#[test]
fn a_token_is_due_by_whichever_clock_says_so_first() {
    let (state, now) = fresh();
    let wait = |moment| match state.step(None, moment) {
        Step::Wait(time) => time,
        other => panic!("{other:?}"),
    };
    assert_eq!(wait(now.after(minutes(9))), minutes(31));
    let mut slept = now.after(minutes(9));
    slept.wall += minutes(31);
    assert!(is_due(&state.step(None, slept)));
    let mut set_back = now.after(minutes(9));
    set_back.wall -= 100 * HOUR;
    assert_eq!(wait(set_back), minutes(31));
}

#[test]
fn a_token_nobody_asked_for_in_ten_minutes_is_renewed_only_if_a_connection_is_open() {
    let (mut state, now) = fresh();
    let later = now.after(minutes(41));
    assert!(matches!(state.step(None, later), Step::End));
    let open = Recorder::new(100);
    state.subscribers.add(open.weak());
    assert!(is_due(&state.step(None, later)));
    // An open connection may reconnect even after the token's end: it is still tried.
    assert!(is_due(&state.step(None, now.after(2 * HOUR))));
    drop(open);
    state.last_request = Some(later.steady);
    assert!(is_due(&state.step(None, later)));
    assert!(matches!(state.step(None, now.after(HOUR)), Step::End));
}

#[test]
fn after_a_failure_and_while_a_connect_fetches_one_it_waits() {
    let (mut state, now) = fresh();
    let later = now.after(minutes(41));
    state.last_request = Some(later.steady);
    let retry = later.steady + minutes(1);
    assert!(matches!(state.step(Some(retry), later), Step::Wait(time) if time == minutes(1)));
    state.in_flight = Some(Arc::new(InFlightRequest::new(Prompting::forbidden())));
    assert!(matches!(state.step(None, later), Step::Wait(_)));
}

#[test]
fn an_endpoint_with_nothing_newer_is_asked_less_and_less_often() {
    let script = Script::open();
    let tokens = TokenService::new();
    let sign_in = script.sign_in("one");
    let first = tokens.token(&sign_in, soon()).unwrap().token;
    let entry = entry(&tokens, &sign_in);
    let same = Ok(Arc::new(Token::clone(&first)));
    let mut failures = 0;
    let waits: Vec<_> = (0..3)
        .map(|_| judge(&entry, &same, &mut failures).unwrap().as_secs())
        .collect();
    assert!(waits[0] >= 30 && waits[1] >= 60 && waits[2] >= 120, "{waits:?}");
    assert_eq!(judge(&entry, &Ok(first), &mut failures), None);
    assert_eq!(failures, 0);
}
