//! Logins that cannot come about are ended early.
//!
//! Driver 18.6 tries a server whose name has no address, or whose port refuses connections, until the login timeout is up,
//! and then says no more than that (`HYT00`). A login that takes longer than usual is therefore looked into by attempts of
//! our own. Where each of them, for a good part of the login timeout, finds that nobody can be reached, the driver's login
//! is ended by `SQLCancelHandle`. Until then it rides out servers and name servers that come up, as the driver does alone.

use super::{login_refusal::Reached, target::CancelLogin};
use crate::tds::diagnosis::{Diagnosis, Finding};
use entra_auth::{
    Environment, Services,
    process::{
        fork::{Lock, Process},
        runtime::with_signals_blocked,
    },
};
use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

/// How long a login takes before it is looked into: longer than one to a server on another continent.
const FIRST_LOOK: Duration = Duration::from_secs(2);

/// The pause between two looks.
const PAUSE: Duration = Duration::from_secs(2);

/// How long a look may take.
const LOOK_LIMIT: Duration = Duration::from_secs(5);

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
    /// What was left of the login timeout then.
    timeout: Duration,
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

/// What a look means for a login.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// Somebody is there, or it cannot be told: nothing more is looked at.
    GoesOn,
    /// Nobody can be reached so far.
    LookAgain,
    /// Nobody could be reached for long enough.
    Ends,
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

    /// Watches a login that is about to be tried until `deadline`; `None` where no thread can be had for that.
    pub(super) fn watch(
        &self,
        reached: &Arc<Reached>,
        canceller: Box<dyn CancelLogin>,
        deadline: Instant,
        services: &Services,
    ) -> Option<Watched> {
        let login = Login::new(reached, canceller, deadline);
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

/// Looks into each login that takes long, until there are none.
async fn watch(logins: Arc<Lock<Logins>>, environment: Environment) {
    loop {
        let due = {
            let mut logins = logins.lock();
            // Those behind it began later.
            let Some(first) = logins.tried.first() else {
                logins.watched_by = None;
                return;
            };
            let now = Instant::now();
            match first.begun.checked_add(FIRST_LOOK).filter(|due| *due > now) {
                Some(due) => Err(due),
                None => Ok(logins.due(now)),
            }
        };
        match due {
            Err(due) => tokio::time::sleep_until(due.into()).await,
            Ok(due) => {
                look_into(due, &logins, &environment).await;
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Looks once at each server, and decides what that means for its logins.
async fn look_into(due: Vec<Arc<Login>>, logins: &Lock<Logins>, environment: &Environment) {
    let mut looks: Vec<(Vec<Arc<Login>>, _)> = Vec::new();
    for login in due {
        let known = looks.iter_mut().find(|(same, _)| {
            same.first()
                .is_some_and(|one| one.reached.is_same(&login.reached))
        });
        if let Some((same, _)) = known {
            same.push(login);
            continue;
        }
        let (reached, environment) = (Arc::clone(&login.reached), environment.clone());
        let look = tokio::spawn(async move { reached.look(environment, LOOK_LIMIT).await });
        looks.push((vec![login], look));
    }
    for (same, look) in looks {
        let found = look.await.ok();
        for login in same {
            let verdict = found.as_ref().map_or(Verdict::GoesOn, |found| {
                login.verdict(&found.finding, Instant::now())
            });
            if verdict != Verdict::LookAgain {
                logins.lock().forget(&login);
            }
            if let (Verdict::Ends, Some(found)) = (verdict, &found) {
                login.end(found.clone());
            }
        }
    }
}

impl Logins {
    /// Those that take longer than usual.
    fn due(&self, now: Instant) -> Vec<Arc<Login>> {
        let is_due = |login: &&Arc<Login>| now.saturating_duration_since(login.begun) >= FIRST_LOOK;
        self.tried.iter().filter(is_due).cloned().collect()
    }

    fn forget(&mut self, login: &Arc<Login>) {
        self.tried.retain(|known| !Arc::ptr_eq(known, login));
    }
}

impl Login {
    fn new(reached: &Arc<Reached>, canceller: Box<dyn CancelLogin>, deadline: Instant) -> Arc<Self> {
        let begun = Instant::now();
        Arc::new(Self {
            begun,
            timeout: deadline.saturating_duration_since(begun),
            reached: Arc::clone(reached),
            state: Mutex::new(State {
                canceller: Some(canceller),
                found: None,
            }),
        })
    }

    fn verdict(&self, finding: &Finding, now: Instant) -> Verdict {
        let patience = match finding {
            // A name server that has the name seldom says that there is none; a server that starts refuses connections.
            Finding::NameUnknown(_) => self.timeout / 4,
            Finding::NobodyListens => self.timeout / 2,
            _ => return Verdict::GoesOn,
        };
        if now.saturating_duration_since(self.begun) < patience {
            Verdict::LookAgain
        } else {
            Verdict::Ends
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends it, unless it has ended; by a thread of its own, since nobody knows how long the driver takes for that.
    fn end(self: Arc<Self>, found: Diagnosis) {
        let cancel = move || {
            let mut state = self.state();
            // Under the lock: the connection is there until `Watched::end` has had it.
            if state.canceller.take().is_some_and(|canceller| canceller.cancel()) {
                tracing::info!(target: "entra_odbc", event = "login_ended_early", ?found);
                state.found = Some(found);
            }
        };
        // Without a thread the driver goes on until the login timeout.
        let _ = with_signals_blocked(|| {
            thread::Builder::new()
                .name("entra-odbc-cancel".into())
                .spawn(cancel)
        });
    }
}

impl Watched {
    /// The driver's call has returned; why it was ended, if it was.
    pub(super) fn end(self) -> Option<Diagnosis> {
        let mut state = self.login.state();
        state.canceller = None;
        state.found.take()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.login.state().canceller = None;
        self.logins.lock().forget(&self.login);
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
