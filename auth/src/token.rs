//! An access token: its text, its times, and the service that gets and keeps one per identity.

pub(crate) mod arrival;
mod cache;
mod cancellation;
mod claims;
mod deadline;
mod failure;
mod in_flight;
mod moment;
mod prompting;
mod renewal;
mod renewer;
mod request;
mod service;
pub(crate) mod source;
pub(crate) mod store;
mod subscriber;
pub mod text;
mod wait;

pub use arrival::Audience;
pub use cancellation::Cancellation;
pub use claims::Claims;
pub use deadline::Deadline;
pub use moment::Moment;
pub use prompting::Prompting;
pub use service::{Issued, Source, TokenService};
#[cfg(test)]
pub(crate) use standins::jwt::unsigned as jwt;
pub use store::Sharing;
pub use subscriber::TokenSubscriber;
pub use wait::Wait;

use crate::{Secret, identity_key::IdentityKey};
use std::time::{Duration, SystemTime};

/// An OAuth 2.0 access token for SQL Server.
#[derive(Debug, Clone)]
pub struct Token {
    /// The token itself, as it came from the endpoint.
    pub text: Secret,
    /// When it ends.
    pub expires_on: SystemTime,
    /// Whether that is a guess, for a token that neither says it nor came with it.
    pub end_is_guessed: bool,
    /// When its issuer advises to renew it (`refresh_in`), where it said so.
    pub refresh_on: Option<SystemTime>,
    /// When we got it.
    pub issued: Moment,
    /// Whose it is, where only its giver could say; two that differ are two people's.
    pub identity: Option<IdentityKey>,
    /// What is known of its audience: one of an unknown audience may be any secret.
    pub audience: Audience,
}

/// For how long a token that does not say is taken to live; Entra's live 60 to 90 minutes.
const DEFAULT_LIFETIME: Duration = Duration::from_hours(1);

impl Token {
    /// A token that its issuer has just answered with.
    #[must_use]
    pub fn received(text: Secret, expires_on: SystemTime) -> Self {
        Self {
            text,
            expires_on,
            end_is_guessed: false,
            refresh_on: None,
            issued: Moment::now(),
            identity: None,
            audience: Audience::Requested,
        }
    }

    /// A token from a string, a file or the host's own code: nobody has said yet what it is, but the token itself.
    #[must_use]
    pub fn supplied(text: Secret) -> Self {
        let end = Claims::parse(text.expose()).exp;
        Self {
            end_is_guessed: end.is_none(),
            audience: Audience::Unknown,
            ..Self::received(text, end.unwrap_or_else(|| SystemTime::now() + DEFAULT_LIFETIME))
        }
    }

    /// What the token says of itself, unverified: for logs and messages only.
    ///
    /// An opaque token says nothing, and that is no error.
    #[must_use]
    pub fn claims(&self) -> Claims {
        Claims::parse(self.text.expose())
    }

    /// How long it lives in all, from when we got it.
    #[must_use]
    pub fn life(&self) -> Duration {
        self.expires_on
            .duration_since(self.issued.wall)
            .unwrap_or_default()
    }

    /// Whether a login that starts at `now` can still be done with it.
    ///
    /// The last five seconds of its life are left unused, or the last fifth of a shorter life, so
    /// that tokens that live for seconds are of use as well.
    #[must_use]
    pub fn lives_at(&self, now: Moment) -> bool {
        self.age_at(now) + self.margin() < self.life()
    }

    /// The last moments, in which it is not used any more.
    fn margin(&self) -> Duration {
        (self.life() / 5).min(Duration::from_secs(5))
    }

    /// How long ago we got it.
    #[must_use]
    pub fn age_at(&self, now: Moment) -> Duration {
        now.since(self.issued)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(life: u64) -> (Token, Moment) {
        let now = Moment::now();
        let mut token = Token::received(Secret::new("t".into()), now.wall + Duration::from_secs(life));
        token.issued = now;
        (token, now)
    }

    #[test]
    fn the_last_moments_of_a_token_are_not_used() {
        let (long, now) = token(3600);
        assert!(long.lives_at(now.after(Duration::from_secs(3594))));
        assert!(!long.lives_at(now.after(Duration::from_secs(3596))));
        assert!(!long.lives_at(now.after(Duration::from_secs(4000))));
    }

    #[test]
    fn a_token_that_lives_five_seconds_is_used_for_four() {
        let (short, now) = token(5);
        assert!(short.lives_at(now.after(Duration::from_millis(3900))));
        assert!(!short.lives_at(now.after(Duration::from_millis(4100))));
    }

    #[test]
    fn a_clock_that_is_set_back_keeps_no_token_alive_and_one_set_forward_ends_it() {
        let (token, now) = token(3600);
        let day = Duration::from_hours(24);
        let mut later = now.after(Duration::from_mins(61));
        later.wall -= day;
        assert!(!token.lives_at(later));
        let mut soon = now.after(Duration::from_mins(1));
        soon.wall -= day;
        assert!(token.lives_at(soon));
        soon.wall += 2 * day;
        assert!(!token.lives_at(soon));
    }
}
