//! When a token is renewed: the arithmetic, apart from who does it.

use super::{Moment, Token};
use ring::rand::{SecureRandom, SystemRandom};
use std::time::Duration;

/// For how long after it was last asked for an identity's token is renewed without an open connection.
pub const WANTED_FOR: Duration = Duration::from_mins(10);

/// The longest that a renewal may take, its retries included; nobody waits for it.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// No endpoint's wish keeps us from another try for longer than this.
const MAX_RETRY_AFTER: Duration = Duration::from_mins(10);

/// A number in 0..1, other in each process, so that a fleet does not renew in step.
#[must_use]
pub fn chance() -> f64 {
    let mut bytes = [0; 4];
    match SystemRandom::new().fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_le_bytes(bytes)) / (f64::from(u32::MAX) + 1.0),
        Err(_) => 0.5,
    }
}

/// When a token is to be renewed: where its issuer says so, else at two thirds of its life; later by
/// chance, by up to a tenth of what is left then.
#[must_use]
pub fn due(token: &Token, chance: f64) -> Moment {
    let life = token.life();
    // Advice that leaves no time to renew is none, and that for the first moments would make a storm.
    let latest = life.saturating_sub((life / 20).max(token.margin() * 2));
    let advised = token
        .refresh_on
        .and_then(|time| time.duration_since(token.issued.wall).ok());
    let after = advised.map_or(life * 2 / 3, |after| after.clamp(life / 10, latest));
    token
        .issued
        .after(after + life.saturating_sub(after).mul_f64(chance / 10.0))
}

/// How long to wait after a renewal that failed for so many times in a row.
///
/// A token of an hour's life is tried for again after half a minute, then less and less often, at
/// least every 5 minutes; one of 5 s after half a second. What the endpoint asks for is honoured, to
/// ten minutes.
#[must_use]
pub fn backoff(life: Duration, failures: u32, retry_after: Option<Duration>, chance: f64) -> Duration {
    let first = (life / 60).clamp(Duration::from_millis(500), Duration::from_secs(30));
    let max = (life / 10).clamp(Duration::from_secs(1), Duration::from_mins(5));
    let own = first
        .saturating_mul(1 << failures.saturating_sub(1).min(16))
        .min(max);
    let asked = retry_after.unwrap_or_default().min(MAX_RETRY_AFTER);
    // Never sooner than asked: the tenth by chance is added.
    own.max(asked).mul_f64(1.0 + chance / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;

    fn token(life: u64, refresh_in: Option<u64>) -> Token {
        let now = Moment::now();
        let mut token = Token::received(Secret::new("t".into()), now.wall + Duration::from_secs(life));
        token.issued = now;
        token.refresh_on = refresh_in.map(|seconds| now.wall + Duration::from_secs(seconds));
        token
    }

    /// After how many seconds, by the highest and the lowest chance.
    fn due_after(life: u64, refresh_in: Option<u64>) -> (u64, u64) {
        let token = token(life, refresh_in);
        let after = |chance| due(&token, chance).since(token.issued).as_secs();
        (after(0.0), after(1.0))
    }

    #[test]
    fn a_token_is_renewed_when_its_issuer_says_else_at_two_thirds_of_its_life() {
        assert_eq!(due_after(3600, None), (2400, 2520));
        assert_eq!(due_after(86_400, Some(43_200)), (43_200, 47_520));
        assert_eq!(due_after(30, None), (20, 21));
    }

    #[test]
    fn advice_that_makes_no_sense_is_bent_to_what_does() {
        assert_eq!(due_after(3600, Some(9999)), (3420, 3438));
        assert_eq!(due_after(3600, Some(0)), (360, 684));
    }

    #[test]
    fn a_token_is_due_before_its_last_moments_however_short_its_life() {
        for life in [1, 2, 5, 30, 60, 3600] {
            for refresh_in in [None, Some(0), Some(life - 1), Some(2 * life)] {
                let token = token(life, refresh_in);
                assert!(token.lives_at(due(&token, 1.0)), "{life} {refresh_in:?}");
            }
        }
    }

    #[test]
    fn a_renewal_that_fails_is_tried_less_and_less_often() {
        let hour = Duration::from_hours(1);
        let seconds = |failures| backoff(hour, failures, None, 0.0).as_secs();
        assert_eq!([1, 2, 3, 4, 5, 99].map(seconds), [30, 60, 120, 240, 300, 300]);
        let short = |failures| backoff(Duration::from_secs(5), failures, None, 0.0).as_millis();
        assert_eq!([1, 2, 3, 4].map(short), [500, 1000, 1000, 1000]);
    }

    #[test]
    fn the_endpoints_wish_is_honoured_within_bounds() {
        let wait = |asked| {
            let asked = Some(Duration::from_secs(asked));
            backoff(Duration::from_hours(1), 1, asked, 0.0).as_secs()
        };
        assert_eq!((wait(1), wait(100), wait(86_400)), (30, 100, 600));
    }

    #[test]
    fn chance_is_spread() {
        let chances: Vec<_> = (0..100).map(|_| chance()).collect();
        assert!(chances.iter().all(|chance| (0.0..1.0).contains(chance)));
        assert!(chances.iter().any(|chance| *chance < 0.5) && chances.iter().any(|chance| *chance > 0.5));
    }
}
