//! A point in time that may move out while a request runs, since more waiters may join it.

use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Until when a token request may go on; clones share the same point in time.
#[derive(Debug, Clone)]
pub struct Deadline(Arc<Mutex<Instant>>);

impl Deadline {
    /// A deadline at `instant`.
    #[must_use]
    pub fn at(instant: Instant) -> Self {
        Self(Arc::new(Mutex::new(instant)))
    }

    /// The point in time as it stands.
    #[must_use]
    pub fn instant(&self) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves it out to `instant`; never moves it in.
    pub fn extend(&self, instant: Instant) {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *current = instant.max(*current);
    }

    /// What is left of it.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.instant().saturating_duration_since(Instant::now())
    }

    /// Runs `future` until the deadline; `None` where that came first.
    ///
    /// Runs on the background runtime only, which has the timer.
    pub async fn bound<F: Future>(&self, future: F) -> Option<F::Output> {
        let mut future = Box::pin(future);
        loop {
            let until = self.instant();
            match tokio::time::timeout_at(until.into(), &mut future).await {
                Ok(output) => return Some(output),
                Err(_) if self.instant() > until => {}
                Err(_) => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_that_was_moved_out_meanwhile_is_the_one_that_counts() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let start = Instant::now();
        let deadline = Deadline::at(start + Duration::from_millis(20));
        let later = deadline.clone();
        let passed = runtime.block_on(async move {
            let bounded = deadline.bound(std::future::pending::<()>());
            later.extend(start + Duration::from_millis(80));
            later.extend(start);
            bounded.await
        });
        assert_eq!(passed, None);
        assert!(start.elapsed() >= Duration::from_millis(80));
    }
}
