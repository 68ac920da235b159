//! Logins that cannot come about are ended early.
//!
//! Driver 18.6 tries a server whose name has no address, or whose port refuses connections, until the login timeout is up,
//! and then says no more than that (`HYT00`). A login that takes longer than usual is therefore looked into by an attempt of
//! our own; where that finds twice that nobody can be reached, it has the driver's end, by `SQLCancelHandle`.

use super::{login_refusal::Reached, target::CancelLogin};
use crate::tds::diagnosis::Diagnosis;
use entra_auth::{
    Environment, Services,
    process::fork::{Lock, Process},
};
use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How long a login takes before it is looked into: longer than one to a server on another continent.
const FIRST_LOOK: Duration = Duration::from_secs(2);

/// The pause before the second look, in which a server that starts, or a name server, may have come up.
const PAUSE: Duration = Duration::from_millis(1500);

/// How long a look may take.
const LIMIT: Duration = Duration::from_secs(5);

/// The logins that drivers try at this moment.
///
/// One task for all of them runs while there are any, so that most logins cost no more than an entry in a list.
#[derive(Debug, Default)]
pub struct LoginWatch(Arc<Lock<Logins>>);

#[derive(Debug, Default)]
struct Logins {
    tried: Vec<Arc<Login>>,
    /// The process in which the task runs.
    watched_by: Option<Process>,
}

/// One login that the driver tries.
struct Login {
    begun: Instant,
    reached: Arc<Reached>,
    // No `Lock`: it is held while the driver is called, and no child needs the logins of its parent.
    state: Mutex<State>,
}

struct State {
    /// Absent once the login has ended, by itself or by us.
    canceller: Option<Box<dyn CancelLogin>>,
    /// Why it was ended.
    found: Option<Diagnosis>,
}

/// A login that is watched until this is dropped or ended.
#[derive(Debug)]
pub(super) struct Watched {
    logins: Arc<Lock<Logins>>,
    login: Arc<Login>,
}

impl LoginWatch {
    /// No logins.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Watches a login that is about to be tried; `None` where no thread can be had for that.
    pub(super) fn watch(
        &self,
        reached: &Arc<Reached>,
        canceller: Box<dyn CancelLogin>,
        services: &Services,
    ) -> Option<Watched> {
        let login = Arc::new(Login {
            begun: Instant::now(),
            reached: Arc::clone(reached),
            state: Mutex::new(State {
                canceller: Some(canceller),
                found: None,
            }),
        });
        let process = Process::current();
        let is_first = {
            let mut logins = self.0.lock();
            if logins.watched_by.is_some_and(|watched_by| watched_by != process) {
                // They are the parent's, and nobody's here.
                logins.tried.clear();
            }
            logins.tried.push(Arc::clone(&login));
            logins.watched_by.replace(process) != Some(process)
        };
        let watched = Watched {
            logins: Arc::clone(&self.0),
            login,
        };
        if is_first {
            let task = watch(Arc::clone(&self.0), services.environment.clone());
            if services.tokens.spawn(task).is_err() {
                self.0.lock().watched_by = None;
                return None;
            }
        }
        Some(watched)
    }
}

/// Looks into each login once its time has come, until there are none.
async fn watch(logins: Arc<Lock<Logins>>, environment: Environment) {
    loop {
        let next = {
            let mut logins = logins.lock();
            let now = Instant::now();
            for login in logins
                .tried
                .extract_if(.., |login| login.begun + FIRST_LOOK <= now)
            {
                drop(tokio::spawn(look_into(login, environment.clone())));
            }
            // Those behind it began later.
            let Some(next) = logins.tried.first() else {
                logins.watched_by = None;
                return;
            };
            next.begun + FIRST_LOOK
        };
        tokio::time::sleep_until(next.into()).await;
    }
}

/// Ends a login whose server is found twice to be out of reach.
async fn look_into(login: Arc<Login>, environment: Environment) {
    let look = || login.reached.look(environment.clone(), LIMIT);
    if !look().await.finding.is_out_of_reach() {
        return;
    }
    tokio::time::sleep(PAUSE).await;
    if login.state().canceller.is_none() {
        return;
    }
    let second = look().await;
    if second.finding.is_out_of_reach() {
        login.end(second);
    }
}

impl Login {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends it, unless it has ended.
    fn end(&self, found: Diagnosis) {
        let mut state = self.state();
        if let Some(canceller) = state.canceller.take() {
            tracing::info!(target: "entra_odbc", event = "login_ended_early", ?found);
            // Under the lock: the connection is there until `Watched::end` has had it.
            canceller.cancel();
            state.found = Some(found);
        }
    }
}

impl Watched {
    /// The driver's call has returned; why it was ended, if it was.
    pub(super) fn end(self) -> Option<Diagnosis> {
        self.login.state().found.take()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.login.state().canceller = None;
        self.logins
            .lock()
            .tried
            .retain(|login| !Arc::ptr_eq(login, &self.login));
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("begun", &self.begun)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
