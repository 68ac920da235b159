//! What an identity's last failure was, so that a storm of connects is no storm of requests.

use crate::{Error, ErrorKind};
use std::time::{Duration, Instant};

/// How long a failure is answered from memory: that of the network, and the first refusal.
const FIRST_RETRY_COOLDOWN: Duration = Duration::from_secs(1);

/// The longest time that a refusal is, each being remembered twice as long as the one before.
const MAX_RETRY_COOLDOWN: Duration = Duration::from_secs(30);

/// The failures of one identity since its last success.
#[derive(Debug, Default)]
pub struct Failures {
    refusals: u32,
    last: Option<(Error, Instant)>,
}

impl Failures {
    /// The failure that is the answer now, without another request.
    #[must_use]
    pub fn remembered(&self, now: Instant) -> Option<&Error> {
        self.last
            .as_ref()
            .filter(|(_, until)| now < *until)
            .map(|(error, _)| error)
    }

    /// A request failed.
    ///
    /// Not remembered where time was up: that was the waiter's own, and the next one may have more.
    pub fn failed(&mut self, error: &Error, now: Instant) {
        let time = match error.kind() {
            // Nor where a person would have to be asked: the next request may be one that can.
            ErrorKind::TimedOut | ErrorKind::Cancelled | ErrorKind::PromptNeeded => return,
            ErrorKind::Unreachable | ErrorKind::Unavailable => FIRST_RETRY_COOLDOWN,
            _ => {
                self.refusals = self.refusals.saturating_add(1);
                FIRST_RETRY_COOLDOWN
                    .saturating_mul(1 << (self.refusals - 1).min(16))
                    .min(MAX_RETRY_COOLDOWN)
            }
        };
        self.last = Some((error.clone(), now + time));
    }

    /// A request succeeded.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// For how many seconds each of so many failures in a row is remembered.
    fn remembered(kind: ErrorKind, times: usize) -> Vec<u64> {
        let mut failures = Failures::default();
        let mut now = Instant::now();
        let mut seconds = Vec::new();
        for _ in 0..times {
            failures.failed(&Error::new(kind, "x"), now);
            let start = now;
            while failures.remembered(now).is_some() {
                now += Duration::from_secs(1);
            }
            seconds.push((now - start).as_secs());
        }
        seconds
    }

    #[test]
    fn trouble_with_the_network_is_remembered_for_a_second_each_time() {
        assert_eq!(remembered(ErrorKind::Unreachable, 4), [1, 1, 1, 1]);
    }

    #[test]
    fn a_refusal_is_remembered_twice_as_long_each_time_up_to_half_a_minute() {
        let refused = ErrorKind::Refused { code: 7_000_215 };
        assert_eq!(remembered(refused, 7), [1, 2, 4, 8, 16, 30, 30]);
    }

    #[test]
    fn time_that_was_up_is_not_remembered() {
        assert_eq!(remembered(ErrorKind::TimedOut, 2), [0, 0]);
    }

    #[test]
    fn the_same_error_is_the_answer_and_a_success_clears_it() {
        let mut failures = Failures::default();
        let (error, now) = (
            Error::new(ErrorKind::Refused { code: 7 }, "wrong secret"),
            Instant::now(),
        );
        failures.failed(&error, now);
        assert_eq!(failures.remembered(now), Some(&error));
        failures.clear();
        assert_eq!(failures.remembered(now), None);
        failures.failed(&error, now);
        assert_eq!(failures.remembered(now + FIRST_RETRY_COOLDOWN), None);
    }
}
