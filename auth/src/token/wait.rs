//! How long a caller waits for a token.

use super::Cancellation;
use std::time::Instant;

/// Until when, and until who says no.
#[derive(Debug, Clone, Copy)]
pub struct Wait<'a> {
    pub(super) until: Instant,
    pub(super) cancellation: Option<&'a Cancellation>,
}

impl<'a> Wait<'a> {
    /// No longer than until `instant`; a person who is asked has more.
    #[must_use]
    pub fn until(instant: Instant) -> Self {
        Self {
            until: instant,
            cancellation: None,
        }
    }

    /// And no longer than until someone cancels.
    #[must_use]
    pub fn unless(self, cancellation: Option<&'a Cancellation>) -> Self {
        Self { cancellation, ..self }
    }

    /// The same, or shorter.
    #[must_use]
    pub fn no_longer_than(self, instant: Instant) -> Self {
        Self {
            until: self.until.min(instant),
            ..self
        }
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.cancellation.is_some_and(Cancellation::is_cancelled)
    }
}

impl From<Instant> for Wait<'_> {
    fn from(instant: Instant) -> Self {
        Self::until(instant)
    }
}
