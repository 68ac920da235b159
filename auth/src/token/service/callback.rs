//! A token for a caller that does not wait for it: a function of the caller's is called once it is there.

use super::{Issued, TokenService};
use crate::{
    Error,
    credential::SignIn,
    process::{fork::Lock, runtime::with_signals_blocked},
    token::{Cancellation, Wait},
};
use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

/// The pause before the next attempt where the system has no thread to spare.
const THREAD_RETRY_INTERVAL: Duration = Duration::from_millis(50);

impl TokenService {
    /// Requests a token as [`token`](Self::token) does, and returns at once.
    ///
    /// `done` is called once, on a thread of its own in which all signals but those of faults are blocked, also where a
    /// token is in memory. It is not called in a child that is forked meanwhile, and not where this is an error.
    pub fn request(
        &'static self,
        sign_in: Arc<SignIn>,
        until: Instant,
        cancellation: Option<Cancellation>,
        done: impl FnOnce(Result<Issued, Error>) + Send + 'static,
    ) -> Result<(), Error> {
        self.runtime.spawn(async move {
            let wait = Wait::until(until).unless(cancellation.as_ref());
            let outcome = self.token_async(&sign_in, wait).await;
            call(move || done(outcome)).await;
        })
    }
}

/// Calls a function of the caller's, which may block, on a thread of its own.
async fn call(function: impl FnOnce() + Send + 'static) {
    let function = Arc::new(Lock::new(Some(function)));
    loop {
        let held = Arc::clone(&function);
        let body = move || {
            let function = held.lock().take();
            if let Some(function) = function {
                function();
            }
        };
        let thread = thread::Builder::new().name("entra-odbc-call".into());
        if with_signals_blocked(|| thread.spawn(body)).is_ok() {
            return;
        }
        // Whoever waits for the call cannot be told of a failure in any other way.
        tokio::time::sleep(THREAD_RETRY_INTERVAL).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ErrorKind,
        token::{
            Source,
            service::tests::{Script, soon, until_asked},
        },
    };
    use std::sync::mpsc;

    fn service() -> &'static TokenService {
        Box::leak(Box::new(TokenService::new()))
    }

    /// Requests a token of `script`; the answer brings the outcome and the name of the thread that told it.
    fn request(
        tokens: &'static TokenService,
        script: &Arc<Script>,
        cancellation: Option<Cancellation>,
    ) -> mpsc::Receiver<(Result<Issued, Error>, String)> {
        let (sender, receiver) = mpsc::channel();
        let done = move |outcome| {
            let thread = thread::current().name().unwrap().to_owned();
            sender.send((outcome, thread)).unwrap();
        };
        tokens
            .request(Arc::new(script.sign_in("a")), soon(), cancellation, done)
            .unwrap();
        receiver
    }

    #[test]
    fn many_requests_are_one_and_each_is_told_on_a_thread_of_its_own() {
        let (tokens, script) = (service(), Script::closed());
        let answers: Vec<_> = (0..100).map(|_| request(tokens, &script, None)).collect();
        until_asked(&script, 1);
        script.gate.add_permits(1);
        for answer in answers {
            let (outcome, thread) = answer.recv().unwrap();
            assert_eq!(outcome.unwrap().token.text.expose(), "token-1");
            assert_eq!(thread, "entra-odbc-call");
        }
        let (outcome, thread) = request(tokens, &script, None).recv().unwrap();
        assert_eq!(
            (outcome.unwrap().source, &*thread),
            (Source::Cached, "entra-odbc-call")
        );
        assert_eq!(script.asked(), 1);
    }

    #[test]
    fn who_cancels_is_told_at_once_and_the_others_get_their_token() {
        let (tokens, script, cancellation) = (service(), Script::closed(), Cancellation::new());
        let one = request(tokens, &script, Some(cancellation.clone()));
        let other = request(tokens, &script, None);
        until_asked(&script, 1);
        cancellation.cancel();
        let kind = |(outcome, _): (Result<Issued, Error>, String)| outcome.unwrap_err().kind();
        assert_eq!(kind(one.recv().unwrap()), ErrorKind::Cancelled);
        assert_eq!(
            kind(request(tokens, &script, Some(cancellation)).recv().unwrap()),
            ErrorKind::Cancelled
        );
        script.gate.add_permits(1);
        assert_eq!(other.recv().unwrap().0.unwrap().token.text.expose(), "token-1");
        assert_eq!(script.asked(), 1);
    }

    #[test]
    fn a_request_whose_only_caller_cancels_is_broken_off() {
        let (tokens, script, cancellation) = (service(), Script::closed(), Cancellation::new());
        let one = request(tokens, &script, Some(cancellation.clone()));
        until_asked(&script, 1);
        cancellation.cancel();
        assert!(one.recv().unwrap().0.is_err());
        let next = request(tokens, &script, None);
        until_asked(&script, 2);
        script.gate.add_permits(1);
        assert_eq!(next.recv().unwrap().0.unwrap().token.text.expose(), "token-2");
    }

    #[test]
    fn a_caller_that_blocks_delays_no_other() {
        let (tokens, script) = (service(), Script::open());
        let (release, blocked) = mpsc::channel::<()>();
        let (sender, called) = mpsc::channel();
        let done = move |_| {
            sender.send(()).unwrap();
            let _ = blocked.recv();
        };
        tokens
            .request(Arc::new(script.sign_in("a")), soon(), None, done)
            .unwrap();
        called.recv().unwrap();
        assert!(request(tokens, &script, None).recv().unwrap().0.is_ok());
        drop(release);
    }
}
