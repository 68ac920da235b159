//! Now, by both clocks: the wall clock may be set, the steady one stands still while a machine sleeps.

use std::time::{Duration, Instant, SystemTime};

/// A point in time, as each clock shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The time of day, which a person, a daemon or a hypervisor may set in either direction.
    pub wall: SystemTime,
    /// Time that only goes on, but not while the machine is suspended.
    pub steady: Instant,
}

impl Moment {
    /// Now.
    #[must_use]
    pub fn now() -> Self {
        Self {
            wall: SystemTime::now(),
            steady: Instant::now(),
        }
    }

    /// A moment later, by both clocks.
    #[must_use]
    pub fn after(self, span: Duration) -> Self {
        Self {
            // What cannot be said is so far out that it never comes.
            wall: self.wall.checked_add(span).unwrap_or(self.wall),
            steady: self.steady.checked_add(span).unwrap_or(self.steady),
        }
    }

    /// How much time has gone by since `earlier`: what the clock says that shows more.
    ///
    /// So neither a clock that was set back nor a machine that slept makes anything last longer.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        let wall = self.wall.duration_since(earlier.wall).unwrap_or_default();
        wall.max(self.steady.saturating_duration_since(earlier.steady))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    #[test]
    fn the_clock_that_shows_more_time_counts() {
        let start = Moment::now();
        assert_eq!(start.after(HOUR).since(start), HOUR);
        let set_back = Moment {
            wall: start.wall - HOUR,
            steady: start.steady + HOUR,
        };
        assert_eq!(set_back.since(start), HOUR);
        let slept = Moment {
            wall: start.wall + HOUR,
            steady: start.steady,
        };
        assert_eq!(slept.since(start), HOUR);
        assert_eq!(start.since(start.after(HOUR)), Duration::ZERO);
    }
}
