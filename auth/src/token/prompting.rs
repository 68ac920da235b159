//! Whether a token request may ask a person to sign in, and how long that person has.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

/// Shared by a request and those who wait for it; clones are the same.
#[derive(Debug, Clone)]
pub struct Prompting {
    allowed: bool,
    until: Arc<Mutex<Option<Instant>>>,
}

impl Prompting {
    /// For a request that a connect waits for: a person may be asked.
    #[must_use]
    pub fn allowed() -> Self {
        Self {
            allowed: true,
            until: Arc::default(),
        }
    }

    /// For what happens behind everyone's back, such as a renewal: no prompt may come out of nowhere.
    #[must_use]
    pub fn forbidden() -> Self {
        Self {
            allowed: false,
            until: Arc::default(),
        }
    }

    /// Whether a person may be asked.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.allowed
    }

    /// A person is being asked, and has until then.
    pub(crate) fn begin(&self, until: Instant) {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
    }

    /// Until when a person has; `None` where nobody was asked.
    #[must_use]
    pub fn until(&self) -> Option<Instant> {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
