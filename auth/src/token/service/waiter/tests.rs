//! Tasks that wait, on an executor without a timer.

use crate::token::{
    TokenService,
    service::{
        Source,
        tests::{Script, entry, soon, text, until_asked},
    },
};
use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
    thread,
    time::{Duration, Instant},
};

fn run<T>(task: impl Future<Output = T>) -> T {
    let executor = tokio::runtime::Builder::new_current_thread().build();
    executor.unwrap().block_on(task)
}

/// Polls a future once, and expects that it waits.
async fn begin(future: &mut (impl Future + Unpin)) {
    poll_fn(|context| {
        assert!(pin!(&mut *future).poll(context).is_pending());
        Poll::Ready(())
    })
    .await;
}

#[test]
fn a_task_and_a_thread_share_one_request() {
    let script = Script::closed();
    let tokens = TokenService::new();
    let sign_in = script.sign_in("one");
    thread::scope(|scope| {
        let other = scope.spawn(|| tokens.token(&sign_in, soon()));
        until_asked(&script, 1);
        run(async {
            let mut task = pin!(tokens.token_async(&sign_in, soon()));
            begin(&mut task).await;
            script.gate.add_permits(1);
            let issued = task.await.unwrap();
            assert_eq!((issued.source, text(&issued)), (Source::Waited, "token-1"));
            let again = tokens.token_async(&sign_in, Instant::now()).await.unwrap();
            assert_eq!((again.source, text(&again)), (Source::Cached, "token-1"));
        });
        assert_eq!(text(&other.join().unwrap().unwrap()), "token-1");
    });
    assert_eq!(script.asked(), 1);
}

#[test]
fn a_task_waits_no_longer_than_its_deadline_and_leaves_the_request_to_the_others() {
    let script = Script::closed();
    let tokens = TokenService::new();
    let sign_in = script.sign_in("one");
    thread::scope(|scope| {
        let patient = scope.spawn(|| tokens.token(&sign_in, soon()));
        until_asked(&script, 1);
        let hasty = tokens.token_async(&sign_in, Instant::now() + Duration::from_millis(50));
        assert_eq!(run(hasty).unwrap_err().kind().name(), "timed_out");
        script.gate.add_permits(1);
        assert_eq!(text(&patient.join().unwrap().unwrap()), "token-1");
    });
}

#[test]
fn a_request_whose_only_task_is_dropped_ends_and_the_next_one_starts() {
    let script = Script::closed();
    let tokens = TokenService::new();
    let sign_in = script.sign_in("one");
    let abandoned = run(async {
        let mut task = pin!(tokens.token_async(&sign_in, soon()));
        begin(&mut task).await;
        let in_flight = entry(&tokens, &sign_in).state().in_flight.clone();
        in_flight.unwrap()
    });
    assert_eq!(
        run(abandoned.outcome(None)).unwrap_err().kind().name(),
        "cancelled"
    );
    script.gate.add_permits(1);
    let issued = run(tokens.token_async(&sign_in, soon())).unwrap();
    assert_eq!(issued.source, Source::Requested);
}

#[test]
fn a_task_that_is_dropped_leaves_the_request_to_the_others() {
    let script = Script::closed();
    let tokens = TokenService::new();
    let sign_in = script.sign_in("one");
    thread::scope(|scope| {
        let other = scope.spawn(|| tokens.token(&sign_in, soon()));
        until_asked(&script, 1);
        run(async { begin(&mut pin!(tokens.token_async(&sign_in, soon()))).await });
        script.gate.add_permits(1);
        assert_eq!(text(&other.join().unwrap().unwrap()), "token-1");
    });
    assert_eq!(script.asked(), 1);
}
