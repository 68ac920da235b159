//! When a request is sent once more, and how long to wait before.

use std::time::Duration;

/// The first wait; each further one is twice as long.
const FIRST_DELAY: Duration = Duration::from_millis(200);

/// The longest wait of our own choice.
const MAX_DELAY: Duration = Duration::from_secs(8);

/// How often at most a request is sent because the endpoint answers that it cannot answer now.
const MAX_ATTEMPTS: u32 = 6;

/// How often at most a request is sent because there is no connection: waiting helps less there,
/// and the person at the keyboard waits too.
const MAX_CONNECT_ATTEMPTS: u32 = 3;

/// Why a request did not get its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// No connection, or it broke before an answer came.
    Connection,
    /// An answer with this status.
    Status(u16),
}

/// Which answers of an endpoint pass by themselves.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    /// Statuses besides 408, 429 and 5xx.
    pub also: &'static [u16],
}

impl Policy {
    /// What holds everywhere.
    pub const STANDARD: Self = Self { also: &[] };

    /// IMDS answers 404 and 410 while it is updated (Microsoft's "retry guidance" for managed
    /// identities on virtual machines).
    pub const IMDS: Self = Self { also: &[404, 410] };

    /// Whether an answer with this status is worth another try.
    #[must_use]
    pub fn passes(self, status: u16) -> bool {
        matches!(status, 408 | 429 | 500..=599) || self.also.contains(&status)
    }

    /// How long to wait before the next try; `None` to give up.
    ///
    /// `sent` counts the tries so far. What the endpoint asks for in `Retry-After` is kept to where
    /// it leaves time for an answer; a wait longer than that is no use to anyone who waits for us.
    #[must_use]
    pub fn wait(
        self,
        sent: u32,
        trouble: Trouble,
        retry_after: Option<Duration>,
        remaining: Duration,
    ) -> Option<Duration> {
        let (possible, limit) = match trouble {
            Trouble::Connection => (true, MAX_CONNECT_ATTEMPTS),
            Trouble::Status(status) => (self.passes(status), MAX_ATTEMPTS),
        };
        let own = FIRST_DELAY
            .saturating_mul(1 << sent.saturating_sub(1).min(16))
            .min(MAX_DELAY);
        let wait = retry_after.map_or(own, |asked| asked.max(FIRST_DELAY));
        (possible && sent < limit && wait < remaining).then_some(wait)
    }
}

/// `Retry-After` in its form in seconds, the one that these endpoints use.
#[must_use]
pub fn retry_after(value: &str) -> Option<Duration> {
    value.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_mins(1);

    fn waits(trouble: Trouble) -> Vec<u128> {
        (1..)
            .map_while(|sent| Policy::STANDARD.wait(sent, trouble, None, TIMEOUT))
            .map(|wait| wait.as_millis())
            .collect()
    }

    #[test]
    fn waits_double_and_end() {
        assert_eq!(waits(Trouble::Status(503)), [200, 400, 800, 1600, 3200]);
        assert_eq!(waits(Trouble::Connection), [200, 400]);
        assert!(waits(Trouble::Status(400)).is_empty());
    }

    #[test]
    fn no_wait_outlasts_the_deadline() {
        let remaining = Duration::from_millis(300);
        let wait = |sent| Policy::STANDARD.wait(sent, Trouble::Status(500), None, remaining);
        assert!(wait(1).is_some());
        assert!(wait(2).is_none());
    }

    #[test]
    fn the_endpoints_wish_counts_within_bounds() {
        let wait = |asked| Policy::STANDARD.wait(1, Trouble::Status(429), retry_after(asked), TIMEOUT);
        assert_eq!(wait("1"), Some(Duration::from_secs(1)));
        assert_eq!(wait("0"), Some(FIRST_DELAY));
        assert_eq!(wait("86400"), None);
        assert_eq!(wait("Fri, 31 Dec 2027 23:59:59 GMT"), Some(FIRST_DELAY));
        assert_eq!(wait("99999999999999999999999"), Some(FIRST_DELAY));
    }

    #[test]
    fn imds_may_be_updating_itself() {
        assert!(Policy::IMDS.passes(410) && Policy::IMDS.passes(404));
        assert!(!Policy::STANDARD.passes(404));
    }
}
