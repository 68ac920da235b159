//! The open connections that carry a token, so that a renewed one takes its place in them.

use super::Token;
use std::{
    fmt,
    sync::{Arc, Weak},
};
use tracing::warn;

/// An open connection that the driver may reconnect with the token it carries.
pub trait TokenSubscriber: fmt::Debug + Send + Sync {
    /// Puts the renewed token in place of the old one; `false`, the old one left, where it does not fit.
    ///
    /// Called under a lock: it may neither wait nor call back.
    fn renew(&self, token: &Token) -> bool;
}

/// The subscribers of one identity's token; gone by themselves as their connections end.
#[derive(Debug, Default)]
pub struct Subscribers(Vec<Weak<dyn TokenSubscriber>>);

impl Subscribers {
    /// One more connection.
    pub fn add(&mut self, subscriber: Weak<dyn TokenSubscriber>) {
        if self.0.len() == self.0.capacity() {
            self.0.retain(|subscriber| subscriber.strong_count() > 0);
        }
        self.0.push(subscriber);
    }

    /// Whether any connection is open.
    #[must_use]
    pub fn any(&self) -> bool {
        self.0.iter().any(|subscriber| subscriber.strong_count() > 0)
    }

    /// Hands all of them the renewed token; how many took it.
    pub fn renew(&mut self, token: &Token) -> usize {
        self.0.retain(|subscriber| subscriber.strong_count() > 0);
        self.0
            .iter()
            .filter_map(Weak::upgrade)
            .filter(|subscriber| renew(subscriber, token))
            .count()
    }
}

/// Hands one connection the renewed token.
pub fn renew(subscriber: &Arc<dyn TokenSubscriber>, token: &Token) -> bool {
    let renewed = subscriber.renew(token);
    if !renewed {
        warn!(
            target: "entra_odbc",
            event = "renewed_token_too_long"
        );
    }
    renewed
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::Secret;
    use std::{
        sync::Mutex,
        time::{Duration, SystemTime},
    };

    /// A connection that records the tokens that it is handed, up to a length.
    #[derive(Debug)]
    pub(crate) struct Recorder {
        capacity: usize,
        tokens: Mutex<Vec<String>>,
    }

    impl Recorder {
        pub(crate) fn new(capacity: usize) -> Arc<Self> {
            let tokens = Mutex::default();
            Arc::new(Self { capacity, tokens })
        }

        pub(crate) fn weak(self: &Arc<Self>) -> Weak<dyn TokenSubscriber> {
            let weak: Weak<Self> = Arc::downgrade(self);
            weak
        }

        /// The last token, and how many there were.
        pub(crate) fn last(&self) -> (Option<String>, usize) {
            let tokens = self.tokens.lock().unwrap();
            (tokens.last().cloned(), tokens.len())
        }
    }

    impl TokenSubscriber for Recorder {
        fn renew(&self, token: &Token) -> bool {
            let fits = token.text.expose().len() <= self.capacity;
            if fits {
                self.tokens.lock().unwrap().push(token.text.expose().to_owned());
            }
            fits
        }
    }

    fn token(text: &str) -> Token {
        Token::received(
            Secret::new(text.into()),
            SystemTime::now() + Duration::from_hours(1),
        )
    }

    #[test]
    fn connections_that_ended_are_neither_renewed_nor_kept() {
        let mut subscribers = Subscribers::default();
        let open = Recorder::new(100);
        subscribers.add(open.weak());
        for _ in 0..1000 {
            subscribers.add(Recorder::new(100).weak());
        }
        assert!(subscribers.0.capacity() < 100);
        assert_eq!(subscribers.renew(&token("new")), 1);
        assert_eq!(open.last(), (Some("new".to_owned()), 1));
        assert!(subscribers.any());
        drop(open);
        assert!(!subscribers.any());
    }

    #[test]
    fn a_token_that_does_not_fit_leaves_the_old_one() {
        let mut subscribers = Subscribers::default();
        let small = Recorder::new(4);
        subscribers.add(small.weak());
        assert_eq!(subscribers.renew(&token("abcd")), 1);
        assert_eq!(subscribers.renew(&token("abcdefgh")), 0);
        assert_eq!(small.last(), (Some("abcd".to_owned()), 1));
    }
}
