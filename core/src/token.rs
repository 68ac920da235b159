//! An access token: its text, its times, and the service that gets and keeps one per identity.

mod cache;
mod claims;
mod deadline;
mod flight;
mod service;

pub use claims::Claims;
#[cfg(test)]
pub(crate) use claims::tests::jwt;
pub use deadline::Deadline;
pub use service::{Issued, Source, TokenService};

use crate::Secret;
use std::time::{Duration, SystemTime};

/// An OAuth 2.0 access token for SQL Server.
#[derive(Debug, Clone)]
pub struct Token {
    /// The token itself, as it came from the endpoint.
    pub text: Secret,
    /// When it ends.
    pub expires_on: SystemTime,
    /// When its issuer advises to renew it (`refresh_in`), where it said so.
    pub refresh_on: Option<SystemTime>,
    /// When we got it.
    pub issued_on: SystemTime,
}

impl Token {
    /// A token that has just been received.
    #[must_use]
    pub fn received(text: Secret, expires_on: SystemTime) -> Self {
        Self {
            text,
            expires_on,
            refresh_on: None,
            issued_on: SystemTime::now(),
        }
    }

    /// What the token says of itself, unverified: for logs and messages only.
    ///
    /// An opaque token says nothing, and that is no error.
    #[must_use]
    pub fn claims(&self) -> Claims {
        Claims::of(self.text.expose())
    }

    /// Whether a login that starts at `now` can still be done with it.
    ///
    /// The last five seconds of its life are left unused, or the last fifth of a shorter life, so
    /// that tokens that live for seconds are of use as well.
    #[must_use]
    pub fn lives_at(&self, now: SystemTime) -> bool {
        let life = self
            .expires_on
            .duration_since(self.issued_on)
            .unwrap_or(Duration::ZERO);
        let margin = (life / 5).min(Duration::from_secs(5));
        self.expires_on
            .duration_since(now)
            .is_ok_and(|left| left > margin)
    }

    /// How long ago we got it; nothing where the clock was set back since.
    #[must_use]
    pub fn age_at(&self, now: SystemTime) -> Duration {
        now.duration_since(self.issued_on).unwrap_or(Duration::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(life: u64) -> (Token, SystemTime) {
        let now = SystemTime::now();
        let mut token = Token::received(Secret::new("t".into()), now + Duration::from_secs(life));
        token.issued_on = now;
        (token, now)
    }

    #[test]
    fn the_last_moments_of_a_token_are_not_used() {
        let (long, now) = token(3600);
        assert!(long.lives_at(now + Duration::from_secs(3594)));
        assert!(!long.lives_at(now + Duration::from_secs(3596)));
        assert!(!long.lives_at(now + Duration::from_secs(4000)));
    }

    #[test]
    fn a_token_that_lives_five_seconds_is_used_for_four() {
        let (short, now) = token(5);
        assert!(short.lives_at(now + Duration::from_millis(3900)));
        assert!(!short.lives_at(now + Duration::from_millis(4100)));
    }
}
