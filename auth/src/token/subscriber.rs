//! The open connections that carry a token, so that a renewed one takes its place in them.

use super::Token;
use crate::access_token::AccessToken;
use std::{
    fmt,
    sync::{Arc, Weak},
};
use tracing::warn;

/// An open connection that the driver may reconnect with the token it carries.
pub trait Carrier: fmt::Debug + Send + Sync {
    /// Puts the renewed token in place of the old one; `false`, the old one left, where it does not fit.
    ///
    /// Called under a lock: it may neither wait nor call back.
    fn renew(&self, token: &AccessToken<'_>) -> bool;
}

/// The carriers of one identity's token; gone by themselves as their connections end.
#[derive(Debug, Default)]
pub struct Carriers(Vec<Weak<dyn Carrier>>);

impl Carriers {
    /// One more connection.
    pub fn add(&mut self, carrier: Weak<dyn Carrier>) {
        if self.0.len() == self.0.capacity() {
            self.0.retain(|carrier| carrier.strong_count() > 0);
        }
        self.0.push(carrier);
    }

    /// Whether any connection is open.
    #[must_use]
    pub fn any(&self) -> bool {
        self.0.iter().any(|carrier| carrier.strong_count() > 0)
    }

    /// Hands all of them the renewed token; how many took it.
    pub fn renew(&mut self, token: &Token) -> usize {
        self.0.retain(|carrier| carrier.strong_count() > 0);
        self.0
            .iter()
            .filter_map(Weak::upgrade)
            .filter(|carrier| renew(carrier, token))
            .count()
    }
}

/// Hands one connection the renewed token.
pub fn renew(carrier: &Arc<dyn Carrier>, token: &Token) -> bool {
    let renewed = AccessToken::new(&token.text).is_ok_and(|token| carrier.renew(&token));
    if !renewed {
        warn!(
            target: "entra_odbc",
            "a renewed token does not fit in the place of a connection's old one, which stays"
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

    /// Keeps what it is handed, up to a size.
    #[derive(Debug)]
    pub(crate) struct Notebook {
        capacity: usize,
        words: Mutex<Vec<Vec<u64>>>,
    }

    impl Notebook {
        pub(crate) fn new(capacity: usize) -> Arc<Self> {
            let words = Mutex::default();
            Arc::new(Self { capacity, words })
        }

        pub(crate) fn weak(self: &Arc<Self>) -> Weak<dyn Carrier> {
            let weak: Weak<Self> = Arc::downgrade(self);
            weak
        }

        /// The struct of the last token, and how many there were.
        pub(crate) fn last(&self) -> (Option<Vec<u64>>, usize) {
            let words = self.words.lock().unwrap();
            (words.last().cloned(), words.len())
        }
    }

    impl Carrier for Notebook {
        fn renew(&self, token: &AccessToken<'_>) -> bool {
            let fits = token.size() <= self.capacity;
            if fits {
                self.words.lock().unwrap().push(token.words().collect());
            }
            fits
        }
    }

    pub(crate) fn words(text: &str) -> Vec<u64> {
        AccessToken::new(&Secret::new(text.into()))
            .unwrap()
            .words()
            .collect()
    }

    fn token(text: &str) -> Token {
        Token::received(
            Secret::new(text.into()),
            SystemTime::now() + Duration::from_hours(1),
        )
    }

    #[test]
    fn connections_that_ended_are_neither_renewed_nor_kept() {
        let mut carriers = Carriers::default();
        let open = Notebook::new(100);
        carriers.add(open.weak());
        for _ in 0..1000 {
            carriers.add(Notebook::new(100).weak());
        }
        assert!(carriers.0.capacity() < 100);
        assert_eq!(carriers.renew(&token("new")), 1);
        assert_eq!(open.last(), (Some(words("new")), 1));
        assert!(carriers.any());
        drop(open);
        assert!(!carriers.any());
    }

    #[test]
    fn a_token_that_does_not_fit_leaves_the_old_one() {
        let mut carriers = Carriers::default();
        let small = Notebook::new(16);
        carriers.add(small.weak());
        assert_eq!(carriers.renew(&token("abcd")), 1);
        assert_eq!(carriers.renew(&token("abcdefgh")), 0);
        assert_eq!(small.last(), (Some(words("abcd")), 1));
    }
}
