//! What can go wrong on demand.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::tokens::SqlError;

/// A fault for one login or one request to come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The next login is refused, whatever it brings.
    RefuseLogin(SqlError),
    /// The next login gets no answer; the socket stays open.
    HangLogin,
    /// The socket is closed on the next login.
    CloseDuringLogin,
    /// The next login is sent to another server.
    RouteLogin {
        /// Where to.
        host: String,
        /// Its port.
        port: u16,
    },
    /// The next request fails with this error.
    FailRequest(SqlError),
    /// The socket is closed on the next request, without an answer.
    CloseDuringRequest,
}

impl Fault {
    fn is_for_login(&self) -> bool {
        !matches!(self, Self::FailRequest(_) | Self::CloseDuringRequest)
    }
}

/// The faults that wait for their moment.
#[derive(Debug, Default)]
pub(super) struct Faults {
    waiting: Mutex<VecDeque<Fault>>,
}

impl Faults {
    pub(super) fn add(&self, fault: Fault) {
        self.lock().push_back(fault);
    }

    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    pub(super) fn for_login(&self) -> Option<Fault> {
        self.take(Fault::is_for_login)
    }

    pub(super) fn for_request(&self) -> Option<Fault> {
        self.take(|fault| !fault.is_for_login())
    }

    fn take(&self, wanted: impl Fn(&Fault) -> bool) -> Option<Fault> {
        let mut waiting = self.lock();
        let at = waiting.iter().position(wanted)?;
        waiting.remove(at)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Fault>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
